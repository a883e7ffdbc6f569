#include "gui/core/line_filter.h"
#include "gui/models/tables.h"

namespace logboom::gui {
namespace {

using Row = GroupRow;
using client::GroupState;
using client::LagStatus;

bool Matches(const Row& row, std::string_view needle) {
  return FindIgnoringCase(row.name, needle) != std::string_view::npos;
}

Tone StateTone(const Row& row) {
  if (row.state == GroupState::kRebalancing) return Tone::kWarn;
  return row.state == GroupState::kStable ? Tone::kNormal : Tone::kMuted;
}

}  // namespace

QString StatusText(LagStatus status) { return FromUtf8(client::LagStatusName(status)); }

Tone StatusTone(LagStatus status) {
  switch (status) {
    case LagStatus::kOk: return Tone::kGood;
    case LagStatus::kWarn: return Tone::kWarn;
    case LagStatus::kStall:
    case LagStatus::kStop:
    case LagStatus::kRewind: return Tone::kBad;
    case LagStatus::kUnknown: break;
  }
  return Tone::kMuted;
}

QString StatusTip(LagStatus status) {
  switch (status) {
    case LagStatus::kOk: return "It keeps up.";
    case LagStatus::kWarn: return "It commits, but its lag has not fallen for a while.";
    case LagStatus::kStall: return "It commits the same offset again and again, and there is lag.";
    case LagStatus::kStop: return "It does not commit any more, and there is lag.";
    case LagStatus::kRewind: return "It went back, and has not passed the old place since.";
    case LagStatus::kUnknown: break;
  }
  return "Nothing was committed yet.";
}

std::unique_ptr<GroupTable> MakeGroupTable() {
  std::vector<Column<Row>> columns = {
      {.title = "Group",
       .text = [](const Row& row, TimestampMs) { return FromForeign(row.name); },
       .less = [](const Row& a, const Row& b) { return a.name < b.name; }},
      {.title = "Broker",
       .text = [](const Row& row, TimestampMs) { return FromForeign(row.broker); },
       .less = [](const Row& a, const Row& b) { return a.broker < b.broker; },
       .tone = [](const Row&) { return Tone::kMuted; }},
      {.title = "State",
       .text = [](const Row& row,
                  TimestampMs) { return FromUtf8(client::GroupStateName(row.state)); },
       .less = [](const Row& a, const Row& b) { return a.state < b.state; },
       .tone = StateTone},
      {.title = "Members",
       .is_number = true,
       .text = [](const Row& row, TimestampMs) { return CountText(row.members); },
       .less = [](const Row& a, const Row& b) { return a.members < b.members; }},
      {.title = "Lag, records",
       .is_number = true,
       .text = [](const Row& row, TimestampMs) { return CountText(row.lag_records); },
       .less = [](const Row& a, const Row& b) { return a.lag_records < b.lag_records; }},
      {.title = "Lag, time",
       .is_number = true,
       .text = [](const Row& row, TimestampMs) { return LagTimeText(row.lag_ms); },
       .less = [](const Row& a, const Row& b) { return a.lag_ms < b.lag_ms; }},
      {.title = "Status",
       .text = [](const Row& row, TimestampMs) { return StatusText(row.status); },
       .less = [](const Row& a, const Row& b) { return a.status < b.status; },
       .tone = [](const Row& row) { return StatusTone(row.status); },
       .is_state = true,
       .tip = [](const Row& row) { return StatusTip(row.status); }}};
  return std::make_unique<GroupTable>(std::move(columns), Matches);
}

}  // namespace logboom::gui
