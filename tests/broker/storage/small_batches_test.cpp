// Whether it pays to put batches together, and which are: at each limit, and one past it.
#include "broker/storage/small_batches.h"

#include <functional>
#include <vector>

#include "broker/storage/batch_merger.h"
#include "lib/file/faulty_file_system.h"
#include "lib/record/batch_view.h"
#include "lib/segment/offset_index.h"
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
  // An entry for each batch but the first.
  void WriteIndex(const Bytes& batch, int count) {
    auto file = fs_->Open(PathOf(Offset(0), segment::kOffsetIndexSuffix), file::OpenMode::kCreate);
    auto index =
        segment::OffsetIndex::Create(std::shared_ptr<file::File>(std::move(*file)), Offset(0));
    ASSERT_TRUE(index.ok());
    for (int i = 1; i < count; ++i) {
      const FilePosition position(i * static_cast<std::int64_t>(batch.size()));
      ASSERT_TRUE(index->Append({Offset(i), position}).ok());
    }
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

TEST_F(SmallBatchesTest, WhatCantBePutTogetherIsKept) {
  using Change = void (*)(record::BatchHeader&);
  const std::vector<Change> changes = {
      [](auto& header) { header.producer_id = 0; },
      [](auto& header) { header.control = true; },
      [](auto& header) { header.transactional = true; },
      [](auto& header) { header.has_delete_horizon = true; },
      [](auto& header) { header.timestamp_type = record::TimestampType::kAppendTime; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Bytes batch = BatchAt(0, 500);
    record::BatchHeader header = *record::ParseBatchHeader(batch);
    changes[i](header);
    record::WriteBatchHeader(batch.data(), header);
    record::SealBatch(batch.data(), batch.size());
    EXPECT_FALSE(Pays(Segment(batch, 10), 10'000)) << i;
  }
}

// The first batch, and those that the index leads to.
TEST_F(SmallBatchesTest, HalfOfTheSamplesDecide) {
  const Bytes batch = BatchAt(0, 500);
  for (const auto& [of_producer, pays] : {std::pair(5, true), std::pair(6, false)}) {
    const CopySource source = Segment(batch, 10, of_producer);
    WriteIndex(batch, 10);
    EXPECT_EQ(Pays(source, 10'000), pays) << of_producer;
  }
}

TEST_F(SmallBatchesTest, AFewSamplesAreEnough) {
  const Bytes batch = BatchAt(0, 500);
  const CopySource source = Segment(batch, 200);
  WriteIndex(batch, 200);
  std::size_t reads = 0;
  file::FaultyFileSystem counting(*fs_);
  counting.Add({.matches = [&](file::CallKind kind, const std::string& path) {
    if (kind == file::CallKind::kRead && path.ends_with(segment::kLogSuffix)) ++reads;
    return false;
  }});
  const auto verdict = JudgeRewriting(counting, kDirectory, source,
                                      {.small_batch_raw_bytes = 10'000, .segment_bytes_min = 0});
  EXPECT_EQ(verdict.value(), RewriteVerdict::kPays);
  EXPECT_LT(reads, 100U);
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

// What `tell` says of each batch that comes of them.
template <typename Told>
std::vector<Told> MergeAll(const std::vector<Bytes>& batches, std::size_t raw_bytes,
                           RecordFilter* filter, const std::function<Told(ByteView)>& tell) {
  std::vector<Told> made;
  BatchMerger merger({.raw_bytes = raw_bytes, .zstd_level = 1}, filter, [&](ByteView batch) {
    made.push_back(tell(batch));
    return Ok();
  });
  for (const Bytes& batch : batches) {
    const Status added = merger.Add(*record::ParseBatchHeader(batch), batch);
    EXPECT_TRUE(added.ok()) << added.error().message;
  }
  EXPECT_TRUE(merger.Finish().ok());
  return made;
}

class BatchMergerTest : public ::testing::Test {
 protected:
  // The sizes of what comes of them, in records; 0: copied byte for byte.
  std::vector<int> Merge(const std::vector<Bytes>& batches, std::size_t raw_bytes) {
    return MergeAll<int>(batches, raw_bytes, nullptr, [&](ByteView batch) {
      const auto header = record::VerifyBatch(batch);
      EXPECT_TRUE(header.ok());
      const bool same = std::find(batches.begin(), batches.end(), batch) != batches.end();
      return same ? 0 : header->record_count;
    });
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

// By their headers: batches, and what comes of them.
class BatchMergerOffsets : public ::testing::Test {
 protected:
  using Change = std::function<void(record::BatchHeader&)>;

  static Bytes At(std::int64_t base, int epoch, const Change& change = nullptr) {
    Bytes batch = BatchAt(base, 50);
    return Sealed(std::move(batch), epoch, change);
  }
  // Without records.
  static Bytes Empty(std::int64_t base, std::int64_t last, int epoch) {
    record::BatchHeader header;
    header.base_offset = Offset(base);
    header.last_offset_delta = static_cast<std::int32_t>(last - base);
    header.base_timestamp = header.max_timestamp = TimestampMs(-1);
    Bytes batch(record::kBatchHeaderBytes, '\0');
    record::WriteBatchHeader(batch.data(), header);
    record::SealBatch(batch.data(), batch.size());
    return Sealed(std::move(batch), epoch, nullptr);
  }
  static Bytes Sealed(Bytes batch, int epoch, const Change& change) {
    record::BatchHeader header = *record::ParseBatchHeader(batch);
    header.leader_epoch = LeaderEpoch(epoch);
    if (change) change(header);
    record::WriteBatchHeader(batch.data(), header);
    record::SealBatch(batch.data(), batch.size());
    return batch;
  }
  // "0-4 epoch 1: 2", and "copied" where the bytes are the same.
  static std::string Told(ByteView batch, const std::vector<Bytes>& from) {
    const auto header = record::VerifyBatch(batch);
    EXPECT_TRUE(header.ok());
    const bool copied = std::find(from.begin(), from.end(), batch) != from.end();
    return fmt::format("{}-{} epoch {}: {}", header->base_offset, header->last_offset(),
                       header->leader_epoch,
                       copied ? "copied" : std::to_string(header->record_count));
  }
  using Made = std::vector<std::string>;
  static Made Merge(const std::vector<Bytes>& batches, RecordFilter* filter = nullptr) {
    return MergeAll<std::string>(batches, 10'000, filter,
                                 [&](ByteView batch) { return Told(batch, batches); });
  }
  static void HasProducer(record::BatchHeader& header) {
    header.producer_id = 7;
    header.producer_epoch = 0;
    header.base_sequence = 3;
  }
};

// Segments of the first versions have holes.
TEST_F(BatchMergerOffsets, AHoleBetweenBatchesIsCovered) {
  EXPECT_EQ(Merge({At(0, 0), At(5, 0)}), (Made{"0-5 epoch 0: 2"}));
  EXPECT_EQ(Merge({At(0, 0, HasProducer), At(5, 0, HasProducer)}),
            (Made{"0-0 epoch 0: copied", "1-4 epoch 0: 0", "5-5 epoch 0: copied"}));
  EXPECT_EQ(Merge({At(0, 0, HasProducer), At(2, 0, HasProducer)}),
            (Made{"0-0 epoch 0: copied", "1-1 epoch 0: 0", "2-2 epoch 0: copied"}));
  EXPECT_EQ(Merge({At(0, 0), At(1, 0)}), (Made{"0-1 epoch 0: 2"})) << "there is none";
}

TEST_F(BatchMergerOffsets, AHoleBetweenTwoEpochsIsOfNeither) {
  EXPECT_EQ(Merge({At(0, 0), At(5, 1)}), (Made{"0-0 epoch 0: 1", "5-5 epoch 1: 1"}));
}

TEST_F(BatchMergerOffsets, WhatIsLeftOutKeepsItsEpoch) {
  EXPECT_EQ(Merge({Empty(0, 2, 0), Empty(3, 5, 0)}), (Made{"0-5 epoch 0: 0"}));
  EXPECT_EQ(Merge({Empty(0, 2, 0), Empty(3, 5, 1)}),
            (Made{"0-2 epoch 0: copied", "3-5 epoch 1: copied"}));
  EXPECT_EQ(Merge({Empty(0, 2, 0), At(3, 1)}), (Made{"0-2 epoch 0: copied", "3-3 epoch 1: 1"}));
  EXPECT_EQ(Merge({At(0, 0), Empty(1, 2, 1)}), (Made{"0-0 epoch 0: 1", "1-2 epoch 1: copied"}));
  EXPECT_EQ(Merge({At(0, 0), Empty(1, 2, 0), At(3, 0)}), (Made{"0-3 epoch 0: 2"}));
}

TEST_F(BatchMergerOffsets, WhatMustNotBePutTogetherIsCopied) {
  for (const Change& change : std::vector<Change>{
           HasProducer,
           [](auto& header) { header.timestamp_type = record::TimestampType::kAppendTime; },
           [](auto& header) { header.transactional = true; },
           [](auto& header) { header.control = true; },
           [](auto& header) { header.has_delete_horizon = true; }}) {
    EXPECT_EQ(Merge({At(0, 0), At(1, 0, change), At(2, 0)}),
              (Made{"0-0 epoch 0: 1", "1-1 epoch 0: copied", "2-2 epoch 0: 1"}));
  }
}

// Keeps what is asked for, and knows the time of every tombstone.
class TableFilter final : public RecordFilter {
 public:
  bool Keeps(const record::BatchHeader&, const record::Record&) override { return keeps; }
  bool KeepsHeader(const record::BatchHeader&) override { return keeps_header; }
  std::optional<TimestampMs> DeleteHorizon(const record::BatchHeader&) override {
    return TimestampMs(5'000);
  }
  void CopiedWhole(const record::BatchHeader&) override { ++copied_whole; }

  bool keeps = true;
  bool keeps_header = false;
  int copied_whole = 0;
};

Bytes TombstoneOfProducer() {
  record::BatchBuilder builder({.codec = record::Codec::kNone});
  builder.Add({.timestamp = TimestampMs(1'000), .key = "k", .value = {}, .headers = {}});
  Bytes batch = FromProducer(Bytes(*builder.Finish()), 7, 3);
  record::SetBaseOffset(batch.data(), Offset(4));
  record::SetLeaderEpoch(batch.data(), LeaderEpoch(2));
  return batch;
}

TEST_F(BatchMergerOffsets, ATombstoneOfAProducerGetsItsTimeAndStaysAlone) {
  TableFilter filter;
  std::vector<Bytes> made;
  BatchMerger merger({.raw_bytes = 10'000, .zstd_level = 1}, &filter, [&](ByteView batch) {
    made.emplace_back(batch);
    return Ok();
  });
  const Bytes batch = TombstoneOfProducer();
  ASSERT_TRUE(merger.Add(*record::ParseBatchHeader(batch), batch).ok());
  ASSERT_TRUE(merger.Finish().ok());
  ASSERT_EQ(made.size(), 1U);
  const record::BatchHeader first = *record::VerifyBatch(made[0]);
  EXPECT_TRUE(first.has_delete_horizon);
  EXPECT_EQ(first.base_timestamp, TimestampMs(5'000));
  EXPECT_EQ(first.base_offset, Offset(4));
  EXPECT_EQ(first.leader_epoch, LeaderEpoch(2));
  EXPECT_EQ(first.producer_id, 7);
  EXPECT_EQ(first.base_sequence, 3);
  record::BatchReader reader;
  ASSERT_TRUE(reader.Open(made[0]).ok());
  EXPECT_EQ((*reader.Next())->timestamp, TimestampMs(1'000));
  // It has its time: nothing is to be changed any more.
  EXPECT_EQ(Merge({made[0]}, &filter), (Made{"4-4 epoch 2: copied"}));
}

TEST_F(BatchMergerOffsets, WhatCanNotBeWrittenIsToldByWhoWritesIt) {
  TableFilter filter;
  const std::vector<Bytes> behind = {TombstoneOfProducer(), Empty(4, 4, 1),
                                     At(4, 1, [](auto& header) { header.control = true; })};
  for (const Bytes& batch : behind) {
    for (RecordFilter* with :
         {static_cast<RecordFilter*>(&filter), static_cast<RecordFilter*>(nullptr)}) {
      int written = 0;
      BatchMerger merger({.raw_bytes = 10'000, .zstd_level = 1}, with, [&](ByteView) {
        ++written;
        return Fail(ErrorCode::kNoSpace, "full");
      });
      const Bytes held_back = At(3, 0);
      ASSERT_TRUE(merger.Add(*record::ParseBatchHeader(held_back), held_back).ok());
      const Status added = merger.Add(*record::ParseBatchHeader(batch), batch);
      ASSERT_FALSE(added.ok());
      EXPECT_EQ(added.error().code, ErrorCode::kNoSpace);
      EXPECT_EQ(written, 1);
    }
  }
}

TEST_F(BatchMergerOffsets, OneThatMayGrowBeyondTheLimitOfABatchKeepsAllItsRecords) {
  const std::size_t beside = RawBytes(BatchAt(0, 900'000)) - 900'000;
  // A record may grow by 16 bytes, a batch by 128.
  const std::size_t fits = record::kBatchBytesMax - 16 - 128 - beside;
  for (const std::size_t more : {0U, 1U}) {
    TableFilter filter;
    filter.keeps = false;
    EXPECT_EQ(Merge({BatchAt(0, fits + more)}, &filter),
              (Made{more == 0 ? "0-0 epoch 0: 0" : "0-0 epoch 0: copied"}));
    EXPECT_EQ(filter.copied_whole, static_cast<int>(more));
  }
}

}  // namespace
}  // namespace logboom::broker
