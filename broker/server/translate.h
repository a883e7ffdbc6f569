// Between the protocol's messages and the values of the floors below. Functions without state.
#pragma once

#include "broker/sources/sources.h"
#include "lib/base/result.h"
#include "lib/protocol/messages.pb.h"

namespace logboom::broker {

// What is kept of a source for as long as it is known, and of a gap for as long as its place in the
// log: a path as Linux opens it, a reason of a line or two.
inline constexpr std::size_t kPathBytesMax = 4'096;
inline constexpr std::size_t kFileSystemUuidBytesMax = 256;
inline constexpr std::size_t kReasonBytesMax = 1'024;

// kInvalid where ids are not 16 bytes, or a text is longer than the limits above.
Result<ProducedSpan> FromWire(const protocol::Span& span, const std::string& agent_id);
Result<ProgressRow> FromWire(const protocol::ProgressRow& row, const std::string& agent_id);
Result<record::SourceIdentity> FromWire(const protocol::SourceIdentity& identity,
                                        const std::string& agent_id);

void ToWire(const record::SourceIdentity& identity, protocol::SourceIdentity& out);
void ToWire(const Source& source, protocol::Source& out);
void ToWire(const ShownRow& shown, protocol::SourceRow& out);
void ToWire(const SourcePositions& positions, protocol::SourcePositions& out);
void ToWire(const AgentFile& file, protocol::AgentFile& out);
AgentFile FromWire(const protocol::AgentFile& file);

// With its partitions as they are now.
void FillTopic(const LogEngine& engine, const Topic& topic, protocol::Topic& out);
// Without its files.
void FillAgent(const Agent& agent, protocol::Agent& out);

}  // namespace logboom::broker
