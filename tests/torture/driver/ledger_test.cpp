// The judges of the rigs: each kind of fault is shown to them once.
#include <gtest/gtest.h>

#include <optional>

#include "lib/base/random.h"
#include "tests/torture/driver/commit_ledger.h"
#include "tests/torture/driver/findings.h"
#include "tests/torture/driver/partition_ledger.h"
#include "tests/torture/driver/record_text.h"
#include "tests/torture/driver/source_ledger.h"
#include "tests/torture/driver/topic_ledger.h"

namespace logboom::torture {
namespace {

// Batches of two records: 1 and 2, 3 and 4, 5 and 6; the first two are acked.
class PartitionLedgerTest : public testing::Test {
 protected:
  void SetUp() override {
    for (std::uint64_t first : {1U, 3U, 5U}) ledger_.Sent({first, 2, 100});
    ledger_.Acked(1, Offset{0});
    ledger_.Acked(3, Offset{2});
  }
  void Serve(std::initializer_list<std::uint64_t> numbers, std::int64_t at = 0) {
    for (std::uint64_t number : numbers) ledger_.Served(Offset{at++}, number);
  }
  Findings findings_;
  PartitionLedger ledger_{"p", findings_};
};

TEST_F(PartitionLedgerTest, WhatIsUnknownMayBeThereOrNot) {
  Serve({1, 2, 3, 4});
  ledger_.Settle(Offset{0}, Offset{0}, Offset{4});
  EXPECT_TRUE(findings_.clean());
  EXPECT_EQ(ledger_.acked_records(), 4U);

  ledger_.Sent({7, 1, 100});
  Serve({7}, 4);
  ledger_.Settle(Offset{0}, Offset{4}, Offset{5});
  EXPECT_TRUE(findings_.clean());
  EXPECT_TRUE(ledger_.Holds(7));
}

TEST_F(PartitionLedgerTest, AnAckedRecordThatIsNotThereIsLost) {
  ledger_.Settle(Offset{0}, Offset{0}, Offset{3});
  EXPECT_EQ(findings_.count(Fault::kLost), 1U);
}

TEST_F(PartitionLedgerTest, AServedRecordThatIsNotThereIsLost) {
  Serve({5, 6}, 4);
  ledger_.Settle(Offset{0}, Offset{0}, Offset{4});
  EXPECT_EQ(findings_.count(Fault::kLost), 1U);
}

TEST_F(PartitionLedgerTest, ARecordAtAnotherOffsetIsDoubled) {
  Serve({1, 2, 3, 4, 1});
  EXPECT_EQ(findings_.count(Fault::kDoubled), 1U);
}

TEST_F(PartitionLedgerTest, ABatchThatIsAckedElsewhereIsDoubled) {
  Serve({5, 6}, 4);
  ledger_.Acked(5, Offset{6});
  EXPECT_EQ(findings_.count(Fault::kDoubled), 1U);
}

TEST_F(PartitionLedgerTest, AnOffsetThatStoodForAnotherRecordIsReused) {
  Serve({1, 2, 5});
  EXPECT_EQ(findings_.count(Fault::kReused), 1U);
}

TEST_F(PartitionLedgerTest, ABatchAheadOfOneSentBeforeItIsOutOfOrder) {
  ledger_.Sent({7, 1, 100});
  Serve({7}, 4);
  Serve({5, 6}, 5);
  EXPECT_EQ(findings_.count(Fault::kOutOfOrder), 1U);
}

TEST_F(PartitionLedgerTest, WhatWasGoneNeverComesBack) {
  ledger_.Settle(Offset{0}, Offset{4}, Offset{4});
  Serve({5}, 4);
  EXPECT_EQ(findings_.count(Fault::kUnknown), 1U);
}

TEST_F(PartitionLedgerTest, WhatWasRefusedIsNotThere) {
  ledger_.Refused(5);
  Serve({5}, 4);
  EXPECT_EQ(findings_.count(Fault::kUnknown), 1U);
}

TEST_F(PartitionLedgerTest, ALogStartThatFallsIsSeen) {
  ledger_.Settle(Offset{2}, Offset{4}, Offset{4});
  EXPECT_TRUE(findings_.clean());
  ledger_.Settle(Offset{0}, Offset{4}, Offset{4});
  EXPECT_EQ(findings_.count(Fault::kReused), 1U);
}

TEST_F(PartitionLedgerTest, AnUnknownBatchMayHaveGoneByRetention) {
  ledger_.Settle(Offset{6}, Offset{6}, Offset{6});
  EXPECT_TRUE(findings_.clean());
  EXPECT_EQ(ledger_.end(), Offset{6});
}

TEST_F(PartitionLedgerTest, AHoleIsLost) {
  ledger_.Acked(5, Offset{6});
  ledger_.Settle(Offset{0}, Offset{0}, Offset{8});
  EXPECT_EQ(findings_.count(Fault::kLost), 1U);
}

// The first number from `from` on of that kind and key; of any key where none is given.
std::uint64_t Find(bool tombstone, const std::optional<Bytes>& key, std::uint64_t from) {
  while (IsTombstone(from) != tombstone || (key && KeyOf(from) != *key)) ++from;
  return from;
}

// Three batches of one record each, all of one key, at offsets 0 to 2, acked: a value, another
// value, a tombstone; and a fourth, of another key.
class CompactedLedgerTest : public testing::Test {
 protected:
  void SetUp() override {
    Stand(old_, 0);
    Stand(new_, 1);
    Stand(tombstone_, 2);
    Stand(other_, 3);
  }
  void Stand(std::uint64_t number, std::int64_t at) {
    ledger_.Sent({number, 1, 100, kSentMs});
    ledger_.Acked(number, Offset{at});
  }
  // A start that shows these offsets.
  void Look(std::initializer_list<std::int64_t> offsets, std::int64_t after_ms,
            std::int64_t end = 4) {
    const std::uint64_t numbers[] = {old_, new_, tombstone_, other_};
    ledger_.LookAnew();
    for (std::int64_t at : offsets) ledger_.Served(Offset{at}, numbers[at]);
    ledger_.Settle(Offset{0}, Offset{0}, Offset{end}, kSentMs + after_ms);
  }
  static constexpr std::int64_t kSentMs = 50'000;
  const std::uint64_t old_ = Find(false, std::nullopt, 1);
  const Bytes key_ = KeyOf(old_);
  const std::uint64_t new_ = Find(false, key_, old_ + 1);
  const std::uint64_t tombstone_ = Find(true, key_, new_ + 1);
  const std::uint64_t other_ = tombstone_ + (KeyOf(tombstone_ + 1) == key_ ? 2 : 1);
  Findings findings_;
  PartitionLedger ledger_{"p", findings_, Keeps::kNewestOfKey};
};

TEST_F(CompactedLedgerTest, WhatALaterRecordReplacedMayBeThereOrNot) {
  Look({0, 1, 2, 3}, 0);
  Look({1, 2, 3}, 0);
  Look({2, 3}, 0);
  EXPECT_TRUE(findings_.clean());
  EXPECT_EQ(ledger_.records_compacted(), 2U);
}

TEST_F(CompactedLedgerTest, ATombstonePastItsTimeMayBeGoneWithAllItDeleted) {
  Look({3}, kTombstonesStayMs);
  EXPECT_TRUE(findings_.clean());
}

TEST_F(CompactedLedgerTest, ATombstoneThatIsGoneEarlyIsLost) {
  Look({3}, kTombstonesStayMs - 1);
  EXPECT_EQ(findings_.count(Fault::kLost), 1U);
}

TEST_F(CompactedLedgerTest, AnOlderValueBehindWhichTheTombstoneIsGoneIsStale) {
  Look({0, 3}, kTombstonesStayMs);
  EXPECT_EQ(findings_.count(Fault::kStale), 1U);
}

TEST_F(CompactedLedgerTest, TheNewestOfAKeyThatIsGoneIsLost) {
  Look({0, 1, 2}, kTombstonesStayMs);
  EXPECT_EQ(findings_.count(Fault::kLost), 1U);
}

TEST_F(CompactedLedgerTest, WhatWasGoneNeverComesBack) {
  Look({2, 3}, 0);
  Look({0, 2, 3}, 0);
  EXPECT_EQ(findings_.count(Fault::kStale), 1U);
}

TEST_F(CompactedLedgerTest, TheEndStaysWhateverIsGone) {
  Look({2, 3}, 0, 3);
  EXPECT_EQ(findings_.count(Fault::kLost), 1U);
}

TEST_F(CompactedLedgerTest, ItsBeginStays) {
  ledger_.Settle(Offset{1}, Offset{1}, Offset{4}, kSentMs);
  EXPECT_GE(findings_.count(Fault::kLost), 1U);
}

TEST_F(CompactedLedgerTest, WhatWasUnderWayMayHaveComeAndGone) {
  const std::uint64_t last = Find(true, KeyOf(other_), other_ + 1);
  ledger_.Sent({last, 1, 100, kSentMs});
  Look({}, kTombstonesStayMs, 5);
  EXPECT_TRUE(findings_.clean());
  // Its offset is used.
  ledger_.Sent({last + 1, 1, 100, kSentMs});
  ledger_.Acked(last + 1, Offset{4});
  EXPECT_EQ(findings_.count(Fault::kReused), 1U);
}

TEST_F(CompactedLedgerTest, OffsetsThatNobodySentRecordsForAreToldOf) {
  Look({2, 3}, 0, 5);
  EXPECT_EQ(findings_.count(Fault::kBroken), 1U);
}

TEST_F(CompactedLedgerTest, ARecordAtAnotherOffsetIsDoubled) {
  Look({2, 3}, 0);
  ledger_.Served(Offset{4}, other_);
  EXPECT_EQ(findings_.count(Fault::kDoubled), 1U);
}

TEST_F(CompactedLedgerTest, AnOffsetThatStoodForAnotherRecordIsReused) {
  ledger_.Sent({other_ + 100, 1, 100, kSentMs});
  ledger_.Served(Offset{0}, other_ + 100);
  EXPECT_EQ(findings_.count(Fault::kReused), 1U);
}

class SourceLedgerTest : public testing::Test {
 protected:
  void SetUp() override {
    source_.Sent(SourcePosition{10}, 1);
    source_.Sent(SourcePosition{20}, 3);
    source_.Sent(SourcePosition{30}, std::nullopt);
    source_.Acked(SourcePosition{10});
  }
  // `batches`: those with a number up to it are in the log.
  void Settle(std::int64_t durable, std::uint64_t batches) {
    source_.Settle(SourcePosition{durable}, [=](std::uint64_t batch) { return batch <= batches; });
  }
  Findings findings_;
  SourceLedger source_{Uuid(), "/a", findings_};
};

TEST_F(SourceLedgerTest, EachStepBehindTheAckMayBeThere) {
  Settle(10, 1);
  EXPECT_TRUE(findings_.clean());
  source_.Sent(SourcePosition{20}, 5);
  source_.Sent(SourcePosition{30}, std::nullopt);
  Settle(30, 5);
  EXPECT_TRUE(findings_.clean());
  EXPECT_EQ(source_.sent(), SourcePosition{30});
}

TEST_F(SourceLedgerTest, APositionBelowTheAckIsLost) {
  Settle(0, 1);
  EXPECT_EQ(findings_.count(Fault::kLost), 1U);
}

TEST_F(SourceLedgerTest, APositionBetweenTwoStepsIsUnknown) {
  Settle(15, 1);
  EXPECT_EQ(findings_.count(Fault::kUnknown), 1U);
}

TEST_F(SourceLedgerTest, ABatchBeyondThePositionWouldBeDoubled) {
  Settle(10, 3);
  EXPECT_EQ(findings_.count(Fault::kDoubled), 1U);
}

TEST_F(SourceLedgerTest, APositionWithoutItsBatchIsALoss) {
  Settle(20, 1);
  EXPECT_EQ(findings_.count(Fault::kLost), 1U);
}

TEST_F(SourceLedgerTest, WhatWasRefusedIsSentAnew) {
  source_.Refused(SourcePosition{20});
  EXPECT_EQ(source_.sent(), SourcePosition{10});
}

TEST(CommitLedger, TheNewestAckOrWhatWasAskedForBehindItHolds) {
  Findings findings;
  CommitLedger ledger("g", findings);
  for (int offset : {3, 5, 8}) ledger.Asked(Offset{offset});
  ledger.Acked(Offset{3});
  ledger.Settle(Offset{5});
  EXPECT_TRUE(findings.clean());
  ledger.Settle(Offset{3});
  EXPECT_EQ(findings.count(Fault::kLost), 1U);
  ledger.Asked(Offset{9});
  ledger.Settle(Offset{8});
  EXPECT_EQ(findings.count(Fault::kUnknown), 1U);
}

TEST(TopicLedger, EachKindOfFault) {
  Findings findings;
  TopicLedger topics(findings);
  topics.CreationAsked("a");
  topics.Created("a", "1");
  topics.CreationAsked("b");
  topics.Settle({{"a", "1"}});
  EXPECT_TRUE(findings.clean());
  topics.Settle({{"a", "1"}, {"b", "2"}});  // its creation was gone
  EXPECT_EQ(findings.count(Fault::kBroken), 1U);
  topics.Settle({{"a", "3"}});
  EXPECT_EQ(findings.count(Fault::kLost), 1U);
  topics.Settle({});
  EXPECT_EQ(findings.count(Fault::kLost), 2U);
  topics.CreationAsked("c");
  topics.Created("c", "1");
  EXPECT_EQ(findings.count(Fault::kReused), 1U);
}

TEST(TopicLedger, ADeletedTopicIsGone) {
  Findings findings;
  TopicLedger topics(findings);
  topics.CreationAsked("a");
  topics.Created("a", "1");
  topics.DeletionAsked("a");
  topics.Settle({{"a", "1"}});
  EXPECT_TRUE(findings.clean());
  topics.DeletionAsked("a");
  topics.Deleted("a");
  topics.Settle({{"a", "1"}});
  EXPECT_EQ(findings.count(Fault::kBroken), 1U);
}

TEST(RecordText, EveryByteIsCompared) {
  const Bytes value = ValueOf(42);
  EXPECT_EQ(NumberOf(value), 42U);
  for (std::size_t at = 0; at < value.size(); ++at) {
    Bytes bent = value;
    bent[at] = static_cast<char>(bent[at] ^ 1);
    EXPECT_FALSE(NumberOf(bent)) << at;
  }
  EXPECT_FALSE(NumberOf(value.substr(1)));
  EXPECT_FALSE(NumberOf(value + "x"));
  EXPECT_FALSE(NumberOf(""));
}

}  // namespace
}  // namespace logboom::torture
