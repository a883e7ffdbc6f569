// Asks every broker for its snapshot, all at the same time, when somebody scrapes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "exporters/prometheus/broker_reading.h"
#include "lib/base/random.h"
#include "lib/base/result.h"
#include "lib/client/admin.h"
#include "lib/transport/transport.h"

namespace logboom::exporter {

struct CollectorOptions {
  client::ClientIdentity identity{};
  // The wait for one broker. Prometheus gives up on a scrape after 10 s by default.
  std::chrono::milliseconds timeout{5'000};
};

// Owned by main. Collect() may be called from any thread; scrapes at the same time share one round
// of questions. Connections are kept from scrape to scrape.
class Collector {
 public:
  using Connect = std::function<Result<std::unique_ptr<transport::ClientTransport>>()>;
  struct Target {
    std::string address;
    Connect connect;
  };

  Collector(std::vector<Target> targets, const CollectorOptions& options,
            const client::Clock& clock);
  ~Collector();

  // One reading for each broker, in the order of the targets. Takes as long as the slowest, at most
  // twice the timeout.
  std::shared_ptr<const std::vector<BrokerReading>> Collect();

 private:
  class Connection;
  using Readings = std::shared_ptr<const std::vector<BrokerReading>>;

  Readings AskAll();

  std::vector<std::unique_ptr<Connection>> connections_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool asking_ = false;
  std::uint64_t rounds_ = 0;
  Readings last_;
};

}  // namespace logboom::exporter
