// A group as people and monitoring see it, at one instant. Values alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/groups/committed_offset.h"
#include "broker/groups/group.h"
#include "broker/groups/lag.h"

namespace logboom::broker {

// A partition that is committed or owned.
struct GroupPartition {
  std::string topic;
  TopicPartition where;
  LogBounds log;
  std::optional<CommittedOffset> committed;
  std::string member_id;                    // who owns it; empty: nobody
  std::optional<std::int64_t> lag_records;  // nothing: unknown
  std::optional<std::int64_t> lag_ms;
  LagStatus status = LagStatus::kUnknown;
  // Deleted by retention before they were read: what is known since the broker started.
  std::int64_t skipped_records = 0;
};

struct GroupDescription {
  std::string name;
  GroupState state = GroupState::kEmpty;
  std::uint64_t generation = 0;
  std::optional<std::int64_t> expires_in_ms;  // nothing: it has members, or is kept for ever
  std::optional<Assignor> assignor;           // nothing: no members
  std::vector<GroupMember> members;           // by id
  std::vector<GroupPartition> partitions;     // by topic and partition
};

// Of several partitions together.
struct LagSummary {
  LagStatus status = LagStatus::kUnknown;  // the worst
  std::int64_t records = 0;                // over those where it is known
  std::optional<std::int64_t> ms;          // the largest; nothing: known of none
};
LagSummary Summarise(const std::vector<GroupPartition>& partitions);

}  // namespace logboom::broker
