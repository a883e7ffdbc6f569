// The daemon's small HTTP server: /metrics for Prometheus, /healthz and /readyz for supervisors, a
// page at / that leads there. It never serves log lines.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "lib/base/result.h"

namespace logboom::daemon {

enum class ListenOn {
  kLoopbackOnly,  // another host is refused
  kAnyHost,       // the configuration allows it
};

// What the pages say. Called on the server's threads, several at a time, until the server is
// destroyed: read a snapshot, never the loop's state.
struct MetricsPages {
  // Prometheus text format 0.0.4.
  std::function<std::string()> metrics = {};
  // /healthz: 200, or 503 with the error's message. Empty: always well.
  std::function<Status()> health = {};
  // /readyz: likewise.
  std::function<Status()> readiness = {};
};

// Owned by main. The destructor ends its threads and closes the port.
class MetricsServer {
 public:
  // `address` as "127.0.0.1:19561"; port 0 picks one. kInvalid for an address that is none, or is
  // beyond loopback and must not be; kBusy where the port is taken; kIo otherwise.
  static Result<std::unique_ptr<MetricsServer>> Start(const std::string& address,
                                                      ListenOn listen_on, MetricsPages pages);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  // "127.0.0.1:41234", with the port that was picked.
  const std::string& address() const;
  // "http://127.0.0.1:41234/metrics": for the ready line.
  std::string url() const;

 private:
  struct State;
  explicit MetricsServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace logboom::daemon
