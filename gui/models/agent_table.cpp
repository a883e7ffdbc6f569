#include "gui/core/line_filter.h"
#include "gui/models/tables.h"

namespace logboom::gui {
namespace {

using Row = AgentRow;

bool Matches(const Row& row, std::string_view needle) {
  return FindIgnoringCase(row.agent_id, needle) != std::string_view::npos ||
         FindIgnoringCase(row.host, needle) != std::string_view::npos;
}

Tone ErrorTone(const Row& row) { return row.errors > 0 ? Tone::kBad : Tone::kMuted; }
QString StateText(const Row& row) {
  if (row.stale) return "not known";
  return row.connected ? "connected" : "away";
}

Tone Muted(const Row&) { return Tone::kMuted; }
QString DroppedTip(const Row&) { return "Lines that it read and left out since its start"; }

std::vector<Column<Row>> IdentityColumns() {
  return {{.title = "Agent",
           .text = [](const Row& row, TimestampMs) { return FromForeign(row.agent_id); },
           .less = [](const Row& a, const Row& b) { return a.agent_id < b.agent_id; }},
          {.title = "Broker",
           .text = [](const Row& row, TimestampMs) { return FromForeign(row.broker); },
           .less = [](const Row& a, const Row& b) { return a.broker < b.broker; },
           .tone = Muted},
          {.title = "State",
           .text = [](const Row& row, TimestampMs) { return StateText(row); },
           .less = [](const Row& a, const Row& b) { return a.connected < b.connected; },
           .tone = [](const Row& row) { return row.connected ? Tone::kGood : Tone::kBad; },
           .is_state = true},
          {.title = "Host",
           .text = [](const Row& row, TimestampMs) { return FromForeign(row.host); },
           .less = [](const Row& a, const Row& b) { return a.host < b.host; }},
          {.title = "Version",
           .text = [](const Row& row, TimestampMs) { return FromForeign(row.version); },
           .less = [](const Row& a, const Row& b) { return a.version < b.version; },
           .tone = Muted}};
}

std::vector<Column<Row>> FigureColumns() {
  return {{.title = "Files",
           .is_number = true,
           .text = [](const Row& row, TimestampMs) { return CountText(row.files); },
           .less = [](const Row& a, const Row& b) { return a.files < b.files; }},
          {.title = "Backlog",
           .is_number = true,
           .text = [](const Row& row, TimestampMs) { return BytesText(row.backlog_bytes); },
           .less = [](const Row& a, const Row& b) { return a.backlog_bytes < b.backlog_bytes; }},
          {.title = "Acked",
           .is_number = true,
           .text = [](const Row& row, TimestampMs) { return BytesText(row.bytes_acked); },
           .less = [](const Row& a, const Row& b) { return a.bytes_acked < b.bytes_acked; }},
          {.title = "Dropped",
           .is_number = true,
           .text = [](const Row& row, TimestampMs) { return CountText(row.lines_dropped); },
           .less = [](const Row& a, const Row& b) { return a.lines_dropped < b.lines_dropped; },
           .tip = DroppedTip},
          {.title = "Last seen",
           .is_number = true,
           .text = [](const Row& row, TimestampMs now) { return AgoText(row.last_seen, now); },
           .less = [](const Row& a, const Row& b) { return a.last_seen < b.last_seen; },
           .tone = Muted,
           .tip = [](const Row& row) { return ExactTimeText(row.last_seen); }},
          {.title = "Errors",
           .is_number = true,
           .text = [](const Row& row, TimestampMs) { return CountText(row.errors); },
           .less = [](const Row& a, const Row& b) { return a.errors < b.errors; },
           .tone = ErrorTone,
           .tip = [](const Row& row) { return FromForeign(row.last_error); }}};
}

}  // namespace

std::unique_ptr<AgentTable> MakeAgentTable() {
  std::vector<Column<Row>> columns = IdentityColumns();
  for (const Column<Row>& column : FigureColumns()) columns.push_back(column);
  return std::make_unique<AgentTable>(std::move(columns), Matches);
}

}  // namespace logboom::gui
