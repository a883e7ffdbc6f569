// Between the protocol's messages about groups and the values of Groups. Functions without state.
#pragma once

#include <optional>

#include "broker/groups/groups.h"
#include "broker/security/authorise.h"
#include "lib/protocol/messages.pb.h"

namespace logboom::broker {

protocol::Error ToWire(const GroupFault& fault);

// Nothing where the id is not 16 bytes.
std::optional<TopicPartition> PartitionOf(ByteView topic_id, std::int32_t partition);

void FillAssignment(const GroupAssignment& assignment, protocol::GroupAssignment& out);

// Takes out what is of topics that the principal may not see.
void LeaveVisible(const Principal& principal, GroupDescription& group);
void FillSummary(const GroupDescription& group, protocol::GroupSummary& out);
void FillGroup(const GroupDescription& group, protocol::Group& out);

}  // namespace logboom::broker
