#include "gui/core/line_filter.h"
#include "gui/models/tables.h"

namespace logboom::gui {
namespace {

using Row = TopicRow;

bool Matches(const Row& row, std::string_view needle) {
  return FindIgnoringCase(row.name, needle) != std::string_view::npos;
}

Tone RateTone(const Row& row) {
  return row.records_per_second.value_or(0) > 0 ? Tone::kNormal : Tone::kMuted;
}

}  // namespace

std::unique_ptr<TopicTable> MakeTopicTable() {
  std::vector<Column<Row>> columns = {
      {.title = "Topic",
       .text = [](const Row& row, TimestampMs) { return FromForeign(row.name); },
       .less = [](const Row& a, const Row& b) { return a.name < b.name; }},
      {.title = "Broker",
       .text = [](const Row& row, TimestampMs) { return FromForeign(row.broker); },
       .less = [](const Row& a, const Row& b) { return a.broker < b.broker; },
       .tone = [](const Row&) { return Tone::kMuted; }},
      {.title = "Partitions",
       .is_number = true,
       .text = [](const Row& row, TimestampMs) { return CountText(row.partitions); },
       .less = [](const Row& a, const Row& b) { return a.partitions < b.partitions; }},
      {.title = "Records",
       .is_number = true,
       .text = [](const Row& row, TimestampMs) { return CountText(row.records); },
       .less = [](const Row& a, const Row& b) { return a.records < b.records; }},
      {.title = "Size",
       .is_number = true,
       .text = [](const Row& row, TimestampMs) { return BytesText(row.size_bytes); },
       .less = [](const Row& a, const Row& b) { return a.size_bytes < b.size_bytes; }},
      {.title = "In",
       .is_number = true,
       .text = [](const Row& row, TimestampMs) { return RateText(row.records_per_second); },
       .less = [](const Row& a,
                  const Row& b) { return a.records_per_second < b.records_per_second; },
       .tone = RateTone},
      {.title = "Last record",
       .is_number = true,
       .text = [](const Row& row, TimestampMs now) { return AgoText(row.last_append, now); },
       .less = [](const Row& a, const Row& b) { return a.last_append < b.last_append; },
       .tone = [](const Row&) { return Tone::kMuted; },
       .tip = [](const Row& row) { return ExactTimeText(row.last_append); }}};
  return std::make_unique<TopicTable>(std::move(columns), Matches);
}

}  // namespace logboom::gui
