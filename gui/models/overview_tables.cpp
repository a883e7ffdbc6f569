#include "gui/models/overview_tables.h"

#include "gui/core/figures.h"

namespace logboom::gui {
namespace {

Tone LinkTone(LinkState link) {
  if (link == LinkState::kConnecting) return Tone::kWarn;
  return link == LinkState::kUp ? Tone::kGood : Tone::kBad;
}

QString LinkText(LinkState link) {
  if (link == LinkState::kConnecting) return "connecting";
  return link == LinkState::kUp ? "up" : "down";
}

QString DiskText(const BrokerRow& row) {
  if (row.disk_total_bytes <= 0) return Dash();
  return BytesText(row.disk_available_bytes) + " free";
}

std::vector<Column<BrokerRow>> BrokerColumns() {
  using Row = BrokerRow;
  return {{.title = "Broker",
           .text = [](const Row& row, TimestampMs) { return FromForeign(row.name); },
           .less = [](const Row& a, const Row& b) { return a.name < b.name; }},
          {.title = "State",
           .text = [](const Row& row, TimestampMs) { return LinkText(row.link); },
           .less = [](const Row& a, const Row& b) { return a.link < b.link; },
           .tone = [](const Row& row) { return LinkTone(row.link); },
           .is_state = true,
           .tip = [](const Row& row) { return FromForeign(row.trouble); }},
          {.title = "Address",
           .text = [](const Row& row, TimestampMs) { return FromForeign(row.address); },
           .less = [](const Row& a, const Row& b) { return a.address < b.address; },
           .tone = [](const Row&) { return Tone::kMuted; }},
          {.title = "Version",
           .text = [](const Row& row, TimestampMs) { return FromForeign(row.version); },
           .less = [](const Row& a, const Row& b) { return a.version < b.version; },
           .tone = [](const Row&) { return Tone::kMuted; }},
          {.title = "In",
           .is_number = true,
           .text = [](const Row& row, TimestampMs) { return RateText(row.records_per_second); },
           .less = [](const Row& a,
                      const Row& b) { return a.records_per_second < b.records_per_second; }},
          {.title = "Sync p99",
           .is_number = true,
           .text =
               [](const Row& row, TimestampMs) {
                 return row.sync_p99_ms ? QString::number(*row.sync_p99_ms, 'f', 1) + " ms"
                                        : Dash();
               },
           .less = [](const Row& a, const Row& b) { return a.sync_p99_ms < b.sync_p99_ms; }},
          {.title = "Disk",
           .is_number = true,
           .text = [](const Row& row, TimestampMs) { return DiskText(row); },
           .less = [](const Row& a,
                      const Row& b) { return a.disk_available_bytes < b.disk_available_bytes; }},
          {.title = "Up for",
           .is_number = true,
           .text = [](const Row& row,
                      TimestampMs) { return row.up_ms ? FromUtf8(SpanText(*row.up_ms)) : Dash(); },
           .less = [](const Row& a, const Row& b) { return a.up_ms < b.up_ms; },
           .tone = [](const Row&) { return Tone::kMuted; }}};
}

Tone SeverityTone(const AttentionRow& row) {
  return row.severity == Severity::kError ? Tone::kBad : Tone::kWarn;
}

std::vector<Column<AttentionRow>> AttentionColumns() {
  using Row = AttentionRow;
  return {
      {.title = "Kind",
       .text = [](const Row& row, TimestampMs) { return FromUtf8(AttentionKindName(row.kind)); },
       .less = [](const Row& a, const Row& b) { return a.kind < b.kind; },
       .tone = SeverityTone,
       .is_state = true},
      {.title = "Name",
       .text = [](const Row& row, TimestampMs) { return FromForeign(row.name); },
       .less = [](const Row& a, const Row& b) { return a.name < b.name; }},
      {.title = "What",
       .text = [](const Row& row, TimestampMs) { return FromForeign(row.message); },
       .less = [](const Row& a, const Row& b) { return a.message < b.message; },
       .tip = [](const Row& row) { return FromForeign(row.message); }},
      {.title = "Since",
       .is_number = true,
       .text = [](const Row& row, TimestampMs now) { return AgoText(row.since, now); },
       .less = [](const Row& a, const Row& b) { return a.since < b.since; },
       .tone = [](const Row&) { return Tone::kMuted; }}};
}

}  // namespace

std::unique_ptr<BrokerTable> MakeBrokerTable() {
  return std::make_unique<BrokerTable>(BrokerColumns(),
                                       [](const BrokerRow&, std::string_view) { return true; });
}

std::unique_ptr<AttentionTable> MakeAttentionTable() {
  return std::make_unique<AttentionTable>(
      AttentionColumns(), [](const AttentionRow&, std::string_view) { return true; });
}

}  // namespace logboom::gui
