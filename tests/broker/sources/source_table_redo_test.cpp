// How sources come back at the start, and what is told and forgotten of them.
#include "broker/sources/source_table.h"
#include "tests/broker/sources/source_table_fixture.h"

namespace logboom::broker {
namespace {

// ---- redo

TEST_F(SourceTableTest, RedoOpensFromTheLogAlone) {
  EXPECT_TRUE(table_.Redo(kWhere, FirstSpanOf(1, 10, 100), kTime));
  EXPECT_TRUE(table_.Redo(kWhere, SpanOf(1, 100, 150), kTime));
  EXPECT_EQ(At(1), Positions(150, 150));
  EXPECT_EQ(Get(1).window, WindowAt(150));
  EXPECT_EQ(Get(1).last_sign, kTime);
  EXPECT_FALSE(table_.Redo(kWhere, SpanOf(2, 0, 10), kTime)) << "nobody says who it is";
}

TEST_F(SourceTableTest, RedoTwiceIsRedoOnce) {
  const std::vector spans = {FirstSpanOf(1, 0, 100), SpanOf(1, 100, 150), FirstSpanOf(2, 5, 9),
                             SpanOf(1, 150, 300)};
  for (const ProducedSpan& span : spans) ASSERT_TRUE(table_.Redo(kWhere, span, kTime));
  const Source one = Get(1);
  for (const ProducedSpan& span : spans) ASSERT_TRUE(table_.Redo(kWhere, span, kTime));
  EXPECT_EQ(At(1), Positions(300, 300));
  EXPECT_EQ(At(2), Positions(9, 9));
  EXPECT_EQ(Get(1).recent, one.recent);
  EXPECT_EQ(Get(1).window, WindowAt(300));
}

TEST_F(SourceTableTest, RedoNeverLowersWhatTheStoreKnows) {
  AppendDurably({FirstSpanOf(1, 0, 100)});
  Commit({RowOf(1, RowKind::kProgress, 100, 500)});
  for (const ProducedSpan& span : {FirstSpanOf(1, 0, 100), SpanOf(1, 0, 60)}) {
    EXPECT_TRUE(table_.Redo(kWhere, span, kTime));
    EXPECT_EQ(At(1), Positions(500, 500));
    EXPECT_EQ(Get(1).window, WindowAt(500));
  }
}

TEST_F(SourceTableTest, RedoOfASpanBelowASourceOpenedByItsCloseKeepsItsWindow) {
  Commit({FirstRowOf(1, RowKind::kClose, 70, 70)});
  EXPECT_TRUE(table_.Redo(kWhere, SpanOf(1, 0, 50), kTime));
  EXPECT_EQ(At(1), Positions(70, 70));
  EXPECT_EQ(Get(1).state, SourceState::kFinal);
}

TEST_F(SourceTableTest, RedoPassesOverRowsThatWereLostWithTheStore) {
  EXPECT_TRUE(table_.Redo(kWhere, FirstSpanOf(1, 0, 100), kTime));
  EXPECT_TRUE(table_.Redo(kWhere, SpanOf(1, 250, 300), kTime));
  EXPECT_EQ(At(1), Positions(300, 300));
}

TEST_F(SourceTableTest, RedoReopensWhatTheStoreHadClosed) {
  AppendDurably({FirstSpanOf(1, 0, 100)});
  Commit({RowOf(1, RowKind::kClose, 100, 100)});
  EXPECT_TRUE(table_.Redo(kWhere, SpanOf(1, 0, 100), kTime));
  EXPECT_EQ(Get(1).state, SourceState::kFinal);
  EXPECT_TRUE(table_.Redo(kWhere, SpanOf(1, 100, 120), kTime));
  EXPECT_EQ(Get(1).state, SourceState::kOpen);
}

TEST_F(SourceTableTest, RedoBelievesNoSpanOfAnotherAgent) {
  EXPECT_TRUE(table_.Redo(kWhere, FirstSpanOf(1, 0, 100), kTime));
  EXPECT_FALSE(table_.Redo(kWhere, FirstSpanOf(1, 100, 900, "b"), kTime));
  EXPECT_EQ(At(1), Positions(100, 100));
}

TEST_F(SourceTableTest, RedoBelievesNoSenselessPositions) {
  EXPECT_FALSE(table_.Redo(kWhere, FirstSpanOf(1, -5, 100), kTime));
  EXPECT_FALSE(table_.Redo(kWhere, FirstSpanOf(1, 100, 100), kTime));
  EXPECT_FALSE(table_.Redo(kWhere, FirstSpanOf(1, 100, 99), kTime));
  EXPECT_EQ(table_.size(), 0U);
}

TEST_F(SourceTableTest, RedoneSourcesAreUnsaved) {
  EXPECT_TRUE(table_.Redo(kWhere, FirstSpanOf(1, 0, 100), kTime));
  EXPECT_EQ(table_.TakeUnsaved().size(), 1U);
  EXPECT_TRUE(table_.Redo(kWhere, FirstSpanOf(1, 0, 100), kTime));
  EXPECT_TRUE(table_.TakeUnsaved().empty());
}

TEST_F(SourceTableTest, RedoOfTheLastSpanChangesNothing) {
  AppendDurably({FirstSpanOf(1, 0, 100)});
  Commit({RowOf(1, RowKind::kClose, 100, 100)});
  EXPECT_TRUE(table_.Redo(kWhere, SpanOf(1, 0, 100), kTime));
  EXPECT_EQ(Get(1).state, SourceState::kFinal);
  EXPECT_EQ(Get(1).recent.size(), 1U);
}

TEST_F(SourceTableTest, RedoKeepsTheNewestSign) {
  for (const auto& [end, sign, newest] :
       {std::tuple(100, 50, 50), std::tuple(200, 70, 70), std::tuple(300, 60, 70)}) {
    EXPECT_TRUE(table_.Redo(kWhere, FirstSpanOf(1, end - 100, end), TimestampMs{sign}));
    EXPECT_EQ(Get(1).last_sign, TimestampMs{newest});
  }
}

// ---- merge

Source SourceAt(std::uint64_t number, std::int64_t position, SourceState state) {
  Source source;
  source.source_id = IdOf(number);
  source.where = kWhere;
  source.identity = IdentityOf("a", number);
  source.state = state;
  source.appended = SourcePosition{position};
  source.durable = source.appended;
  source.window = WindowAt(position);
  source.recent = {{source.appended, source.window}};
  return source;
}

TEST_F(SourceTableTest, MergeKeepsTheHigherPosition) {
  table_.Merge(SourceAt(1, 100, SourceState::kOpen), SourceTable::KeptIn::kStore);
  table_.Merge(SourceAt(1, 300, SourceState::kOpen), SourceTable::KeptIn::kSideCar);
  EXPECT_EQ(At(1), Positions(300, 300));
  table_.Merge(SourceAt(1, 200, SourceState::kOpen), SourceTable::KeptIn::kSideCar);
  EXPECT_EQ(At(1), Positions(300, 300));
  EXPECT_EQ(Get(1).window, WindowAt(300));
}

TEST_F(SourceTableTest, MergeAtTheSamePositionKeepsTheStoresState) {
  table_.Merge(SourceAt(1, 100, SourceState::kFinal), SourceTable::KeptIn::kStore);
  table_.Merge(SourceAt(1, 100, SourceState::kOpen), SourceTable::KeptIn::kSideCar);
  EXPECT_EQ(Get(1).state, SourceState::kFinal);
}

TEST_F(SourceTableTest, MergedFromASideCarIsUnsavedAndFromTheStoreIsNot) {
  table_.Merge(SourceAt(1, 100, SourceState::kOpen), SourceTable::KeptIn::kStore);
  EXPECT_TRUE(table_.TakeUnsaved().empty());
  table_.Merge(SourceAt(2, 100, SourceState::kOpen), SourceTable::KeptIn::kSideCar);
  const auto unsaved = table_.TakeUnsaved();
  ASSERT_EQ(unsaved.size(), 1U);
  EXPECT_EQ(unsaved[0].source_id, IdOf(2));
}

// ---- lists

// Of topics on both sides: the ids of their sources stand beside each other.
TEST_F(SourceTableTest, ListsHoldTheSourcesOfOneTopic) {
  const TopicPartition before{IdOf(999), kWhere.partition};
  const TopicPartition behind{IdOf(1'001), kWhere.partition};
  for (const TopicPartition& where : {before, kWhere, behind}) {
    table_.Append(where, {FirstSpanOf(1, 0, 10)}, kTime);
  }
  for (const TopicPartition& where : {before, kWhere, behind}) {
    EXPECT_EQ(table_.OfPartition(where).size(), 1U);
    EXPECT_EQ(table_.Page(where.topic_id, "a", true, Uuid{}, 10).size(), 1U);
  }
  table_.Append({behind.topic_id, PartitionIndex{7}}, {FirstSpanOf(2, 0, 10)}, kTime + 1);
  EXPECT_EQ(table_.NewestPartition(kTopic, "a"), kWhere.partition);
  EXPECT_EQ(table_.NewestPartition(behind.topic_id, "a"), PartitionIndex{7});
  table_.Append({behind.topic_id, PartitionIndex{8}}, {FirstSpanOf(3, 0, 10)}, kTime + 1);
  EXPECT_EQ(table_.NewestPartition(behind.topic_id, "a"), PartitionIndex{7}) << "the first of two";
}

TEST_F(SourceTableTest, ListsLeaveOutWhatIsBeingOpened) {
  Hold({FirstRowOf(1, RowKind::kProgress, 5, 5)});
  EXPECT_TRUE(table_.Page(kTopic, "a", true, Uuid{}, 10).empty());
  EXPECT_TRUE(table_.OfPartition(kWhere).empty());
  table_.SettleRows(kTopic, {FirstRowOf(1, RowKind::kProgress, 5, 5)},
                    SourceTable::RowsSettled::kCommitted, kTime);
  EXPECT_EQ(table_.Page(kTopic, "a", true, Uuid{}, 10).size(), 1U);
  EXPECT_EQ(table_.OfPartition(kWhere).size(), 1U);
  EXPECT_TRUE(table_.OfPartition({kTopic, kWhere.partition + 1}).empty());
}

TEST_F(SourceTableTest, ARowStoresItsSourceAndALaterSpanMarksItAgain) {
  AppendDurably({FirstSpanOf(1, 0, 10)});
  Commit({RowOf(1, RowKind::kProgress, 10, 20)});
  EXPECT_TRUE(table_.TakeUnsaved().empty()) << "the row says it";
  AppendDurably({SpanOf(1, 20, 30)});
  Commit({RowOf(1, RowKind::kProgress, 30, 40)});
  AppendDurably({SpanOf(1, 40, 50)});
  EXPECT_EQ(table_.TakeUnsaved().size(), 1U);
  AppendDurably({SpanOf(1, 50, 60)});
  table_.Forget([](const Source&) { return true; });
  EXPECT_TRUE(table_.TakeUnsaved().empty()) << "forgotten";
}

TEST_F(SourceTableTest, PagesGoThroughAllSourcesInTheOrderOfIds) {
  for (std::uint64_t i = 25; i > 0; --i) AppendDurably({FirstSpanOf(i, 0, 10)});
  AppendDurably({FirstSpanOf(26, 0, 10)});
  Commit({RowOf(7, RowKind::kClose, 10, 10)});
  const std::vector<ProducedSpan> others = {FirstSpanOf(1, 0, 10, "a")};
  table_.Append({IdOf(999), PartitionIndex{0}}, others, kTime);
  for (const bool with_final : {false, true}) {
    std::vector<std::uint64_t> seen;
    Uuid after;
    while (true) {
      const auto page = table_.Page(kTopic, "a", with_final, after, 4);
      EXPECT_LE(page.size(), 4U);
      for (const Source* source : page) {
        seen.push_back(LoadBig<std::uint64_t>(source->source_id.bytes().data() + 8));
      }
      if (page.size() < 4) break;
      after = page.back()->source_id;
    }
    EXPECT_EQ(seen.size(), with_final ? 26U : 25U);
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 7U), with_final ? 1 : 0);
  }
}

TEST_F(SourceTableTest, PagesHoldTheSourcesOfOneAgent) {
  AppendDurably({FirstSpanOf(1, 0, 10)});
  const std::vector<ProducedSpan> bs = {FirstSpanOf(2, 0, 10, "b")};
  ASSERT_EQ(Judge(bs, "b").kind, Kind::kFresh);
  table_.Append(kWhere, bs, kTime);
  EXPECT_EQ(table_.Page(kTopic, "a", true, Uuid{}, 10).size(), 1U);
  EXPECT_EQ(table_.Page(kTopic, "b", true, Uuid{}, 10).size(), 1U);
  EXPECT_TRUE(table_.Page(kTopic, "c", true, Uuid{}, 10).empty());
}

TEST_F(SourceTableTest, NewestPartitionIsThatOfTheNewestSign) {
  EXPECT_FALSE(table_.NewestPartition(kTopic, "a").has_value());
  table_.Append({kTopic, PartitionIndex{0}}, {FirstSpanOf(1, 0, 10)}, kTime);
  table_.Append({kTopic, PartitionIndex{5}}, {FirstSpanOf(2, 0, 10)}, kTime + 10);
  table_.Append({kTopic, PartitionIndex{3}}, {FirstSpanOf(3, 0, 10)}, kTime + 5);
  EXPECT_EQ(table_.NewestPartition(kTopic, "a"), PartitionIndex{5});
  EXPECT_FALSE(table_.NewestPartition(kTopic, "b").has_value());
  EXPECT_EQ(table_.OfPartition({kTopic, PartitionIndex{3}}).size(), 1U);
}

TEST_F(SourceTableTest, UnsavedAreTakenOnceEachAndComeBackWhereSavingFailed) {
  AppendDurably({FirstSpanOf(1, 0, 10)});
  AppendDurably({SpanOf(1, 10, 20)});
  Append({SpanOf(1, 20, 30)});
  AppendDurably({FirstSpanOf(2, 0, 10)});
  Append({FirstSpanOf(3, 0, 10)});
  auto unsaved = table_.TakeUnsaved();
  ASSERT_EQ(unsaved.size(), 2U) << "what is not durable is not saved";
  EXPECT_EQ(unsaved[0].durable, SourcePosition{20});
  EXPECT_TRUE(table_.TakeUnsaved().empty());
  table_.MarkUnsaved(unsaved);
  EXPECT_EQ(table_.TakeUnsaved().size(), 2U);
  Commit({RowOf(2, RowKind::kGap, 10, 15)});
  EXPECT_TRUE(table_.TakeUnsaved().empty()) << "a row saves its source itself";
}

TEST_F(SourceTableTest, ForgottenSourcesAreToldAndUnknown) {
  AppendDurably({FirstSpanOf(1, 0, 10)});
  AppendDurably({FirstSpanOf(2, 0, 10)});
  const auto forgotten = table_.Forget([](const Source& one) { return one.source_id == IdOf(1); });
  EXPECT_EQ(forgotten, (std::vector<std::pair<Uuid, Uuid>>{{kTopic, IdOf(1)}}));
  EXPECT_EQ(Judge({SpanOf(1, 10, 20)}).kind, Kind::kConflict);
  EXPECT_EQ(table_.TakeUnsaved().size(), 1U);
}

}  // namespace
}  // namespace logboom::broker
