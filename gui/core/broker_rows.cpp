#include "gui/core/broker_rows.h"

namespace logboom::gui {

// A broker that is down is not dimmed: its state has to be seen.
std::vector<BrokerRow> MakeBrokerRows(const Frame& frame) {
  std::vector<BrokerRow> rows;
  for (const BrokerView& broker : frame.brokers) {
    BrokerRow& row = rows.emplace_back();
    row.key = broker.address;
    row.name = broker.name;
    row.address = broker.address;
    row.link = broker.link;
    row.trouble = broker.trouble;
    if (!broker.snapshot) continue;
    const client::BrokerStatus& status = broker.snapshot->status;
    row.version = status.program_version;
    row.disk_total_bytes = status.disk_total_bytes;
    row.disk_available_bytes = status.disk_available_bytes;
    if (broker.stale()) continue;
    row.records_per_second = status.append_records_per_second;
    row.sync_p99_ms = static_cast<double>(status.sync_p99_us) / 1'000;
    row.up_ms = broker.snapshot->time - status.started;
  }
  return rows;
}

}  // namespace logboom::gui
