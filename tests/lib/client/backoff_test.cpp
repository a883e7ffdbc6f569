#include "lib/client/backoff.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace logboom::client {
namespace {

using namespace std::chrono_literals;

// The largest of many draws at the nth try tells its cap.
std::chrono::milliseconds CapOf(int tries_before) {
  SeededRandom random(7);
  std::chrono::milliseconds largest{0};
  for (int draw = 0; draw < 5'000; ++draw) {
    Backoff backoff(random);
    for (int i = 0; i < tries_before; ++i) backoff.Next();
    largest = std::max(largest, backoff.Next());
  }
  return largest;
}

TEST(Backoff, FirstRetryIsQuick) {
  EXPECT_LE(CapOf(0), 100ms);
  EXPECT_GE(CapOf(0), 95ms);
}

TEST(Backoff, DoublesUpToThirtySeconds) {
  EXPECT_LE(CapOf(1), 200ms);
  EXPECT_GT(CapOf(1), 190ms);
  EXPECT_LE(CapOf(5), 3'200ms);
  EXPECT_GT(CapOf(5), 3'000ms);
  EXPECT_LE(CapOf(40), 30s);
  EXPECT_GT(CapOf(40), 29s);
}

TEST(Backoff, JitterIsFull) {
  SeededRandom random(3);
  Backoff backoff(random);
  for (int i = 0; i < 20; ++i) backoff.Next();
  std::int64_t sum = 0;
  std::int64_t least = 30'000;
  for (int i = 0; i < 1'000; ++i) {
    const std::int64_t next = backoff.Next().count();
    sum += next;
    least = std::min(least, next);
  }
  EXPECT_NEAR(static_cast<double>(sum) / 1'000, 15'000, 1'500);
  EXPECT_LT(least, 500);
}

TEST(Backoff, ResetBeginsAnew) {
  SeededRandom random(3);
  Backoff backoff(random);
  for (int i = 0; i < 20; ++i) backoff.Next();
  backoff.Reset();
  EXPECT_LE(backoff.Next(), 100ms);
}

}  // namespace
}  // namespace logboom::client
