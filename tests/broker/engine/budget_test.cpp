// Retention by a clock that jumps, and the budget over all topics.
#include <gtest/gtest.h>

#include "tests/broker/engine/engine_rig.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kDay = 24LL * 3'600'000;
constexpr std::int64_t kYear = 365 * kDay;

class UpkeepTest : public testing::Test {
 protected:
  void SetUp() override { rig_.MustOpen(); }
  // Batches of about 10 kB, a segment each.
  void Fill(const std::string& topic, int batches, std::int32_t partition = 0) {
    for (int i = 0; i < batches; ++i) {
      rig_.Tick(2'000);
      ASSERT_TRUE(rig_.Append(rig_.Where(topic, partition), {Bytes(10'000, 'x')}).ok());
      rig_.Settle();
    }
  }
  void Make(const std::string& topic, TopicConfig config = {}) {
    config["segment.ms"] = "1000";
    ASSERT_TRUE(rig_.CreateTopic(topic, 1, config).ok());
  }
  std::int64_t Segments(const std::string& topic) { return rig_.State(rig_.Where(topic)).segments; }
  // Rounds of retention and of the budget.
  void Upkeep() {
    for (int i = 0; i < 40; ++i) rig_.Tick(2'000);
  }
  void SetBudget(std::int64_t bytes) {
    rig_.Settle();
    rig_.Crash();
    rig_.budget = DiskBudget{.bytes = bytes};
    rig_.MustOpen();
  }
  EngineRig rig_;
};

TEST_F(UpkeepTest, AClockThatGoesForwardByAYearDeletesNothing) {
  Make("web", {{"retention.ms", "86400000"}});
  Fill("web", 4);
  Upkeep();
  rig_.skew_ms += kYear;
  Upkeep();
  EXPECT_EQ(Segments("web"), 4);
  // It is written to as before, and what is new has its own age.
  Fill("web", 1);
  rig_.Crash();
  rig_.MustOpen();
  Upkeep();
  EXPECT_EQ(Segments("web"), 5) << "nor after a restart";
  for (int hour = 0; hour < 25; ++hour) rig_.Tick(3'600'000);
  rig_.Settle();
  EXPECT_EQ(rig_.State(rig_.Where("web")).size_bytes, 0) << "a day later all of it is a day old";
}

TEST_F(UpkeepTest, AClockThatGoesBackByAYearDeletesNothingAndAgesAgainOnceItIsPutRight) {
  Make("web", {{"retention.ms", "86400000"}});
  Fill("web", 4);
  rig_.skew_ms -= kYear;
  Upkeep();
  Fill("web", 1);
  rig_.skew_ms += kYear;
  Upkeep();
  EXPECT_GE(Segments("web"), 4);
  for (int hour = 0; hour < 25; ++hour) rig_.Tick(3'600'000);
  EXPECT_EQ(rig_.State(rig_.Where("web")).size_bytes, 0);
}

TEST_F(UpkeepTest, TimeWithoutABrokerDeletesNothing) {
  Make("web", {{"retention.ms", "86400000"}});
  Fill("web", 4);
  ASSERT_TRUE(rig_.engine->Close().ok());
  rig_.Kill();
  rig_.time_ms += 30 * kDay;
  rig_.MustOpen();
  Upkeep();
  EXPECT_EQ(Segments("web"), 4);
  EXPECT_EQ(rig_.engine->age_clock().jumps().size(), 1U);
}

// Of when the broker ran last the newest record is the only witness then, whichever topic has it.
TEST_F(UpkeepTest, TimeWithoutABrokerDeletesNothingWhereTheClockFileIsLostToo) {
  for (const char* topic : {"a", "b", "c"}) Make(topic, {{"retention.ms", "86400000"}});
  Fill("a", 2);
  Fill("c", 2);
  Fill("b", 4);
  ASSERT_TRUE(rig_.engine->Close().ok());
  rig_.Kill();
  ASSERT_TRUE(rig_.disk.Remove("/data/clock").ok());
  rig_.time_ms += 30 * kDay;
  rig_.MustOpen();
  Upkeep();
  for (const char* topic : {"a", "b", "c"}) EXPECT_GE(Segments(topic), 2) << topic;
  ASSERT_EQ(rig_.engine->age_clock().jumps().size(), 1U);
  EXPECT_EQ(rig_.engine->age_clock().jumps()[0].at, rig_.State(rig_.Where("b")).last_append);
}

TEST_F(UpkeepTest, AJumpThatACrashFollowsAtOnceDeletesNothing) {
  Make("web", {{"retention.ms", "86400000"}});
  Fill("web", 4);
  Upkeep();
  for (int step = 0; step < 30; ++step) {
    rig_.skew_ms += kYear;
    rig_.DieAfter(static_cast<std::uint64_t>(step));
    (void)rig_.Append(rig_.Where("web"), {"x"});
    rig_.Tick();
    rig_.Tick();
    rig_.Crash();
    rig_.MustOpen();
    Upkeep();
    ASSERT_EQ(rig_.State(rig_.Where("web")).log_start, Offset{0}) << step;
  }
}

TEST_F(UpkeepTest, TheLargestTopicGivesItsOldestSegments) {
  Make("large");
  Make("small");
  Fill("small", 3);
  Fill("large", 10);
  SetBudget(80'000);
  rig_.Tick(1'000);
  EXPECT_TRUE(rig_.engine->hurried());
  Upkeep();
  EXPECT_LE(rig_.engine->log_bytes(), 80'000);
  EXPECT_GT(rig_.engine->log_bytes(), 60'000) << "no more than needed";
  EXPECT_EQ(Segments("small"), 3);
  EXPECT_FALSE(rig_.engine->hurried());
  const auto evictions = rig_.engine->TakeEvictions();
  ASSERT_EQ(evictions.size(), rig_.engine->counters().segments_evicted);
  EXPECT_GE(evictions.size(), 5U);
  EXPECT_EQ(evictions[0].where, rig_.Where("large"));
  EXPECT_EQ(evictions[0].range.old_start, Offset{0});
  EXPECT_EQ(evictions[0].range.new_start, Offset{1});
  EXPECT_GT(rig_.engine->counters().bytes_evicted, 50'000U);
  EXPECT_TRUE(rig_.engine->TakeEvictions().empty());
}

TEST_F(UpkeepTest, SharesWeigh) {
  Make("heavy", {{"retention.share", "9"}});
  Make("light");
  Fill("heavy", 7);
  Fill("light", 6);
  SetBudget(100'000);  // 90,000 and 10,000
  Upkeep();
  EXPECT_EQ(Segments("heavy"), 7);
  EXPECT_LT(Segments("light"), 4);
}

TEST_F(UpkeepTest, WhatRetentionLetsGoGoesFirst) {
  Make("a");
  Make("b", {{"retention.bytes", "0"}});
  Fill("a", 6);
  Fill("b", 5);
  SetBudget(80'000);
  Upkeep();
  EXPECT_EQ(Segments("b"), 1);
  EXPECT_EQ(Segments("a"), 6);
  EXPECT_EQ(rig_.engine->counters().segments_evicted, 0U);
}

TEST_F(UpkeepTest, ActiveInternalAndYoungSegmentsStay) {
  Make("__internal");
  Make("young", {{"retention.min.ms", "1000000000"}});
  Make("web");
  Fill("__internal", 4);
  Fill("young", 4);
  Fill("web", 4);
  SetBudget(1'000);
  Upkeep();
  EXPECT_EQ(Segments("__internal"), 4);
  EXPECT_EQ(Segments("young"), 4);
  EXPECT_EQ(Segments("web"), 1);
  EXPECT_GT(rig_.State(rig_.Where("web")).size_bytes, 0) << "the active one";
  EXPECT_TRUE(rig_.engine->stuck_over_budget());
  EXPECT_FALSE(rig_.engine->hurried()) << "no busy loop over what can't be had";
  ASSERT_TRUE(rig_.AlterTopic("young", {{"retention.min.ms", "1000"}}).ok());
  Upkeep();
  EXPECT_EQ(Segments("young"), 1);
}

TEST_F(UpkeepTest, TheOldestOfAllPartitionsGoesFirst) {
  ASSERT_TRUE(rig_.CreateTopic("web", 2, {{"segment.ms", "1000"}}).ok());
  Fill("web", 1, 1);
  Fill("web", 3, 0);
  Fill("web", 2, 1);
  SetBudget(55'000);
  Upkeep();
  EXPECT_EQ(rig_.State(rig_.Where("web", 1)).log_start, Offset{1});
  EXPECT_EQ(rig_.State(rig_.Where("web", 0)).log_start, Offset{0});
}

TEST_F(UpkeepTest, RetentionKeysWorkAtTheirLimits) {
  Make("web", {{"retention.ms", "-1"}});
  Fill("web", 3);
  const std::int64_t size = rig_.State(rig_.Where("web")).size_bytes / 3;
  const auto set = [this](const char* key, std::int64_t value) {
    ASSERT_TRUE(rig_.AlterTopic("web", {{key, fmt::format("{}", value)}}).ok());
    rig_.Tick(31'000);
    rig_.Tick();
  };
  set("retention.bytes", 2 * size + 1);
  EXPECT_EQ(Segments("web"), 3) << "without the oldest there would be too little";
  set("retention.bytes", 2 * size);
  EXPECT_EQ(Segments("web"), 2);
  set("retention.bytes", -1);
  // The newest record of the oldest segment is as old as it may be, and one millisecond more.
  const auto oldest = rig_.engine->AppendTimeAt(rig_.Where("web"), Offset{1});
  const std::int64_t age = rig_.now().wall - **oldest;
  ASSERT_TRUE(
      rig_.AlterTopic("web", {{"retention.ms", fmt::format("{}", age + 31'000 + 10)}}).ok());
  const std::int64_t spent = rig_.now().wall - **oldest - age;
  rig_.Tick(31'000 + 10 - spent);
  rig_.Tick(0);
  EXPECT_EQ(Segments("web"), 2);
  rig_.Tick(30'001);
  rig_.Tick();
  EXPECT_EQ(Segments("web"), 1);
}

TEST_F(UpkeepTest, SegmentsAreRolledAtTheirLimits) {
  ASSERT_TRUE(rig_.CreateTopic("web", 1, {{"segment.ms", "1000"}}).ok());
  const auto append_after = [this](std::int64_t ms) {
    rig_.Settle();
    rig_.time_ms += ms;
    ASSERT_TRUE(rig_.Append(rig_.Where("web"), {"x"}).ok());
  };
  append_after(0);
  const std::int64_t first = rig_.time_ms;
  append_after(0);
  rig_.Settle();
  append_after(999 - (rig_.time_ms - first));
  EXPECT_EQ(Segments("web"), 1);
  rig_.Settle();
  append_after(1'000 - (rig_.time_ms - first));
  EXPECT_EQ(Segments("web"), 2);
}

}  // namespace
}  // namespace logboom::broker
