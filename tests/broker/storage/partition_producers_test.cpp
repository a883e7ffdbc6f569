// What a partition knows of its producers outlives stops, kills, power loss, damage, and the
// segments that it stands in.
#include <gtest/gtest.h>

#include <map>

#include "broker/storage/limits.h"
#include "lib/file/faulty_file_system.h"
#include "lib/segment/verify.h"
#include "tests/broker/storage/log_fixture.h"

namespace logboom::broker {
namespace {

using Kind = ProducerVerdict::Kind;

class PartitionProducersTest : public LogFixture {
 protected:
  void SetUp() override {
    LogFixture::SetUp();
    ASSERT_TRUE(Open().ok());
  }
  static Bytes Stamped(std::int32_t sequence, int records, std::int64_t id) {
    return FromProducer(BuildBatch({.records = records}), id, sequence);
  }
  void Produce(std::int32_t sequence, int records = 3, std::int64_t id = 7) {
    Bytes batch = Stamped(sequence, records, id);
    const auto header = record::VerifyBatch(batch);
    ASSERT_TRUE(header.ok());
    ASSERT_EQ(log_->JudgeProducer(*header)->kind, Kind::kFresh) << sequence;
    ASSERT_TRUE(log_->Append(batch.data(), *header, TimestampMs(now_ms_)).ok());
  }
  ProducerVerdict Judge(std::int32_t sequence, int records = 3, std::int64_t id = 7) {
    const auto verdict =
        log_->JudgeProducer(*record::ParseBatchHeader(Stamped(sequence, records, id)));
    EXPECT_TRUE(verdict.ok());
    return *verdict;
  }
  // Segments of one batch: every further one rolls.
  void RollAlways() {
    options_.segment_bytes = 1;
    log_->SetOptions(options_);
  }
  std::vector<Offset> Snapshots() {
    std::vector<Offset> offsets;
    const auto entries = fs_->List(kDirectory);
    for (const auto& entry : *entries) {
      const auto name = segment::ParseSegmentFileName(entry.name);
      if (name && name->suffix == segment::kProducerSnapshotSuffix) {
        offsets.push_back(name->base_offset);
      }
    }
    return offsets;
  }
  void Damage(Offset snapshot) { FlipByte(PathOf(snapshot, segment::kProducerSnapshotSuffix), 8); }
  void KillAndOpen() {
    log_.reset();
    fs_->KillProcess();
    ASSERT_TRUE(Open().ok());
  }
  void StopAndOpen() {
    ASSERT_TRUE(Commit().ok());
    ASSERT_TRUE(log_->Close().ok());
    ASSERT_TRUE(Open(Checkpoint(), true).ok());
    ASSERT_FALSE(log_->recovery().scanned);
  }
};

TEST_F(PartitionProducersTest, ALogWithoutThemHasNoSnapshot) {
  RollAlways();
  AppendMany(3);
  StopAndOpen();
  EXPECT_TRUE(Snapshots().empty());
  EXPECT_EQ(log_->LargestProducerId().value(), -1);
}

TEST_F(PartitionProducersTest, AnOrderlyStopKeepsThem) {
  Produce(0);
  Produce(3);
  StopAndOpen();
  EXPECT_EQ(Snapshots(), (std::vector{Offset(0), Offset(6)}));
  EXPECT_EQ(Judge(3).base_offset, Offset(3));
  EXPECT_EQ(Judge(6).kind, Kind::kFresh);
  EXPECT_EQ(log_->LargestProducerId().value(), 7);
}

TEST_F(PartitionProducersTest, AKillLeavesTheLastFiveBatches) {
  for (int i = 0; i < 7; ++i) Produce(i * 3);
  ASSERT_TRUE(Commit().ok());
  KillAndOpen();
  for (int i = 2; i < 7; ++i) EXPECT_EQ(Judge(i * 3).base_offset, Offset(i * 3));
  EXPECT_EQ(Judge(3).kind, Kind::kDuplicate);
  EXPECT_EQ(Judge(21).kind, Kind::kFresh);
}

TEST_F(PartitionProducersTest, ARollWritesASnapshotAndKeepsThreeOfThem) {
  RollAlways();
  for (int i = 0; i < 8; ++i) {
    Produce(i * 3);
    ASSERT_TRUE(Commit().ok());
  }
  EXPECT_EQ(Snapshots(), (std::vector{Offset(15), Offset(18), Offset(21)}));
  KillAndOpen();
  EXPECT_EQ(Judge(21).base_offset, Offset(21));
  EXPECT_EQ(Judge(18).base_offset, Offset(18));  // of the snapshot
  EXPECT_EQ(Judge(15).kind, Kind::kDuplicate);   // before it: without its offset
  EXPECT_EQ(Judge(24).kind, Kind::kFresh);
}

TEST_F(PartitionProducersTest, ADamagedSnapshotCostsALongerWalk) {
  RollAlways();
  for (int i = 0; i < 6; ++i) {
    Produce(i * 3);
    ASSERT_TRUE(Commit().ok());
  }
  Damage(Offset(15));
  KillAndOpen();
  EXPECT_EQ(Judge(15).base_offset, Offset(15));
  EXPECT_EQ(Judge(9).base_offset, Offset(9));
  for (const Offset at : {Offset(9), Offset(12)}) Damage(at);  // now none is left
  KillAndOpen();
  for (int i = 1; i < 6; ++i) EXPECT_EQ(Judge(i * 3).base_offset, Offset(i * 3));
  EXPECT_EQ(Judge(18).kind, Kind::kFresh);
}

// The segments that hold its batches go; nobody else writes; then it writes on.
TEST_F(PartitionProducersTest, RetentionDoesNotForgetALiveProducer) {
  RollAlways();
  for (int i = 0; i < 3; ++i) Produce(i * 3);
  AppendMany(3);
  ASSERT_TRUE(Commit().ok());
  ASSERT_TRUE(log_->TrimBefore(log_->segments().back().base_offset).ok());
  EXPECT_EQ(log_->segments().size(), 1U);
  KillAndOpen();
  EXPECT_EQ(Judge(6).base_offset, Offset(6));
  EXPECT_EQ(Judge(9).kind, Kind::kFresh);
}

// What a run found may be what nobody was told of: its producer sends it again.
TEST_F(PartitionProducersTest, NoSegmentGoesBeforeItsProducersAreKnown) {
  Produce(0);
  KillAndOpen();
  {
    OpenFiles all(2);  // its active segment's
    log_->ShareFiles(all, {});
    const auto busy = log_->TrimBefore(Offset(3));
    ASSERT_FALSE(busy.ok());
    EXPECT_EQ(busy.error().code, ErrorCode::kBusy);
    log_.reset();
  }
  ASSERT_TRUE(Open().ok());
  ASSERT_EQ(log_->log_start(), Offset(0));
  ASSERT_TRUE(log_->TrimBefore(Offset(3)).ok());
  EXPECT_EQ(Judge(0).kind, Kind::kDuplicate);
  KillAndOpen();
  EXPECT_EQ(Judge(0).kind, Kind::kDuplicate);
}

TEST_F(PartitionProducersTest, AllRecordsMayBeTooOldAndItIsStillKnown) {
  Produce(0);
  ASSERT_TRUE(Commit().ok());
  now_ms_ += options_.retention_ms + 1;
  ASSERT_EQ(log_->Retain(AgeClock({TimestampMs(now_ms_), {}}))->records(), 3);
  KillAndOpen();
  EXPECT_EQ(Judge(3).kind, Kind::kFresh);
}

TEST_F(PartitionProducersTest, ASilentOneIsForgottenAtARoll) {
  RollAlways();
  Produce(0);
  now_ms_ += kProducerExpiryMs;
  AppendMany(1);
  EXPECT_EQ(Judge(3).kind, Kind::kFresh);  // its batch stood in the segment that was finished
  AppendMany(1);
  EXPECT_EQ(Judge(3).kind, Kind::kUnknown);
}

// When it wrote is not in its batches: it counts as heard of at the start.
TEST_F(PartitionProducersTest, AStartMakesASilentOneNoOlder) {
  Produce(0);
  ASSERT_TRUE(Commit().ok());
  now_ms_ += kProducerExpiryMs - 1;
  StopAndOpen();
  Damage(Offset(3));  // so that its batch is looked at
  ASSERT_EQ(log_->LargestProducerId().value(), 7);
  RollAlways();
  now_ms_ += 2;
  AppendMany(2);
  EXPECT_EQ(Judge(3).kind, Kind::kFresh);
}

// What is sent again must not be stored again, so it is not asked for ahead of a sync.
TEST_F(PartitionProducersTest, ATrimWaitsWhereProducersAreKnownFromItsRecordsAlone) {
  RollAlways();
  Produce(0);
  AppendMany(1);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Commit().ok());
  ASSERT_EQ(Snapshots(), (std::vector{Offset(0), Offset(3)}));
  options_.segment_bytes = 1'000'000;
  log_->SetOptions(options_);
  AppendMany(1);
  EXPECT_EQ(log_->TrimBefore(Offset(3))->records(), 3) << "a snapshot holds them";
  EXPECT_EQ(Snapshots(), (std::vector{Offset(0), Offset(3)})) << "and stays";
  StartAnew();
  ASSERT_TRUE(Open().ok());
  RollAlways();
  Produce(0);
  AppendMany(1);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Commit().ok());
  ASSERT_TRUE(fs_->Remove(PathOf(Offset(3), segment::kProducerSnapshotSuffix)).ok());
  options_.segment_bytes = 1'000'000;
  KillAndOpen();
  AppendMany(1);
  EXPECT_EQ(log_->TrimBefore(Offset(3)).error().code, ErrorCode::kBusy);
  ASSERT_TRUE(Commit().ok());
  EXPECT_EQ(log_->TrimBefore(Offset(3))->records(), 3);
  EXPECT_EQ(Judge(0).kind, Kind::kDuplicate);
  // The one that was made for it goes in its turn.
  RollAlways();
  for (int i = 1; i < 7; ++i) {
    Produce(i * 3);
    ASSERT_TRUE(Commit().ok());
  }
  EXPECT_EQ(Snapshots().size(), kProducerSnapshotsKept);
}

TEST_F(PartitionProducersTest, ASnapshotIsSyncedWithTheSegmentBelowIt) {
  RollAlways();
  Produce(0);
  ASSERT_TRUE(Commit().ok());
  Produce(3);
  // Old log, indexes, append times and snapshot; new log.
  EXPECT_EQ(log_->TakeSyncWork().files.size(), 6U);
}

TEST_F(PartitionProducersTest, AFullDiskKeepsNobodyFromStopping) {
  Produce(0);
  ASSERT_TRUE(Commit().ok());
  file::FaultyFileSystem faulty(*fs_);
  ASSERT_TRUE(OpenOn(faulty).ok());
  ASSERT_EQ(log_->LargestProducerId().value(), 7);
  faulty.Add({.path_part = PathOf(Offset(3), segment::kProducerSnapshotSuffix),
              .code = ErrorCode::kNoSpace});
  EXPECT_TRUE(log_->Close().ok());
  ASSERT_EQ(faulty.faults().size(), 1U);
  log_.reset();
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(Judge(0).kind, Kind::kDuplicate);
}

TEST_F(PartitionProducersTest, WhoCantBeReadIsNotUnknown) {
  Produce(0);
  ASSERT_TRUE(Commit().ok());
  KillAndOpen();
  for (std::uint64_t call = 0;; ++call) {
    file::FaultyFileSystem faulty(*fs_);
    ASSERT_TRUE(OpenOn(faulty).ok());
    faulty.Add({.after_calls = call});
    const auto largest = log_->LargestProducerId();
    EXPECT_EQ(largest.value_or(7), 7);
    log_.reset();
    if (faulty.faults().empty()) break;
  }
  ASSERT_TRUE(Open().ok());
}

TEST_F(PartitionProducersTest, ZeroIsAnIdToo) {
  Produce(0, 3, 0);
  EXPECT_EQ(Snapshots(), std::vector{Offset(0)});
  EXPECT_EQ(Judge(0, 3, 0).kind, Kind::kDuplicate);
  ASSERT_TRUE(Commit().ok());
  KillAndOpen();
  EXPECT_EQ(Judge(0, 3, 0).base_offset, Offset(0));
  EXPECT_EQ(log_->LargestProducerId().value(), 0);
}

// Synced ones stay until so many newer ones are synced too.
TEST_F(PartitionProducersTest, SnapshotsThatAreNotSyncedReplaceNone) {
  Produce(0);
  ASSERT_TRUE(Commit().ok());
  RollAlways();
  for (int i = 1; i < 6; ++i) Produce(i * 3);
  EXPECT_EQ(Snapshots().front(), Offset(0));
  ASSERT_TRUE(Commit().ok());
  Produce(18);
  EXPECT_EQ(Snapshots(), (std::vector{Offset(12), Offset(15), Offset(18)}));
}

TEST_F(PartitionProducersTest, SegmentsBelowASnapshotAreNotOpened) {
  RollAlways();
  for (int i = 0; i < 3; ++i) Produce(i * 3);
  ASSERT_TRUE(Commit().ok());
  KillAndOpen();
  const std::size_t before = log_->open_files();
  EXPECT_EQ(log_->LargestProducerId().value(), 7);
  EXPECT_EQ(log_->open_files(), before);
}

// Its last byte is a zero, as one that can't be read would seem to be.
TEST_F(PartitionProducersTest, ABatchThatWasCutShortTellsNothingOfItsProducer) {
  Produce(0);
  ASSERT_TRUE(Commit().ok());
  KillAndOpen();
  const std::string log = PathOf(Offset(0), segment::kLogSuffix);
  const Bytes whole = *file::ReadWholeFile(*fs_, log, 100'000);
  ASSERT_EQ(whole.back(), '\0');
  ASSERT_TRUE((*fs_->Open(log, file::OpenMode::kReadWrite))
                  ->Truncate(static_cast<std::int64_t>(whole.size()) - 1)
                  .ok());
  EXPECT_EQ(log_->LargestProducerId().value(), -1);
}

TEST_F(PartitionProducersTest, AgentsBatchesMayComeBetween) {
  Produce(0);
  AppendMany(2);
  Produce(3);
  AppendMany(2);
  ASSERT_TRUE(Commit().ok());
  KillAndOpen();
  EXPECT_EQ(Judge(3).base_offset, Offset(9));
  EXPECT_EQ(Judge(0).base_offset, Offset(0));
}

// What is cut off was never appended, for its producer too.
TEST_F(PartitionProducersTest, RecordsThatAreGoneAreNoDuplicates) {
  Produce(0);
  ASSERT_TRUE(Commit().ok());
  const PartitionCheckpoint synced = Checkpoint();
  Produce(3);
  Produce(6);
  const std::int64_t size = SizeOf(PathOf(Offset(0), segment::kLogSuffix));
  FlipByte(PathOf(Offset(0), segment::kLogSuffix), synced.position.value() + 100);
  FlipByte(PathOf(Offset(0), segment::kLogSuffix), size - 10);
  log_.reset();
  ASSERT_TRUE(Open(synced).ok());
  ASSERT_EQ(log_->log_end(), Offset(3));
  EXPECT_EQ(Judge(3).kind, Kind::kFresh);
  EXPECT_EQ(Judge(0).base_offset, Offset(0));
}

// A snapshot that tells of records which are gone must not outlive them, even where the log goes on
// behind the hole.
TEST_F(PartitionProducersTest, SnapshotsOfRecordsThatAreGoneGo) {
  Produce(0);
  StopAndOpen();
  Produce(3);
  ASSERT_TRUE(Commit().ok());
  ASSERT_TRUE(log_->Close().ok());
  const PartitionCheckpoint end = Checkpoint();
  EXPECT_EQ(Snapshots().back(), Offset(6));
  FlipByte(PathOf(Offset(0), segment::kLogSuffix), 100);
  {
    const auto log = fs_->Open(PathOf(Offset(0), segment::kLogSuffix), file::OpenMode::kReadWrite);
    ASSERT_TRUE((*log)->Truncate(end.position.value() - 1).ok());
  }
  log_.reset();
  ASSERT_TRUE(Open(end).ok());
  ASSERT_EQ(log_->log_end(), Offset(6));  // a hole: offsets are not given out twice
  EXPECT_EQ(Snapshots(), std::vector{Offset(0)});
  EXPECT_EQ(Judge(3).kind, Kind::kUnknown);
}

// Power is lost before the first sync: whichever of batch and snapshot the disk has kept, a batch
// in the log is known.
TEST_F(PartitionProducersTest, AFirstBatchWithoutItsSnapshotIsFoundByRecovery) {
  AppendMany(2);
  ASSERT_TRUE(Commit().ok());
  const PartitionCheckpoint synced = Checkpoint();
  Produce(0);
  log_.reset();
  ASSERT_TRUE(fs_->Remove(PathOf(Offset(6), segment::kProducerSnapshotSuffix)).ok());
  ASSERT_TRUE(Open(synced).ok());
  EXPECT_EQ(Snapshots(), std::vector{Offset(6)});
  EXPECT_EQ(log_->LargestProducerId().value(), 7);
  ASSERT_TRUE(fs_->Remove(PathOf(Offset(6), segment::kProducerSnapshotSuffix)).ok());
  ASSERT_TRUE(Open(synced).ok());
  // Nobody asks in this run, agents write, and the next recovery begins behind it.
  AppendMany(2);
  ASSERT_TRUE(Commit().ok());
  const PartitionCheckpoint later = Checkpoint();
  log_.reset();
  fs_->KillProcess();
  ASSERT_TRUE(Open(later).ok());
  EXPECT_EQ(Judge(0).base_offset, Offset(6));
}

TEST_F(PartitionProducersTest, ASnapshotThatACrashHasTornGoes) {
  RollAlways();
  Produce(0);
  ASSERT_TRUE(Commit().ok());
  Produce(3);
  {
    const auto file =
        fs_->Open(PathOf(Offset(3), segment::kProducerSnapshotSuffix), file::OpenMode::kReadWrite);
    ASSERT_TRUE((*file)->Truncate(0).ok());
  }
  KillAndOpen();
  EXPECT_EQ(Snapshots(), std::vector{Offset(0)});
  EXPECT_EQ(Judge(3).base_offset, Offset(3));
}

TEST_F(PartitionProducersTest, TheirFirstSnapshotIsSyncedWithTheirFirstBatch) {
  Produce(0);
  const SyncWork work = log_->TakeSyncWork();
  EXPECT_EQ(work.files.size(), 2U);
  EXPECT_EQ(work.directories, std::vector{kDirectory});
}

// Without reading any record of theirs: a flipped bit must not pass for a sequence.
TEST_F(PartitionProducersTest, ADamagedBatchTellsNothingOfItsProducer) {
  Produce(0);
  ASSERT_TRUE(Commit().ok());
  const std::int64_t second = SizeOf(PathOf(Offset(0), segment::kLogSuffix));
  Produce(3);
  StopAndOpen();
  Damage(Offset(6));
  FlipByte(PathOf(Offset(0), segment::kLogSuffix), second + 53);  // the sequence's first byte
  ASSERT_TRUE(Open(Checkpoint(), true).ok());
  EXPECT_EQ(Judge(6).kind, Kind::kOutOfOrder);
  EXPECT_EQ(Judge(0).base_offset, Offset(0));
}

TEST_F(PartitionProducersTest, AFullDiskAtARollLosesNothing) {
  RollAlways();
  Produce(0);
  ASSERT_TRUE(Commit().ok());
  ASSERT_TRUE(fs_->CreateDirectories(PathOf(Offset(3), segment::kProducerSnapshotSuffix)).ok());
  Produce(3);
  ASSERT_TRUE(Commit().ok());
  EXPECT_EQ(log_->segments().size(), 2U);
  EXPECT_EQ(Judge(3).base_offset, Offset(3));
}

// Three producers, agents between them, rolls, stops and power cuts: what is known of a producer is
// what stands in the log, never more and never less.
class PartitionProducersCrash : public PartitionProducersTest {
 protected:
  void Live(SeededRandom& random) {
    for (std::uint64_t steps = random.Below(12); steps > 0; --steps) {
      switch (random.Below(6)) {
        case 0: AppendMany(1); break;
        case 1: ASSERT_TRUE(Commit().ok()); break;
        case 2:  // synced, and the broker dies before it hears so
          ASSERT_TRUE(SyncAll(*fs_, log_->TakeSyncWork()).ok());
          break;
        default: {
          const auto id = static_cast<std::int64_t>(random.Below(3));
          const int records = 1 + static_cast<int>(random.Below(4));
          Produce(next_[id], records, id);
          next_[id] += records;
        }
      }
      if (HasFatalFailure()) return;
    }
  }
  // What the log says of each producer's next sequence and last batch.
  void FoldLog() {
    next_.clear();
    last_.clear();
    const Bytes log = ReadAll(log_->log_start());
    for (ByteView left = log; !left.empty();) {
      const record::BatchHeader header = *record::ParseBatchHeader(left);
      left.remove_prefix(header.size_bytes());
      if (header.producer_id < 0) continue;
      last_[header.producer_id] = header;
      next_[header.producer_id] = SequenceAfter(header.base_sequence, header.record_count);
    }
  }
  void CheckState() {
    for (std::int64_t id = 0; id < 3; ++id) {
      if (const auto found = last_.find(id); found != last_.end()) {
        const record::BatchHeader& header = found->second;
        ASSERT_EQ(Judge(header.base_sequence, header.record_count, id).base_offset,
                  header.base_offset);
      }
      ASSERT_EQ(Judge(next_[id], 3, id).kind, Kind::kFresh) << id;
    }
  }
  void RunSeed(std::uint64_t seed) {
    SeededRandom random(seed);
    fs_ = std::make_unique<file::MemoryFileSystem>();
    LogFixture::SetUp();
    options_.segment_bytes = 500 + static_cast<std::int64_t>(random.Below(4000));
    next_.clear();
    ASSERT_TRUE(Open().ok());
    for (int life = 0; life < 5; ++life) {
      SCOPED_TRACE(life);
      ASSERT_NO_FATAL_FAILURE(Live(random));
      const bool stops = random.Below(4) == 0;
      if (stops) {
        ASSERT_TRUE(log_->Close().ok());
      }
      const PartitionCheckpoint checkpoint = Checkpoint();
      log_.reset();
      fs_->Crash(random);
      ASSERT_TRUE(random.Below(3) == 0 ? Open().ok() : Open(checkpoint, stops).ok());
      FoldLog();
      // Else it is loaded at a roll, or not at all in this run.
      if (random.Below(2) == 0) {
        ASSERT_NO_FATAL_FAILURE(CheckState());
      }
    }
    ASSERT_NO_FATAL_FAILURE(CheckState());
    ASSERT_NO_FATAL_FAILURE(CheckSnapshots());
  }

  void CheckSnapshots() {
    const auto report = segment::VerifyDirectory(*fs_, kDirectory, {});
    ASSERT_TRUE(report.ok());
    for (const segment::Problem& problem : report->problems) {
      ASSERT_FALSE(problem.file.ends_with(segment::kProducerSnapshotSuffix)) << problem.what;
    }
  }

  std::map<std::int64_t, std::int32_t> next_;
  std::map<std::int64_t, record::BatchHeader> last_;
};

TEST_F(PartitionProducersCrash, TheStateIsTheFoldOfTheLogAfterAnyPowerCut) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RunSeed(seed);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace logboom::broker
