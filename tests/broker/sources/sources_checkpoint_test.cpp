// When positions are stored, what is not stored again, and who has to wait for it.
#include "broker/sources/sources.h"
#include "tests/broker/sources/sources_rig.h"

namespace logboom::broker {
namespace {

using Kind = SourceOutcome::Kind;
constexpr std::int64_t kHourMs = 60LL * 60 * 1000;
constexpr std::int64_t kDayMs = 24 * kHourMs;

class CheckpointTest : public testing::Test {
 protected:
  void SetUp() override {
    rig_.MustOpen();
    rig_.MakeTopic();
  }
  // How many transactions the next checkpoint would store.
  std::size_t NextStores() {
    rig_.engine.writes.Hold();
    rig_.Tick(2'500);
    rig_.Tick();
    const std::size_t stored = rig_.engine.writes.waiting();
    rig_.engine.writes.Release();
    rig_.Settle();
    return stored;
  }
  SourcesRig rig_;
};

TEST_F(CheckpointTest, WhatIsStoredIsNotStoredAgain) {
  ASSERT_TRUE(rig_.engine.CreateTopic("other").ok());
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  EXPECT_EQ(NextStores(), 1U);
  EXPECT_EQ(NextStores(), 0U);
  rig_.MustProduce({SpanOf(1, 100, 200)});
  EXPECT_EQ(NextStores(), 1U);
  EXPECT_EQ(NextStores(), 0U);
}

TEST_F(CheckpointTest, ADeletedTopicLeavesTheStampsOfOthers) {
  ASSERT_TRUE(rig_.engine.CreateTopic("other").ok());
  const Uuid other = rig_.engine.Where("other").topic_id;
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  rig_.Checkpoint();
  ASSERT_TRUE(rig_.engine.DeleteTopic("other").ok());
  rig_.sources->ForgetTopic(other);
  rig_.Settle();
  EXPECT_EQ(NextStores(), 0U);
}

TEST_F(CheckpointTest, PositionsAreStoredEveryTwoSeconds) {
  rig_.Tick(2'000);
  const std::int64_t begun = rig_.engine.time_ms;
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  rig_.engine.writes.Hold();
  rig_.Tick(begun + 1'999 - rig_.engine.time_ms);
  EXPECT_EQ(rig_.engine.writes.waiting(), 0U);
  rig_.Tick(1);
  EXPECT_EQ(rig_.engine.writes.waiting(), 1U);
  rig_.engine.writes.Release();
}

TEST_F(CheckpointTest, OneIsUnderWayAtATime) {
  rig_.engine.writes.Hold();
  rig_.Produce({FirstSpanOf(1, 0, 100)});
  for (int i = 0; i < 5; ++i) rig_.Tick();
  rig_.Tick(2'500);
  EXPECT_EQ(rig_.engine.writes.waiting(), 1U);
  rig_.Produce({SpanOf(1, 100, 200)});
  for (int i = 0; i < 5; ++i) rig_.Tick();
  rig_.Tick(2'500);
  EXPECT_EQ(rig_.engine.writes.waiting(), 1U);
  rig_.engine.writes.Release();
  rig_.Checkpoint();
  rig_.Reopen();
  EXPECT_EQ(rig_.DurableOf(1), 200);
  EXPECT_EQ(rig_.report.records_read, 0);
}

TEST_F(CheckpointTest, WhatOneFailedToStoreGoesWithTheNext) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  rig_.engine.store.Fail(Fail(ErrorCode::kNoSpace, "full"));
  rig_.Checkpoint();
  rig_.engine.store.Fail(std::nullopt);
  rig_.Checkpoint();
  rig_.Reopen();
  EXPECT_EQ(rig_.report.records_read, 0);
  EXPECT_EQ(rig_.DurableOf(1), 100);
}

TEST_F(CheckpointTest, ACorrectionIsStoredOnce) {
  for (const bool full : {false, true}) {
    rig_.MustProduce({FirstSpanOf(full ? 2 : 1, 0, 100)});
    rig_.MustProduce({SpanOf(full ? 2 : 1, 100, 200)});
    rig_.Checkpoint();
    rig_.Crash();
    rig_.engine.CutLogBehindFirstBatch();
    ASSERT_TRUE(rig_.engine.disk.Remove("/data/manifest").ok());
    if (full) rig_.engine.store.Fail(Fail(ErrorCode::kNoSpace, "full"));
    rig_.MustOpen();
    ASSERT_EQ(rig_.report.notes.size(), 1U);
    rig_.Settle();
    rig_.engine.store.Fail(std::nullopt);
    rig_.Checkpoint();
    EXPECT_EQ(NextStores(), 0U) << full;
  }
}

// ---- rows beside it

TEST_F(CheckpointTest, ARowWhoseTopicGoesWhileItWaitsForOneFails) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100), FirstSpanOf(2, 0, 100)});
  rig_.Checkpoint();
  rig_.engine.writes.Hold();
  auto first = rig_.Progress({RowOf(1, RowKind::kGap, 100, 180)});
  rig_.Tick(2'500);  // a checkpoint is due behind that one
  auto second = rig_.Progress({RowOf(2, RowKind::kGap, 100, 180)});
  const Uuid topic_id = rig_.where.topic_id;
  rig_.engine.engine->DeleteTopic("web",
                                  [&](const Status&) { rig_.sources->ForgetTopic(topic_id); });
  rig_.engine.writes.Release();
  rig_.Settle();
  ASSERT_TRUE(first->has_value() && second->has_value());
  EXPECT_EQ((**second).kind, Kind::kFailed);
  EXPECT_EQ((**second).error->code, ErrorCode::kNotFound);
  rig_.Checkpoint();
  EXPECT_TRUE(rig_.Snapshot().empty());
}

TEST_F(CheckpointTest, RowsAreJudgedAndCounted) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  const ProgressRow row = RowOf(1, RowKind::kGap, 100, 180);
  auto refused = rig_.Progress({row, row});
  ASSERT_TRUE(refused->has_value());
  EXPECT_EQ((**refused).kind, Kind::kFailed);
  EXPECT_EQ((**refused).error->code, ErrorCode::kInvalid);
  auto conflict = rig_.Progress({RowOf(1, RowKind::kGap, 150, 180)});
  ASSERT_TRUE(conflict->has_value());
  EXPECT_EQ((**conflict).kind, Kind::kConflict);
  EXPECT_EQ((**conflict).positions, std::vector{PositionsOf(1, 100, 100)});
  EXPECT_EQ(rig_.sources->counters().conflicts, 1U);
  rig_.MustCommit({row});
  EXPECT_EQ(rig_.sources->counters().gaps, 1U);
  auto again = rig_.Progress({row});
  ASSERT_TRUE(again->has_value());
  EXPECT_EQ((**again).kind, Kind::kDurable);
  EXPECT_TRUE((**again).duplicate);
  EXPECT_EQ(rig_.sources->counters().gaps, 1U);
  EXPECT_EQ(rig_.sources->counters().duplicates, 0U) << "batches alone";
  // Of bytes of which nothing is sent readers are told too; a row without bytes is none of theirs.
  rig_.MustCommit({RowOf(1, RowKind::kProgress, 180, 200)});
  rig_.MustCommit({RowOf(1, RowKind::kClose, 200, 200)});
  EXPECT_EQ(rig_.sources->RowsBetween(rig_.where, Offset{0}, Offset{9}, 10).size(), 2U);
}

// ---- the end of sources

TEST_F(CheckpointTest, ASourceIsForgottenOnceItsTimeIsOverAndNotBefore) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  const std::int64_t closed = rig_.engine.time_ms;
  rig_.MustCommit({RowOf(1, RowKind::kClose, 100, 100)});
  rig_.Tick(closed + 90 * kDayMs - rig_.engine.time_ms);
  EXPECT_EQ(rig_.DurableOf(1), 100);
  rig_.Tick(kHourMs - 1);
  EXPECT_EQ(rig_.DurableOf(1), 100) << "looked at every hour";
  rig_.Tick(1);
  EXPECT_EQ(rig_.DurableOf(1), -1);
}

TEST_F(CheckpointTest, ASourceIsNotForgottenWhileSomethingOfItIsUnderWay) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100), FirstSpanOf(2, 0, 100)});
  rig_.Checkpoint();
  rig_.engine.commits.Hold();
  rig_.engine.writes.Hold();
  auto row = rig_.Progress({RowOf(2, RowKind::kProgress, 100, 180)});
  auto span = rig_.Produce({SpanOf(1, 100, 200)});
  rig_.Tick(500 * kDayMs);
  EXPECT_EQ(rig_.DurableOf(1), 100);
  EXPECT_EQ(rig_.DurableOf(2), 100);
  rig_.engine.commits.Release();
  rig_.engine.writes.Release();
  rig_.Settle();
  ASSERT_TRUE(row->has_value() && span->has_value());
  EXPECT_EQ((**row).kind, Kind::kDurable);
  EXPECT_EQ((**span).kind, Kind::kDurable);
}

}  // namespace
}  // namespace logboom::broker
