// What one scrape learned of one broker.
#pragma once

#include <chrono>
#include <string>

#include "lib/base/result.h"
#include "lib/client/snapshot.h"

namespace logboom::exporter {

struct BrokerReading {
  // Its label: the broker's name; its address while the name is not known, and where two brokers
  // have the same.
  std::string broker;
  std::string address;
  Result<client::Snapshot> snapshot;  // or why there is none
  std::chrono::microseconds took{0};
};

}  // namespace logboom::exporter
