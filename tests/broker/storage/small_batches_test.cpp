// Whether it pays to put batches together, and which are: at each limit, and one past it.
#include "broker/storage/small_batches.h"

#include <vector>

#include "broker/storage/batch_merger.h"
#include "lib/file/faulty_file_system.h"
#include "lib/record/batch_view.h"
#include "lib/segment/seal.h"
#include "tests/broker/storage/log_fixture.h"

namespace logboom::broker {
namespace {

Bytes BatchAt(std::int64_t base, std::size_t value_bytes,
              record::Codec codec = record::Codec::kNone, int records = 1) {
  record::BatchBuilder builder({.codec = codec});
  const Bytes value(value_bytes, 'v');
  for (int i = 0; i < records; ++i) {
    builder.Add({.timestamp = TimestampMs(1'000), .key = {}, .value = value, .headers = {}});
  }
  Bytes batch(*builder.Finish());
  record::SetBaseOffset(batch.data(), Offset(base));
  record::SetLeaderEpoch(batch.data(), LeaderEpoch(0));
  return batch;
}

std::size_t RawBytes(const Bytes& batch) {
  record::BatchReader reader;
  EXPECT_TRUE(reader.Open(batch).ok());
  return reader.raw_bytes();
}

class SmallBatchesTest : public LogFixture {
 protected:
  // A sealed segment of `count` such batches, of which the first `of_producer` have one.
  CopySource Segment(const Bytes& batch, int count, int of_producer = 0) {
    Bytes log;
    segment::Seal seal{.base_offset = Offset(0), .next_offset = Offset(count), .totals = {}};
    for (int i = 0; i < count; ++i) {
      Bytes one = batch;
      record::BatchHeader header = *record::ParseBatchHeader(one);
      header.base_offset = Offset(i);
      if (i < of_producer) {
        header.producer_id = 7;
        header.producer_epoch = 0;
        header.base_sequence = i;
      }
      record::WriteBatchHeader(one.data(), header);
      record::SealBatch(one.data(), one.size());
      seal.totals.Add(*record::ParseBatchHeader(one), one);
      log += one;
    }
    EXPECT_TRUE(file::ReplaceFile(*fs_, PathOf(Offset(0), segment::kLogSuffix), log).ok());
    WriteSeal(seal);
    return {Offset(0), Offset(count), static_cast<std::int64_t>(log.size())};
  }
  void WriteSeal(const segment::Seal& seal) {
    EXPECT_TRUE(
        file::ReplaceFile(*fs_, PathOf(Offset(0), segment::kSealSuffix), segment::EncodeSeal(seal))
            .ok());
  }
  bool Pays(const CopySource& source, std::size_t small_bytes, std::int64_t segment_bytes_min = 0) {
    const auto verdict = JudgeRewriting(
        *fs_, kDirectory, source,
        {.small_batch_raw_bytes = small_bytes, .segment_bytes_min = segment_bytes_min});
    EXPECT_TRUE(verdict.ok());
    return verdict.ok() && *verdict == RewriteVerdict::kPays;
  }
};

TEST_F(SmallBatchesTest, RewritingPaysBelowTheAverageOfALimit) {
  // Stored as they are: a batch's header comes on top.
  const Bytes plain = BatchAt(0, 500);
  CopySource source = Segment(plain, 10);
  EXPECT_FALSE(Pays(source, plain.size()));
  EXPECT_TRUE(Pays(source, plain.size() + 1));
  // Of what compresses, raw bytes count.
  const Bytes dense = BatchAt(0, 5'000, record::Codec::kZstd);
  ASSERT_LT(dense.size(), 1'000U);
  source = Segment(dense, 10);
  EXPECT_FALSE(Pays(source, RawBytes(dense)));
  EXPECT_TRUE(Pays(source, RawBytes(dense) + 1));
}

TEST_F(SmallBatchesTest, TooSmallSegmentsAndSingleBatchesAreKept) {
  const Bytes batch = BatchAt(0, 500);
  CopySource source = Segment(batch, 2);
  EXPECT_TRUE(Pays(source, 10'000, source.size_bytes));
  EXPECT_FALSE(Pays(source, 10'000, source.size_bytes + 1));
  source = Segment(batch, 1);
  EXPECT_FALSE(Pays(source, 10'000));
}

TEST_F(SmallBatchesTest, WhatWasRewrittenOrHasNoSealIsKept) {
  const CopySource source = Segment(BatchAt(0, 500), 10);
  segment::Seal seal = *segment::ReadSeal(*fs_, kDirectory, Offset(0));
  seal.rewritten = true;
  WriteSeal(seal);
  EXPECT_FALSE(Pays(source, 10'000));
  ASSERT_TRUE(fs_->Remove(PathOf(Offset(0), segment::kSealSuffix)).ok());
  EXPECT_FALSE(Pays(source, 10'000));
}

TEST_F(SmallBatchesTest, WhereMostHaveAProducerItDoesNotPay) {
  EXPECT_FALSE(Pays(Segment(BatchAt(0, 500), 10, 10), 10'000));
  EXPECT_TRUE(Pays(Segment(BatchAt(0, 500), 10, 0), 10'000));
}

TEST_F(SmallBatchesTest, AFailedCallIsToldOrKeepsTheSegment) {
  const CopySource source = Segment(BatchAt(0, 500), 10);
  std::size_t failed = 0;
  file::FaultyFileSystem faulty(*fs_);
  for (std::uint64_t call = 0;; ++call) {
    faulty.Heal();
    faulty.Add({.after_calls = call});
    const auto verdict = JudgeRewriting(faulty, kDirectory, source,
                                        {.small_batch_raw_bytes = 10'000, .segment_bytes_min = 0});
    if (faulty.faults().size() == failed) break;
    ++failed;
    const file::InjectedFault fault = faulty.faults().back();
    // Without the index the first batch stands for all.
    if (!fault.path.ends_with(segment::kOffsetIndexSuffix)) {
      EXPECT_FALSE(verdict.ok()) << file::CallKindName(fault.kind) << " " << fault.path;
    }
  }
  EXPECT_GT(failed, 4U);
}

class BatchMergerTest : public ::testing::Test {
 protected:
  // The sizes of what comes of them, in records; 0: copied byte for byte.
  std::vector<int> Merge(const std::vector<Bytes>& batches, std::size_t raw_bytes) {
    std::vector<int> made;
    BatchMerger merger({.raw_bytes = raw_bytes, .zstd_level = 1}, nullptr, [&](ByteView batch) {
      const auto header = record::VerifyBatch(batch);
      EXPECT_TRUE(header.ok());
      const bool same = std::find(batches.begin(), batches.end(), batch) != batches.end();
      made.push_back(same ? 0 : header->record_count);
      return Ok();
    });
    for (const Bytes& batch : batches) {
      const Status added = merger.Add(*record::ParseBatchHeader(batch), batch);
      EXPECT_TRUE(added.ok()) << added.error().message;
    }
    EXPECT_TRUE(merger.Finish().ok());
    return made;
  }
};

TEST_F(BatchMergerTest, BatchesThatFitTogetherBecomeOne) {
  const std::vector<Bytes> batches = {BatchAt(0, 500), BatchAt(1, 500)};
  const std::size_t together = RawBytes(batches[0]) + RawBytes(batches[1]);
  EXPECT_EQ(Merge(batches, together), std::vector{2});
  EXPECT_EQ(Merge(batches, together - 1).size(), 2U);
}

// Half a batch takes what comes, else one of nearly the size would leave it small for good.
TEST_F(BatchMergerTest, OneThatIsLessThanHalfFullTakesAnyOther) {
  const Bytes large = BatchAt(1, 900);
  const std::size_t target = RawBytes(large) + 2;
  for (std::size_t value_bytes = 300; value_bytes < 600; ++value_bytes) {
    const Bytes small = BatchAt(0, value_bytes);
    const std::size_t half = target / 2;
    ASSERT_EQ(Merge({small, large}, target).size(), RawBytes(small) < half ? 1U : 2U)
        << RawBytes(small) << " of " << target;
  }
}

TEST_F(BatchMergerTest, OneOfTheWholeSizeIsCopied) {
  const Bytes batch = BatchAt(0, 500);
  EXPECT_EQ(Merge({batch}, RawBytes(batch)), std::vector{0});
  EXPECT_EQ(Merge({batch}, RawBytes(batch) + 1), std::vector{1});
}

TEST_F(BatchMergerTest, ThoseOfAnotherEpochOrWithAProducerStandAlone) {
  Bytes other = BatchAt(1, 500);
  record::SetLeaderEpoch(other.data(), LeaderEpoch(1));
  EXPECT_EQ(Merge({BatchAt(0, 500), other}, 10'000), (std::vector{1, 1}));
  const Bytes produced = FromProducer(BatchAt(1, 500), 0);
  EXPECT_EQ(Merge({BatchAt(0, 500), produced, BatchAt(2, 500)}, 10'000), (std::vector{1, 0, 1}));
}

TEST_F(BatchMergerTest, MoreRecordsThanTheHeaderSaysAreCorrupt) {
  Bytes batch = BatchAt(0, 50, record::Codec::kNone, 3);
  record::BatchHeader header = *record::ParseBatchHeader(batch);
  header.record_count = 2;
  header.last_offset_delta = 1;
  record::WriteBatchHeader(batch.data(), header);
  record::SealBatch(batch.data(), batch.size());
  BatchMerger merger({.raw_bytes = 10'000, .zstd_level = 1}, nullptr,
                     [](ByteView) { return Ok(); });
  const Status added = merger.Add(*record::ParseBatchHeader(batch), batch);
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().code, ErrorCode::kCorrupt);
}

// What compaction leaves where nothing is left, and rewriting meets.
TEST_F(BatchMergerTest, ABatchWithoutRecordsBecomesPartOfItsNeighbourOrStaysOne) {
  record::BatchHeader header;
  header.leader_epoch = LeaderEpoch(0);
  header.last_offset_delta = 2;
  header.base_timestamp = header.max_timestamp = TimestampMs(-1);
  Bytes empty(record::kBatchHeaderBytes, '\0');
  record::WriteBatchHeader(empty.data(), header);
  record::SealBatch(empty.data(), empty.size());
  EXPECT_EQ(Merge({empty}, 10'000), std::vector{0});
  EXPECT_EQ(Merge({empty, BatchAt(3, 500)}, 10'000), std::vector{1});
  EXPECT_EQ(Merge({empty, FromProducer(BatchAt(3, 500), 0)}, 10'000), (std::vector{0, 0}));
}

// What was held back is written when the next batch comes: whoever adds that one is told.
TEST_F(BatchMergerTest, ABatchThatCantBeWrittenIsToldWhenTheNextOneDoesNotFit) {
  BatchMerger merger({.raw_bytes = 600, .zstd_level = 1}, nullptr,
                     [](ByteView) { return Fail(ErrorCode::kNoSpace, "full"); });
  const Bytes first = BatchAt(0, 500);
  const Bytes second = BatchAt(1, 500);
  ASSERT_TRUE(merger.Add(*record::ParseBatchHeader(first), first).ok());
  const Status added = merger.Add(*record::ParseBatchHeader(second), second);
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().code, ErrorCode::kNoSpace);
}

}  // namespace
}  // namespace logboom::broker
