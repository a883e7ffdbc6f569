#include "cli/lag_fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/display/human.h"

namespace logboom::cli {

std::string OffsetText(std::optional<Offset> offset) {
  return offset ? fmt::format("{}", *offset) : "-";
}

std::string LagRecordsText(std::optional<std::int64_t> records) {
  if (!records) return "-";
  return display::HumanCount(static_cast<std::uint64_t>(std::max<std::int64_t>(0, *records)));
}

std::string LagTimeText(std::optional<std::int64_t> ms) {
  return ms ? display::HumanSpan(*ms) : "-";
}

void WriteOffset(std::string_view key, std::optional<Offset> offset, JsonWriter& json) {
  json.Key(key);
  if (offset) {
    json.Int(offset->value());
  } else {
    json.Null();
  }
}

void WriteSeconds(std::string_view key, std::optional<std::int64_t> ms, JsonWriter& json) {
  json.Key(key);
  if (ms) {
    json.Double(static_cast<double>(*ms) / 1e3);
  } else {
    json.Null();
  }
}

void WriteLag(const client::GroupPartition& partition, JsonWriter& json) {
  json.Key("topic").String(partition.topic);
  json.Key("partition").Int(partition.partition.value());
  WriteOffset("committed_offset", partition.committed, json);
  json.Key("log_start_offset").Int(partition.log_start.value());
  json.Key("log_end_offset").Int(partition.log_end.value());
  json.Key("lag_records");
  if (partition.lag_records) {
    json.Int(*partition.lag_records);
  } else {
    json.Null();
  }
  WriteSeconds("lag_seconds", partition.lag_ms, json);
  json.Key("status").String(client::LagStatusName(partition.status));
}

std::optional<std::int64_t> LagRecordsOf(const client::GroupSummary& group) {
  if (group.status == client::LagStatus::kUnknown) return std::nullopt;
  return group.lag_records;
}

}  // namespace logboom::cli
