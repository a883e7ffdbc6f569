#include "lib/client/clock_skew.h"

#include <gtest/gtest.h>

namespace logboom::client {
namespace {

using std::chrono::milliseconds;

Instant At(std::int64_t wall_ms, std::int64_t monotonic_ms) {
  return {.wall = TimestampMs(wall_ms), .monotonic = MonotonicMs(monotonic_ms)};
}

TEST(ClockSkew, TheMiddleOfTheRoundTripIsTaken) {
  ClockSkew skew;
  EXPECT_FALSE(skew.newest().has_value());
  skew.Answered(At(10'000, 0), At(10'200, 200), TimestampMs(9'100));
  EXPECT_EQ(skew.newest(), milliseconds(1'000));
}

// The clock may be set while an answer is under way: the round trip is no shorter for it.
TEST(ClockSkew, AStepOfThisClockIsNoRoundTrip) {
  ClockSkew skew;
  skew.Answered(At(10'000, 0), At(99'000, 100), TimestampMs(10'050));
  EXPECT_EQ(skew.newest(), milliseconds(0));
}

TEST(ClockSkew, OfALongRoundTripNothingIsLearned) {
  ClockSkew skew;
  skew.Answered(At(10'000, 0), At(12'000, ClockSkew::kRoundTripMsMax), TimestampMs(10'900));
  EXPECT_EQ(skew.newest(), milliseconds(100));
  skew.Answered(At(20'000, 0), At(22'001, ClockSkew::kRoundTripMsMax + 1), TimestampMs(1));
  EXPECT_EQ(skew.newest(), milliseconds(100));
}

}  // namespace
}  // namespace logboom::client
