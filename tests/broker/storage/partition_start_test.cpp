// What a start believes, mends and refuses, of whatever the process before it may have left: each
// of its calls of the file system fails once, and the disk is full.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "lib/file/faulty_file_system.h"
#include "lib/file/trees.h"
#include "lib/segment/compaction_checkpoint.h"
#include "lib/segment/leader_epoch_checkpoint.h"
#include "lib/segment/log_start.h"
#include "tests/broker/storage/log_fixture.h"

namespace logboom::broker {
namespace {

using file::CallKind;

// What users and agents have of a log.
struct Seen {
  Offset log_start;
  Offset log_end;
  bool epoch_raised = false;  // a start that is cut short may raise it once more
  Offset end_of_first_epoch;
  Bytes records;
  std::int64_t largest_producer = 0;
  Offset sources_as_of{-1};
  segment::CompactionCheckpoint compaction;
  friend bool operator==(const Seen&, const Seen&) = default;
  friend void PrintTo(const Seen& seen, std::ostream* out) {
    *out << fmt::format(
        "{} to {}, {} bytes, epoch raised: {}, the first ends at {}, producer {}, "
        "sources as of {}, clean up to {}",
        seen.log_start, seen.log_end, seen.records.size(), seen.epoch_raised,
        seen.end_of_first_epoch, seen.largest_producer, seen.sources_as_of,
        seen.compaction.first_dirty);
  }
};

class PartitionStart : public LogFixture {
 protected:
  // Four segments of three batches, all synced; the last but one may have a producer.
  void Fill(bool with_producer = true) {
    StartAnew();
    now_ms_ = 1'700'000'000'000;
    options_.segment_bytes = 2200;
    sources_hook_ = [this] { return fmt::format("as of {}", log_->log_end()); };
    checkpoint_.reset();
    clean_ = false;
    ASSERT_TRUE(Open().ok());
    for (int i = 0; i < 12; ++i) {
      if (with_producer && i == 10) {
        Produce();
      } else {
        AppendMany(1);
      }
      now_ms_ += 1'500;
      if (i != 7) continue;
      ASSERT_TRUE(Commit().ok());
      midway_ = Checkpoint();
    }
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(Commit().ok());  // a seal each, but for the first
    ASSERT_EQ(log_->segment_count(), 4U);
  }
  void Produce() {
    Bytes batch = FromProducer(BuildBatch({}), 7);
    const record::BatchHeader header = *record::ParseBatchHeader(batch);
    ASSERT_TRUE(log_->JudgeProducer(header).ok());
    const auto appended = log_->Append(batch.data(), header, TimestampMs(now_ms_));
    ASSERT_TRUE(appended.ok());
    batches_.push_back({appended->base_offset, appended->next_offset, std::move(batch)});
  }
  void Stop() {
    ASSERT_TRUE(log_->Close().ok());
    checkpoint_ = Checkpoint();
    ASSERT_NE(checkpoint_->settled, nullptr);
    clean_ = true;
  }
  void Kill() {
    log_.reset();
    fs_->KillProcess();
  }

  std::string ActiveLog() const { return PathOf(Offset(27), segment::kLogSuffix); }
  void Write(const std::string& path, ByteView bytes) {
    ASSERT_TRUE(file::ReplaceFile(*fs_, path, bytes).ok());
  }
  void Cut(const std::string& path, std::int64_t bytes) {
    const auto file = fs_->Open(path, file::OpenMode::kReadWrite);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->Truncate(SizeOf(path) - bytes).ok());
  }
  void Remove(const std::string& path) { ASSERT_TRUE(fs_->Remove(path).ok()); }
  // The files of a segment once more, with `state` behind their names.
  void CopySegment(Offset base, std::string_view state) {
    for (const std::string_view suffix :
         {segment::kLogSuffix, segment::kOffsetIndexSuffix, segment::kTimeIndexSuffix,
          segment::kAppendTimeSuffix, segment::kSealSuffix}) {
      const std::string path = PathOf(base, suffix);
      Write(path + std::string(state), *file::ReadWholeFile(*fs_, path, 1U << 20U));
    }
  }

  Status OpenOn(file::FileSystem& fs) { return LogFixture::OpenOn(fs, checkpoint_, clean_); }
  Seen Look() {
    Seen seen;
    seen.log_start = log_->log_start();
    seen.log_end = log_->log_end();
    seen.epoch_raised = log_->leader_epoch() > LeaderEpoch(0);
    seen.end_of_first_epoch = log_->EndOfEpoch(LeaderEpoch(0)).end_offset;
    seen.records = ReadAll(log_->log_start());
    seen.largest_producer = log_->LargestProducerId().value();
    const auto sources = log_->NewestSealedSources();
    EXPECT_TRUE(sources.ok());
    if (sources.ok() && *sources) seen.sources_as_of = (*sources)->as_of;
    const auto compaction = segment::ReadCompactionCheckpoint(*fs_, kDirectory);
    EXPECT_TRUE(compaction.ok());
    if (compaction.ok()) seen.compaction = *compaction;
    return seen;
  }
  // It is written to, and comes back from a kill.
  void ExpectGoesOn() {
    const Offset end = log_->log_end();
    const Result<AppendedBatch> appended = Append();
    ASSERT_TRUE(appended.ok());
    ASSERT_EQ(appended->base_offset, end);
    ASSERT_TRUE(Commit().ok());
    const Bytes before = ReadAll(log_->log_start());
    Kill();
    ASSERT_TRUE(Open().ok());
    ASSERT_EQ(log_->log_end(), end + 3);
    ASSERT_EQ(ReadAll(log_->log_start()), before);
    if (log_->unreadable().empty()) ExpectVerified();
  }

  static std::string FileOf(const std::string& path) {
    const std::string name = path.substr(path.rfind('/') + 1);
    const auto parsed = segment::ParseSegmentFileName(name);
    if (parsed) return std::string(parsed->suffix);
    return path.starts_with(kQuarantine) ? "quarantine" : name;
  }

  PartitionCheckpoint midway_;  // in the third segment
  std::optional<PartitionCheckpoint> checkpoint_;
  bool clean_ = false;
};

using Untold = std::map<std::string, std::set<std::string>>;

// What a process may leave, by name.
class PartitionStartFrom : public PartitionStart {
 protected:
  std::map<std::string, std::function<void()>> Leftovers() {
    std::map<std::string, std::function<void()>> all;
    all["stopped"] = [this] { Stop(); };
    all["stopped, then killed"] = [this] {
      Stop();
      clean_ = false;
    };
    all["stopped, an index rotten"] = [this] {
      Stop();
      checkpoint_->settled = nullptr;
      FlipByte(PathOf(Offset(27), segment::kAppendTimeSuffix), 20);
    };
    all["killed"] = [this] { Kill(); };
    all["a torn batch"] = [this] {
      AppendMany(1);
      Kill();
      Cut(PathOf(Offset(36), segment::kLogSuffix), 10);
    };
    all["a rotten batch behind the last sync"] = [this] {
      Kill();
      FlipByte(ActiveLog(), SizeOf(ActiveLog()) - 1);
    };
    all["synced records gone"] = [this] {
      checkpoint_ = Checkpoint();
      Kill();
      Cut(ActiveLog(), 10);
    };
    all["all segments gone"] = [this] {
      checkpoint_ = Checkpoint();
      Kill();
      const auto entries = fs_->List(kDirectory);
      for (const auto& entry : *entries) {
        if (segment::ParseSegmentFileName(entry.name)) Remove(kDirectory + "/" + entry.name);
      }
    };
    all["no epochs"] = [this] {
      Kill();
      for (const char* name : {"/leader-epoch-checkpoint", "/leader-epochs"}) {
        Remove(kDirectory + name);
      }
    };
    all["one copy of the epochs"] = [this] {
      Kill();
      Remove(kDirectory + "/leader-epochs");
    };
    all["no log start"] = [this] {
      Kill();
      Remove(kDirectory + "/log-start");
    };
    all["segments let go"] = [this] {
      log_->SetRemover([](const std::vector<Offset>&) {});
      ASSERT_TRUE(log_->TrimBefore(Offset(20)).ok());
      Kill();
    };
    all["no snapshot of the producer"] = [this] {
      Kill();
      Remove(PathOf(Offset(30), segment::kProducerSnapshotSuffix));
    };
    all["torn files beside"] = [this] {
      Write(PathOf(Offset(36), segment::kProducerSnapshotSuffix), "torn");
      Write(PathOf(Offset(27), segment::kSourcesSuffix), "torn");
      Write(PathOf(Offset(27), segment::kSealSuffix), "torn");
      Write(kDirectory + "/log-start.tmp", "torn");
      Kill();
    };
    all["no seal"] = [this] {
      Kill();
      Remove(PathOf(Offset(18), segment::kSealSuffix));
      checkpoint_ = Checkpoint27();
    };
    all["a swap that had begun"] = [this] {
      Kill();
      CopySegment(Offset(9), ".cleaned");
    };
    all["a swap that was committed"] = [this] {
      Kill();
      CopySegment(Offset(9), ".swap");
    };
    all["a compacted segment at the end"] = [this] {
      Kill();
      ASSERT_TRUE(
          segment::WriteCompactionCheckpoint(*fs_, kDirectory, {Offset(36), Offset(36)}).ok());
    };
    all["a manifest of before a roll"] = [this] {
      Kill();
      Remove(PathOf(Offset(18), segment::kSealSuffix));
      checkpoint_ = midway_;
    };
    all["a manifest without totals"] = [this] {
      Kill();
      Remove(PathOf(Offset(18), segment::kSealSuffix));
      checkpoint_ = midway_;
      checkpoint_->segment_totals = {};
    };
    all["an epoch that has rotted upwards"] = [this] {
      Kill();
      const auto last = static_cast<std::int64_t>(batches_.back().bytes.size());
      FlipByte(ActiveLog(), SizeOf(ActiveLog()) - last + 15);
    };
    all["compacted further than the log goes"] = [this] {
      Kill();
      ASSERT_TRUE(
          segment::WriteCompactionCheckpoint(*fs_, kDirectory, {Offset(40), Offset(45)}).ok());
    };
    return all;
  }
  PartitionCheckpoint Checkpoint27() const {
    PartitionCheckpoint checkpoint;
    checkpoint.recovery_point = Offset(27);
    checkpoint.segment_base = Offset(27);
    checkpoint.position = FilePosition(0);
    return checkpoint;
  }
};

// What a start goes on without, by what the process before it has left. Of the leader epochs there
// are two copies, a snapshot of producers that can't be read costs a longer walk, and what is
// beside a finished segment is made anew from its log.
const std::set<std::string> kHints = {".snapshot", "leader-epoch-checkpoint", "leader-epochs"};
const std::set<std::string> kEpochs = {"leader-epoch-checkpoint", "leader-epochs"};
const Untold kSealing = {{"look",
                          {".appendtime", ".index", ".snapshot", ".timeindex",
                           "leader-epoch-checkpoint", "leader-epochs"}},
                         {"truncate", {".appendtime", ".index", ".log", ".timeindex"}},
                         {"write", {".timeindex"}}};
// What does not add up is scanned from its front.
const Untold kCounting = {{"look",
                           {".appendtime", ".index", ".log", ".snapshot", ".timeindex",
                            "leader-epoch-checkpoint", "leader-epochs"}},
                          {"truncate", {".appendtime", ".index", ".log", ".timeindex"}}};
const std::map<std::string, Untold> kUntold = {
    {"a compacted segment at the end", kSealing},
    {"a manifest of before a roll", kCounting},
    {"a manifest without totals", kCounting},
    {"a rotten batch behind the last sync",
     {{"look", {".snapshot", "leader-epoch-checkpoint", "leader-epochs", "quarantine"}}}},
    {"a swap that had begun", {{"look", kHints}}},
    {"a swap that was committed",
     {{"look", {".seal.swap", ".snapshot", "leader-epoch-checkpoint", "leader-epochs"}}}},
    {"a torn batch", kSealing},
    {"all segments gone", {{"look", kEpochs}}},
    {"an epoch that has rotted upwards", {{"look", kHints}}},
    {"compacted further than the log goes", kSealing},
    {"killed", {{"look", kHints}}},
    {"no epochs", {{"look", {".snapshot"}}}},
    {"no log start", {{"look", kHints}}},
    {"no seal", kSealing},
    {"one copy of the epochs", {{"look", kHints}}},
    {"no snapshot of the producer", {{"look", kEpochs}}},
    {"segments let go", {{"look", kHints}}},
    {"stopped", {{"look", {".log"}}}},
    {"stopped, an index rotten",
     {{"look", {".appendtime", ".index", ".timeindex", "leader-epoch-checkpoint", "leader-epochs"}},
      {"remove", {".appendtime"}}}},
    {"stopped, then killed", {{"look", kHints}}},
    {"synced records gone", kSealing},
    {"torn files beside", {{"look", kHints}}},
};

std::string WhatOf(CallKind kind) {
  const bool looks = kind == CallKind::kOpen || kind == CallKind::kRead || kind == CallKind::kStat;
  return std::string(looks ? "look" : file::CallKindName(kind));
}

TEST_F(PartitionStartFrom, AFailedCallIsToldOrChangesNothing) {
  for (const auto& [name, leave] : Leftovers()) {
    SCOPED_TRACE(name);
    ASSERT_NO_FATAL_FAILURE(Fill());
    ASSERT_NO_FATAL_FAILURE(leave());
    ASSERT_TRUE(OpenOn(*fs_).ok());
    const Seen due = Look();
    ASSERT_NO_FATAL_FAILURE(ExpectGoesOn());
    Untold untold;
    for (std::uint64_t call = 0;; ++call) {
      ASSERT_NO_FATAL_FAILURE(Fill());
      ASSERT_NO_FATAL_FAILURE(leave());
      file::FaultyFileSystem faulty(*fs_);
      faulty.Add({.after_calls = call});
      const Status opened = OpenOn(faulty);
      if (faulty.faults().empty()) break;
      const std::string what = WhatOf(faulty.faults()[0].kind);
      const std::string file = FileOf(faulty.faults()[0].path);
      SCOPED_TRACE(fmt::format("call {}, {} {}", call, what, file));
      faulty.Heal();
      if (opened.ok()) {
        untold[what].insert(file);
        EXPECT_EQ(Look(), due);
      }
      Kill();
      ASSERT_TRUE(OpenOn(*fs_).ok());
      EXPECT_EQ(Look(), due);
      ASSERT_NO_FATAL_FAILURE(ExpectGoesOn());
    }
    log_.reset();
    EXPECT_EQ(untold, kUntold.at(name));
  }
}

// But where readers have to be told of an epoch, or records to be kept from being overwritten.
const std::set<std::string> kNeedsRoom = {"a compacted segment at the end",
                                          "a rotten batch behind the last sync",
                                          "all segments gone",
                                          "compacted further than the log goes",
                                          "no epochs",
                                          "stopped, an index rotten",
                                          "synced records gone"};

TEST_F(PartitionStartFrom, AFullDiskIsStartedOn) {
  for (const auto& [name, leave] : Leftovers()) {
    SCOPED_TRACE(name);
    ASSERT_NO_FATAL_FAILURE(Fill());
    ASSERT_NO_FATAL_FAILURE(leave());
    ASSERT_TRUE(OpenOn(*fs_).ok());
    const Seen due = Look();
    ASSERT_NO_FATAL_FAILURE(Fill());
    ASSERT_NO_FATAL_FAILURE(leave());
    log_.reset();
    fs_->SetCapacity(0);
    const Status opened = OpenOn(*fs_);
    ASSERT_EQ(opened.ok(), !kNeedsRoom.contains(name));
    if (opened.ok()) {
      EXPECT_EQ(Look(), due);
    } else {
      EXPECT_EQ(opened.error().code, ErrorCode::kNoSpace);
    }
    Kill();
    fs_->SetCapacity(1 << 30);
    ASSERT_TRUE(OpenOn(*fs_).ok());
    EXPECT_EQ(Look(), due);
    ASSERT_NO_FATAL_FAILURE(ExpectGoesOn());
  }
}

// From the manifest's point on; from the front of its segment where that is not what it was.
TEST_F(PartitionStart, ScansWhatTheManifestDoesNotVouchFor) {
  ASSERT_NO_FATAL_FAILURE(Fill());
  ASSERT_EQ(midway_.segment_base, Offset(18));
  ASSERT_EQ(midway_.recovery_point, Offset(24));
  const Seen due = Look();
  const std::int64_t in_third = SizeOf(PathOf(Offset(18), segment::kLogSuffix));
  const std::int64_t in_last = SizeOf(ActiveLog());
  const auto scanned_with = [&](const PartitionCheckpoint& checkpoint) {
    Kill();
    // Else it would vouch for more.
    EXPECT_TRUE(file::RemoveIfThere(*fs_, PathOf(Offset(18), segment::kSealSuffix)).ok());
    checkpoint_ = checkpoint;
    EXPECT_TRUE(OpenOn(*fs_).ok());
    EXPECT_EQ(Look(), due);
    return log_->recovery().bytes_scanned;
  };
  const std::int64_t behind = in_third - midway_.position.value() + in_last;
  EXPECT_EQ(scanned_with(midway_), behind);
  PartitionCheckpoint without_totals = midway_;
  without_totals.segment_totals = {};
  EXPECT_EQ(scanned_with(without_totals), behind);
  PartitionCheckpoint of_other_bytes = midway_;
  of_other_bytes.segment_totals.heads_crc ^= 1U;
  EXPECT_EQ(scanned_with(of_other_bytes), in_third + in_last);
  PartitionCheckpoint of_no_segment = midway_;
  of_no_segment.segment_base = Offset(19);
  EXPECT_EQ(scanned_with(of_no_segment), in_third + in_last);
  PartitionCheckpoint at_the_front = midway_;
  at_the_front.position = FilePosition(0);
  EXPECT_EQ(scanned_with(at_the_front), in_third + in_last);
}

// What takes the place of lost records is dirty, and has no holes.
TEST_F(PartitionStart, WhatIsAppendedBehindLostRecordsIsNotCompacted) {
  for (const auto& [first_dirty, holes_end] :
       {std::pair(40, 45), std::pair(10, 45), std::pair(36, 37)}) {
    ASSERT_NO_FATAL_FAILURE(Fill());
    Kill();
    ASSERT_TRUE(segment::WriteCompactionCheckpoint(*fs_, kDirectory,
                                                   {Offset(first_dirty), Offset(holes_end)})
                    .ok());
    ASSERT_TRUE(OpenOn(*fs_).ok());
    const auto settled = segment::ReadCompactionCheckpoint(*fs_, kDirectory);
    ASSERT_TRUE(settled.ok());
    EXPECT_EQ(settled->first_dirty, Offset(std::min(first_dirty, 36)));
    EXPECT_EQ(settled->holes_end, Offset(36));
    ASSERT_NO_FATAL_FAILURE(ExpectGoesOn());
  }
}

// Else they could come back, and speak of other records.
TEST_F(PartitionStart, FilesThatBelongToNoSegmentGo) {
  const std::map<std::string, Offset> strays = {
      {"of a segment that is gone", Offset(12)},
      {"of one that had begun", Offset(36)},
  };
  for (const bool killed : {false, true}) {
    for (const auto& [what, base] : strays) {
      for (const std::string_view suffix : {segment::kOffsetIndexSuffix, segment::kTimeIndexSuffix,
                                            segment::kAppendTimeSuffix, segment::kSealSuffix}) {
        SCOPED_TRACE(fmt::format("{}{}, killed: {}", what, suffix, killed));
        ASSERT_NO_FATAL_FAILURE(Fill());
        const Seen due = Look();
        Stop();
        Write(PathOf(base, suffix), "stray");
        clean_ = !killed;
        ASSERT_TRUE(OpenOn(*fs_).ok());
        EXPECT_FALSE(Exists(PathOf(base, suffix)));
        EXPECT_EQ(Look(), due);
        ASSERT_NO_FATAL_FAILURE(ExpectGoesOn());
      }
    }
  }
}

TEST_F(PartitionStart, ASealOfTheActiveSegmentGoes) {
  ASSERT_NO_FATAL_FAILURE(Fill());
  Stop();
  Write(PathOf(Offset(27), segment::kSealSuffix),
        *file::ReadWholeFile(*fs_, PathOf(Offset(18), segment::kSealSuffix), 1U << 20U));
  ASSERT_TRUE(OpenOn(*fs_).ok());
  EXPECT_FALSE(Exists(PathOf(Offset(27), segment::kSealSuffix)));
}

// Ten thousand partitions, most of which never had a producer.
TEST_F(PartitionStart, WhoHasNoProducersOpensNothingForThem) {
  StartAnew();
  ASSERT_TRUE(Open().ok());
  AppendMany(3);
  Stop();
  ASSERT_TRUE(OpenOn(*fs_).ok());
  EXPECT_EQ(log_->LargestProducerId().value(), -1);
  EXPECT_EQ(log_->open_files(), 0U);
}

TEST_F(PartitionStart, SegmentsThatWereLetGoStandUntilRetentionTakesThem) {
  ASSERT_NO_FATAL_FAILURE(Fill(/*with_producer=*/false));
  Stop();
  // As of a log start that moved ahead of the segments.
  for (const bool killed : {false, true}) {
    auto settled = std::make_shared<SettledLog>(*checkpoint_->settled);
    settled->log_start = Offset(20);
    checkpoint_->settled = settled;
    ASSERT_TRUE(segment::WriteLogStart(*fs_, kDirectory, Offset(20)).ok());
    clean_ = !killed;
    ASSERT_TRUE(OpenOn(*fs_).ok());
    EXPECT_FALSE(log_->recovery().scanned);
    EXPECT_EQ(log_->log_start(), Offset(20));
    EXPECT_EQ(log_->Read(Offset(19), 1).error().code, ErrorCode::kInvalid);
    EXPECT_TRUE(ReadAll(Offset(20)) == Expected(Offset(20), Offset(36)));
  }
  ASSERT_TRUE(log_->Retain(AgeClock({TimestampMs(now_ms_), {}})).ok());
  EXPECT_FALSE(Exists(PathOf(Offset(0), segment::kLogSuffix)));
  EXPECT_FALSE(Exists(PathOf(Offset(9), segment::kLogSuffix)));
  EXPECT_EQ(log_->segment_count(), 2U);
  EXPECT_EQ(log_->log_start(), Offset(20));
}

// An unknown file makes a start look at all of them; a log whose headers can't be walked, and whose
// index is gone, is opened as after a crash then.
TEST_F(PartitionStart, AStoppedLogWithoutItsIndexAndWithRotStarts) {
  ASSERT_NO_FATAL_FAILURE(Fill());
  Stop();
  Write(kDirectory + "/notes", "of somebody");
  Remove(PathOf(Offset(27), segment::kOffsetIndexSuffix));
  FlipByte(ActiveLog(), static_cast<std::int64_t>(batches_[0].bytes.size()) + 16);
  const Status opened = OpenOn(*fs_);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(log_->log_end(), Offset(36));
  EXPECT_EQ(Append()->base_offset, Offset(36));
}

}  // namespace
}  // namespace logboom::broker
