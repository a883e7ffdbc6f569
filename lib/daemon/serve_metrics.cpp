#include "lib/daemon/serve_metrics.h"

#include "lib/daemon/log.h"

namespace logboom::daemon {
namespace {

constexpr const char* kKey = "metrics.listen";

}  // namespace

KeySpec MetricsListenKey(const std::string& default_address) {
  return {.name = kKey,
          .default_text = default_address,
          .help = "HOST:PORT of /metrics; port 0 picks one, empty: none"};
}

FlagSpec MetricsListenFlag() {
  return {.name = "--metrics-listen",
          .value_name = "HOST:PORT",
          .key = kKey,
          .help = "where /metrics is served"};
}

Result<std::unique_ptr<MetricsServer>> ServeMetrics(const Config& config,
                                                    MetricsRegistry& registry) {
  const std::string& address = config.String(kKey);
  if (address.empty()) return std::unique_ptr<MetricsServer>();
  auto server = MetricsServer::Start(address, ListenOn::kLoopbackOnly,
                                     {.metrics = [&registry] { return registry.Text(); }});
  if (!server.ok() && server.error().code == ErrorCode::kBusy && !config.IsSet(kKey)) {
    Warn("{}; there are no metrics of this process (--metrics-listen takes another address)",
         server.error().message);
    return std::unique_ptr<MetricsServer>();
  }
  return server;
}

}  // namespace logboom::daemon
