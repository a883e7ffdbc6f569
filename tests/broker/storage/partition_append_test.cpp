// Appending, rolling, committing, and what is left after a failure.
#include "broker/storage/limits.h"
#include "lib/file/faulty_file_system.h"
#include "lib/file/trees.h"
#include "lib/segment/seal.h"
#include "lib/segment/verify.h"
#include "tests/broker/storage/log_fixture.h"

namespace logboom::broker {
namespace {

class PartitionLogAppend : public LogFixture {
 protected:
  void SetUp() override {
    LogFixture::SetUp();
    ASSERT_TRUE(Open().ok());
  }
};

TEST_F(PartitionLogAppend, GivesContiguousOffsets) {
  EXPECT_EQ(Append({.records = 3})->base_offset, Offset(0));
  EXPECT_EQ(Append({.records = 1})->base_offset, Offset(3));
  const Result<AppendedBatch> third = Append({.records = 10});
  EXPECT_EQ(third->base_offset, Offset(4));
  EXPECT_EQ(third->next_offset, Offset(14));
  EXPECT_EQ(log_->log_end(), Offset(14));
}

TEST_F(PartitionLogAppend, WritesOffsetAndEpochIntoTheBatch) {
  AppendMany(2);
  const Result<record::BatchHeader> header = record::VerifyBatch(batches_[1].bytes);
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->base_offset, Offset(3));
  EXPECT_EQ(header->leader_epoch, log_->leader_epoch());
}

TEST_F(PartitionLogAppend, NothingIsReadBeforeItIsSynced) {
  AppendMany(2);
  EXPECT_EQ(log_->durable_end(), Offset(0));
  EXPECT_TRUE(log_->Read(Offset(0), 1000)->bytes.empty());
  EXPECT_EQ(log_->Read(Offset(3), 1000).error().code, ErrorCode::kInvalid);
  ASSERT_TRUE(Commit().ok());
  EXPECT_EQ(log_->durable_end(), Offset(6));
  EXPECT_EQ(ReadAll(Offset(0)), Expected(Offset(0), Offset(6)));
}

TEST_F(PartitionLogAppend, AWorkCoversWhatWasAppendedBeforeIt) {
  AppendMany(1);
  const SyncWork work = log_->TakeSyncWork();
  AppendMany(1);
  EXPECT_TRUE(log_->dirty());
  EXPECT_EQ(work.covers, Offset(3));
  ASSERT_TRUE(SyncAll(*fs_, work).ok());
  log_->SyncDone(work.covers);
  EXPECT_EQ(log_->durable_end(), Offset(3));
  EXPECT_EQ(ReadAll(Offset(0)), Expected(Offset(0), Offset(3)));
}

TEST_F(PartitionLogAppend, CleanLogIsNotDirty) {
  EXPECT_FALSE(log_->dirty());
  AppendMany(1);
  EXPECT_TRUE(log_->dirty());
  EXPECT_GT(log_->dirty_bytes(), 600);
  ASSERT_TRUE(Commit().ok());
  EXPECT_FALSE(log_->dirty());
  EXPECT_EQ(log_->dirty_bytes(), 0);
}

TEST_F(PartitionLogAppend, AppendTimeNeverGoesBack) {
  EXPECT_EQ(Append()->append_time, TimestampMs(now_ms_));
  now_ms_ -= 1'000'000;
  EXPECT_EQ(Append()->append_time, TimestampMs(now_ms_ + 1'000'000));
  EXPECT_EQ(log_->last_append_time(), TimestampMs(now_ms_ + 1'000'000));
}

TEST_F(PartitionLogAppend, RollsWhereABatchDoesNotFit) {
  options_.segment_bytes = 2000;
  ASSERT_TRUE(Open().ok());
  AppendMany(5);  // about 700 bytes each
  EXPECT_EQ(log_->segments().size(), 3U);
  EXPECT_EQ(log_->segments()[1].base_offset, Offset(6));
  EXPECT_LE(log_->segments()[0].size_bytes, 2000);
  ASSERT_TRUE(Commit().ok());
  EXPECT_EQ(ReadAll(Offset(0)), Expected(Offset(0), Offset(15)));
}

TEST_F(PartitionLogAppend, ASegmentTakesAsManyBytesAsTheLimit) {
  AppendMany(1);
  const auto bytes = static_cast<std::int64_t>(batches_[0].bytes.size());
  for (const std::int64_t limit : {2 * bytes, 2 * bytes - 1}) {
    StartAnew();
    options_.segment_bytes = limit;
    ASSERT_TRUE(Open().ok());
    AppendMany(2);
    EXPECT_EQ(log_->segments().size(), limit == 2 * bytes ? 1U : 2U);
  }
}

TEST_F(PartitionLogAppend, AnAppendTimeIsNotedASecondAfterTheOneBefore) {
  const std::int64_t first = now_ms_;
  AppendMany(1);
  now_ms_ = first + 999;
  AppendMany(1);
  EXPECT_EQ(**log_->AppendTimeAt(Offset(3)), TimestampMs(first));
  now_ms_ = first + 1'000;
  AppendMany(1);
  EXPECT_EQ(**log_->AppendTimeAt(Offset(3)), TimestampMs(first));
  EXPECT_EQ(**log_->AppendTimeAt(Offset(6)), TimestampMs(first + 1'000));
}

TEST_F(PartitionLogAppend, ABatchLargerThanASegmentGetsItsOwn) {
  options_.segment_bytes = 100;
  ASSERT_TRUE(Open().ok());
  AppendMany(3);
  EXPECT_EQ(log_->segments().size(), 3U);
}

TEST_F(PartitionLogAppend, RollsByAgeOfTheFirstAppend) {
  options_.segment_ms = 10'000;
  ASSERT_TRUE(Open().ok());
  AppendMany(1);
  now_ms_ += 9'999;
  AppendMany(1);
  EXPECT_EQ(log_->segments().size(), 1U);
  now_ms_ += 1;
  AppendMany(1);
  EXPECT_EQ(log_->segments().size(), 2U);
}

TEST_F(PartitionLogAppend, TheWorkAfterARollHoldsTheOldSegmentAndTheDirectory) {
  options_.segment_bytes = 1000;
  sources_hook_ = [] { return Bytes("positions"); };
  ASSERT_TRUE(Open().ok());
  AppendMany(2);
  const SyncWork work = log_->TakeSyncWork();
  // Old log, index, time index, append times, sources; new log.
  EXPECT_EQ(work.files.size(), 6U);
  EXPECT_EQ(work.directories, std::vector<std::string>{kDirectory});
  EXPECT_TRUE(log_->TakeSyncWork().files.empty());
}

TEST_F(PartitionLogAppend, ASealIsWrittenOnlyAfterItsLogIsSynced) {
  options_.segment_bytes = 1000;
  ASSERT_TRUE(Open().ok());
  AppendMany(2);
  const SyncWork first = log_->TakeSyncWork();
  EXPECT_FALSE(Exists(PathOf(Offset(0), segment::kSealSuffix)));
  log_->SyncDone(first.covers);
  const SyncWork second = log_->TakeSyncWork();
  EXPECT_EQ(second.files.size(), 1U);
  EXPECT_EQ(second.directories.size(), 1U);
  const Result<segment::Seal> seal = segment::ReadSeal(*fs_, kDirectory, Offset(0));
  ASSERT_TRUE(seal.ok());
  EXPECT_EQ(seal->next_offset, Offset(3));
  EXPECT_EQ(seal->totals.size_bytes, log_->segments()[0].size_bytes);
  EXPECT_EQ(seal->max_append_time, TimestampMs(now_ms_));
}

// One seal at a time, and each with the work that holds it, whatever others are under way.
TEST_F(PartitionLogAppend, ASealCountsOnceTheWorkThatHoldsItIsSynced) {
  options_.segment_bytes = 1;
  file::FaultyFileSystem faulty(*fs_);
  ASSERT_TRUE(OpenOn(faulty).ok());
  AppendMany(2);
  const auto next = [this] {
    AppendMany(1);
    return log_->TakeSyncWork().covers;
  };
  const auto sealed_after = [this](Offset covers) {
    log_->SyncDone(covers);
    return log_->Copyable().size();
  };
  const Offset without = next();
  const Offset still_without = next();
  EXPECT_EQ(sealed_after(without), 0U);
  const Offset first = next();
  EXPECT_EQ(sealed_after(still_without), 0U);
  EXPECT_EQ(sealed_after(first), 1U);
  const Offset second = next();
  const Offset waits = next();
  EXPECT_EQ(sealed_after(second), 2U);
  const Offset third = next();
  EXPECT_EQ(sealed_after(waits), 2U);
  EXPECT_EQ(sealed_after(third), 3U);
  faulty.Add({.kind = file::CallKind::kWrite,
              .path_part = std::string(segment::kSealSuffix),
              .code = ErrorCode::kNoSpace});
  const Offset no_room = next();
  const Offset fourth = next();
  EXPECT_EQ(sealed_after(no_room), 3U);
  EXPECT_EQ(sealed_after(fourth), 4U);
  log_.reset();
}

TEST_F(PartitionLogAppend, TheSealHookSeesTheEndBeforeTheRoll) {
  options_.segment_bytes = 1000;
  sources_hook_ = [this] { return Bytes("as of ") + std::to_string(log_->log_end().value()); };
  ASSERT_TRUE(Open().ok());
  AppendMany(3);
  const auto sources = log_->NewestSealedSources();
  ASSERT_TRUE(sources.ok() && *sources);
  EXPECT_EQ((*sources)->as_of, Offset(6));
  EXPECT_EQ((*sources)->bytes, "as of 6");
}

// The scrubber may have made it, and a backup given it a second name.
TEST_F(PartitionLogAppend, ASealIsNotWrittenOverOneThatIsThere) {
  options_.segment_bytes = 800;
  ASSERT_TRUE(Open().ok());
  AppendMany(4);
  const std::string seal = PathOf(Offset(0), segment::kSealSuffix);
  ASSERT_FALSE(Exists(seal));
  ASSERT_TRUE(file::ReplaceFile(*fs_, seal, "made by another").ok());
  const std::string second_name = kDirectory + "/second-name";
  ASSERT_TRUE(file::Link(*fs_, seal, second_name).ok());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Commit().ok());
  EXPECT_TRUE(segment::ReadSeal(*fs_, kDirectory, Offset(0)).ok());
  EXPECT_EQ(*file::ReadWholeFile(*fs_, second_name, 100), "made by another");
}

TEST_F(PartitionLogAppend, RefusesBatchesWithHoles) {
  Bytes batch = BuildBatch({});
  record::BatchHeader header = *record::ParseBatchHeader(batch);
  header.last_offset_delta = 5;
  EXPECT_EQ(log_->Append(batch.data(), header, TimestampMs(0)).error().code, ErrorCode::kInvalid);
  header.record_count = 0;
  for (const std::int32_t last : {0, -1}) {
    header.last_offset_delta = last;
    const auto appended = log_->Append(batch.data(), header, TimestampMs(0));
    ASSERT_FALSE(appended.ok()) << last;
    EXPECT_EQ(appended.error().code, ErrorCode::kInvalid);
  }
}

TEST_F(PartitionLogAppend, AFullDiskLeavesTheLogAsItWas) {
  AppendMany(2);
  ASSERT_TRUE(Commit().ok());
  const std::int64_t size = log_->size_bytes();
  for (std::int64_t room = 0; room < 1000; room += 97) {
    fs_->SetCapacity(fs_->SpaceOf("/")->total_bytes - fs_->SpaceOf("/")->available_bytes + room);
    const Result<AppendedBatch> appended = Append({.value_bytes = 30'000});
    ASSERT_FALSE(appended.ok());
    EXPECT_EQ(appended.error().code, ErrorCode::kNoSpace);
    EXPECT_EQ(log_->log_end(), Offset(6));
    EXPECT_EQ(SizeOf(PathOf(Offset(0), segment::kLogSuffix)), size);
    fs_->SetCapacity(std::int64_t{1} << 40U);
  }
  ASSERT_TRUE(Append().ok());
  ASSERT_TRUE(Commit().ok());
  EXPECT_EQ(ReadAll(Offset(0)), Expected(Offset(0), Offset(9)));
}

TEST_F(PartitionLogAppend, ARollOnAFullDiskLeavesNoFiles) {
  options_.segment_bytes = 1000;
  ASSERT_TRUE(Open().ok());
  AppendMany(1);
  ASSERT_TRUE(Commit().ok());
  fs_->SetCapacity(0);
  EXPECT_EQ(Append().error().code, ErrorCode::kNoSpace);
  EXPECT_FALSE(Exists(PathOf(Offset(3), segment::kLogSuffix)));
  EXPECT_EQ(log_->segments().size(), 1U);
  fs_->SetCapacity(std::int64_t{1} << 40U);
  AppendMany(2);
  ASSERT_TRUE(Commit().ok());
  EXPECT_EQ(ReadAll(Offset(0)), Expected(Offset(0), Offset(9)));
}

// Its names may have been on the disk already, and are gone before anything counts that is in their
// way.
TEST_F(PartitionLogAppend, ASegmentThatCouldNotBeginDoesNotComeBackAfterACrash) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    StartAnew();
    options_.segment_bytes = 1000;
    ASSERT_TRUE(Open().ok());
    AppendMany(1);
    ASSERT_TRUE(Commit().ok());
    fs_->SetCapacity(0);
    EXPECT_EQ(Append().error().code, ErrorCode::kNoSpace);
    fs_->SetCapacity(std::int64_t{1} << 40U);
    options_.segment_bytes = 1'000'000;
    log_->SetOptions(options_);
    AppendMany(2);
    ASSERT_TRUE(Commit().ok());
    // All below an existing segment is let go: the old one must not count as that.
    ASSERT_TRUE(log_->TrimBefore(Offset(6)).ok());
    log_.reset();
    SeededRandom random(seed);
    fs_->Crash(random);
    ASSERT_TRUE(Open().ok());
    EXPECT_EQ(ReadAll(Offset(6)), Expected(Offset(6), Offset(9)));
  }
}

TEST_F(PartitionLogAppend, WhereWhatHadBegunCantBeRemovedTheAppendsEnd) {
  for (const std::string_view suffix : {segment::kLogSuffix, segment::kOffsetIndexSuffix}) {
    StartAnew();
    options_.segment_bytes = 1000;
    file::FaultyFileSystem faulty(*fs_);
    ASSERT_TRUE(OpenOn(faulty).ok());
    AppendMany(1);
    faulty.Add({.kind = file::CallKind::kOpen,
                .path_part = PathOf(Offset(3), segment::kTimeIndexSuffix),
                .code = ErrorCode::kNoSpace});
    faulty.Add({.kind = file::CallKind::kRemove, .path_part = PathOf(Offset(3), suffix)});
    EXPECT_EQ(Append().error().code, ErrorCode::kNoSpace);
    EXPECT_TRUE(log_->broken());
    log_.reset();
  }
}

// Blocks are reserved ahead of the active segment alone.
TEST_F(PartitionLogAppend, WhatIsFinishedOrStoppedReservesNothing) {
  const auto used = [this] {
    return fs_->SpaceOf("/")->total_bytes - fs_->SpaceOf("/")->available_bytes;
  };
  options_.segment_bytes = 1000;
  ASSERT_TRUE(Open().ok());
  AppendMany(5);
  ASSERT_TRUE(Commit().ok());
  EXPECT_LT(used(), 2 * kPreallocateBytesMin);
  ASSERT_TRUE(log_->Close().ok());
  EXPECT_LT(used(), kPreallocateBytesMin);
  for (const SegmentSummary& segment : log_->segments()) {
    EXPECT_EQ(segment.active, segment.base_offset == Offset(12));
  }
}

TEST_F(PartitionLogAppend, WhatIsWrittenVerifies) {
  options_.segment_bytes = 60'000;
  sources_hook_ = [] { return Bytes("positions"); };
  ASSERT_TRUE(Open().ok());
  for (int i = 0; i < 300; ++i) {
    now_ms_ += 400;
    ASSERT_TRUE(
        Append({.records = 1 + i % 5, .timestamp = TimestampMs(now_ms_ - (i * 7919) % 5000)}).ok());
    if (i % 10 == 0) {
      ASSERT_TRUE(Commit().ok());
    }
  }
  ASSERT_TRUE(log_->Close().ok());
  const auto report = segment::VerifyDirectory(*fs_, kDirectory, {});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->segments.size(), log_->segments().size());
  for (const segment::Problem& problem : report->problems) {
    // This log has no partition.metadata.
    EXPECT_NE(problem.file.find(segment::kPartitionMetadataName), std::string::npos)
        << problem.file << ": " << problem.what;
  }
  for (std::size_t i = 0; i + 1 < report->segments.size(); ++i) {
    EXPECT_TRUE(report->segments[i].sealed);
  }
}

}  // namespace
}  // namespace logboom::broker
