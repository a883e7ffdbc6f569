#include "lib/daemon/ready.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <vector>

#include "tests/lib/daemon/temporary_folder.h"

namespace logboom::daemon {
namespace {

// Stands for systemd: a datagram socket at a path, or at "@name" in the abstract space.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& name) : fd_(socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~NotifySocket() {
    unsetenv("NOTIFY_SOCKET");
    close(fd_);
  }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  std::string Receive() const {
    std::array<char, 256> buffer;
    const ssize_t count = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    return count < 0 ? "(nothing)" : std::string(buffer.data(), static_cast<std::size_t>(count));
  }

 private:
  int fd_;
};

TEST(Ready, OneLineHoldsTheWordAndEveryAddress) {
  const std::vector<std::string> addresses = {"tcp://127.0.0.1:19550",
                                              "http://127.0.0.1:19561/metrics"};
  testing::internal::CaptureStderr();
  Ready("logboom-test", addresses);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "logboom-test: ready tcp://127.0.0.1:19550 http://127.0.0.1:19561/metrics\n");
}

TEST(Ready, SystemdIsToldAtAPath) {
  const TemporaryFolder folder;
  const NotifySocket systemd(folder.path() + "/notify");
  testing::internal::CaptureStderr();
  Ready("logboom-test", {});
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(systemd.Receive(), "READY=1");
  Stopping();
  EXPECT_EQ(systemd.Receive(), "STOPPING=1");
}

TEST(Ready, SystemdIsToldInTheAbstractSpace) {
  const NotifySocket systemd("@logboom-ready-test-" + std::to_string(getpid()));
  ASSERT_TRUE(NotifySystemd("READY=1").ok());
  EXPECT_EQ(systemd.Receive(), "READY=1");
}

TEST(Ready, WithoutSystemdNothingIsSent) { EXPECT_TRUE(NotifySystemd("READY=1").ok()); }

TEST(Ready, DeadSocketIsAnError) {
  setenv("NOTIFY_SOCKET", "/no/such/socket", 1);
  EXPECT_FALSE(NotifySystemd("READY=1").ok());
  setenv("NOTIFY_SOCKET", std::string(200, 'x').c_str(), 1);
  EXPECT_FALSE(NotifySystemd("READY=1").ok());
  unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace logboom::daemon
