// How offsets and lag look, in tables and in JSON, where they may be unknown. Functions without
// state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cli/json_writer.h"
#include "lib/base/types.h"
#include "lib/client/groups.h"

namespace logboom::cli {

// "-" where there is none.
std::string OffsetText(std::optional<Offset> offset);
std::string LagRecordsText(std::optional<std::int64_t> records);
std::string LagTimeText(std::optional<std::int64_t> ms);

// null where there is none; seconds with three decimals at most.
void WriteOffset(std::string_view key, std::optional<Offset> offset, JsonWriter& json);
void WriteSeconds(std::string_view key, std::optional<std::int64_t> ms, JsonWriter& json);
// topic partition committed_offset log_start_offset log_end_offset lag_records lag_seconds status
void WriteLag(const client::GroupPartition& partition, JsonWriter& json);

// Nothing while nothing is known of any of the group's partitions.
std::optional<std::int64_t> LagRecordsOf(const client::GroupSummary& group);

}  // namespace logboom::cli
