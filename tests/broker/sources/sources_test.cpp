// The rules, the agents and the log together.
#include "broker/sources/sources.h"

#include "tests/broker/sources/sources_rig.h"

namespace logboom::broker {
namespace {

using Kind = SourceOutcome::Kind;
constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1000;

class SourcesTest : public testing::Test {
 protected:
  void SetUp() override {
    rig_.MustOpen();
    rig_.MakeTopic();
  }
  // Another log under the same topic: of sources 1 and 2 all but the first batch is gone, and the
  // store knows of it.
  void LoseNewestBatches() {
    rig_.MustProduce({FirstSpanOf(1, 0, 100)});
    rig_.MustProduce({SpanOf(1, 100, 200)});
    rig_.MustProduce({FirstSpanOf(2, 0, 50)});
    rig_.Checkpoint();
    rig_.Crash();
    rig_.engine.CutLogBehindFirstBatch();
    ASSERT_TRUE(rig_.engine.disk.Remove("/data/manifest").ok());
  }
  SourcesRig rig_;
};

TEST_F(SourcesTest, AProduceIsAckedOnceItIsDurable) {
  rig_.engine.commits.Hold();
  auto outcome = rig_.Produce({FirstSpanOf(1, 0, 100)});
  for (int i = 0; i < 5; ++i) rig_.Tick();
  EXPECT_FALSE(outcome->has_value());
  EXPECT_EQ(rig_.DurableOf(1), 0);
  rig_.engine.commits.Release();
  rig_.Settle();
  ASSERT_TRUE(outcome->has_value());
  EXPECT_EQ((*outcome)->kind, Kind::kDurable);
  EXPECT_FALSE((*outcome)->duplicate);
  EXPECT_EQ((*outcome)->appended->base_offset, Offset{0});
  EXPECT_EQ(rig_.DurableOf(1), 100);
}

TEST_F(SourcesTest, ADuplicateIsAnsweredOnlyOnceItsFirstCopyIsDurable) {
  rig_.engine.commits.Hold();
  auto first = rig_.Produce({FirstSpanOf(1, 0, 100)});
  rig_.Tick();
  auto again = rig_.Produce({SpanOf(1, 0, 100)});
  for (int i = 0; i < 5; ++i) rig_.Tick();
  EXPECT_FALSE(again->has_value());
  rig_.engine.commits.Release();
  rig_.Settle();
  ASSERT_TRUE(again->has_value());
  EXPECT_TRUE((*again)->duplicate);
  EXPECT_FALSE((*again)->appended.has_value());
  EXPECT_EQ(rig_.engine.State(rig_.where).log_end, Offset{1});
  EXPECT_EQ(rig_.sources->counters().duplicates, 1U);
}

TEST_F(SourcesTest, AConflictAppendsNothing) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  auto conflict = rig_.Produce({FirstSpanOf(2, 0, 10), SpanOf(1, 150, 200)});
  ASSERT_TRUE(conflict->has_value());
  EXPECT_EQ((*conflict)->kind, Kind::kConflict);
  EXPECT_EQ((*conflict)->positions,
            (std::vector{PositionsOf(1, 100, 100), PositionsOf(2, -1, -1)}));
  EXPECT_EQ(rig_.engine.State(rig_.where).log_end, Offset{1});
  EXPECT_EQ(rig_.DurableOf(2), -1);
  EXPECT_EQ(rig_.sources->counters().conflicts, 1U);
}

TEST_F(SourcesTest, AFailedSyncAcksNothing) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  rig_.engine.commits.Hold();
  auto first = rig_.Produce({SpanOf(1, 100, 200)});
  auto again = rig_.Produce({SpanOf(1, 100, 200)});
  auto row = rig_.Progress({RowOf(1, RowKind::kProgress, 200, 300)});
  rig_.engine.fs.Add({.kind = file::CallKind::kSync, .path_part = ".log"});
  rig_.Tick();
  rig_.engine.commits.Release();
  for (int i = 0; i < 5; ++i) rig_.Tick();
  for (const auto& outcome : {first, again, row}) {
    ASSERT_TRUE(outcome->has_value());
    EXPECT_EQ((*outcome)->kind, Kind::kFailed);
    EXPECT_EQ((*outcome)->error->code, ErrorCode::kIo);
  }
  EXPECT_EQ(rig_.DurableOf(1), 100);
}

TEST_F(SourcesTest, AFullDiskRefusesAndLeavesTheSourceWhereItStood) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  rig_.engine.fs.Add({.kind = file::CallKind::kWrite,
                      .path_part = ".log",
                      .code = ErrorCode::kNoSpace,
                      .short_write_bytes = 10});
  auto refused = rig_.Produce({SpanOf(1, 100, 200)});
  ASSERT_TRUE(refused->has_value());
  EXPECT_EQ((*refused)->kind, Kind::kFailed);
  EXPECT_EQ((*refused)->error->code, ErrorCode::kNoSpace);
  rig_.MustProduce({SpanOf(1, 100, 200)});
  EXPECT_EQ(rig_.DurableOf(1), 200);
}

// ---- rows

TEST_F(SourcesTest, ARowIsStoredOnlyBehindTheBytesAheadOfIt) {
  rig_.engine.commits.Hold();
  rig_.Produce({FirstSpanOf(1, 0, 100)});
  auto row = rig_.Progress({RowOf(1, RowKind::kProgress, 100, 180)});
  for (int i = 0; i < 5; ++i) rig_.Tick();
  EXPECT_FALSE(row->has_value());
  rig_.Crash();
  rig_.engine.commits.Release();
  rig_.MustOpen();
  EXPECT_LE(rig_.DurableOf(1), 100) << "the row must not stand without what is ahead of it";
}

TEST_F(SourcesTest, ARowIsAckedOnceItIsStored) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  rig_.Checkpoint();
  rig_.engine.writes.Hold();
  auto row = rig_.Progress({RowOf(1, RowKind::kProgress, 100, 180)});
  for (int i = 0; i < 5; ++i) rig_.Tick();
  EXPECT_FALSE(row->has_value());
  auto span = rig_.Produce({SpanOf(1, 180, 200)});
  ASSERT_TRUE(span->has_value());
  EXPECT_EQ((*span)->kind, Kind::kConflict) << "not appended before the row stands";
  rig_.engine.writes.Release();
  rig_.Settle();
  ASSERT_TRUE(row->has_value());
  EXPECT_EQ((*row)->kind, Kind::kDurable);
  EXPECT_EQ(rig_.DurableOf(1), 180);
  rig_.MustProduce({SpanOf(1, 180, 200)});
  rig_.Reopen();
  EXPECT_EQ(rig_.DurableOf(1), 200);
}

TEST_F(SourcesTest, ARowThatIsNotStoredLeavesAllAsItWas) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  rig_.Checkpoint();
  rig_.engine.store.Fail(Fail(ErrorCode::kNoSpace, "full"));
  auto row = rig_.Progress({RowOf(1, RowKind::kGap, 100, 180)});
  auto opening = rig_.Progress({FirstRowOf(2, RowKind::kProgress, 50, 50)});
  rig_.Settle();
  EXPECT_EQ((**row).kind, Kind::kFailed);
  EXPECT_EQ((**opening).kind, Kind::kFailed);
  rig_.engine.store.Fail(std::nullopt);
  EXPECT_EQ(rig_.DurableOf(1), 100);
  EXPECT_EQ(rig_.DurableOf(2), -1);
  EXPECT_TRUE(rig_.sources->RowsBetween(rig_.where, Offset{0}, Offset{9}, 10).empty());
  rig_.MustCommit({RowOf(1, RowKind::kGap, 100, 180)});
}

TEST_F(SourcesTest, AFileFoundFromItsEndStandsThereAfterACrash) {
  rig_.MustCommit({FirstRowOf(1, RowKind::kProgress, 5'000, 5'000)});
  rig_.Reopen();
  EXPECT_EQ(rig_.DurableOf(1), 5'000);
  EXPECT_EQ(rig_.sources->table().Find(rig_.where.topic_id, IdOf(1))->identity, IdentityOf("a", 1));
}

TEST_F(SourcesTest, GapsAreFoundWhereTheirRecordsWouldHaveStood) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100), FirstSpanOf(2, 0, 100)});
  rig_.MustCommit({RowOf(1, RowKind::kGap, 100, 180), RowOf(2, RowKind::kGap, 100, 200)});
  rig_.MustProduce({SpanOf(1, 180, 300)});
  rig_.MustCommit({RowOf(1, RowKind::kGap, 300, 310)});
  for (int turn = 0; turn < 2; ++turn) {
    const auto gaps = rig_.sources->RowsBetween(rig_.where, Offset{0}, Offset{99}, 10);
    ASSERT_EQ(gaps.size(), 3U);
    EXPECT_EQ(gaps[0].offset, Offset{2});
    EXPECT_EQ(gaps[1].offset, Offset{2});
    EXPECT_EQ(gaps[2].offset, Offset{3});
    EXPECT_EQ(gaps[0].path, "/var/log/1.log");
    EXPECT_EQ(gaps[0].agent_id, "a");
    rig_.Reopen();
  }
}

TEST_F(SourcesTest, LinesLeftOutAreToldInOneRowUntilASpanComes) {
  const auto left_out = [](std::int64_t begin, std::int64_t end, std::uint32_t lines) {
    ProgressRow row = RowOf(1, RowKind::kProgress, begin, end);
    row.dropped = lines;
    return row;
  };
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  rig_.MustCommit({left_out(100, 150, 3)});
  rig_.MustCommit({left_out(150, 200, 4)});
  rig_.Reopen();
  rig_.MustCommit({left_out(200, 210, 1)});
  rig_.MustProduce({SpanOf(1, 210, 300)});
  rig_.MustCommit({left_out(300, 310, 2)});
  for (int turn = 0; turn < 2; ++turn) {
    const auto rows = rig_.sources->RowsBetween(rig_.where, Offset{0}, Offset{99}, 10);
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].row.begin, SourcePosition{100});
    EXPECT_EQ(rows[0].row.end, SourcePosition{210});
    EXPECT_EQ(rows[0].row.dropped, 8U);
    EXPECT_EQ(rows[1].row.dropped, 2U);
    rig_.Reopen();
  }
  EXPECT_EQ(rig_.sources->counters().gaps, 0U);
  EXPECT_EQ(rig_.DurableOf(1), 310);
}

TEST_F(SourcesTest, GapsThatAreStoredTogetherAllStand) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100), FirstSpanOf(2, 0, 100), FirstSpanOf(3, 0, 100)});
  rig_.Checkpoint();
  rig_.engine.writes.Hold();
  for (std::uint64_t source : {1U, 2U, 3U}) rig_.Progress({RowOf(source, RowKind::kGap, 100, 180)});
  rig_.engine.writes.Release();
  rig_.Settle();
  EXPECT_EQ(rig_.sources->RowsBetween(rig_.where, Offset{0}, Offset{99}, 10).size(), 3U);
  rig_.Reopen();
  EXPECT_EQ(rig_.sources->RowsBetween(rig_.where, Offset{0}, Offset{99}, 10).size(), 3U);
}

TEST_F(SourcesTest, ACheckpointNeverOverwritesARow) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  rig_.Checkpoint();
  // Many turns in which a row and a checkpoint are under way together.
  std::int64_t at = 100;
  for (int i = 0; i < 50; ++i) {
    rig_.engine.writes.Hold();
    auto span = rig_.Produce({SpanOf(1, at, at + 10)});
    rig_.Tick(i % 3 == 0 ? 2'100 : 1);
    rig_.Tick();
    auto row = rig_.Progress({RowOf(1, RowKind::kProgress, at + 10, at + 20)});
    rig_.Tick(i % 2 == 0 ? 2'100 : 1);
    auto other =
        rig_.Progress({FirstRowOf(100 + static_cast<std::uint64_t>(i), RowKind::kProgress, 7, 7)});
    rig_.Tick(i % 5 == 0 ? 2'100 : 1);
    rig_.engine.writes.Release();
    rig_.Settle();
    ASSERT_TRUE(row->has_value() && other->has_value());
    ASSERT_EQ((**row).kind, Kind::kDurable);
    at += 20;
    rig_.Reopen();
    ASSERT_EQ(rig_.DurableOf(1), at) << i;
  }
}

// ---- rebuild

TEST_F(SourcesTest, APositionComesBackFromTheLogAloneWithoutACheckpoint) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  rig_.MustProduce({SpanOf(1, 100, 250), FirstSpanOf(2, 30, 40)});
  for (const bool store_lost : {false, true}) {
    rig_.Crash();
    if (store_lost) rig_.LoseStore();
    rig_.MustOpen();
    EXPECT_EQ(rig_.DurableOf(1), 250);
    EXPECT_EQ(rig_.DurableOf(2), 40);
    EXPECT_EQ(rig_.sources->table().Find(rig_.where.topic_id, IdOf(1))->window, WindowAt(250));
  }
}

TEST_F(SourcesTest, SpansInABatchWithAProducerIdAreNobodys) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  Bytes forged = WithProducerId(BatchOf({SpanOf(1, 100, 250)}, rig_.log_tag()), 7);
  rig_.MustAppend(forged);
  rig_.Reopen();
  EXPECT_EQ(rig_.DurableOf(1), 100);
  EXPECT_EQ(rig_.report.spans_applied, 1);
}

TEST_F(SourcesTest, ACheckpointShortensTheRedo) {
  for (std::int64_t at = 0; at < 1'000; at += 100) rig_.MustProduce({FirstSpanOf(1, at, at + 100)});
  rig_.Checkpoint();
  rig_.MustProduce({SpanOf(1, 1'000, 1'100)});
  rig_.Reopen();
  EXPECT_EQ(rig_.DurableOf(1), 1'100);
  EXPECT_EQ(rig_.report.spans_applied, 1);
}

TEST_F(SourcesTest, SideCarsKeepPositionsThatRetentionTookFromTheLog) {
  ASSERT_TRUE(
      rig_.engine.AlterTopic("web", {{"segment.bytes", "1048576"}, {"retention.bytes", "0"}}).ok());
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  for (std::int64_t at = 0; at < 1'500; at += 100) {
    rig_.MustProduce({FirstSpanOf(2, at, at + 100)}, 200'000);
  }
  rig_.Tick(31'000);
  rig_.Settle();
  ASSERT_GT(rig_.engine.State(rig_.where).log_start, Offset{5});
  rig_.Crash();
  rig_.LoseStore();
  rig_.MustOpen();
  EXPECT_EQ(rig_.DurableOf(1), 100) << "no span of it is left in the log";
  EXPECT_EQ(rig_.DurableOf(2), 1'500);
  EXPECT_EQ(rig_.report.spans_unknown, 0);
}

TEST_F(SourcesTest, ATrimTakesNoPositions) {
  for (std::int64_t at = 0; at < 1'000; at += 100) rig_.MustProduce({FirstSpanOf(1, at, at + 100)});
  rig_.MustProduce({FirstSpanOf(2, 0, 100)});
  const Offset end = rig_.engine.State(rig_.where).log_end;
  // All but the last record; they stay in the file, which is the active one.
  ASSERT_TRUE(rig_.engine.Trim(rig_.where, end - 1).ok());
  rig_.Crash();
  rig_.LoseStore();
  rig_.MustOpen();
  EXPECT_EQ(rig_.DurableOf(1), 1'000);
  EXPECT_EQ(rig_.report.spans_unknown, 0);
  // All of them: the file goes too, and what it said of the sources stays beside the next one.
  ASSERT_TRUE(rig_.engine.Trim(rig_.where, end).ok());
  rig_.Tick(1'000);
  rig_.Crash();
  rig_.LoseStore();
  rig_.MustOpen();
  EXPECT_EQ(rig_.DurableOf(1), 1'000);
  EXPECT_EQ(rig_.DurableOf(2), 100);
}

// Each of them has the longest of paths, so that the side-car's limit is met with fewer.
TEST_F(SourcesTest, MoreSourcesThanASideCarHoldsLeaveOutTheLeastNeeded) {
  ASSERT_TRUE(rig_.engine.AlterTopic("web", {{"segment.bytes", "1048576"}}).ok());
  constexpr std::uint64_t kOpen = 10'000;
  constexpr std::uint64_t kAll = 17'000;
  auto open = [&](std::uint64_t begin, std::uint64_t end) {
    std::vector<ProgressRow> rows;
    for (std::uint64_t source = begin; source < end; ++source) {
      rows.push_back(FirstRowOf(source, RowKind::kProgress, 5, 6));
      rows.back().identity->path = Bytes(4'096, 'p');
    }
    rig_.MustCommit(rows);
  };
  open(1, kAll);
  std::vector<ProgressRow> ends;
  for (std::uint64_t source = kOpen; source < kAll; ++source) {
    ends.push_back(RowOf(source, RowKind::kClose, 6, 6));
  }
  rig_.MustCommit(ends);
  for (std::int64_t at = 0; at < 12; ++at) {
    rig_.MustProduce({FirstSpanOf(1'000'000, at, at + 1)}, 100'000);
  }
  rig_.Crash();
  rig_.LoseStore();
  rig_.MustOpen();
  EXPECT_EQ(rig_.DurableOf(1'000'000), 12);
  EXPECT_EQ(rig_.DurableOf(1), 6);
  EXPECT_EQ(rig_.DurableOf(kOpen - 1), 6);
  EXPECT_EQ(rig_.DurableOf(kOpen), -1) << "it had ended";
  // And where nothing helps, the log alone tells.
  open(kOpen, kAll);
  for (std::int64_t at = 12; at < 24; ++at) {
    rig_.MustProduce({FirstSpanOf(1'000'000, at, at + 1)}, 100'000);
  }
  rig_.Reopen();
  EXPECT_EQ(rig_.DurableOf(1'000'000), 24);
  EXPECT_EQ(rig_.DurableOf(kOpen), 6);
}

TEST_F(SourcesTest, SpansOfAnotherLogMeanNothing) {
  const std::vector<ProducedSpan> spans = {FirstSpanOf(1, 0, 100)};
  Bytes foreign = BatchOf(spans, rig_.log_tag() + 1);
  rig_.MustAppend(foreign);
  rig_.Reopen();
  EXPECT_EQ(rig_.DurableOf(1), -1);
}

TEST_F(SourcesTest, ASourceThatNothingIdentifiesIsCountedAndNotInvented) {
  Bytes batch = BatchOf({SpanOf(1, 0, 100)}, rig_.log_tag());
  rig_.MustAppend(batch);
  rig_.Reopen();
  EXPECT_EQ(rig_.DurableOf(1), -1);
  EXPECT_EQ(rig_.report.spans_unknown, 1);
}

// Old lines (an archive that is read in) are no old sources.
TEST_F(SourcesTest, RedoneSourcesOfOldLinesAreNotForgotten) {
  const std::vector<ProducedSpan> spans = {FirstSpanOf(1, 0, 100)};
  Bytes batch = BatchOf(spans, rig_.log_tag(), 100, TimestampMs{1'000'000'000'000});
  auto header = record::VerifyBatch(batch);
  rig_.sources->Produce("a", rig_.where, batch.data(), *header, spans, rig_.engine.now(),
                        [](const SourceOutcome&) {});
  rig_.Settle();
  rig_.Crash();
  rig_.LoseStore();
  rig_.MustOpen();
  rig_.Checkpoint();
  EXPECT_EQ(rig_.DurableOf(1), 100);
}

TEST_F(SourcesTest, PositionsThatNoLogHoldsAreNotBelievedNowNorLater) {
  LoseNewestBatches();
  rig_.MustOpen();
  ASSERT_EQ(rig_.engine.State(rig_.where).log_end, Offset{1});
  ASSERT_EQ(rig_.report.notes.size(), 1U);
  EXPECT_EQ(rig_.DurableOf(1), 100);
  EXPECT_EQ(rig_.DurableOf(2), -1);
  rig_.Settle();
  // The log grows beyond the old stamp, and the store is asked again.
  for (int i = 0; i < 5; ++i) rig_.MustProduce({FirstSpanOf(3, i * 10, i * 10 + 10)});
  rig_.Reopen();
  EXPECT_TRUE(rig_.report.notes.empty());
  EXPECT_EQ(rig_.DurableOf(1), 100);
  EXPECT_EQ(rig_.DurableOf(2), -1);
  EXPECT_EQ(rig_.DurableOf(3), 50);
}

TEST_F(SourcesTest, WhatAFullDiskKeptFromBeingCorrectedIsCorrectedWithTheNextStamp) {
  LoseNewestBatches();
  rig_.engine.store.Fail(Fail(ErrorCode::kNoSpace, "full"));
  rig_.MustOpen();
  rig_.Settle();
  rig_.engine.store.Fail(std::nullopt);
  for (int i = 0; i < 5; ++i) rig_.MustProduce({FirstSpanOf(3, i * 10, i * 10 + 10)});
  rig_.Checkpoint();
  rig_.Reopen();
  EXPECT_EQ(rig_.DurableOf(1), 100);
  EXPECT_EQ(rig_.DurableOf(2), -1);
  EXPECT_EQ(rig_.DurableOf(3), 50);
}

// ---- the end of sources

TEST_F(SourcesTest, FinalSourcesAreForgottenAfterNinetyDaysAndSilentOnesAfterFourHundred) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100), FirstSpanOf(2, 0, 100)});
  rig_.Tick(80 * kDayMs);
  rig_.MustCommit({RowOf(1, RowKind::kClose, 100, 100)});
  rig_.Tick(89 * kDayMs);
  rig_.Settle();
  EXPECT_EQ(rig_.DurableOf(1), 100) << "it ended 89 days ago";
  rig_.Tick(2 * kDayMs);
  rig_.Settle();
  EXPECT_EQ(rig_.DurableOf(1), -1);
  EXPECT_EQ(rig_.DurableOf(2), 100);
  rig_.Tick(230 * kDayMs);
  rig_.Settle();
  EXPECT_EQ(rig_.DurableOf(2), -1);
  rig_.Reopen();
  EXPECT_EQ(rig_.DurableOf(1), -1);
  EXPECT_EQ(rig_.DurableOf(2), -1);
}

TEST_F(SourcesTest, ADeletedTopicTakesItsSourcesGapsAndStampsWithIt) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  rig_.MustCommit({RowOf(1, RowKind::kGap, 100, 180)});
  rig_.SettleAgent("a");
  rig_.Checkpoint();
  const Uuid topic_id = rig_.where.topic_id;
  ASSERT_TRUE(rig_.engine.DeleteTopic("web").ok());
  rig_.sources->ForgetTopic(topic_id);
  rig_.Checkpoint();
  EXPECT_EQ(rig_.DurableOf(1), -1);
  for (const auto& [id, agent] : rig_.sources->agents().agents()) {
    EXPECT_FALSE(agent.partitions.contains(topic_id));
  }
  for (const MetadataRow& row : rig_.Snapshot()) {
    EXPECT_EQ(row.table, Table::kAgent);
  }
}

TEST_F(SourcesTest, RowsOfATopicThatWasDeletedBeforeACrashAreForgottenAtTheStart) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  rig_.MustCommit({RowOf(1, RowKind::kGap, 100, 180)});
  rig_.Checkpoint();
  ASSERT_TRUE(rig_.engine.DeleteTopic("web").ok());
  rig_.Reopen();  // before ForgetTopic
  rig_.Settle();
  EXPECT_TRUE(rig_.Snapshot().empty());
}

TEST_F(SourcesTest, WhatIsUnderWayWhenItsTopicGoesFailsAndLeavesNothing) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  rig_.Checkpoint();
  const Uuid topic_id = rig_.where.topic_id;
  rig_.engine.writes.Hold();
  auto row = rig_.Progress({RowOf(1, RowKind::kGap, 100, 180)});
  std::optional<Status> deleted;
  rig_.engine.engine->DeleteTopic("web", [&](const Status& status) {
    deleted = status;
    rig_.sources->ForgetTopic(topic_id);
  });
  rig_.engine.writes.Release();
  rig_.Settle();
  ASSERT_TRUE(deleted.has_value() && row->has_value());
  rig_.Checkpoint();
  rig_.Reopen();
  rig_.Settle();
  EXPECT_TRUE(rig_.Snapshot().empty());
  EXPECT_EQ(rig_.sources->table().size(), 0U);
}

TEST_F(SourcesTest, GapsGoWithTheRecordsThatRetentionTook) {
  ASSERT_TRUE(
      rig_.engine.AlterTopic("web", {{"segment.bytes", "1048576"}, {"retention.bytes", "0"}}).ok());
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  rig_.MustCommit({RowOf(1, RowKind::kGap, 100, 180)});
  for (std::int64_t at = 0; at < 1'500; at += 100) {
    rig_.MustProduce({FirstSpanOf(2, at, at + 100)}, 200'000);
  }
  rig_.Tick(31'000);
  rig_.Settle();
  ASSERT_GT(rig_.engine.State(rig_.where).log_start, Offset{5});
  rig_.Tick(3'700'000);
  rig_.Settle();
  EXPECT_TRUE(rig_.sources->RowsBetween(rig_.where, Offset{0}, Offset{999}, 10).empty());
  for (const MetadataRow& row : rig_.Snapshot()) EXPECT_NE(row.table, Table::kSourceRow);
}

}  // namespace
}  // namespace logboom::broker
