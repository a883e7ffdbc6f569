// The brokers of a frame as rows of a table.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gui/core/frame.h"

namespace logboom::gui {

struct BrokerRow {
  std::string key;
  std::string name;
  std::string address;
  LinkState link = LinkState::kConnecting;
  std::string trouble;
  std::string version;
  std::optional<double> records_per_second;
  std::optional<double> sync_p99_ms;
  std::int64_t disk_total_bytes = 0;
  std::int64_t disk_available_bytes = 0;
  std::optional<std::int64_t> up_ms;
  bool stale = false;
};

std::vector<BrokerRow> MakeBrokerRows(const Frame& frame);

}  // namespace logboom::gui
