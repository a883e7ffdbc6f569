#include "exporters/prometheus/collector.h"

#include <future>
#include <utility>

#include "lib/client/broker_labels.h"

namespace logboom::exporter {

// One broker. Used by one thread at a time.
class Collector::Connection {
 public:
  Connection(Target target, CollectorOptions options, client::Clock clock)
      : target_(std::move(target)), options_(std::move(options)), clock_(std::move(clock)) {}

  BrokerReading Ask() {
    const auto begin = std::chrono::steady_clock::now();
    Result<client::Snapshot> snapshot = Take();
    if (snapshot.ok()) name_ = snapshot->status.broker_name;
    return {.broker = name_,
            .address = target_.address,
            .snapshot = std::move(snapshot),
            .took = std::chrono::duration_cast<std::chrono::microseconds>(
                std::chrono::steady_clock::now() - begin)};
  }

 private:
  Result<client::Snapshot> Take() {
    if (!admin_) {
      ASSIGN_OR_RETURN(auto transport, target_.connect());
      admin_ =
          std::make_unique<client::Admin>(std::move(transport),
                                          client::AdminOptions{.identity = options_.identity,
                                                               .timeout = options_.timeout,
                                                               .answer_timeout = options_.timeout},
                                          clock_, random_);
    }
    return admin_->TakeSnapshot();
  }

  Target target_;
  CollectorOptions options_;
  client::Clock clock_;
  SystemRandom random_;
  std::unique_ptr<client::Admin> admin_;
  std::string name_;  // as the broker last said
};

namespace {

// Samples of two brokers with one label would be the same series, and Prometheus would refuse the
// scrape.
void TellApart(std::vector<BrokerReading>& readings) {
  std::vector<client::NamedBroker> named;
  for (const BrokerReading& reading : readings) named.push_back({reading.address, reading.broker});
  const std::vector<std::string> labels = client::BrokerLabels(named);
  for (std::size_t i = 0; i < readings.size(); ++i) readings[i].broker = labels[i];
}

}  // namespace

Collector::Collector(std::vector<Target> targets, const CollectorOptions& options,
                     const client::Clock& clock) {
  for (Target& target : targets) {
    connections_.push_back(std::make_unique<Connection>(std::move(target), options, clock));
  }
}

Collector::~Collector() = default;

Collector::Readings Collector::Collect() {
  std::unique_lock lock(mutex_);
  if (asking_) {
    const std::uint64_t round = rounds_;
    changed_.wait(lock, [&] { return rounds_ > round; });
    return last_;
  }
  asking_ = true;
  lock.unlock();
  Readings readings = AskAll();
  lock.lock();
  asking_ = false;
  ++rounds_;
  last_ = readings;
  changed_.notify_all();
  return readings;
}

Collector::Readings Collector::AskAll() {
  std::vector<std::future<BrokerReading>> asked;
  for (const auto& connection : connections_) {
    asked.push_back(
        std::async(std::launch::async, [&connection = *connection] { return connection.Ask(); }));
  }
  std::vector<BrokerReading> readings;
  for (auto& each : asked) readings.push_back(each.get());
  TellApart(readings);
  return std::make_shared<const std::vector<BrokerReading>>(std::move(readings));
}

}  // namespace logboom::exporter
