// Which batch of an idempotent producer is new, which is a duplicate, and which can't be taken.
#include "broker/storage/producer_state.h"

#include <gtest/gtest.h>

#include <limits>

#include "broker/storage/limits.h"

namespace logboom::broker {
namespace {

using Kind = ProducerVerdict::Kind;

constexpr std::int32_t kLastSequence = std::numeric_limits<std::int32_t>::max();

class ProducerStateTest : public ::testing::Test {
 protected:
  static record::BatchHeader Batch(std::int32_t sequence, std::int32_t records = 10,
                                   std::int16_t epoch = 0, std::int64_t id = 7) {
    record::BatchHeader header;
    header.producer_id = id;
    header.producer_epoch = epoch;
    header.base_sequence = sequence;
    header.record_count = records;
    header.last_offset_delta = records - 1;
    return header;
  }
  Kind KindOf(const record::BatchHeader& header) const { return state_.Judge(header).kind; }
  void Append(record::BatchHeader header) {
    header.base_offset = next_;
    next_ = header.next_offset();
    state_.Note(header, TimestampMs(now_ms_));
  }
  void Reload() {
    const auto snapshot = state_.Snapshot();
    state_ = {};
    state_.Load(snapshot);
  }

  ProducerState state_;
  Offset next_{1000};
  std::int64_t now_ms_ = 1'700'000'000'000;
};

TEST_F(ProducerStateTest, TheFirstBatchHasSequenceZero) {
  EXPECT_EQ(KindOf(Batch(0)), Kind::kFresh);
  EXPECT_EQ(KindOf(Batch(1)), Kind::kUnknown);
  EXPECT_EQ(KindOf(Batch(0, 10, 5)), Kind::kFresh);
  EXPECT_EQ(KindOf(Batch(10, 10, 5)), Kind::kUnknown);
}

TEST_F(ProducerStateTest, TheNextBatchFollowsOn) {
  Append(Batch(0));
  EXPECT_EQ(KindOf(Batch(10)), Kind::kFresh);
  const ProducerVerdict gap = state_.Judge(Batch(11));
  EXPECT_EQ(gap.kind, Kind::kOutOfOrder);
  EXPECT_EQ(gap.expected_sequence, 10);
}

TEST_F(ProducerStateTest, TheLastFiveAreDuplicatesWithTheirOffset) {
  for (int i = 0; i < 6; ++i) Append(Batch(i * 10));
  for (int i = 1; i < 6; ++i) {
    const ProducerVerdict verdict = state_.Judge(Batch(i * 10));
    EXPECT_EQ(verdict.kind, Kind::kDuplicate);
    EXPECT_EQ(verdict.base_offset, Offset(1000 + i * 10));
    EXPECT_EQ(verdict.append_time, TimestampMs(now_ms_));
  }
  // One more: it was appended, and nobody knows where.
  const ProducerVerdict older = state_.Judge(Batch(0));
  EXPECT_EQ(older.kind, Kind::kDuplicate);
  EXPECT_EQ(older.base_offset, std::nullopt);
}

TEST_F(ProducerStateTest, ABatchCutAnewIsNoDuplicate) {
  Append(Batch(0));
  Append(Batch(10));
  EXPECT_EQ(KindOf(Batch(0, 20)), Kind::kOutOfOrder);
  EXPECT_EQ(KindOf(Batch(0, 9)), Kind::kOutOfOrder);
  EXPECT_EQ(KindOf(Batch(5)), Kind::kOutOfOrder);
  EXPECT_EQ(KindOf(Batch(15)), Kind::kOutOfOrder);
}

TEST_F(ProducerStateTest, SequencesWrapToZeroBehindTheLargest) {
  EXPECT_EQ(SequenceAfter(kLastSequence, 1), 0);
  EXPECT_EQ(SequenceAfter(kLastSequence - 1, 3), 1);
  EXPECT_EQ(SequenceAfter(0, -1), kLastSequence);
  state_.Load(std::vector<segment::ProducerSnapshotEntry>{{.producer_id = 7,
                                                           .epoch = 0,
                                                           .last_sequence = kLastSequence - 5,
                                                           .last_offset = Offset(999),
                                                           .offset_delta = 9}});
  EXPECT_EQ(KindOf(Batch(kLastSequence - 4, 5)), Kind::kFresh);  // ends with the largest
  EXPECT_EQ(KindOf(Batch(kLastSequence - 4, 10)), Kind::kFresh);
  Append(Batch(kLastSequence - 4, 10));  // over the edge: its last one is 4
  EXPECT_EQ(KindOf(Batch(5)), Kind::kFresh);
  EXPECT_EQ(KindOf(Batch(0)), Kind::kOutOfOrder);
  EXPECT_EQ(state_.Judge(Batch(kLastSequence - 4, 10)).base_offset, Offset(1000));
  EXPECT_EQ(state_.Judge(Batch(kLastSequence - 14, 10)).base_offset, Offset(990));
  EXPECT_EQ(KindOf(Batch(kLastSequence - 100, 10)), Kind::kDuplicate);
  EXPECT_EQ(KindOf(Batch(100)), Kind::kOutOfOrder);
}

TEST_F(ProducerStateTest, TheFirstBehindTheLargestIsZero) {
  state_.Load(std::vector<segment::ProducerSnapshotEntry>{{.producer_id = 7,
                                                           .epoch = 0,
                                                           .last_sequence = kLastSequence,
                                                           .last_offset = Offset(999),
                                                           .offset_delta = 9}});
  EXPECT_EQ(KindOf(Batch(0)), Kind::kFresh);
  EXPECT_EQ(KindOf(Batch(1)), Kind::kOutOfOrder);
}

TEST_F(ProducerStateTest, ANewEpochBeginsAtZeroAndEndsTheOldOne) {
  Append(Batch(0));
  EXPECT_EQ(KindOf(Batch(10, 10, 1)), Kind::kOutOfOrder);
  EXPECT_EQ(KindOf(Batch(0, 10, 1)), Kind::kFresh);
  Append(Batch(0, 10, 1));
  const ProducerVerdict old = state_.Judge(Batch(10));
  EXPECT_EQ(old.kind, Kind::kStaleEpoch);
  EXPECT_EQ(old.epoch, 1);
  EXPECT_EQ(KindOf(Batch(0)), Kind::kStaleEpoch);  // a duplicate too: whoever asks is fenced
  EXPECT_EQ(state_.Judge(Batch(0, 10, 1)).base_offset, Offset(1010));
  EXPECT_EQ(KindOf(Batch(10, 10, 1)), Kind::kFresh);
}

TEST_F(ProducerStateTest, ProducersDoNotMeet) {
  Append(Batch(0, 10, 0, 7));
  EXPECT_EQ(KindOf(Batch(0, 10, 0, 8)), Kind::kFresh);
  EXPECT_EQ(KindOf(Batch(10, 10, 0, 8)), Kind::kUnknown);
  EXPECT_EQ(state_.largest_id(), 7);
}

TEST_F(ProducerStateTest, ASnapshotKeepsTheLastBatch) {
  for (int i = 0; i < 3; ++i) Append(Batch(i * 10));
  Append(Batch(0, 1, 3, 9));
  Reload();
  EXPECT_EQ(state_.size(), 2U);
  EXPECT_EQ(state_.largest_id(), 9);
  EXPECT_EQ(state_.Judge(Batch(20)).base_offset, Offset(1020));
  EXPECT_EQ(state_.Judge(Batch(20)).append_time, TimestampMs(now_ms_));
  EXPECT_EQ(KindOf(Batch(30)), Kind::kFresh);
  EXPECT_EQ(KindOf(Batch(31)), Kind::kOutOfOrder);
  // The ones before are duplicates still.
  EXPECT_EQ(KindOf(Batch(10)), Kind::kDuplicate);
  EXPECT_EQ(KindOf(Batch(0)), Kind::kDuplicate);
  EXPECT_EQ(KindOf(Batch(0, 1, 2, 9)), Kind::kStaleEpoch);
}

// Half of the circle of sequences lies behind the oldest batch that is known.
TEST_F(ProducerStateTest, WhatLiesHalfTheCircleBehindIsADuplicateAndNoMore) {
  constexpr std::int32_t kOldest = 1 << 30;
  state_.Load(std::vector<segment::ProducerSnapshotEntry>{
      {.producer_id = 7, .epoch = 0, .last_sequence = kOldest}});
  EXPECT_EQ(KindOf(Batch(1, 1)), Kind::kDuplicate);
  EXPECT_EQ(KindOf(Batch(0, 1)), Kind::kOutOfOrder);
}

TEST_F(ProducerStateTest, WhatIsLoadedReplacesWhatWasThere) {
  Append(Batch(0));
  state_.Load({});
  EXPECT_EQ(KindOf(Batch(10)), Kind::kUnknown);
  // Kafka's snapshots have producers without a batch as well: their epoch alone is known.
  state_.Load(std::vector<segment::ProducerSnapshotEntry>{
      {.producer_id = 7, .epoch = 2, .last_sequence = -1, .last_offset = Offset(-1)},
      {.producer_id = 8, .epoch = 0, .last_sequence = 0, .last_offset = Offset(5)}});
  EXPECT_EQ(KindOf(Batch(0, 10, 1)), Kind::kStaleEpoch);
  EXPECT_EQ(KindOf(Batch(10, 10, 2)), Kind::kOutOfOrder);
  EXPECT_EQ(KindOf(Batch(0, 10, 2)), Kind::kFresh);
  EXPECT_EQ(KindOf(Batch(0, 1, 0, 8)), Kind::kDuplicate);
  EXPECT_EQ(state_.Snapshot().front().last_sequence, -1);
}

TEST_F(ProducerStateTest, IsForgottenAWeekAfterTheLastBatch) {
  Append(Batch(0));
  const Offset behind = next_;
  state_.Expire(TimestampMs(now_ms_ + kProducerExpiryMs - 1), behind);
  EXPECT_EQ(KindOf(Batch(10)), Kind::kFresh);
  state_.Expire(TimestampMs(now_ms_ + kProducerExpiryMs), behind);
  EXPECT_EQ(KindOf(Batch(10)), Kind::kUnknown);
  EXPECT_EQ(state_.largest_id(), 7);
}

TEST_F(ProducerStateTest, IsNotForgottenWhileItsBatchIsAmongTheNewest) {
  Append(Batch(0));
  state_.Expire(TimestampMs(now_ms_ + 1000 * kProducerExpiryMs), next_ - 1);
  EXPECT_EQ(KindOf(Batch(10)), Kind::kFresh);
}

TEST_F(ProducerStateTest, OfTooManyTheMostSilentGoes) {
  for (std::size_t id = 0; id < kProducersMax; ++id) {
    Append(Batch(0, 1, 0, static_cast<std::int64_t>(id)));
  }
  Append(Batch(1, 1, 0, 0));  // the first one is at work again
  EXPECT_EQ(state_.size(), kProducersMax);
  Append(Batch(0, 1, 0, 1'000'000));
  EXPECT_EQ(state_.size(), kProducersMax);
  EXPECT_EQ(KindOf(Batch(2, 1, 0, 0)), Kind::kFresh);
  EXPECT_EQ(KindOf(Batch(1, 1, 0, 1)), Kind::kUnknown);
  EXPECT_EQ(KindOf(Batch(1, 1, 0, 2)), Kind::kFresh);
}

}  // namespace
}  // namespace logboom::broker
