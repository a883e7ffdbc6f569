// Between the protocol's messages and the values of the floors below. Functions without state.
#pragma once

#include "broker/sources/sources.h"
#include "lib/base/result.h"
#include "lib/protocol/messages.pb.h"

namespace logboom::broker {

// kInvalid where ids are not 16 bytes.
Result<ProducedSpan> FromWire(const protocol::Span& span, const std::string& agent_id);
Result<ProgressRow> FromWire(const protocol::ProgressRow& row, const std::string& agent_id);
record::SourceIdentity FromWire(const protocol::SourceIdentity& identity,
                                const std::string& agent_id);

void ToWire(const record::SourceIdentity& identity, protocol::SourceIdentity& out);
void ToWire(const Source& source, protocol::Source& out);
void ToWire(const GapRow& gap, protocol::SourceRow& out);
void ToWire(const SourcePositions& positions, protocol::SourcePositions& out);
void ToWire(const AgentFile& file, protocol::AgentFile& out);
AgentFile FromWire(const protocol::AgentFile& file);

}  // namespace logboom::broker
