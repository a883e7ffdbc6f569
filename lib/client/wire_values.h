// Between the values that this room's callers see and the messages. Internal to lib/client.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "lib/base/types.h"
#include "lib/base/uuid.h"
#include "lib/client/agent_link.h"
#include "lib/client/rows.h"
#include "lib/protocol/protocol.h"
#include "lib/record/span.h"

namespace logboom::client {

// Nil where the bytes are no id: then nothing in the answer matches it.
Uuid UuidOf(const std::string& bytes);
std::string BytesOf(const Uuid& id);
// -1 on the wire is 'never'.
std::optional<TimestampMs> TimeOf(std::int64_t ms);

void ToWire(const record::SourceIdentity& from, protocol::SourceIdentity& to);
record::SourceIdentity FromWire(const protocol::SourceIdentity& from, const std::string& agent_id);
void ToWire(const ProduceSpan& from, protocol::Span& to);
void ToWire(const ProgressRow& from, protocol::ProgressRow& to);
SourceRow FromWire(const protocol::SourceRow& from);
void ToWire(const FileReport& from, protocol::AgentFile& to);
AgentSession FromWire(const protocol::HelloResponse& from);
KnownSource FromWire(const protocol::Source& from, const std::string& agent_id);
SourcePositions FromWire(const protocol::SourcePositions& from);

}  // namespace logboom::client
