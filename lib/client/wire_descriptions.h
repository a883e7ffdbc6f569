// Descriptions from messages, and what every client says and hears in a hello. Internal to
// lib/client; functions without state.
#pragma once

#include <string>

#include "lib/client/descriptions.h"
#include "lib/client/groups.h"
#include "lib/client/options.h"
#include "lib/protocol/protocol.h"

namespace logboom::client {

protocol::HelloRequest HelloOf(const ClientIdentity& identity);
BrokerIdentity IdentityOf(const std::string& address, const protocol::HelloResponse& from);

TopicDescription DescriptionOf(const protocol::Topic& from);
AgentDescription DescriptionOf(const protocol::Agent& from);
AgentFileDescription DescriptionOf(const protocol::AgentFile& from);
BrokerStatus StatusOf(const protocol::StatusResponse& from);

GroupSummary SummaryOf(const protocol::GroupSummary& from);
GroupDescription DescriptionOf(const protocol::Group& from);
OffsetReset ResetOf(const protocol::OffsetReset& from);

}  // namespace logboom::client
