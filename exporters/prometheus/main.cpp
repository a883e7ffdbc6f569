// logboom-exporter: command line, signals, and the page that Prometheus scrapes.
#include <poll.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "exporters/prometheus/collector.h"
#include "exporters/prometheus/exposition.h"
#include "exporters/prometheus/snapshot_metrics.h"
#include "lib/daemon/address.h"
#include "lib/daemon/clock.h"
#include "lib/daemon/launch.h"
#include "lib/daemon/log.h"
#include "lib/daemon/metrics_registry.h"
#include "lib/daemon/metrics_server.h"
#include "lib/daemon/process.h"
#include "lib/daemon/ready.h"
#include "lib/daemon/signals.h"
#include "lib/transport/address.h"
#include "lib/transport/zmq_transport.h"

namespace logboom::exporter {
namespace {

constexpr int kExitFailed = 1;

Status CheckConfig(const daemon::Config& config) {
  if (config.List("brokers").empty()) {
    return config.Invalid("brokers", "at least one tcp://HOST:PORT");
  }
  std::vector<std::string> brokers = config.List("brokers");
  std::sort(brokers.begin(), brokers.end());
  if (std::adjacent_find(brokers.begin(), brokers.end()) != brokers.end()) {
    return config.Invalid("brokers", "each address once");
  }
  for (const std::string& address : brokers) {
    if (!transport::ParseTcpAddress(address).ok()) {
      return config.Invalid("brokers", "addresses such as tcp://HOST:PORT");
    }
  }
  const auto listen = daemon::ParseHostPort(config.String("listen"));
  if (!listen.ok()) return config.Invalid("listen", "HOST:PORT");
  if (!daemon::IsLoopback(listen->host) && !config.Bool("listen_beyond_loopback")) {
    return config.Invalid("listen",
                          "an address of this machine alone (127.0.0.1, ::1), or "
                          "listen_beyond_loopback = true: names of hosts, topics and groups would "
                          "be told to anybody who reaches it");
  }
  return Ok();
}

daemon::Program MakeProgram() {
  daemon::Program program;
  program.name = "logboom-exporter";
  program.description = "Prometheus metrics of a whole Logboom installation";
  program.default_config_file = "/etc/logboom/exporter.toml";
  program.schema.keys = {
      {.name = "brokers",
       .type = daemon::KeyType::kStringList,
       .default_text = "tcp://127.0.0.1:19550",
       .help = "addresses of the brokers"},
      {.name = "listen",
       .default_text = "127.0.0.1:19560",
       .help = "HOST:PORT where Prometheus scrapes /metrics"},
      {.name = "listen_beyond_loopback",
       .type = daemon::KeyType::kBool,
       .default_text = "false",
       .help = "let other hosts scrape"},
      {.name = "timeout",
       .type = daemon::KeyType::kDuration,
       .default_text = "4s",
       .help = "the wait for one broker; Prometheus gives up on a scrape after 10 s",
       .min = 100,
       .max = 60'000},
      {.name = "groups.partitions_max",
       .type = daemon::KeyType::kInt,
       .default_text = "20000",
       .help = "partitions of groups with series of their own; beyond that one for each topic"},
  };
  program.flags = {
      {.name = "--broker",
       .value_name = "ADDRESS",
       .key = "brokers",
       .help = "tcp://HOST:PORT of a broker; several times for several"},
      {.name = "--listen",
       .value_name = "ADDRESS",
       .key = "listen",
       .help = "HOST:PORT where Prometheus scrapes /metrics"},
  };
  program.check = CheckConfig;
  return program;
}

std::vector<Collector::Target> TargetsOf(const daemon::Config& config) {
  std::vector<Collector::Target> targets;
  for (const std::string& address : config.List("brokers")) {
    targets.push_back({address, [address] { return transport::ConnectZmq(address); }});
  }
  return targets;
}

// Says once that a broker stopped answering, and once that it is back. One scrape at a time.
class Outages {
 public:
  void Tell(const std::vector<BrokerReading>& readings) {
    const std::lock_guard lock(mutex_);
    for (const BrokerReading& reading : readings) {
      const bool was_down = std::find(down_.begin(), down_.end(), reading.address) != down_.end();
      if (!reading.snapshot.ok() && !was_down) {
        daemon::Warn("broker {}: {}", reading.address, reading.snapshot.error().message);
        down_.push_back(reading.address);
      } else if (reading.snapshot.ok() && was_down) {
        daemon::Info("broker {} answers again", reading.address);
        std::erase(down_, reading.address);
      }
    }
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> down_;
};

std::string MetricsPage(Collector& collector, Outages& outages, const MetricLimits& limits,
                        daemon::MetricsRegistry& own) {
  const auto readings = collector.Collect();
  outages.Tell(*readings);
  Exposition out;
  WriteSnapshotMetrics(*readings, limits, out);
  const auto series = out.series();
  out.Begin("logboom_exporter_series", MetricType::kGauge, "Samples of each family");
  for (const auto& [family, count] : series) out.Sample({{"family", family}}, count);
  return out.Take() + own.Text();
}

int WaitForEnd(daemon::Signals& signals) {
  while (true) {
    pollfd waiting{.fd = signals.descriptor(), .events = POLLIN, .revents = 0};
    poll(&waiting, 1, -1);
    while (auto signal = signals.Next()) {
      if (*signal != daemon::Signal::kReload) {
        daemon::Stopping();
        return 0;
      }
      daemon::Info("nothing of the exporter's configuration is reloaded: restart it");
    }
  }
}

int Failed(const Error& error) {
  daemon::LogError("{}", error.message);
  return kExitFailed;
}

int Run(const daemon::Config& config) {
  auto signals = daemon::Signals::Start();
  if (!signals.ok()) return Failed(signals.error());
  Collector collector(TargetsOf(config),
                      {.identity = {.program = "logboom-exporter",
                                    .program_version = std::string(daemon::Version())},
                       .timeout = config.Duration("timeout")},
                      daemon::Now);
  const MetricLimits limits{.group_partitions_max = config.Int("groups.partitions_max")};
  daemon::MetricsRegistry own("exporter");
  Outages outages;
  const auto listen_on = config.Bool("listen_beyond_loopback") ? daemon::ListenOn::kAnyHost
                                                               : daemon::ListenOn::kLoopbackOnly;
  auto server = daemon::MetricsServer::Start(config.String("listen"), listen_on, {.metrics = [&] {
                                               return MetricsPage(collector, outages, limits, own);
                                             }});
  if (!server.ok()) return Failed(server.error());
  const std::string addresses[] = {(*server)->url()};
  daemon::Ready("logboom-exporter", addresses);
  const int code = WaitForEnd(**signals);
  daemon::Info("stopped");
  return code;
}

}  // namespace
}  // namespace logboom::exporter

int main(int argc, char** argv) {
  auto launched = logboom::daemon::Launch(logboom::exporter::MakeProgram(), argc, argv);
  if (!launched) return launched.error();
  return logboom::exporter::Run(launched->config);
}
