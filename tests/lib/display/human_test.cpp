#include "lib/display/human.h"

#include <gtest/gtest.h>

namespace logboom::display {
namespace {

TEST(Human, BytesHaveUnitsOfAThousand) {
  EXPECT_EQ(HumanBytes(0), "0 B");
  EXPECT_EQ(HumanBytes(999), "999 B");
  EXPECT_EQ(HumanBytes(1'000), "1.0 kB");
  EXPECT_EQ(HumanBytes(1'234'567'890), "1.2 GB");
  EXPECT_EQ(HumanBytes(999'949), "999.9 kB");
  EXPECT_EQ(HumanBytes(999'950), "1.0 MB");
  EXPECT_EQ(HumanBytes(INT64_MAX), "9223.4 PB");
}

TEST(Human, CountsHaveCommas) {
  EXPECT_EQ(HumanCount(0), "0");
  EXPECT_EQ(HumanCount(999), "999");
  EXPECT_EQ(HumanCount(1'000), "1,000");
  EXPECT_EQ(HumanCount(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(Human, NounsAgree) {
  EXPECT_EQ(HumanCount(1, "record"), "1 record");
  EXPECT_EQ(HumanCount(0, "record"), "0 records");
  EXPECT_EQ(HumanCount(1'000, "record"), "1,000 records");
}

TEST(Human, SpansHaveOneUnit) {
  EXPECT_EQ(HumanSpan(999), "999 ms");
  EXPECT_EQ(HumanSpan(59'999), "59 s");
  EXPECT_EQ(HumanSpan(60'000), "1 m");
  EXPECT_EQ(HumanSpan(3'600'000), "1 h");
  EXPECT_EQ(HumanSpan(172'800'000), "2 d");
}

TEST(Human, AgoKnowsNeverAndTheFuture) {
  const TimestampMs now(1'000'000);
  EXPECT_EQ(HumanAgo(std::nullopt, now), "never");
  EXPECT_EQ(HumanAgo(TimestampMs(-1), now), "never");
  EXPECT_EQ(HumanAgo(now, now), "now");
  EXPECT_EQ(HumanAgo(now + 5'000, now), "now");
  EXPECT_EQ(HumanAgo(now - 180'000, now), "3 m ago");
}

}  // namespace
}  // namespace logboom::display
