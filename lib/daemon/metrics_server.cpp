#include "lib/daemon/metrics_server.h"

#include <httplib.h>
#include <sys/socket.h>

#include <cerrno>
#include <thread>
#include <utility>

#include "lib/daemon/address.h"

namespace logboom::daemon {
namespace {

constexpr std::size_t kThreads = 2;
constexpr int kTimeoutSeconds = 5;
constexpr std::size_t kRequestBytesMax = 4096;
constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";
constexpr const char* kLandingPage =
    "<!DOCTYPE html><html><head><title>Logboom</title></head><body><h1>Logboom</h1>"
    "<p><a href=\"/metrics\">Metrics</a></p></body></html>\n";
constexpr const char* kTextType = "text/plain; charset=utf-8";

// The library's own default is SO_REUSEPORT, with which two daemons would share a port and each
// answer half of the requests.
void ReuseAddressOnly(socket_t socket) {
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
}

void AnswerStatus(const std::function<Status()>& check, httplib::Response& response) {
  const Status status = check ? check() : Ok();
  response.status = status.ok() ? 200 : 503;
  response.set_content(status.ok() ? "ok\n" : status.error().message + "\n", kTextType);
}

void Configure(httplib::Server& server) {
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_socket_options(ReuseAddressOnly);
  server.set_read_timeout(kTimeoutSeconds);
  server.set_write_timeout(kTimeoutSeconds);
  server.set_keep_alive_timeout(kTimeoutSeconds);
  server.set_payload_max_length(kRequestBytesMax);
}

void AddPages(httplib::Server& server, const MetricsPages& pages) {
  server.Get("/", [](const httplib::Request&, httplib::Response& response) {
    response.set_content(kLandingPage, "text/html; charset=utf-8");
  });
  server.Get("/metrics", [&pages](const httplib::Request&, httplib::Response& response) {
    response.set_content(pages.metrics(), kMetricsType);
  });
  server.Get("/healthz", [&pages](const httplib::Request&, httplib::Response& response) {
    AnswerStatus(pages.health, response);
  });
  server.Get("/readyz", [&pages](const httplib::Request&, httplib::Response& response) {
    AnswerStatus(pages.readiness, response);
  });
}

Error CannotListen(const HostPort& address, int errno_value) {
  const std::string name = FormatHostPort(address);
  if (errno_value == EADDRINUSE) {
    return Fail(ErrorCode::kBusy, "listen on {}: the port is taken; choose another, or 0 for any",
                name);
  }
  if (errno_value == 0) {
    return Fail(ErrorCode::kIo, "listen on {}: no such host, or not this machine's", name);
  }
  return ErrnoError(errno_value, fmt::format("listen on {}", name));
}

}  // namespace

struct MetricsServer::State {
  MetricsPages pages;
  httplib::Server server;
  std::string address;
  std::thread thread;
};

MetricsServer::MetricsServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<MetricsServer>> MetricsServer::Start(const std::string& address,
                                                            ListenOn listen_on,
                                                            MetricsPages pages) {
  ASSIGN_OR_RETURN(HostPort where, ParseHostPort(address));
  if (listen_on == ListenOn::kLoopbackOnly && !IsLoopback(where.host)) {
    return Fail(ErrorCode::kInvalid,
                "listen on {}: it is beyond loopback, which must be allowed in the configuration",
                address);
  }
  auto state = std::make_unique<State>();
  state->pages = std::move(pages);
  Configure(state->server);
  AddPages(state->server, state->pages);

  errno = 0;
  const int port = where.port == 0 ? state->server.bind_to_any_port(where.host)
                   : state->server.bind_to_port(where.host, where.port) ? where.port
                                                                        : -1;
  if (port <= 0) return CannotListen(where, errno);
  where.port = static_cast<std::uint16_t>(port);
  state->address = FormatHostPort(where);

  state->thread = std::thread([&server = state->server] { server.listen_after_bind(); });
  // stop() does nothing to a server that does not run yet.
  while (!state->server.is_running()) std::this_thread::yield();
  return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(state)));
}

MetricsServer::~MetricsServer() {
  state_->server.stop();
  state_->thread.join();
}

const std::string& MetricsServer::address() const { return state_->address; }

std::string MetricsServer::url() const { return "http://" + state_->address + "/metrics"; }

}  // namespace logboom::daemon
