// What an opening takes for granted and what it looks at, at the limits of each.
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "lib/file/faulty_file_system.h"
#include "lib/segment/compaction_checkpoint.h"
#include "lib/segment/log_start.h"
#include "lib/segment/seal.h"
#include "tests/broker/storage/log_fixture.h"

namespace logboom::broker {
namespace {

using file::CallKind;

class PartitionOpen : public LogFixture {
 protected:
  // Four segments of three batches, all synced and sealed but for the last one.
  void Fill() {
    StartAnew();
    options_.segment_bytes = 2200;
    sources_hook_ = [this] { return fmt::format("as of {}", log_->log_end()); };
    ASSERT_TRUE(Open().ok());
    AppendMany(12);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(Commit().ok());
    ASSERT_EQ(log_->segment_count(), 4U);
  }
  PartitionCheckpoint Stop() {
    EXPECT_TRUE(log_->Close().ok());
    PartitionCheckpoint checkpoint = Checkpoint();
    checkpoint.settled = nullptr;
    return checkpoint;
  }
  void Kill() {
    log_.reset();
    fs_->KillProcess();
  }
  void Write(const std::string& path, ByteView bytes) {
    ASSERT_TRUE(file::ReplaceFile(*fs_, path, bytes).ok());
  }
  void RemoveSegmentsFrom(Offset base) {
    for (const SegmentSummary& segment : log_->segments()) {
      if (segment.base_offset < base) continue;
      ASSERT_TRUE(RemoveSegmentFiles(*fs_, kDirectory, segment.base_offset, false).ok());
    }
  }
  Bytes SourcesOf(const Result<std::optional<PartitionLog::SealedSources>>& sources) {
    EXPECT_TRUE(sources.ok());
    return *sources ? (*sources)->bytes : "";
  }
};

TEST_F(PartitionOpen, AManifestOfAnotherEndIsNotBelieved) {
  using Change = std::function<void(PartitionCheckpoint&)>;
  const std::vector<Change> changes = {
      [](PartitionCheckpoint& of) { of.segment_base = Offset(18); },
      [](PartitionCheckpoint& of) { of.position += 1; },
      [](PartitionCheckpoint& of) { of.segment_totals = {}; },
      {},
  };
  for (const Change& change : changes) {
    ASSERT_NO_FATAL_FAILURE(Fill());
    PartitionCheckpoint checkpoint = Stop();
    if (change) change(checkpoint);
    ASSERT_TRUE(Open(checkpoint, true).ok());
    EXPECT_EQ(log_->recovery().scanned, change != nullptr);
    EXPECT_EQ(log_->log_end(), Offset(36));
    EXPECT_TRUE(ReadAll(Offset(0)) == Expected(Offset(0), Offset(36)));
    if (!change) {
      EXPECT_EQ(log_->segment_count(), 4U);
    }
  }
}

// Its files are looked at then, and nothing of it is lost.
TEST_F(PartitionOpen, ASettledLogThatIsNotAsItsManifestSaysIsOpenedByItsFiles) {
  using Change = std::function<void(PartitionCheckpoint&, SettledLog&)>;
  const Bytes rubbish = "rubbish";
  const std::vector<Change> changes = {
      [](auto& checkpoint, auto&) { checkpoint.segment_totals.size_bytes += 1; },
      [](auto&, auto& settled) {
        settled.epochs.push_back({LeaderEpoch(0), Offset(20)});
      },
      [](auto&, auto& settled) { settled.sealed[1].size_bytes += 1; },
      [&](auto&, auto&) { Write(PathOf(Offset(27), segment::kSourcesSuffix), rubbish); },
      [&](auto&, auto&) { Write(PathOf(Offset(37), segment::kProducerSnapshotSuffix), rubbish); },
      {},
  };
  for (const Change& change : changes) {
    ASSERT_NO_FATAL_FAILURE(Fill());
    ASSERT_TRUE(log_->Close().ok());
    PartitionCheckpoint checkpoint = Checkpoint();
    auto settled = std::make_shared<SettledLog>(*checkpoint.settled);
    if (change) change(checkpoint, *settled);
    checkpoint.settled = settled;
    ASSERT_TRUE(Open(checkpoint, true).ok());
    EXPECT_EQ(log_->open_files() > 0, change != nullptr);
    EXPECT_EQ(log_->segment_count(), 4U);
    EXPECT_EQ(log_->epochs().starts().size(), 1U);
    EXPECT_EQ(SourcesOf(log_->NewestSealedSources()), "as of 27");
    EXPECT_TRUE(ReadAll(Offset(0)) == Expected(Offset(0), Offset(36)));
    EXPECT_FALSE(Exists(PathOf(Offset(27), segment::kSourcesSuffix)));
    EXPECT_FALSE(Exists(PathOf(Offset(37), segment::kProducerSnapshotSuffix)));
  }
}

TEST_F(PartitionOpen, AnEmptyLogThatIsSettledSleepsOn) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(log_->Close().ok());
  ASSERT_TRUE(Open(Checkpoint(), true).ok());
  EXPECT_EQ(log_->open_files(), 0U);
}

// A start of ten thousand partitions.
TEST_F(PartitionOpen, NothingIsSyncedWhereNothingIsMended) {
  ASSERT_NO_FATAL_FAILURE(Fill());
  const PartitionCheckpoint checkpoint = Stop();
  for (const bool stray : {false, true}) {
    if (stray) Write(PathOf(Offset(36), segment::kSealSuffix), "stray");
    file::FaultyFileSystem counting(*fs_);
    const auto opened = PartitionLog::Open(counting, kDirectory, kQuarantine, options_, checkpoint,
                                           true, TimestampMs(now_ms_), {});
    ASSERT_TRUE(opened.ok());
    EXPECT_FALSE((*opened)->recovery().scanned);
    EXPECT_EQ(counting.calls(CallKind::kSync), 0U);
    EXPECT_EQ(counting.calls(CallKind::kSyncDirectory), stray ? 1U : 0U);
  }
}

TEST_F(PartitionOpen, ALogWithoutRecordsHasLostNoneWithItsSegments) {
  ASSERT_NO_FATAL_FAILURE(Fill());
  ASSERT_TRUE(log_->TrimBefore(Offset(36)).ok());
  const PartitionCheckpoint checkpoint = Checkpoint();
  RemoveSegmentsFrom(Offset(0));
  Kill();
  ASSERT_TRUE(Open(checkpoint).ok());
  EXPECT_EQ(log_->log_end(), Offset(36));
  EXPECT_EQ(log_->leader_epoch(), LeaderEpoch(0));
  EXPECT_TRUE(log_->unreadable().empty());
}

// Segments go on its word.
TEST_F(PartitionOpen, ALogStartThatWasNotSyncedIsBeforeItCounts) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    ASSERT_NO_FATAL_FAILURE(Fill());
    file::FaultyFileSystem faulty(*fs_);
    faulty.Add({.kind = CallKind::kSync});
    ASSERT_FALSE(segment::WriteLogStart(faulty, kDirectory, Offset(18)).ok());
    Kill();
    ASSERT_TRUE(Open().ok());
    ASSERT_EQ(log_->log_start(), Offset(18));
    EXPECT_EQ(log_->segment_count(), 2U) << "what stands below it is gone";
    log_.reset();
    SeededRandom random(seed);
    fs_->Crash(random);
    ASSERT_TRUE(Open().ok());
    EXPECT_EQ(log_->log_start(), Offset(18));
    EXPECT_EQ(ReadAll(Offset(18)), Expected(Offset(18), Offset(36)));
  }
}

TEST_F(PartitionOpen, TheSealOfATrustedSegmentIsMadeWhereACrashTookIt) {
  ASSERT_NO_FATAL_FAILURE(Fill());
  const auto before = segment::ReadSeal(*fs_, kDirectory, Offset(18));
  ASSERT_TRUE(before.ok());
  Kill();
  ASSERT_TRUE(fs_->Remove(PathOf(Offset(18), segment::kSealSuffix)).ok());
  PartitionCheckpoint checkpoint;
  checkpoint.recovery_point = Offset(27);
  checkpoint.segment_base = Offset(27);
  file::FaultyFileSystem watched(*fs_);
  std::vector<std::string> renamed;
  watched.Add({.matches = [&](CallKind kind, const std::string& path) {
    if (kind == CallKind::kRename) renamed.push_back(path);
    return false;
  }});
  ASSERT_TRUE(PartitionLog::Open(watched, kDirectory, kQuarantine, options_, checkpoint, false,
                                 TimestampMs(now_ms_), {})
                  .ok());
  const auto made = segment::ReadSeal(*fs_, kDirectory, Offset(18));
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->totals, before->totals);
  EXPECT_EQ(made->next_offset, Offset(27));
  EXPECT_EQ(made->sums, before->sums);
  for (const std::string& path : renamed) {
    EXPECT_EQ(path.find(segment::SegmentPath("", Offset(0), "")), std::string::npos)
        << path << " was sealed already";
  }
}

// What is told of sources counts up to where the log ends now.
TEST_F(PartitionOpen, SourcesAsOfTheLogsEndStayAndThoseBeyondItGo) {
  for (const bool last_batch_gone : {false, true}) {
    ASSERT_NO_FATAL_FAILURE(Fill());
    RemoveSegmentsFrom(Offset(27));
    Kill();
    ASSERT_TRUE(fs_->Remove(PathOf(Offset(18), segment::kSealSuffix)).ok());
    if (last_batch_gone) {
      const std::string log = PathOf(Offset(18), segment::kLogSuffix);
      ASSERT_TRUE((*fs_->Open(log, file::OpenMode::kReadWrite))->Truncate(SizeOf(log) - 1).ok());
    }
    // Of a segment that is not scanned: nobody looks at it now.
    FlipByte(PathOf(Offset(0), segment::kSourcesSuffix), 20);
    // What goes on is active, and has no sources; one that is compacted does not go on.
    ASSERT_TRUE(
        segment::WriteCompactionCheckpoint(*fs_, kDirectory, {Offset(19), Offset(19)}).ok());
    ASSERT_TRUE(Open().ok());
    EXPECT_EQ(log_->log_end(), Offset(last_batch_gone ? 24 : 27));
    EXPECT_EQ(SourcesOf(log_->NewestSealedSources()), last_batch_gone ? "as of 18" : "as of 27");
    EXPECT_TRUE(Exists(PathOf(Offset(0), segment::kSourcesSuffix)));
  }
}

TEST_F(PartitionOpen, TheLastSegmentGoesOnWhereItHasNoHoles) {
  struct Case {
    int holes_end;
    std::size_t segments;
  };
  for (const Case& one : {Case{27, 4}, Case{28, 5}}) {
    ASSERT_NO_FATAL_FAILURE(Fill());
    Kill();
    const Offset end(one.holes_end);
    ASSERT_TRUE(segment::WriteCompactionCheckpoint(*fs_, kDirectory, {end, end}).ok());
    ASSERT_TRUE(Open().ok());
    EXPECT_EQ(log_->segment_count(), one.segments) << one.holes_end;
  }
  // An empty one has none, wherever compaction has been.
  ASSERT_NO_FATAL_FAILURE(Fill());
  ASSERT_TRUE(log_->TrimBefore(Offset(36)).ok());
  ASSERT_EQ(log_->segment_count(), 1U);
  Kill();
  ASSERT_TRUE(segment::WriteCompactionCheckpoint(*fs_, kDirectory, {Offset(40), Offset(40)}).ok());
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(log_->segment_count(), 1U);
  EXPECT_EQ(Append()->base_offset, Offset(36));
}

TEST_F(PartitionOpen, SnapshotsOfProducersThatAreTornGoFromWhereTheScanBegan) {
  ASSERT_NO_FATAL_FAILURE(Fill());
  Kill();
  const std::string at_the_scan = PathOf(Offset(27), segment::kProducerSnapshotSuffix);
  const std::string below_it = PathOf(Offset(26), segment::kProducerSnapshotSuffix);
  Write(at_the_scan, "torn");
  Write(below_it, "torn");
  ASSERT_TRUE(Open().ok());
  EXPECT_FALSE(Exists(at_the_scan));
  EXPECT_TRUE(Exists(below_it));
}

// The entries of .appendtime stand a second apart: the manifest knows better.
TEST_F(PartitionOpen, AppendTimesDoNotGoBackOverACrash) {
  ASSERT_TRUE(Open().ok());
  AppendMany(1);
  now_ms_ += 900;
  AppendMany(1);
  ASSERT_TRUE(Commit().ok());
  PartitionCheckpoint checkpoint = Checkpoint();
  Kill();
  now_ms_ -= 100;
  ASSERT_TRUE(Open(checkpoint).ok());
  EXPECT_EQ(log_->last_append_time(), TimestampMs(now_ms_ + 100));
  // Nor where those of the active segment are lost: the segment before it knows.
  StartAnew();
  options_.segment_bytes = 1;
  ASSERT_TRUE(Open().ok());
  AppendMany(2);
  ASSERT_TRUE(SyncAll(*fs_, log_->TakeSyncWork()).ok());
  const TimestampMs last = log_->last_append_time();
  Kill();
  ASSERT_TRUE(fs_->Remove(PathOf(Offset(3), segment::kAppendTimeSuffix)).ok());
  now_ms_ -= 10'000;
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(log_->last_append_time(), last);
}

}  // namespace
}  // namespace logboom::broker
