// Opening after an unclean end: what is kept, cut, quarantined and told.
#include <algorithm>
#include <vector>

#include "lib/file/faulty_file_system.h"
#include "lib/segment/index_sums.h"
#include "lib/segment/leader_epoch_checkpoint.h"
#include "lib/segment/limits.h"
#include "lib/segment/seal.h"
#include "lib/segment/verify.h"
#include "tests/broker/storage/log_fixture.h"

namespace logboom::broker {
namespace {

class PartitionLogRecovery : public LogFixture {
 protected:
  // Twelve batches in four segments, all synced.
  void Fill() {
    options_.segment_bytes = 2200;
    ASSERT_TRUE(Open().ok());
    AppendMany(12);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(Commit().ok());  // a seal each, but for the first
    ASSERT_EQ(log_->segments().size(), 4U);
  }
  std::string ActiveLog() const {
    return PathOf(log_->segments().back().base_offset, segment::kLogSuffix);
  }
  void AppendBytes(const std::string& path, ByteView bytes) {
    const std::int64_t size = SizeOf(path);
    auto file = fs_->Open(path, file::OpenMode::kReadWrite);
    ASSERT_TRUE((*file)->PWrite(size, bytes).ok());
  }
};

TEST_F(PartitionLogRecovery, ANewPartitionIsEmptyAndDurable) {
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(log_->log_end(), Offset(0));
  EXPECT_EQ(log_->leader_epoch(), LeaderEpoch(0));
  SeededRandom random(1);
  fs_->Crash(random);
  EXPECT_TRUE(Exists(PathOf(Offset(0), segment::kLogSuffix)));
}

TEST_F(PartitionLogRecovery, ACleanStopIsBelieved) {
  Fill();
  ASSERT_TRUE(log_->Close().ok());
  const PartitionCheckpoint checkpoint = Checkpoint();
  SeededRandom random(1);
  fs_->Crash(random);
  ASSERT_TRUE(Open(checkpoint, true).ok());
  EXPECT_FALSE(log_->recovery().scanned);
  EXPECT_EQ(log_->durable_end(), Offset(36));
  EXPECT_EQ(ReadAll(Offset(0)), Expected(Offset(0), Offset(36)));
  AppendMany(1);
  ASSERT_TRUE(log_->Close().ok());
  ExpectVerified();
}

TEST_F(PartitionLogRecovery, ACleanManifestThatDoesNotFitIsNotBelieved) {
  Fill();
  ASSERT_TRUE(log_->Close().ok());
  const PartitionCheckpoint checkpoint = Checkpoint();
  AppendMany(1);
  ASSERT_TRUE(Open(checkpoint, true).ok());
  EXPECT_TRUE(log_->recovery().scanned);
  EXPECT_EQ(log_->durable_end(), Offset(39));
}

TEST_F(PartitionLogRecovery, ScansFromTheRecoveryPointOnly) {
  Fill();
  const PartitionCheckpoint checkpoint = Checkpoint();
  AppendMany(1);
  ASSERT_TRUE(Open(checkpoint, false).ok());
  EXPECT_TRUE(log_->recovery().scanned);
  EXPECT_EQ(log_->recovery().records_recovered, 3);
  EXPECT_EQ(log_->recovery().bytes_scanned, static_cast<std::int64_t>(batches_[0].bytes.size()));
}

TEST_F(PartitionLogRecovery, ASealStandsInForALostManifest) {
  Fill();
  const std::int64_t active_bytes = log_->segments().back().size_bytes;
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(log_->recovery().bytes_scanned, active_bytes);
  EXPECT_EQ(ReadAll(Offset(0)), Expected(Offset(0), Offset(36)));
}

TEST_F(PartitionLogRecovery, TornTailIsCutAtTheLastValidBatch) {
  Fill();
  const Bytes whole = batches_.back().bytes;
  const std::string path = ActiveLog();
  for (std::size_t torn = 1; torn < whole.size(); torn += 13) {
    SCOPED_TRACE(torn);
    Bytes tail = whole;
    record::SetBaseOffset(tail.data(), Offset(36));
    AppendBytes(path, ByteView(tail).substr(0, torn));
    ASSERT_TRUE(Open().ok());
    EXPECT_EQ(log_->log_end(), Offset(36));
    EXPECT_EQ(log_->recovery().cut_at, Offset(36));
    EXPECT_EQ(log_->recovery().bytes_cut, static_cast<std::int64_t>(torn));
    // Nothing that was ever whole: no quarantine, and consumers need not be told.
    EXPECT_TRUE(log_->recovery().quarantine.empty());
    EXPECT_EQ(log_->leader_epoch(), LeaderEpoch(0));
  }
  EXPECT_TRUE(fs_->List(kQuarantine)->empty());
  EXPECT_EQ(ReadAll(Offset(0)), Expected(Offset(0), Offset(36)));
}

TEST_F(PartitionLogRecovery, ZerosAtTheEndAreCut) {
  Fill();
  AppendBytes(ActiveLog(), Bytes(100'000, '\0'));
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(log_->log_end(), Offset(36));
  EXPECT_EQ(log_->recovery().bytes_cut, 100'000);
  EXPECT_EQ(log_->leader_epoch(), LeaderEpoch(0));
  ExpectVerified();
}

TEST_F(PartitionLogRecovery, AWholeBatchThatIsBadGoesToQuarantineAndRaisesTheEpoch) {
  Fill();
  const std::string path = ActiveLog();
  const std::int64_t size = SizeOf(path);
  FlipByte(path, size - 1);
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(log_->log_end(), Offset(33));
  EXPECT_EQ(log_->recovery().cut_at, Offset(33));
  EXPECT_TRUE(log_->recovery().epoch_raised);
  EXPECT_EQ(log_->leader_epoch(), LeaderEpoch(1));
  EXPECT_EQ(log_->EndOfEpoch(LeaderEpoch(0)).end_offset, Offset(33));
  EXPECT_EQ(log_->recovery().quarantine, fmt::format("{}/7-0-{}", kQuarantine, now_ms_));
  // The cut bytes are kept, whole.
  const auto kept = fs_->List(log_->recovery().quarantine);
  ASSERT_EQ(kept->size(), 1U);
  EXPECT_EQ(SizeOf(log_->recovery().quarantine + "/" + (*kept)[0].name),
            log_->recovery().bytes_cut);
  // And new records are of the new epoch.
  AppendMany(1);
  EXPECT_EQ(record::ParseBatchHeader(batches_.back().bytes)->leader_epoch, LeaderEpoch(1));
  ASSERT_TRUE(log_->Close().ok());
  ExpectVerified();
}

TEST_F(PartitionLogRecovery, ADamagedLengthIsNoTornTail) {
  Fill();
  // The second last batch's length now reaches behind the end: the last one stands behind it,
  // whole.
  const std::string path = ActiveLog();
  const auto batch_bytes = static_cast<std::int64_t>(batches_.back().bytes.size());
  FlipByte(path, SizeOf(path) - 2 * batch_bytes + 9);
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(log_->log_end(), Offset(30));
  EXPECT_TRUE(log_->recovery().epoch_raised);
  EXPECT_FALSE(log_->recovery().quarantine.empty());
}

TEST_F(PartitionLogRecovery, LaterSegmentsGoToQuarantineAsWell) {
  options_.segment_bytes = 2200;
  ASSERT_TRUE(Open().ok());
  AppendMany(12);
  const SyncWork work = log_->TakeSyncWork();
  ASSERT_TRUE(SyncAll(*fs_, work).ok());  // on disk, but the broker did not get to write the seals
  const std::int64_t bytes = log_->size_bytes();
  FlipByte(PathOf(Offset(9), segment::kLogSuffix), 400);
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(log_->log_end(), Offset(9));
  EXPECT_EQ(log_->recovery().bytes_cut, bytes - log_->size_bytes());
  EXPECT_FALSE(Exists(PathOf(Offset(18), segment::kLogSuffix)));
  EXPECT_TRUE(
      Exists(segment::SegmentPath(log_->recovery().quarantine, Offset(18), segment::kLogSuffix)));
  EXPECT_TRUE(
      Exists(segment::SegmentPath(log_->recovery().quarantine, Offset(27), segment::kLogSuffix)));
  AppendMany(3);
  ASSERT_TRUE(log_->Close().ok());
  ExpectVerified();
}

TEST_F(PartitionLogRecovery, DamageBelowTheRecoveryPointIsNeverCut) {
  Fill();
  FlipByte(PathOf(Offset(9), segment::kLogSuffix), 6);
  const PartitionCheckpoint checkpoint = Checkpoint();
  for (const bool manifest_lost : {false, true}) {
    ASSERT_TRUE(Open(manifest_lost ? std::nullopt : std::optional(checkpoint)).ok());
    EXPECT_FALSE(log_->recovery().cut_at);
    EXPECT_EQ(log_->log_end(), Offset(36));
    unreadable_.clear();
    EXPECT_EQ(ReadAll(Offset(0)),
              Expected(Offset(0), Offset(9)) + Expected(Offset(12), Offset(36)));
    ASSERT_EQ(unreadable_.size(), 1U);
    EXPECT_EQ(unreadable_[0].begin, Offset(9));
    EXPECT_EQ(unreadable_[0].end, Offset(12));
  }
}

TEST_F(PartitionLogRecovery, OffsetsThatWereSyncedAreNeverGivenOutAgain) {
  Fill();
  const PartitionCheckpoint checkpoint = Checkpoint();
  const std::string path = ActiveLog();
  // The disk lost synced bytes: the file is shorter than the manifest says.
  auto file = fs_->Open(path, file::OpenMode::kReadWrite);
  ASSERT_TRUE((*file)->Truncate(SizeOf(path) - 10).ok());
  ASSERT_TRUE(Open(checkpoint).ok());
  EXPECT_EQ(log_->log_end(), Offset(36));
  EXPECT_TRUE(log_->recovery().epoch_raised);
  ASSERT_EQ(log_->unreadable().size(), 1U);
  EXPECT_EQ(log_->unreadable()[0].begin, Offset(33));
  EXPECT_EQ(log_->unreadable()[0].end, Offset(36));
  EXPECT_EQ(Append()->base_offset, Offset(36));
  ASSERT_TRUE(Commit().ok());
  batches_[11].next_offset = Offset(-1);  // gone
  EXPECT_EQ(ReadAll(Offset(0)), Expected(Offset(0), Offset(39)));
  ASSERT_EQ(unreadable_.size(), 1U);
}

TEST_F(PartitionLogRecovery, WhatIsAppendedBehindAHoleSurvivesTheNextCrash) {
  Fill();
  const PartitionCheckpoint checkpoint = Checkpoint();
  auto file = fs_->Open(ActiveLog(), file::OpenMode::kReadWrite);
  ASSERT_TRUE((*file)->Truncate(SizeOf(ActiveLog()) - 10).ok());
  ASSERT_TRUE(Open(checkpoint).ok());
  ASSERT_EQ(Append()->base_offset, Offset(36));
  ASSERT_TRUE(Commit().ok());

  // With the manifest of before the hole, and with none.
  for (const auto& known : {std::optional(checkpoint), std::optional<PartitionCheckpoint>()}) {
    ASSERT_TRUE(Open(known).ok());
    EXPECT_EQ(log_->durable_end(), Offset(39));
    EXPECT_EQ(log_->recovery().quarantine, "");
    EXPECT_EQ(log_->Read(Offset(36), 1)->bytes, batches_.back().bytes);
  }
}

TEST_F(PartitionLogRecovery, AllSegmentsGoneKeepsTheOffsets) {
  Fill();
  const PartitionCheckpoint checkpoint = Checkpoint();
  log_.reset();
  const auto entries = fs_->List(kDirectory);
  for (const auto& entry : *entries) {
    if (segment::ParseSegmentFileName(entry.name)) {
      ASSERT_TRUE(fs_->Remove(kDirectory + "/" + entry.name).ok());
    }
  }
  ASSERT_TRUE(Open(checkpoint).ok());
  EXPECT_EQ(Append()->base_offset, Offset(36));
  EXPECT_EQ(log_->leader_epoch(), LeaderEpoch(1));
  EXPECT_TRUE(log_->recovery().epoch_raised);
  ASSERT_TRUE(Commit().ok());
  EXPECT_EQ(ReadAll(Offset(0)), batches_.back().bytes);
  EXPECT_FALSE(unreadable_.empty());
}

TEST_F(PartitionLogRecovery, ALostEpochCheckpointIsMadeAgainFromTheBatches) {
  Fill();
  FlipByte(ActiveLog(), SizeOf(ActiveLog()) - 1);
  ASSERT_TRUE(Open().ok());
  ASSERT_EQ(log_->leader_epoch(), LeaderEpoch(1));
  AppendMany(1);
  ASSERT_TRUE(Commit().ok());
  const segment::EpochEnd end = log_->EndOfEpoch(LeaderEpoch(0));
  ASSERT_TRUE(fs_->Remove(kDirectory + "/leader-epoch-checkpoint").ok());
  ASSERT_TRUE(fs_->Remove(kDirectory + "/leader-epochs").ok());
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(log_->leader_epoch(), LeaderEpoch(1));
  EXPECT_EQ(log_->EndOfEpoch(LeaderEpoch(0)).end_offset, end.end_offset);
  EXPECT_FALSE(ReadAll(Offset(0)).empty());
  EXPECT_TRUE(unreadable_.empty());
}

TEST_F(PartitionLogRecovery, ARottenEpochCheckpointIsMendedFromItsSideCar) {
  Fill();
  FlipByte(ActiveLog(), SizeOf(ActiveLog()) - 1);
  ASSERT_TRUE(Open().ok());
  const segment::EpochEnd end = log_->EndOfEpoch(LeaderEpoch(0));
  const std::string checkpoint = kDirectory + "/leader-epoch-checkpoint";
  const Bytes text = file::ReadWholeFile(*fs_, checkpoint, 100).value();
  for (const std::string& path : {checkpoint, kDirectory + "/leader-epochs"}) {
    for (std::int64_t at = 0; at < SizeOf(path); ++at) {
      FlipByte(path, at);
      ASSERT_TRUE(Open().ok());
      EXPECT_EQ(log_->leader_epoch(), LeaderEpoch(1));
      EXPECT_EQ(log_->EndOfEpoch(LeaderEpoch(0)).end_offset, end.end_offset);
      EXPECT_EQ(file::ReadWholeFile(*fs_, checkpoint, 100).value(), text);
    }
  }
}

// The device may hold more than the file shows: batches that a power loss took away with their
// size, and that the file system would show again once the file has grown over them.
TEST_F(PartitionLogRecovery, WhatMayStandBehindTheEndIsOverwritten) {
  Fill();
  const std::string path = ActiveLog();
  const std::int64_t size = SizeOf(path);
  file::FaultyFileSystem watched(*fs_);
  std::vector<file::CallKind> calls;
  watched.Add({.matches = [&](file::CallKind kind, const std::string& called) {
    if (called == path) calls.push_back(kind);
    return false;
  }});
  auto opened = PartitionLog::Open(watched, kDirectory, kQuarantine, options_, std::nullopt, false,
                                   TimestampMs(now_ms_), {});
  ASSERT_TRUE(opened.ok());
  const auto write = std::find(calls.begin(), calls.end(), file::CallKind::kWrite);
  ASSERT_NE(write, calls.end());
  const auto cut = std::find(write, calls.end(), file::CallKind::kTruncate);
  ASSERT_NE(cut, calls.end());
  EXPECT_NE(std::find(cut, calls.end(), file::CallKind::kSync), calls.end());
  EXPECT_EQ(SizeOf(path), size);
}

// The epoch is outside of a batch's checksum.
TEST_F(PartitionLogRecovery, ABatchWhoseEpochHasRottedUpwardsTakesNothingWithIt) {
  for (const int bits : {0x01, 0x10, 0x7f}) {  // of any byte of it
    for (int byte = 12; byte < 16; ++byte) {
      StartAnew();
      ASSERT_TRUE(Open().ok());
      AppendMany(3);
      ASSERT_TRUE(Commit().ok());
      const auto first = static_cast<std::int64_t>(batches_.front().bytes.size());
      FlipByte(PathOf(Offset(0), segment::kLogSuffix), first + byte, bits);
      ASSERT_TRUE(Open().ok());
      EXPECT_FALSE(log_->recovery().cut_at);
      AppendMany(1);
      ASSERT_TRUE(Commit().ok());
      ASSERT_TRUE(Open().ok());
      EXPECT_FALSE(log_->recovery().cut_at);
      EXPECT_EQ(log_->log_end(), Offset(12));
      unreadable_.clear();
      EXPECT_EQ(ReadAll(Offset(0)),
                Expected(Offset(0), Offset(3)) + Expected(Offset(6), Offset(12)));
      ASSERT_EQ(unreadable_.size(), 1U);
      EXPECT_EQ(unreadable_[0].begin, Offset(3));
      EXPECT_EQ(unreadable_[0].end, Offset(6));
    }
  }
}

// They are not made anew: what they say may be right.
TEST_F(PartitionLogRecovery, AppendTimesThatCantBeReadEndTheOpening) {
  Fill();
  file::FaultyFileSystem failing(*fs_);
  failing.Add(
      {.kind = file::CallKind::kRead, .matches = [](file::CallKind, const std::string& path) {
         return path.ends_with(segment::kAppendTimeSuffix);
       }});
  const auto opened = PartitionLog::Open(failing, kDirectory, kQuarantine, options_, std::nullopt,
                                         false, TimestampMs(now_ms_), {});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kIo);
}

TEST_F(PartitionLogRecovery, AFailedSyncEndsTheOpening) {
  Fill();
  AppendMany(1);
  fs_->FailNextSync(ActiveLog());
  EXPECT_EQ(Open().error().code, ErrorCode::kIo);
}

TEST_F(PartitionLogRecovery, AfterAFailedSyncTheDeviceCounts) {
  Fill();
  const PartitionCheckpoint checkpoint = Checkpoint();
  AppendMany(1);
  fs_->FailNextSync(ActiveLog());
  EXPECT_FALSE(Commit().ok());
  // The bytes are still in the page cache, and are not to be believed.
  fs_->KillProcess();
  ASSERT_TRUE(Open(checkpoint).ok());
  EXPECT_EQ(log_->log_end(), Offset(36));
}

TEST_F(PartitionLogRecovery, AppendTimesLostInACrashAreThoseOfTheRecovery) {
  ASSERT_TRUE(Open().ok());
  AppendMany(1);
  ASSERT_TRUE(Commit().ok());
  const std::string path = PathOf(Offset(0), segment::kAppendTimeSuffix);
  log_.reset();
  auto file = fs_->Open(path, file::OpenMode::kReadWrite);
  ASSERT_TRUE((*file)->Truncate(0).ok());
  now_ms_ += 3'600'000;
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(**log_->AppendTimeAt(Offset(0)), TimestampMs(now_ms_));
  EXPECT_EQ(log_->last_append_time(), TimestampMs(now_ms_));
}

TEST_F(PartitionLogRecovery, AppendTimeDoesNotGoBackOverACrash) {
  Fill();
  const PartitionCheckpoint checkpoint = Checkpoint();
  const TimestampMs before = log_->last_append_time();
  now_ms_ -= 10'000'000;
  ASSERT_TRUE(Open(checkpoint).ok());
  EXPECT_EQ(Append()->append_time, before);
}

TEST_F(PartitionLogRecovery, SourcesOfRecordsThatAreGoneGoToo) {
  options_.segment_bytes = 2200;
  int seals = 0;
  sources_hook_ = [&] { return Bytes("seal ") + std::to_string(++seals); };
  ASSERT_TRUE(Open().ok());
  AppendMany(6);  // two segments, the first sealed
  ASSERT_TRUE(SyncAll(*fs_, log_->TakeSyncWork()).ok());
  ASSERT_EQ((*log_->NewestSealedSources())->as_of, Offset(9));
  auto file = fs_->Open(PathOf(Offset(0), segment::kLogSuffix), file::OpenMode::kReadWrite);
  ASSERT_TRUE((*file)->Truncate(100).ok());
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(log_->log_end(), Offset(0));
  EXPECT_FALSE(*log_->NewestSealedSources());
}

TEST_F(PartitionLogRecovery, StartsOnAFullDisk) {
  Fill();
  AppendMany(1);
  ASSERT_TRUE(Commit().ok());
  Bytes tail = batches_.back().bytes;
  record::SetBaseOffset(tail.data(), Offset(39));
  AppendBytes(ActiveLog(), ByteView(tail).substr(0, 100));
  const PartitionCheckpoint checkpoint = Checkpoint();
  fs_->SetCapacity(0);
  ASSERT_TRUE(Open(checkpoint).ok());
  EXPECT_EQ(log_->log_end(), Offset(39));
  EXPECT_EQ(ReadAll(Offset(0)), Expected(Offset(0), Offset(39)));
  EXPECT_EQ(Append({.value_bytes = 50'000}).error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(log_->TrimBefore(Offset(9))->records(), 9);
}

TEST_F(PartitionLogRecovery, TellsItsProgress) {
  Fill();
  std::int64_t told = 0;
  const auto opened =
      PartitionLog::Open(*fs_, kDirectory, kQuarantine, options_, std::nullopt, false,
                         TimestampMs(now_ms_), [&](std::int64_t bytes) { told = bytes; });
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(told, (*opened)->recovery().bytes_scanned);
  EXPECT_GT(told, 0);
}

// What a sync that failed has lost of the files beside the log is still seen, and no later sync
// saves it: the next process must not seal the segment by what it sees.
TEST_F(PartitionLogRecovery, FilesBesideTheLogAreReadFromTheDevice) {
  for (const std::string_view suffix :
       {segment::kOffsetIndexSuffix, segment::kTimeIndexSuffix, segment::kAppendTimeSuffix}) {
    StartAnew();
    options_.segment_bytes = 20'000;
    ASSERT_TRUE(Open().ok());
    std::optional<PartitionCheckpoint> checkpoint;
    for (int i = 0; i < 4; ++i) {
      AppendMany(1, {.value_bytes = 2'000});
      now_ms_ += segment::kAppendTimeIntervalMs;
      if (i > 1) continue;
      ASSERT_TRUE(Commit().ok());
      checkpoint = Checkpoint();
    }
    const std::string beside = PathOf(Offset(0), suffix);
    fs_->FailNextSync(beside);
    while (Commit().ok()) {
    }
    fs_->KillProcess();
    ASSERT_TRUE(Open(checkpoint).ok());
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(Commit().ok());
    ASSERT_TRUE(Exists(PathOf(Offset(0), segment::kSealSuffix)));
    SeededRandom random(1);
    fs_->Crash(random);
    const auto seal = segment::ReadSeal(*fs_, kDirectory, Offset(0));
    const auto sums = segment::SumIndexes(*fs_, kDirectory, Offset(0));
    ASSERT_TRUE(seal.ok() && sums.ok());
    EXPECT_EQ(seal->sums, *sums) << suffix;
  }
}

}  // namespace
}  // namespace logboom::broker
