// Copies of finished segments that are out of the ordinary: with holes, very long, and with append
// times that have rotted or are gone.
#include "broker/storage/segment_copy.h"

#include <vector>

#include "lib/file/faulty_file_system.h"
#include "lib/segment/append_time.h"
#include "lib/segment/limits.h"
#include "lib/segment/seal.h"
#include "tests/broker/storage/log_fixture.h"

namespace logboom::broker {
namespace {

class SegmentCopyTest : public LogFixture {
 protected:
  // A finished segment with a batch of a producer, which is copied as it is, at each of `offsets`.
  CopySource Segment(const std::vector<int>& offsets, Offset next_offset) {
    Bytes log;
    segment::Seal seal{.base_offset = Offset(0),
                       .next_offset = next_offset,
                       .totals = {},
                       .compacted = true,
                       .holes = true};
    for (std::size_t i = 0; i < offsets.size(); ++i) {
      Bytes batch = FromProducer(BuildBatch({.records = 1}), 7, static_cast<std::int32_t>(i));
      record::SetBaseOffset(batch.data(), Offset(offsets[i]));
      record::SetLeaderEpoch(batch.data(), LeaderEpoch(0));
      seal.totals.Add(*record::ParseBatchHeader(batch), batch);
      log += batch;
    }
    EXPECT_TRUE(file::ReplaceFile(*fs_, PathOf(Offset(0), segment::kLogSuffix), log).ok());
    EXPECT_TRUE(
        file::ReplaceFile(*fs_, PathOf(Offset(0), segment::kSealSuffix), segment::EncodeSeal(seal))
            .ok());
    return {Offset(0), next_offset, static_cast<std::int64_t>(log.size())};
  }
  Result<CopiedSegment> Copy(file::FileSystem& fs, const std::vector<CopySource>& sources) {
    SegmentCopy copy(
        fs,
        {.directory = kDirectory, .sources = sources, .merge = {.raw_bytes = 500, .zstd_level = 1}},
        nullptr);
    while (true) {
      ASSIGN_OR_RETURN(const bool more, copy.Step(1'000, {}));
      if (!more) return copy.Finish();
    }
  }
  // Two finished segments of batches that came a second and a half apart.
  void Fill() {
    options_.segment_bytes = 6'000;
    ASSERT_TRUE(Open().ok());
    while (log_->Copyable().size() < 2) {
      now_ms_ += 1'500;
      AppendMany(1, {.timestamp = TimestampMs(now_ms_)});
      ASSERT_TRUE(Commit().ok());
    }
  }
  std::vector<std::optional<TimestampMs>> Times() {
    std::vector<std::optional<TimestampMs>> times;
    for (const AppendedCopy& batch : batches_) {
      const auto time = log_->AppendTimeAt(batch.base_offset);
      EXPECT_TRUE(time.ok());
      times.push_back(time.ok() ? *time : std::nullopt);
    }
    return times;
  }
};

// Between two batches they are filled, at the ends they stay.
TEST_F(SegmentCopyTest, HolesThatStayAreSealedAsSuch) {
  struct Case {
    std::vector<int> offsets;
    int next_offset;
    bool holes;
  };
  for (const Case& one : {Case{{0, 1, 2}, 3, false}, Case{{0, 2}, 3, false}, Case{{1, 2}, 3, true},
                          Case{{0, 1}, 3, true}}) {
    const auto copied = Copy(*fs_, {Segment(one.offsets, Offset(one.next_offset))});
    ASSERT_TRUE(copied.ok()) << copied.error().message;
    EXPECT_EQ(copied->seal.holes, one.holes);
    EXPECT_TRUE(copied->seal.compacted);
    EXPECT_EQ(copied->seal.next_offset, Offset(one.next_offset));
  }
}

// Indexes hold offsets as 32 bits, from the base on.
TEST_F(SegmentCopyTest, OfMoreOffsetsThanAnIndexHoldsNoneIsMade) {
  const Offset end(segment::kRelativeOffsetMax);
  EXPECT_TRUE(Copy(*fs_, {Segment({0, 1}, end)}).ok());
  EXPECT_EQ(Copy(*fs_, {Segment({0, 1}, end + 1)}).error().code, ErrorCode::kCorrupt);
}

TEST_F(SegmentCopyTest, AStepEndsWithTheBatchThatReachesItsSize) {
  const CopySource source = Segment({0, 1, 2}, Offset(3));
  SegmentCopy copy(*fs_, {.directory = kDirectory, .sources = {source}, .merge = {}}, nullptr);
  EXPECT_TRUE(*copy.Step(source.size_bytes, {}));
  EXPECT_FALSE(*copy.Step(1, {}));
}

TEST_F(SegmentCopyTest, ASealOfAnotherSegmentIsNotBelieved) {
  const CopySource source = Segment({0, 1}, Offset(3));
  CopySource longer = source;
  longer.next_offset = Offset(4);
  EXPECT_EQ(Copy(*fs_, {longer}).error().code, ErrorCode::kCorrupt);
  CopySource larger = source;
  larger.size_bytes += 1;
  EXPECT_EQ(Copy(*fs_, {larger}).error().code, ErrorCode::kCorrupt);
}

TEST_F(SegmentCopyTest, AnAppendTimeBehindItsSegmentSaysNothingOfTheNextOne) {
  ASSERT_NO_FATAL_FAILURE(Fill());
  const auto before = Times();
  const std::vector<CopySource> sources = log_->Copyable();
  {
    auto file =
        fs_->Open(PathOf(Offset(0), segment::kAppendTimeSuffix), file::OpenMode::kReadWrite);
    auto times =
        segment::AppendTimes::Open(std::shared_ptr<file::File>(std::move(*file)), Offset(0));
    ASSERT_TRUE(times.ok());
    ASSERT_TRUE(times->Append({TimestampMs(now_ms_ + 1'000'000), sources[0].next_offset}).ok());
  }
  const auto copied = Copy(*fs_, sources);
  ASSERT_TRUE(copied.ok());
  ASSERT_TRUE(log_->Install(*copied).value());
  EXPECT_EQ(Times(), before);
}

// Records count as those before them, then.
TEST_F(SegmentCopyTest, AnAppendTimeThatHasRottenCostsItselfAlone) {
  ASSERT_NO_FATAL_FAILURE(Fill());
  auto due = Times();
  due[1] = due[0];
  FlipByte(PathOf(Offset(0), segment::kAppendTimeSuffix),
           segment::AppendTimeEntry::kHeaderBytes + segment::AppendTimeEntry::kBytes, 0x80);
  const auto copied = Copy(*fs_, log_->Copyable());
  ASSERT_TRUE(copied.ok());
  ASSERT_TRUE(log_->Install(*copied).value());
  EXPECT_EQ(Times(), due);
}

TEST_F(SegmentCopyTest, WithoutAppendTimesItIsDoneWithoutAndWhereTheyCantBeOpenedNot) {
  ASSERT_NO_FATAL_FAILURE(Fill());
  auto due = Times();
  const std::string path = PathOf(Offset(0), segment::kAppendTimeSuffix);
  file::FaultyFileSystem faulty(*fs_);
  faulty.Add({.kind = file::CallKind::kOpen, .path_part = path, .after_calls = 1});
  EXPECT_EQ(Copy(faulty, log_->Copyable()).error().code, ErrorCode::kIo);
  ASSERT_TRUE(fs_->Remove(path).ok());
  const std::vector<CopySource> sources = log_->Copyable();
  const auto copied = Copy(*fs_, sources);
  ASSERT_TRUE(copied.ok());
  ASSERT_TRUE(log_->Install(*copied).value());
  for (std::size_t i = 0; i < batches_.size(); ++i) {
    if (batches_[i].base_offset < sources[0].next_offset) due[i] = std::nullopt;
  }
  EXPECT_EQ(Times(), due);
}

}  // namespace
}  // namespace logboom::broker
