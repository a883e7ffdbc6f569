// Sources, spans and rows for the tests of this room, made from small numbers.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/sources/source_table.h"
#include "lib/base/random.h"

namespace logboom::broker {

inline Uuid IdOf(std::uint64_t number) {
  Bytes bytes(Uuid::kSize, '\0');
  StoreBig(bytes.data() + 8, number);
  return *Uuid::FromBytes(bytes);
}

inline record::SourceIdentity IdentityOf(const std::string& agent_id, std::uint64_t number = 1) {
  record::SourceIdentity identity;
  identity.agent_id = agent_id;
  identity.path = fmt::format("/var/log/{}.log", number);
  identity.inode = number;
  identity.head_bytes = 100;
  identity.head_hash = number * 7;
  return identity;
}

// A window that names its position, so that a test sees which one it was given.
inline std::uint64_t WindowAt(std::int64_t position) {
  return 0xABC0'0000'0000'0000U + static_cast<std::uint64_t>(position);
}

inline ProducedSpan SpanOf(std::uint64_t source, std::int64_t begin, std::int64_t end) {
  ProducedSpan span;
  span.source_id = IdOf(source);
  span.begin = SourcePosition{begin};
  span.end = SourcePosition{end};
  span.window = WindowAt(end);
  span.records = 1;
  return span;
}

inline ProducedSpan FirstSpanOf(std::uint64_t source, std::int64_t begin, std::int64_t end,
                                const std::string& agent_id = "a") {
  ProducedSpan span = SpanOf(source, begin, end);
  span.identity = IdentityOf(agent_id, source);
  return span;
}

inline ProgressRow RowOf(std::uint64_t source, RowKind kind, std::int64_t begin, std::int64_t end) {
  ProgressRow row;
  row.source_id = IdOf(source);
  row.kind = kind;
  row.begin = SourcePosition{begin};
  row.end = SourcePosition{end};
  row.window = WindowAt(end);
  return row;
}

inline ProgressRow FirstRowOf(std::uint64_t source, RowKind kind, std::int64_t begin,
                              std::int64_t end, const std::string& agent_id = "a") {
  ProgressRow row = RowOf(source, kind, begin, end);
  row.identity = IdentityOf(agent_id, source);
  return row;
}

inline SourcePositions PositionsOf(std::uint64_t source, std::int64_t appended,
                                   std::int64_t durable) {
  return {IdOf(source), SourcePosition{appended}, SourcePosition{durable}};
}

}  // namespace logboom::broker

template <>
struct fmt::formatter<logboom::broker::SourcePositions> : fmt::formatter<std::string> {
  template <typename Context>
  auto format(const logboom::broker::SourcePositions& one, Context& context) const {
    return fmt::format_to(context.out(), "{}: {} / {}", one.source_id.ToString(), one.appended,
                          one.durable);
  }
};
