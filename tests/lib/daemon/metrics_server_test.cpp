#include "lib/daemon/metrics_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include "lib/daemon/address.h"

namespace logboom::daemon {
namespace {

// The whole answer of a GET, headers and all.
std::string Get(const std::string& address, const std::string& path) {
  const HostPort where = *ParseHostPort(address);
  sockaddr_in target = {};
  target.sin_family = AF_INET;
  target.sin_port = htons(where.port);
  inet_pton(AF_INET, where.host.c_str(), &target.sin_addr);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&target), sizeof(target)) != 0) {
    close(fd);
    return "(refused)";
  }
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(send(fd, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  std::string answer;
  std::array<char, 4096> buffer;
  for (ssize_t count = 0; (count = recv(fd, buffer.data(), buffer.size(), 0)) > 0;) {
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
  close(fd);
  return answer;
}

Result<std::unique_ptr<MetricsServer>> Start(const std::string& address, MetricsPages pages = {}) {
  if (!pages.metrics) pages.metrics = [] { return std::string("up 1\n"); };
  return MetricsServer::Start(address, ListenOn::kLoopbackOnly, std::move(pages));
}

TEST(MetricsServer, PortZeroPicksOneAndServesMetrics) {
  const auto server = Start("127.0.0.1:0");
  ASSERT_TRUE(server.ok()) << server.error().message;
  EXPECT_NE(ParseHostPort((*server)->address())->port, 0);
  EXPECT_EQ((*server)->url(), "http://" + (*server)->address() + "/metrics");
  const std::string answer = Get((*server)->address(), "/metrics");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
  EXPECT_NE(answer.find("text/plain; version=0.0.4"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nup 1\n")) << answer;
}

TEST(MetricsServer, ThePageAtTheRootLeadsToTheMetrics) {
  const auto server = Start("127.0.0.1:0");
  const std::string answer = Get((*server)->address(), "/");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
  EXPECT_NE(answer.find("<a href=\"/metrics\">"), std::string::npos) << answer;
}

TEST(MetricsServer, HealthAndReadinessSayWhy) {
  std::atomic<bool> ready{false};
  const auto server =
      Start("127.0.0.1:0", {.readiness = [&ready]() -> Status {
              return ready ? Ok() : Status(Fail(ErrorCode::kUnavailable, "recovering"));
            }});
  ASSERT_TRUE(server.ok()) << server.error().message;
  const std::string& address = (*server)->address();
  EXPECT_TRUE(Get(address, "/healthz").starts_with("HTTP/1.1 200"));
  const std::string not_ready = Get(address, "/readyz");
  EXPECT_TRUE(not_ready.starts_with("HTTP/1.1 503")) << not_ready;
  EXPECT_TRUE(not_ready.ends_with("recovering\n")) << not_ready;
  ready = true;
  EXPECT_TRUE(Get(address, "/readyz").starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(Get(address, "/other").starts_with("HTTP/1.1 404"));
}

TEST(MetricsServer, TakenPortIsAClearError) {
  const auto first = Start("127.0.0.1:0");
  ASSERT_TRUE(first.ok());
  const auto second = Start((*first)->address());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kBusy);
  EXPECT_NE(second.error().message.find("the port is taken"), std::string::npos);
}

TEST(MetricsServer, BeyondLoopbackMustBeAllowed) {
  const auto refused = Start("0.0.0.0:0");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  const auto allowed = MetricsServer::Start("0.0.0.0:0", ListenOn::kAnyHost,
                                            {.metrics = [] { return std::string(); }});
  EXPECT_TRUE(allowed.ok()) << allowed.error().message;
}

TEST(MetricsServer, UnknownHostIsAnError) {
  const auto server = MetricsServer::Start("no.such.host.invalid:0", ListenOn::kAnyHost,
                                           {.metrics = [] { return std::string(); }});
  EXPECT_FALSE(server.ok());
}

TEST(MetricsServer, DestructionClosesThePort) {
  auto server = Start("127.0.0.1:0");
  ASSERT_TRUE(server.ok());
  const std::string address = (*server)->address();
  server->reset();
  EXPECT_EQ(Get(address, "/metrics"), "(refused)");
}

}  // namespace
}  // namespace logboom::daemon
