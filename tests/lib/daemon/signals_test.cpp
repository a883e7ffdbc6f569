#include "lib/daemon/signals.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>

namespace logboom::daemon {
namespace {

bool Readable(int descriptor) {
  pollfd poll_fd = {.fd = descriptor, .events = POLLIN, .revents = 0};
  return poll(&poll_fd, 1, 0) == 1;
}

TEST(Signals, ArriveAtTheDescriptor) {
  const auto signals = Signals::Start();
  ASSERT_TRUE(signals.ok()) << signals.error().message;
  EXPECT_FALSE(Readable((*signals)->descriptor()));
  EXPECT_EQ((*signals)->Next(), std::nullopt);

  kill(getpid(), SIGHUP);
  EXPECT_TRUE(Readable((*signals)->descriptor()));
  EXPECT_EQ((*signals)->Next(), Signal::kReload);
  for (const int number : {SIGTERM, SIGINT}) {
    kill(getpid(), number);
    EXPECT_EQ((*signals)->Next(), Signal::kStop);
  }
  EXPECT_EQ((*signals)->Next(), std::nullopt);
}

TEST(Signals, ClosedPipeIsAnErrorAndKillsNobody) {
  const auto signals = Signals::Start();
  ASSERT_TRUE(signals.ok());
  std::array<int, 2> ends = {};
  ASSERT_EQ(pipe(ends.data()), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(ends[1]);
}

}  // namespace
}  // namespace logboom::daemon
