#include <tuple>

#include "gui/models/tables.h"

namespace logboom::gui {
namespace {

using Row = LagRow;

QString OffsetText(const std::optional<Offset>& offset) {
  return offset ? CountText(offset->value()) : Dash();
}

}  // namespace

std::unique_ptr<LagTable> MakeLagTable() {
  std::vector<Column<Row>> columns = {
      {.title = "Partition",
       .text = [](const Row& row, TimestampMs) { return FromForeign(row.key); },
       .less =
           [](const Row& a, const Row& b) {
             return std::tie(a.topic, a.partition) < std::tie(b.topic, b.partition);
           },
       .tip =
           [](const Row& row) {
             return row.member.empty() ? QString("No member reads it.")
                                       : "Read by " + FromForeign(row.member);
           }},
      {.title = "Committed",
       .is_number = true,
       .text = [](const Row& row, TimestampMs) { return OffsetText(row.committed); },
       .less = [](const Row& a, const Row& b) { return a.committed < b.committed; }},
      {.title = "End",
       .is_number = true,
       .text = [](const Row& row, TimestampMs) { return CountText(row.log_end.value()); },
       .less = [](const Row& a, const Row& b) { return a.log_end < b.log_end; },
       .tone = [](const Row&) { return Tone::kMuted; }},
      {.title = "Lag",
       .is_number = true,
       .text = [](const Row& row,
                  TimestampMs) { return row.lag_records ? CountText(*row.lag_records) : Dash(); },
       .less = [](const Row& a, const Row& b) { return a.lag_records < b.lag_records; }},
      {.title = "Time",
       .is_number = true,
       .text = [](const Row& row, TimestampMs) { return LagTimeText(row.lag_ms); },
       .less = [](const Row& a, const Row& b) { return a.lag_ms < b.lag_ms; }},
      {.title = "Status",
       .text = [](const Row& row, TimestampMs) { return StatusText(row.status); },
       .less = [](const Row& a, const Row& b) { return a.status < b.status; },
       .tone = [](const Row& row) { return StatusTone(row.status); },
       .is_state = true,
       .tip = [](const Row& row) { return StatusTip(row.status); }}};
  return std::make_unique<LagTable>(std::move(columns),
                                    [](const Row&, std::string_view) { return true; });
}

}  // namespace logboom::gui
