// The rules of exactly once, one by one.
#include "broker/sources/source_table.h"

#include "tests/broker/sources/source_table_fixture.h"

namespace logboom::broker {
namespace {

// ---- spans

TEST_F(SourceTableTest, UnknownSourceWithIdentityIsOpenedAtItsOwnBegin) {
  Append({FirstSpanOf(1, 4'000, 5'000)});
  EXPECT_EQ(At(1), Positions(5'000, 4'000));
  EXPECT_EQ(Get(1).identity, IdentityOf("a", 1));
  EXPECT_EQ(Get(1).where, kWhere);
  EXPECT_EQ(Get(1).state, SourceState::kOpen);
  EXPECT_EQ(Get(1).last_sign, kTime);
}

TEST_F(SourceTableTest, UnknownSourceWithoutIdentityConflictsAndIsToldAsUnknown) {
  const Judgement judgement = Judge({SpanOf(1, 0, 100)});
  EXPECT_EQ(judgement.kind, Kind::kConflict);
  EXPECT_EQ(judgement.positions, std::vector{PositionsOf(1, -1, -1)});
}

TEST_F(SourceTableTest, DurableFollowsAppendedOnlyWhenTold) {
  Append({FirstSpanOf(1, 0, 100)});
  Append({SpanOf(1, 100, 250)});
  EXPECT_EQ(At(1), Positions(250, 0));
  table_.MakeDurable(kTopic, {SpanOf(1, 0, 100)});
  EXPECT_EQ(At(1), Positions(250, 100));
  EXPECT_EQ(Get(1).window, WindowAt(100));
  table_.MakeDurable(kTopic, {SpanOf(1, 100, 250)});
  EXPECT_EQ(At(1), Positions(250, 250));
  EXPECT_EQ(Get(1).window, WindowAt(250));
}

TEST_F(SourceTableTest, DurableOfADeletedTopicIsPassedOver) {
  table_.MakeDurable(kTopic, {SpanOf(1, 0, 100)});
  EXPECT_EQ(table_.size(), 0U);
}

struct SpanCase {
  const char* name;
  std::int64_t begin;
  std::int64_t end;
  Kind expected;
};

// Source 1 stands at 1,000 appended, 400 durable; it began at 100.
class OneSpan : public SourceTableTest, public testing::WithParamInterface<SpanCase> {
 protected:
  void SetUp() override {
    AppendDurably({FirstSpanOf(1, 100, 400)});
    Append({SpanOf(1, 400, 1'000)});
  }
};

TEST_P(OneSpan, IsJudgedByAppended) {
  const Judgement judgement = Judge({SpanOf(1, GetParam().begin, GetParam().end)});
  EXPECT_EQ(judgement.kind, GetParam().expected);
  if (judgement.kind == Kind::kConflict) {
    EXPECT_EQ(judgement.positions, std::vector{PositionsOf(1, 1'000, 400)});
  } else {
    EXPECT_TRUE(judgement.positions.empty());
  }
  EXPECT_EQ(judgement.error.has_value(), judgement.kind == Kind::kRefused);
  EXPECT_EQ(At(1), Positions(1'000, 400)) << "judging changes nothing";
}

INSTANTIATE_TEST_SUITE_P(
    Rules, OneSpan,
    testing::Values(SpanCase{"Fresh", 1'000, 1'001, Kind::kFresh},
                    SpanCase{"DuplicateOfTheLast", 400, 1'000, Kind::kDuplicate},
                    SpanCase{"DuplicateCutOtherwise", 399, 1'000, Kind::kDuplicate},
                    SpanCase{"DuplicateOfTheDurable", 100, 400, Kind::kDuplicate},
                    SpanCase{"DuplicateOneShort", 400, 999, Kind::kDuplicate},
                    SpanCase{"DuplicateBelowTheOpening", 0, 50, Kind::kDuplicate},
                    SpanCase{"OverlapByOne", 999, 1'001, Kind::kConflict},
                    SpanCase{"OverlapOfAll", 0, 2'000, Kind::kConflict},
                    SpanCase{"OverlapFromTheDurable", 400, 1'001, Kind::kConflict},
                    SpanCase{"GapOfOne", 1'001, 1'002, Kind::kConflict},
                    SpanCase{"GapFar", 1'000'000, 1'000'001, Kind::kConflict},
                    SpanCase{"Empty", 1'000, 1'000, Kind::kRefused},
                    SpanCase{"Backwards", 1'001, 1'000, Kind::kRefused},
                    SpanCase{"NegativeBegin", -1, 10, Kind::kRefused},
                    SpanCase{"NegativeBoth", -10, -1, Kind::kRefused},
                    SpanCase{"Largest", 1'000, INT64_MAX, Kind::kFresh}),
    [](const auto& one) { return one.param.name; });

TEST_F(SourceTableTest, IdentityOfAKnownSourceChangesNothing) {
  AppendDurably({FirstSpanOf(1, 0, 100)});
  ProducedSpan again = SpanOf(1, 100, 200);
  again.identity = IdentityOf("a", 9);
  AppendDurably({again});
  EXPECT_EQ(At(1), Positions(200, 200));
  EXPECT_EQ(Get(1).identity, IdentityOf("a", 1));
}

TEST_F(SourceTableTest, SeveralSpansOfOneSourceMustFollowEachOther) {
  AppendDurably({FirstSpanOf(1, 0, 100)});
  EXPECT_EQ(Judge({SpanOf(1, 100, 200), SpanOf(1, 200, 300)}).kind, Kind::kFresh);
  EXPECT_EQ(Judge({SpanOf(1, 100, 200), SpanOf(1, 201, 300)}).kind, Kind::kConflict);
  EXPECT_EQ(Judge({SpanOf(1, 100, 200), SpanOf(1, 199, 300)}).kind, Kind::kConflict);
  EXPECT_EQ(Judge({SpanOf(1, 100, 200), SpanOf(1, 100, 200)}).kind, Kind::kConflict);
  EXPECT_EQ(Judge({SpanOf(1, 200, 300), SpanOf(1, 100, 200)}).kind, Kind::kConflict);
  EXPECT_EQ(Judge({SpanOf(1, 0, 100), SpanOf(1, 100, 200)}).kind, Kind::kConflict);
  EXPECT_EQ(Judge({SpanOf(1, 0, 50), SpanOf(1, 50, 100)}).kind, Kind::kDuplicate);
  Append({SpanOf(1, 100, 200), SpanOf(1, 200, 300)});
  EXPECT_EQ(At(1), Positions(300, 100));
}

TEST_F(SourceTableTest, UnknownSourceTakesSeveralSpansOfWhichTheFirstSaysWhoItIs) {
  EXPECT_EQ(Judge({FirstSpanOf(1, 7, 10), SpanOf(1, 10, 20)}).kind, Kind::kFresh);
  EXPECT_EQ(Judge({SpanOf(1, 7, 10), FirstSpanOf(1, 10, 20)}).kind, Kind::kConflict);
  Append({FirstSpanOf(1, 7, 10), SpanOf(1, 10, 20)});
  EXPECT_EQ(At(1), Positions(20, 7));
}

TEST_F(SourceTableTest, AnyMixIsAConflictThatTellsEverySourceOnce) {
  AppendDurably({FirstSpanOf(1, 0, 100)});
  AppendDurably({FirstSpanOf(2, 0, 100)});
  Append({SpanOf(2, 100, 150)});
  const auto all = std::vector{PositionsOf(1, 100, 100), PositionsOf(2, 150, 100)};

  const Judgement fresh_and_duplicate = Judge({SpanOf(1, 100, 200), SpanOf(2, 0, 150)});
  EXPECT_EQ(fresh_and_duplicate.kind, Kind::kConflict);
  EXPECT_EQ(fresh_and_duplicate.positions, all);

  const Judgement fresh_and_gap = Judge({SpanOf(2, 151, 200), SpanOf(1, 100, 200)});
  EXPECT_EQ(fresh_and_gap.kind, Kind::kConflict);
  EXPECT_EQ(fresh_and_gap.positions, all);

  const Judgement duplicate_and_overlap = Judge({SpanOf(1, 0, 100), SpanOf(2, 100, 200)});
  EXPECT_EQ(duplicate_and_overlap.kind, Kind::kConflict);
  EXPECT_EQ(duplicate_and_overlap.positions, all);

  const Judgement twice_named =
      Judge({SpanOf(1, 100, 200), SpanOf(2, 0, 150), SpanOf(1, 200, 300)});
  EXPECT_EQ(twice_named.positions, all);

  const Judgement fresh_and_unknown = Judge({SpanOf(1, 100, 200), SpanOf(3, 0, 10)});
  EXPECT_EQ(fresh_and_unknown.kind, Kind::kConflict);
  EXPECT_EQ(fresh_and_unknown.positions,
            (std::vector{PositionsOf(1, 100, 100), PositionsOf(3, -1, -1)}));

  EXPECT_EQ(Judge({SpanOf(1, 100, 200), SpanOf(2, 150, 200), FirstSpanOf(3, 0, 9)}).kind,
            Kind::kFresh);
  EXPECT_EQ(Judge({SpanOf(1, 0, 100), SpanOf(2, 0, 150)}).kind, Kind::kDuplicate);
}

TEST_F(SourceTableTest, AnotherAgentsSourceIsRefused) {
  AppendDurably({FirstSpanOf(1, 0, 100)});
  for (const ProducedSpan& span : {SpanOf(1, 100, 200), SpanOf(1, 0, 100), SpanOf(1, 500, 600)}) {
    const Judgement judgement = Judge({span}, "b");
    EXPECT_EQ(judgement.kind, Kind::kRefused);
    EXPECT_EQ(judgement.error->code, ErrorCode::kPermission);
    EXPECT_TRUE(judgement.positions.empty()) << "where it stands is not the other's business";
  }
  const Judgement among_good = Judge({FirstSpanOf(2, 0, 10, "b"), SpanOf(1, 100, 200)}, "b");
  EXPECT_EQ(among_good.kind, Kind::kRefused);
  EXPECT_EQ(JudgeRows({RowOf(1, RowKind::kGap, 100, 200)}, "b").error->code,
            ErrorCode::kPermission);
}

TEST_F(SourceTableTest, AnotherPartitionIsRefused) {
  AppendDurably({FirstSpanOf(1, 0, 100)});
  const TopicPartition elsewhere{kTopic, PartitionIndex{3}};
  const Judgement spans = table_.JudgeSpans(elsewhere, "a", {SpanOf(1, 100, 200)});
  EXPECT_EQ(spans.kind, Kind::kRefused);
  EXPECT_EQ(spans.error->code, ErrorCode::kInvalid);
  const Judgement rows = table_.JudgeRows(elsewhere, "a", {RowOf(1, RowKind::kGap, 100, 200)});
  EXPECT_EQ(rows.kind, Kind::kRefused);
}

TEST_F(SourceTableTest, OneSourceStandsApartInEachTopic) {
  AppendDurably({FirstSpanOf(1, 0, 100)});
  const TopicPartition other{IdOf(2'000), PartitionIndex{0}};
  const std::vector<ProducedSpan> spans = {FirstSpanOf(1, 0, 30)};
  ASSERT_EQ(table_.JudgeSpans(other, "a", spans).kind, Kind::kFresh);
  table_.Append(other, spans, kTime);
  EXPECT_EQ(At(1), Positions(100, 100));
  EXPECT_EQ(table_.Find(other.topic_id, IdOf(1))->appended, SourcePosition{30});
  EXPECT_EQ(table_.TopicIds(), (std::set<Uuid>{kTopic, other.topic_id}));
}

TEST_F(SourceTableTest, RecentSpansAreBoundedAndNewestLast) {
  Append({FirstSpanOf(1, 0, 10)});
  for (std::int64_t at = 10; at < 200; at += 10) {
    EXPECT_EQ(Get(1).recent.size(), std::min(kRecentSpansMax, static_cast<std::size_t>(at / 10)));
    Append({SpanOf(1, at, at + 10)});
  }
  ASSERT_EQ(Get(1).recent.size(), kRecentSpansMax);
  EXPECT_EQ(Get(1).recent.front(), (SpanEnd{SourcePosition{50}, WindowAt(50)}));
  EXPECT_EQ(Get(1).recent.back(), (SpanEnd{SourcePosition{200}, WindowAt(200)}));
}

// ---- rows

struct RowCase {
  const char* name;
  RowKind kind;
  std::int64_t begin;
  std::int64_t end;
  Kind expected;
};

// Source 1 is open and stands at 1,000, durably.
class OneRow : public SourceTableTest, public testing::WithParamInterface<RowCase> {
 protected:
  void SetUp() override { AppendDurably({FirstSpanOf(1, 0, 1'000)}); }
};

TEST_P(OneRow, IsJudgedByAppended) {
  const RowCase& one = GetParam();
  const Judgement judgement = JudgeRows({RowOf(1, one.kind, one.begin, one.end)});
  EXPECT_EQ(judgement.kind, one.expected);
  if (judgement.kind == Kind::kConflict) {
    EXPECT_EQ(judgement.positions, std::vector{PositionsOf(1, 1'000, 1'000)});
  }
  EXPECT_EQ(At(1), Positions(1'000, 1'000));
}

INSTANTIATE_TEST_SUITE_P(
    Rules, OneRow,
    testing::Values(RowCase{"Progress", RowKind::kProgress, 1'000, 1'500, Kind::kFresh},
                    RowCase{"Gap", RowKind::kGap, 1'000, 1'500, Kind::kFresh},
                    RowCase{"Close", RowKind::kClose, 1'000, 1'000, Kind::kFresh},
                    RowCase{"ProgressAgain", RowKind::kProgress, 0, 1'000, Kind::kDuplicate},
                    RowCase{"GapBelow", RowKind::kGap, 10, 20, Kind::kDuplicate},
                    RowCase{"ProgressOverlap", RowKind::kProgress, 999, 1'500, Kind::kConflict},
                    RowCase{"GapAhead", RowKind::kGap, 1'001, 1'500, Kind::kConflict},
                    RowCase{"CloseBelow", RowKind::kClose, 999, 999, Kind::kConflict},
                    RowCase{"CloseAhead", RowKind::kClose, 1'001, 1'001, Kind::kConflict},
                    RowCase{"CloseOfARange", RowKind::kClose, 1'000, 1'001, Kind::kRefused},
                    RowCase{"EmptyProgress", RowKind::kProgress, 1'000, 1'000, Kind::kRefused},
                    RowCase{"EmptyGap", RowKind::kGap, 1'000, 1'000, Kind::kRefused},
                    RowCase{"Backwards", RowKind::kGap, 1'000, 999, Kind::kRefused},
                    RowCase{"Negative", RowKind::kGap, -1, 5, Kind::kRefused}),
    [](const auto& one) { return one.param.name; });

TEST_F(SourceTableTest, CommittedRowMovesBothPositionsTogether) {
  AppendDurably({FirstSpanOf(1, 0, 100)});
  const std::vector rows = {RowOf(1, RowKind::kProgress, 100, 180)};
  Hold(rows);
  EXPECT_EQ(At(1), Positions(100, 100)) << "not before the commit";
  const Source after = table_.AfterRow(kTopic, rows[0], kTime);
  EXPECT_EQ(after.durable, SourcePosition{180});
  table_.SettleRows(kTopic, rows, SourceTable::RowsSettled::kCommitted, kTime);
  EXPECT_EQ(At(1), Positions(180, 180));
  EXPECT_EQ(Get(1).window, WindowAt(180));
  EXPECT_EQ(Get(1).recent.back(), (SpanEnd{SourcePosition{180}, WindowAt(180)}));
  AppendDurably({SpanOf(1, 180, 200)});
}

TEST_F(SourceTableTest, FailedRowLeavesAllAsItWas) {
  AppendDurably({FirstSpanOf(1, 0, 100)});
  const std::vector rows = {RowOf(1, RowKind::kGap, 100, 180)};
  Hold(rows);
  table_.SettleRows(kTopic, rows, SourceTable::RowsSettled::kFailed, kTime);
  EXPECT_EQ(At(1), Positions(100, 100));
  EXPECT_EQ(Judge({SpanOf(1, 100, 180)}).kind, Kind::kFresh);
}

TEST_F(SourceTableTest, PendingRowBlocksSpansAndRowsOfItsSourceAlone) {
  AppendDurably({FirstSpanOf(1, 0, 100)});
  AppendDurably({FirstSpanOf(2, 0, 100)});
  Hold({RowOf(1, RowKind::kProgress, 100, 180)});
  const auto here = std::vector{PositionsOf(1, 100, 100)};
  for (const ProducedSpan& span : {SpanOf(1, 180, 200), SpanOf(1, 100, 200), SpanOf(1, 0, 100)}) {
    const Judgement judgement = Judge({span});
    EXPECT_EQ(judgement.kind, Kind::kConflict);
    EXPECT_EQ(judgement.positions, here);
  }
  EXPECT_EQ(JudgeRows({RowOf(1, RowKind::kProgress, 100, 180)}).kind, Kind::kConflict);
  EXPECT_EQ(JudgeRows({RowOf(1, RowKind::kClose, 100, 100)}).kind, Kind::kConflict);
  EXPECT_EQ(Judge({SpanOf(2, 100, 200)}).kind, Kind::kFresh);
}

TEST_F(SourceTableTest, RowOpensAnUnknownSourceAtSize) {
  const std::vector rows = {FirstRowOf(1, RowKind::kProgress, 5'000, 5'000)};
  Hold(rows);
  EXPECT_TRUE(table_.Page(kTopic, "a", true, Uuid{}, 10).empty())
      << "it is not watched before the row is stored";
  EXPECT_TRUE(table_.OfPartition(kWhere).empty());
  EXPECT_EQ(Judge({SpanOf(1, 5'000, 6'000)}).positions, std::vector{PositionsOf(1, -1, -1)});
  table_.SettleRows(kTopic, rows, SourceTable::RowsSettled::kCommitted, kTime);
  EXPECT_EQ(At(1), Positions(5'000, 5'000));
  EXPECT_EQ(table_.Page(kTopic, "a", false, Uuid{}, 10).size(), 1U);
  EXPECT_EQ(JudgeRows(rows).kind, Kind::kDuplicate);
  AppendDurably({SpanOf(1, 5'000, 6'000)});
}

TEST_F(SourceTableTest, RowOfAnUnknownSourceWithoutIdentityConflicts) {
  const Judgement judgement = JudgeRows({RowOf(1, RowKind::kProgress, 0, 10)});
  EXPECT_EQ(judgement.kind, Kind::kConflict);
  EXPECT_EQ(judgement.positions, std::vector{PositionsOf(1, -1, -1)});
  EXPECT_EQ(JudgeRows({RowOf(1, RowKind::kClose, 0, 0)}).kind, Kind::kConflict);
}

TEST_F(SourceTableTest, FailedRowThatWouldHaveOpenedASourceLeavesNoSource) {
  const std::vector rows = {FirstRowOf(1, RowKind::kProgress, 5'000, 5'000)};
  Hold(rows);
  table_.SettleRows(kTopic, rows, SourceTable::RowsSettled::kFailed, kTime);
  EXPECT_EQ(table_.Find(kTopic, IdOf(1)), nullptr);
}

TEST_F(SourceTableTest, FailedRowWithIdentityLeavesAKnownSource) {
  // Opened by a close: no span has been seen of it.
  Commit({FirstRowOf(1, RowKind::kClose, 70, 70)});
  const std::vector rows = {FirstRowOf(1, RowKind::kGap, 70, 90)};
  Hold(rows);
  table_.SettleRows(kTopic, rows, SourceTable::RowsSettled::kFailed, kTime);
  EXPECT_EQ(At(1), Positions(70, 70));
  EXPECT_EQ(Get(1).state, SourceState::kFinal);
}

TEST_F(SourceTableTest, CloseMakesFinalAndItsRepetitionIsADuplicate) {
  AppendDurably({FirstSpanOf(1, 0, 100)});
  const std::vector rows = {RowOf(1, RowKind::kClose, 100, 100)};
  Commit(rows);
  EXPECT_EQ(Get(1).state, SourceState::kFinal);
  EXPECT_EQ(At(1), Positions(100, 100));
  EXPECT_EQ(Get(1).window, WindowAt(100));
  EXPECT_EQ(JudgeRows(rows).kind, Kind::kDuplicate);
}

TEST_F(SourceTableTest, FinalSourceIsReopenedByANewSpan) {
  AppendDurably({FirstSpanOf(1, 0, 100)});
  Commit({RowOf(1, RowKind::kClose, 100, 100)});
  AppendDurably({SpanOf(1, 100, 200)});
  EXPECT_EQ(Get(1).state, SourceState::kOpen);
}

TEST_F(SourceTableTest, FinalSourceIsReopenedByProgressAndByAGap) {
  AppendDurably({FirstSpanOf(1, 0, 100)});
  Commit({RowOf(1, RowKind::kClose, 100, 100)});
  Commit({RowOf(1, RowKind::kProgress, 100, 200)});
  EXPECT_EQ(Get(1).state, SourceState::kOpen);
  Commit({RowOf(1, RowKind::kClose, 200, 200)});
  Commit({RowOf(1, RowKind::kGap, 200, 300)});
  EXPECT_EQ(Get(1).state, SourceState::kOpen);
}

TEST_F(SourceTableTest, RowsAreSignsOfLife) {
  AppendDurably({FirstSpanOf(1, 0, 100)});
  Commit({RowOf(1, RowKind::kProgress, 100, 200)}, kTime + 5'000);
  EXPECT_EQ(Get(1).last_sign, kTime + 5'000);
  // The 90 days of a final source count from its end, not from its last line.
  Commit({RowOf(1, RowKind::kClose, 200, 200)}, kTime + 9'000);
  EXPECT_EQ(Get(1).last_sign, kTime + 9'000);
  Commit({RowOf(1, RowKind::kGap, 200, 300)}, kTime);
  EXPECT_EQ(Get(1).last_sign, kTime + 9'000) << "the clock was set back";
}

TEST_F(SourceTableTest, RowsOfOneRequestStandOrFallTogether) {
  AppendDurably({FirstSpanOf(1, 0, 100)});
  AppendDurably({FirstSpanOf(2, 0, 100)});
  EXPECT_EQ(JudgeRows({RowOf(1, RowKind::kGap, 100, 200), RowOf(2, RowKind::kGap, 100, 200)}).kind,
            Kind::kFresh);
  const Judgement mixed =
      JudgeRows({RowOf(1, RowKind::kGap, 100, 200), RowOf(2, RowKind::kGap, 0, 100)});
  EXPECT_EQ(mixed.kind, Kind::kConflict);
  EXPECT_EQ(mixed.positions, (std::vector{PositionsOf(1, 100, 100), PositionsOf(2, 100, 100)}));
  EXPECT_EQ(JudgeRows({RowOf(1, RowKind::kGap, 0, 50), RowOf(2, RowKind::kGap, 0, 100)}).kind,
            Kind::kDuplicate);
  Commit({RowOf(1, RowKind::kClose, 100, 100)}, kTime);
  EXPECT_EQ(
      JudgeRows({RowOf(1, RowKind::kClose, 100, 100), RowOf(2, RowKind::kGap, 100, 200)}).kind,
      Kind::kConflict)
      << "the close is a repetition, the gap is not";
}

TEST_F(SourceTableTest, TwoRowsOfOneSourceInOneRequestAreRefused) {
  AppendDurably({FirstSpanOf(1, 0, 100)});
  EXPECT_EQ(JudgeRows({RowOf(1, RowKind::kGap, 100, 200), RowOf(1, RowKind::kGap, 200, 300)}).kind,
            Kind::kRefused);
}

TEST_F(SourceTableTest, RowsWaitBehindSpansThatAreNotDurable) {
  Append({FirstSpanOf(1, 0, 100)});
  const std::vector rows = {RowOf(1, RowKind::kProgress, 100, 180)};
  Hold(rows);  // the caller commits it once [0, 100) is durable
  table_.MakeDurable(kTopic, {FirstSpanOf(1, 0, 100)});
  table_.SettleRows(kTopic, rows, SourceTable::RowsSettled::kCommitted, kTime);
  EXPECT_EQ(At(1), Positions(180, 180));
}

TEST_F(SourceTableTest, SettledRowsOfADeletedTopicArePassedOver) {
  const std::vector rows = {FirstRowOf(1, RowKind::kProgress, 0, 10)};
  Hold(rows);
  table_.Forget([](const Source&) { return true; });
  table_.SettleRows(kTopic, rows, SourceTable::RowsSettled::kCommitted, kTime);
  table_.SettleRows(kTopic, rows, SourceTable::RowsSettled::kFailed, kTime);
  EXPECT_EQ(table_.size(), 0U);
}

}  // namespace
}  // namespace logboom::broker
