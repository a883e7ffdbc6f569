#include "lib/daemon/log.h"

#include <gtest/gtest.h>

#include "lib/daemon/log_limiter.h"

namespace logboom::daemon {
namespace {

TEST(Log, LineHasUtcTimeInMillisecondsAndLevel) {
  testing::internal::CaptureStderr();
  Info("{} and {}", 1, "two");
  const std::string line = testing::internal::GetCapturedStderr();
  ASSERT_EQ(line.size(), std::string("2026-11-22T20:29:15.123Z info    1 and two\n").size())
      << line;
  EXPECT_EQ(line.substr(10, 1), "T");
  EXPECT_EQ(line.substr(23), "Z info    1 and two\n");
}

TEST(Log, ControlBytesNeverReachTheTerminal) {
  testing::internal::CaptureStderr();
  Warn("a\nb\x1b[2J\x7f\tc");
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_NE(line.find("a\\nb\\x1b[2J\\x7f\\x09c\n"), std::string::npos) << line;
}

TEST(Log, MessagesBelowTheLevelAreDropped) {
  testing::internal::CaptureStderr();
  SetLogLevel(LogLevel::kError);
  Warn("dropped");
  LogError("kept");
  SetLogLevel(LogLevel::kInfo);
  Debug("dropped");
  const std::string lines = testing::internal::GetCapturedStderr();
  EXPECT_EQ(lines.find("dropped"), std::string::npos);
  EXPECT_NE(lines.find("error   kept"), std::string::npos) << lines;
}

TEST(Log, LevelsAreKnownByName) {
  EXPECT_EQ(ParseLogLevel("debug"), LogLevel::kDebug);
  EXPECT_EQ(ParseLogLevel("warn"), LogLevel::kWarn);
  EXPECT_FALSE(ParseLogLevel("loud"));
}

TEST(LogLimiter, SameMessageComesOnceAnIntervalAndIsCounted) {
  LogLimiter limiter(std::chrono::seconds(10));
  EXPECT_EQ(limiter.Admit("full", MonotonicMs(0)), "full");
  EXPECT_EQ(limiter.Admit("full", MonotonicMs(1)), std::nullopt);
  EXPECT_EQ(limiter.Admit("other", MonotonicMs(1)), "other");
  EXPECT_EQ(limiter.Admit("full", MonotonicMs(9'999)), std::nullopt);
  EXPECT_EQ(limiter.Admit("full", MonotonicMs(10'000)), "full (and 2 more times)");
  EXPECT_EQ(limiter.Admit("full", MonotonicMs(20'000)), "full");
}

TEST(LogLimiter, BeyondItsLimitTheOldestIsForgotten) {
  LogLimiter limiter(std::chrono::hours(1));
  for (std::size_t i = 0; i < LogLimiter::kMessagesMax; ++i) {
    EXPECT_TRUE(limiter.Admit(fmt::format("m{}", i), MonotonicMs(static_cast<int>(i))));
  }
  EXPECT_FALSE(limiter.Admit("m0", MonotonicMs(1000)));
  EXPECT_TRUE(limiter.Admit("one more", MonotonicMs(1000)));
  EXPECT_FALSE(limiter.Admit("m1", MonotonicMs(1000)));
  EXPECT_TRUE(limiter.Admit("m0", MonotonicMs(1000)));
}

}  // namespace
}  // namespace logboom::daemon
