#include "gui/models/tables.h"

namespace logboom::gui {
namespace {

using Row = PartitionRow;

}  // namespace

std::unique_ptr<PartitionTable> MakePartitionTable() {
  std::vector<Column<Row>> columns = {
      {.title = "Partition",
       .text = [](const Row& row, TimestampMs) { return QString::number(row.partition.value()); },
       .less = [](const Row& a, const Row& b) { return a.partition < b.partition; }},
      {.title = "Start",
       .is_number = true,
       .text = [](const Row& row, TimestampMs) { return CountText(row.log_start.value()); },
       .less = [](const Row& a, const Row& b) { return a.log_start < b.log_start; },
       .tone = [](const Row&) { return Tone::kMuted; }},
      {.title = "Durable end",
       .is_number = true,
       .text = [](const Row& row, TimestampMs) { return CountText(row.durable_end.value()); },
       .less = [](const Row& a, const Row& b) { return a.durable_end < b.durable_end; }},
      {.title = "Size",
       .is_number = true,
       .text = [](const Row& row, TimestampMs) { return BytesText(row.size_bytes); },
       .less = [](const Row& a, const Row& b) { return a.size_bytes < b.size_bytes; }},
      {.title = "Last record",
       .is_number = true,
       .text = [](const Row& row, TimestampMs now) { return AgoText(row.last_append, now); },
       .less = [](const Row& a, const Row& b) { return a.last_append < b.last_append; },
       .tone = [](const Row&) { return Tone::kMuted; },
       .tip = [](const Row& row) { return ExactTimeText(row.last_append); }}};
  return std::make_unique<PartitionTable>(std::move(columns),
                                          [](const Row&, std::string_view) { return true; });
}

}  // namespace logboom::gui
