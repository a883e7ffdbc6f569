// A daemon's own metrics, on prometheus-cpp: the loop sets values, the metrics server reads the
// text. build_info and the standard process_* metrics are there by themselves.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace logboom::daemon {

using MetricLabels = std::map<std::string, std::string>;

// Owned by main. Any thread. Names and labels come from code: a name that Prometheus does not take
// is a bug of ours.
class MetricsRegistry {
 public:
  // `component` as in build_info: "broker", "agent".
  explicit MetricsRegistry(std::string_view component);
  ~MetricsRegistry();
  MetricsRegistry(const MetricsRegistry&) = delete;
  MetricsRegistry& operator=(const MetricsRegistry&) = delete;

  void SetGauge(const std::string& name, const std::string& help, double value,
                const MetricLabels& labels = {});
  // `total` since the start of the program; a lower one than before changes nothing.
  void SetCounter(const std::string& name, const std::string& help, double total,
                  const MetricLabels& labels = {});

  // Prometheus text format 0.0.4; asks the operating system for the process_* values.
  std::string Text();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace logboom::daemon
