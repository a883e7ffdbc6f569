// Metrics as every daemon serves them: the server of a daemon's MetricsRegistry, started by one
// rule.
#pragma once

#include <memory>

#include "lib/base/result.h"
#include "lib/daemon/config.h"
#include "lib/daemon/config_schema.h"
#include "lib/daemon/launch.h"
#include "lib/daemon/metrics_registry.h"
#include "lib/daemon/metrics_server.h"

namespace logboom::daemon {

// The key metrics.listen, and the flag --metrics-listen for it.
KeySpec MetricsListenKey(const std::string& default_address);
FlagSpec MetricsListenFlag();

// Null where metrics.listen is empty, or where it is the default and somebody else listens there:
// then that is logged, and the daemon does its work without metrics. An address that was asked for
// and can't be had is an error. `registry` must outlive the server.
Result<std::unique_ptr<MetricsServer>> ServeMetrics(const Config& config,
                                                    MetricsRegistry& registry);

}  // namespace logboom::daemon
