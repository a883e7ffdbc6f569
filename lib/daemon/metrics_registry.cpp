#include "lib/daemon/metrics_registry.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <ctime>

#include "lib/daemon/launch.h"
#include "lib/daemon/process.h"

namespace logboom::daemon {
namespace {

// Of this process, without /proc/stat, which a sandboxed unit can't read: from the two clocks.
double StartTimeSeconds() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

}  // namespace

struct MetricsRegistry::State {
  prometheus::Registry registry;
  double started_seconds = StartTimeSeconds();
};

MetricsRegistry::MetricsRegistry(std::string_view component) : state_(std::make_unique<State>()) {
  SetGauge("logboom_build_info", "Version of the program; always 1", 1,
           {{"component", std::string(component)}, {"version", std::string(Version())}});
  SetGauge("process_start_time_seconds", "When the process started, in seconds since 1970",
           state_->started_seconds);
}

MetricsRegistry::~MetricsRegistry() = default;

void MetricsRegistry::SetGauge(const std::string& name, const std::string& help, double value,
                               const MetricLabels& labels) {
  prometheus::BuildGauge().Name(name).Help(help).Register(state_->registry).Add(labels).Set(value);
}

void MetricsRegistry::SetCounter(const std::string& name, const std::string& help, double total,
                                 const MetricLabels& labels) {
  prometheus::Counter& counter =
      prometheus::BuildCounter().Name(name).Help(help).Register(state_->registry).Add(labels);
  const double more = total - counter.Value();
  if (more > 0) counter.Increment(more);
}

std::string MetricsRegistry::Text() {
  const ProcessUsage usage = ReadProcessUsage();
  SetGauge("process_resident_memory_bytes", "Resident memory",
           static_cast<double>(usage.resident_bytes));
  SetGauge("process_virtual_memory_bytes", "Virtual memory",
           static_cast<double>(usage.virtual_bytes));
  SetCounter("process_cpu_seconds_total", "CPU time, user and system", usage.cpu_seconds);
  SetGauge("process_threads", "Threads", usage.threads);
  SetGauge("process_open_fds", "Open file descriptors", usage.open_descriptors);
  SetGauge("process_max_fds", "Most file descriptors that may be open",
           static_cast<double>(usage.descriptors_max));
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace logboom::daemon
