// Files that are opened on use: what a log that sleeps holds, and what a start believes of it.
#include <array>
#include <map>

#include "broker/storage/limits.h"
#include "lib/file/faulty_file_system.h"
#include "tests/broker/storage/log_fixture.h"

namespace logboom::broker {
namespace {

using file::CallKind;

class PartitionLogSleep : public LogFixture {
 protected:
  Status Settle() {
    const SyncWork work = log_->TakeSettlingWork();
    RETURN_IF_ERROR(SyncAll(*fs_, work));
    log_->SyncDone(work.covers);
    return Ok();
  }
  void FallAsleep() {
    ASSERT_TRUE(Commit().ok());
    for (int i = 0; i < 10 && !log_->settled(); ++i) ASSERT_TRUE(Settle().ok());
    ASSERT_TRUE(log_->Sleep());
  }
  // Three segments, the last one active.
  void Fill() {
    options_.segment_bytes = 6000;
    ASSERT_TRUE(Open().ok());
    for (int i = 0; i < 12; ++i) {
      now_ms_ += 1500;
      AppendMany(1, {.records = 3, .value_bytes = 500, .timestamp = TimestampMs(now_ms_)});
      ASSERT_TRUE(Commit().ok());
    }
    ASSERT_GT(log_->segment_count(), 2U);
  }
};

TEST_F(PartitionLogSleep, ASleepingLogHoldsNoFileAndIsReadAndWrittenAsBefore) {
  Fill();
  const Bytes before = ReadAll(Offset(0));
  EXPECT_GT(log_->open_files(), kActiveSegmentFiles);
  FallAsleep();
  EXPECT_EQ(log_->open_files(), 0U);
  EXPECT_EQ(ReadAll(Offset(0)), before);
  FallAsleep();
  const Offset end = log_->log_end();
  EXPECT_EQ(Append()->base_offset, end);
  ASSERT_TRUE(Commit().ok());
  EXPECT_EQ(log_->Read(end, 1)->bytes, batches_.back().bytes);
  ASSERT_TRUE(log_->Close().ok());
}

TEST_F(PartitionLogSleep, WhatIsNotSyncedKeepsItAwake) {
  Fill();
  FallAsleep();
  AppendMany(1);
  EXPECT_FALSE(log_->can_settle());
  EXPECT_FALSE(log_->settled());
  ASSERT_TRUE(Commit().ok());
  EXPECT_FALSE(log_->settled()) << "its side-cars are not synced";
  const SyncWork work = log_->TakeSettlingWork();
  EXPECT_FALSE(log_->settled()) << "the sync is under way";
  ASSERT_TRUE(SyncAll(*fs_, work).ok());
  AppendMany(1);
  log_->SyncDone(work.covers);
  EXPECT_FALSE(log_->settled()) << "something was appended meanwhile";
}

TEST_F(PartitionLogSleep, SideCarsOfASleepingLogSurviveAPowerLoss) {
  Fill();
  FallAsleep();
  const PartitionCheckpoint checkpoint = Checkpoint();
  ASSERT_NE(checkpoint.settled, nullptr);
  SeededRandom random(7);
  log_.reset();
  fs_->Crash(random);
  for (const bool clean : {true, false}) {
    ASSERT_TRUE(Open(checkpoint, clean).ok());
    EXPECT_FALSE(log_->recovery().scanned);
    EXPECT_EQ(log_->open_files(), 0U);
    EXPECT_EQ(ReadAll(Offset(0)), Expected(Offset(0), Offset(36)));
    EXPECT_EQ(*log_->AppendTimeAt(Offset(35)), TimestampMs(now_ms_));
  }
}

TEST_F(PartitionLogSleep, WhatWasAppendedSinceTheManifestIsScanned) {
  Fill();
  FallAsleep();
  const PartitionCheckpoint checkpoint = Checkpoint();
  AppendMany(1);
  ASSERT_TRUE(Commit().ok());
  const Offset end = log_->durable_end();
  ASSERT_TRUE(Open(checkpoint, false).ok());
  EXPECT_TRUE(log_->recovery().scanned);
  EXPECT_EQ(log_->durable_end(), end);
}

TEST_F(PartitionLogSleep, ARollSinceTheManifestIsSeen) {
  Fill();
  FallAsleep();
  const PartitionCheckpoint checkpoint = Checkpoint();
  // The old active segment keeps its size: the new one alone tells.
  now_ms_ += options_.segment_ms + 1;
  AppendMany(1);
  ASSERT_TRUE(Commit().ok());
  const Offset end = log_->durable_end();
  ASSERT_TRUE(Open(checkpoint, false).ok());
  EXPECT_EQ(log_->durable_end(), end);
  EXPECT_EQ(ReadAll(Offset(0)), Expected(Offset(0), end));
}

TEST_F(PartitionLogSleep, ALogStartMovedSinceTheManifestStays) {
  Fill();
  FallAsleep();
  const PartitionCheckpoint checkpoint = Checkpoint();
  const Offset start = log_->segments()[1].base_offset + 3;
  for (const Offset trimmed : {Offset(1), start}) {
    ASSERT_TRUE(log_->TrimBefore(trimmed).ok());
    ASSERT_TRUE(Open(checkpoint, false).ok());
    EXPECT_EQ(log_->log_start(), trimmed);
  }
}

TEST_F(PartitionLogSleep, EntriesThatACrashLeftBehindTheCheckpointAreNotBelieved) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    StartAnew();
    ASSERT_NO_FATAL_FAILURE(Fill());
    ASSERT_NO_FATAL_FAILURE(FallAsleep());
    const PartitionCheckpoint checkpoint = Checkpoint();
    const Offset end = log_->durable_end();
    for (std::uint64_t i = random.Below(4); i-- > 0;) {
      now_ms_ += 2000;
      AppendMany(1, {.records = 2, .value_bytes = 900, .timestamp = TimestampMs(now_ms_)});
    }
    log_.reset();
    fs_->Crash(random);
    ASSERT_TRUE(Open(checkpoint, false).ok());
    ASSERT_GE(log_->durable_end(), end);
    const Offset kept = log_->durable_end();
    now_ms_ += 60'000;
    const Offset next = Append({.records = 4, .timestamp = TimestampMs(now_ms_)})->base_offset;
    ASSERT_EQ(next, kept);
    ASSERT_TRUE(Commit().ok());
    EXPECT_EQ(*log_->AppendTimeAt(next), TimestampMs(now_ms_));
    EXPECT_EQ(*log_->OffsetAtTime(TimestampMs(now_ms_)), next);
    EXPECT_EQ(log_->Read(next, 1)->bytes, batches_.back().bytes);
    FallAsleep();
    EXPECT_EQ(*log_->AppendTimeAt(next), TimestampMs(now_ms_));
  }
}

// While it sleeps, over an orderly stop, and over a kill.
enum class Since { kSleep, kStop, kKill };

class PartitionLogRot : public PartitionLogSleep, public ::testing::WithParamInterface<Since> {
 protected:
  static constexpr std::array kSideCars = {segment::kOffsetIndexSuffix, segment::kTimeIndexSuffix,
                                           segment::kAppendTimeSuffix};
  // As it fell asleep, opened again.
  void Restore() {
    log_.reset();
    for (const auto& [path, bytes] : side_cars_) {
      ASSERT_TRUE(file::ReplaceFile(*fs_, path, bytes).ok());
    }
    ASSERT_TRUE(Open(checkpoint_, GetParam() != Since::kKill).ok());
    ASSERT_FALSE(log_->recovery().scanned);
    ASSERT_EQ(log_->open_files(), 0U);
    if (GetParam() != Since::kSleep) return;
    EXPECT_TRUE(log_->AppendTimeAt(log_->log_end() - 1)->has_value());
    FallAsleep();
  }

  PartitionCheckpoint checkpoint_;
  std::map<std::string, Bytes> side_cars_;
};

INSTANTIATE_TEST_SUITE_P(All, PartitionLogRot,
                         ::testing::Values(Since::kSleep, Since::kStop, Since::kKill));

TEST_P(PartitionLogRot, InASideCarIsMendedAheadOfItsFirstUse) {
  Fill();
  options_.segment_bytes = 1'000'000;
  log_->SetOptions(options_);
  const Offset base = log_->segments().back().base_offset;
  for (int i = 0; i < 6; ++i) {
    now_ms_ += 1500;
    AppendMany(1, {.records = 3, .value_bytes = 500, .timestamp = TimestampMs(now_ms_)});
  }
  FallAsleep();
  checkpoint_ = Checkpoint();
  for (const std::string_view suffix : kSideCars) {
    const std::string path = PathOf(base, suffix);
    side_cars_[path] = *file::ReadWholeFile(*fs_, path, 1U << 20U);
    ASSERT_FALSE(side_cars_[path].empty());
  }
  for (const auto& [path, bytes] : side_cars_) {
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      SCOPED_TRACE(path + " byte " + std::to_string(at));
      ASSERT_NO_FATAL_FAILURE(Restore());
      FlipByte(path, static_cast<std::int64_t>(at));
      EXPECT_EQ(ReadAll(Offset(0)), Expected(Offset(0), log_->log_end()));
      for (const AppendedCopy& batch : batches_) {
        const TimestampMs created = record::ParseBatchHeader(batch.bytes)->base_timestamp;
        EXPECT_EQ(*log_->OffsetAtTime(created), batch.base_offset);
      }
      // Lost; after a kill, when it may have grown, it is looked at entry by entry.
      if (path.ends_with(segment::kAppendTimeSuffix) && GetParam() != Since::kKill) {
        EXPECT_FALSE(log_->AppendTimeAt(log_->log_end() - 1)->has_value());
      }
    }
  }
}

TEST_F(PartitionLogSleep, WhatWasMendedNeedsNoCommitToCloseAgain) {
  Fill();
  FallAsleep();
  FlipByte(PathOf(log_->segments().back().base_offset, ".appendtime"), 20);
  EXPECT_TRUE(log_->Read(log_->log_end() - 1, 1).ok());
  EXPECT_TRUE(log_->Sleep());
}

TEST_F(PartitionLogSleep, WhatWasMendedAndCantBeSyncedEndsTheAppends) {
  Fill();
  FallAsleep();
  const PartitionCheckpoint checkpoint = Checkpoint();
  file::FaultyFileSystem faulty(*fs_);
  ASSERT_TRUE(OpenOn(faulty, checkpoint, true).ok());
  FlipByte(PathOf(log_->segments().back().base_offset, ".appendtime"), 20);
  faulty.Add({.kind = CallKind::kSync});
  EXPECT_EQ(log_->Read(log_->log_end() - 1, 1).error().code, ErrorCode::kIo);
  EXPECT_TRUE(log_->broken());
  EXPECT_FALSE(log_->Sleep());
  log_.reset();
}

TEST_F(PartitionLogSleep, ASnapshotOfProducersAtTheEndIsLookedAtAfterACrash) {
  Fill();
  FallAsleep();
  const PartitionCheckpoint checkpoint = Checkpoint();
  const std::string torn = PathOf(log_->log_end(), segment::kProducerSnapshotSuffix);
  ASSERT_TRUE(file::ReplaceFile(*fs_, torn, "torn").ok());
  ASSERT_TRUE(Open(checkpoint, false).ok());
  EXPECT_TRUE(log_->recovery().scanned);
  EXPECT_FALSE(Exists(torn));
}

TEST_F(PartitionLogSleep, RotInTheTailOfASleepingLogIsTold) {
  // Base offset, length, magic: where headers can't be walked on.
  for (const std::int64_t at : {0, 8, 16}) {
    SCOPED_TRACE("byte " + std::to_string(at));
    StartAnew();
    ASSERT_TRUE(Open().ok());
    AppendMany(3);
    ASSERT_TRUE(Commit().ok());
    ASSERT_TRUE(log_->Close().ok());
    const PartitionCheckpoint checkpoint = Checkpoint();
    const auto first = static_cast<std::int64_t>(batches_[0].bytes.size());
    FlipByte(PathOf(Offset(0), ".log"), first + at);
    ASSERT_TRUE(Open(checkpoint, true).ok());
    const Bytes all = ReadAll(Offset(0));
    EXPECT_TRUE(all.starts_with(batches_[0].bytes));
    EXPECT_TRUE(all.ends_with(batches_[2].bytes));
    const Offset end = log_->log_end();
    EXPECT_EQ(Append()->base_offset, end);
  }
}

TEST_F(PartitionLogSleep, ReservedBlocksGoBackBeforeItSleeps) {
  ASSERT_TRUE(Open().ok());
  AppendMany(1);
  ASSERT_NO_FATAL_FAILURE(FallAsleep());
  const std::int64_t used = fs_->SpaceOf("/")->total_bytes - fs_->SpaceOf("/")->available_bytes;
  EXPECT_LT(used, kPreallocateBytesMin);
}

TEST_F(PartitionLogSleep, WithoutADescriptorItRefusesAndGoesOnLater) {
  Fill();
  FallAsleep();
  const PartitionCheckpoint checkpoint = Checkpoint();
  file::FaultyFileSystem faulty(*fs_);
  ASSERT_TRUE(OpenOn(faulty, checkpoint, true).ok());
  const Offset end = log_->log_end();
  // Three sums, and four files.
  for (std::uint64_t opens = 0; opens < 7; ++opens) {
    faulty.Add({.kind = CallKind::kOpen,
                .after_calls = opens,
                .code = ErrorCode::kLimit,
                .span = file::FaultSpan::kFromThenOn});
    EXPECT_EQ(Append().error().code, ErrorCode::kBusy);
    EXPECT_EQ(log_->Read(end - 1, 1).error().code, ErrorCode::kBusy);
    EXPECT_FALSE(log_->broken());
    EXPECT_EQ(log_->open_files(), 0U);
    faulty.Heal();
  }
  EXPECT_EQ(*log_->AppendTimeAt(end - 1), TimestampMs(now_ms_));
  EXPECT_EQ(Append()->base_offset, end);
  ASSERT_TRUE(Commit().ok());
  EXPECT_EQ(ReadAll(Offset(0)), Expected(Offset(0), log_->log_end()));
  log_.reset();
}

TEST_F(PartitionLogSleep, WithoutADescriptorASealedSegmentIsReadLaterAndStaysWhole) {
  Fill();
  FallAsleep();
  const PartitionCheckpoint checkpoint = Checkpoint();
  file::FaultyFileSystem faulty(*fs_);
  for (std::uint64_t opens = 0; opens < 8; ++opens) {
    ASSERT_TRUE(OpenOn(faulty, checkpoint, true).ok());
    faulty.Add({.kind = CallKind::kOpen,
                .after_calls = opens,
                .code = ErrorCode::kLimit,
                .span = file::FaultSpan::kFromThenOn});
    EXPECT_EQ(log_->AppendTimeAt(Offset(0)).error().code, ErrorCode::kBusy) << opens;
    EXPECT_EQ(log_->open_files(), 0U);
    faulty.Heal();
    EXPECT_TRUE(log_->AppendTimeAt(Offset(0))->has_value());
    EXPECT_EQ(log_->Read(Offset(0), 1)->bytes, batches_.front().bytes);
  }
  log_.reset();
}

TEST_F(PartitionLogSleep, FilesCountAmongThoseOfAllLogs) {
  Fill();
  const Offset end = log_->log_end();
  FallAsleep();
  OpenFiles all(kActiveSegmentFiles);
  log_->ShareFiles(all, {});
  EXPECT_EQ(log_->Read(end - 1, 1)->bytes, batches_.back().bytes);
  EXPECT_EQ(all.files(), kActiveSegmentFiles);
  FallAsleep();
  EXPECT_EQ(all.files(), 0U);
  EXPECT_EQ(log_->Read(Offset(0), 1)->bytes, batches_.front().bytes);
  EXPECT_EQ(all.files(), kSealedSegmentFiles);
  EXPECT_EQ(log_->Read(end - 1, 1)->bytes, batches_.back().bytes) << "the other one is closed";
  EXPECT_EQ(all.files(), kActiveSegmentFiles);
  FallAsleep();
  OpenFiles fewer(kActiveSegmentFiles - 1);
  log_->ShareFiles(fewer, {});
  EXPECT_EQ(log_->Read(end - 1, 1).error().code, ErrorCode::kBusy);
  EXPECT_EQ(Append().error().code, ErrorCode::kBusy);
  EXPECT_EQ(log_->open_files(), 0U);
  log_.reset();
}

TEST_F(PartitionLogSleep, ARollWithoutADescriptorIsTriedAgain) {
  ASSERT_TRUE(Open().ok());
  file::FaultyFileSystem faulty(*fs_);
  ASSERT_TRUE(OpenOn(faulty).ok());
  AppendMany(1);
  now_ms_ += options_.segment_ms + 1;
  for (std::uint64_t opens = 0; opens < 4; ++opens) {
    for (const CallKind kind : {CallKind::kOpen, CallKind::kList}) {
      faulty.Add({.kind = kind,
                  .after_calls = kind == CallKind::kOpen ? opens : 0,
                  .code = ErrorCode::kLimit,
                  .span = file::FaultSpan::kFromThenOn});
    }
    EXPECT_FALSE(Append().ok());
    EXPECT_FALSE(log_->broken());
    faulty.Heal();
  }
  AppendMany(1);
  EXPECT_EQ(log_->segment_count(), 2U);
  ASSERT_TRUE(Commit().ok());
  EXPECT_EQ(ReadAll(Offset(0)), Expected(Offset(0), log_->log_end()));
  log_.reset();
}

// As in a log that was recovered (PartitionLogRecovery.WhatMayStandBehindTheEndIsOverwritten): a
// settled one was written to as well, since its manifest was.
TEST_F(PartitionLogSleep, WhatMayStandBehindTheEndOfASettledLogIsOverwrittenAfterACrash) {
  Fill();
  FallAsleep();
  const PartitionCheckpoint checkpoint = Checkpoint();
  ASSERT_NE(checkpoint.settled, nullptr);
  const std::string path = PathOf(checkpoint.segment_base, segment::kLogSuffix);
  const std::int64_t size = SizeOf(path);
  for (const bool clean : {false, true}) {
    file::FaultyFileSystem watched(*fs_);
    std::vector<CallKind> calls;
    watched.Add({.matches = [&](CallKind kind, const std::string& called) {
      if (called == path) calls.push_back(kind);
      return false;
    }});
    auto opened = PartitionLog::Open(watched, kDirectory, kQuarantine, options_, checkpoint, clean,
                                     TimestampMs(now_ms_), {});
    ASSERT_TRUE(opened.ok());
    EXPECT_FALSE((*opened)->recovery().scanned);
    const auto write = std::find(calls.begin(), calls.end(), CallKind::kWrite);
    EXPECT_EQ(write == calls.end(), clean);
    EXPECT_EQ(std::find(write, calls.end(), CallKind::kTruncate) == calls.end(), clean);
    EXPECT_EQ((*opened)->recovery().unsynced_log, clean ? "" : path);
    EXPECT_EQ(SizeOf(path), size);
  }
}

}  // namespace
}  // namespace logboom::broker
