// Rows beside the records: what happened to a source's bytes that no record carries.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/types.h"
#include "lib/base/uuid.h"
#include "lib/record/span.h"

namespace logboom::client {

enum class RowKind { kProgress, kGap, kClose };

struct ProgressRow {
  Uuid source_id;
  RowKind kind = RowKind::kProgress;
  SourcePosition begin;
  SourcePosition end;
  bool end_is_exact = true;  // gaps: false means 'at least'
  std::string reason;        // gaps
  std::uint32_t dropped = 0;
  std::uint64_t window = 0;                        // before `end`
  std::optional<record::SourceIdentity> identity;  // where the row opens the source
};

// A row as readers see it: it precedes the record at `offset`.
struct SourceRow {
  Offset offset;
  std::string agent_id;
  std::string path;
  TimestampMs time;
  ProgressRow row;
};

}  // namespace logboom::client
