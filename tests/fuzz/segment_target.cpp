#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "broker/storage/age_clock.h"
#include "broker/storage/backup_manifest.h"
#include "broker/storage/compaction.h"
#include "broker/storage/manifest.h"
#include "broker/storage/partition_log.h"
#include "broker/storage/scrub_segment.h"
#include "broker/storage/superblock.h"
#include "lib/file/memory_file_system.h"
#include "lib/segment/checked_text.h"
#include "lib/segment/compaction_checkpoint.h"
#include "lib/segment/dump.h"
#include "lib/segment/leader_epoch_checkpoint.h"
#include "lib/segment/leader_epochs_side_car.h"
#include "lib/segment/log_start.h"
#include "lib/segment/log_walk.h"
#include "lib/segment/names.h"
#include "lib/segment/producer_snapshot.h"
#include "lib/segment/seal.h"
#include "lib/segment/sources.h"
#include "lib/segment/verify.h"
#include "tests/fuzz/partition_files.h"
#include "tests/fuzz/targets.h"
#include "tests/lib/segment/batches.h"

namespace logboom::fuzz {
namespace {

const std::string kDirectory = "/data/7-0";
const std::string kQuarantine = "/data/quarantine";
constexpr TimestampMs kNow{1'700'000'000'000};
constexpr std::int64_t kCompactionStepBytes = 1000;
constexpr std::int64_t kScrubbedOffsets = 56;  // of the golden partition's first segment

using Files = std::vector<PartitionFile>;

void MakeDisk(file::FileSystem& fs, const Files& files) {
  ASSERT_TRUE(file::CreateDurableDirectories(fs, kDirectory).ok());
  ASSERT_TRUE(file::CreateDurableDirectories(fs, kQuarantine).ok());
  WriteFiles(fs, kDirectory, files);
}

// ---- each format by itself

void SideCars(const PartitionFile& file) {
  if (const auto seal = segment::DecodeSeal(file.bytes); seal.ok()) {
    EXPECT_EQ(segment::DecodeSeal(segment::EncodeSeal(*seal)).value(), *seal);
  }
  if (const auto sources = segment::DecodeSources(file.bytes); sources.ok()) {
    EXPECT_EQ(segment::EncodeSources(*sources), file.bytes);
  }
  if (const auto producers = segment::DecodeProducerSnapshot(file.bytes); producers.ok()) {
    EXPECT_EQ(segment::EncodeProducerSnapshot(*producers), file.bytes);
  }
  if (const auto manifest = broker::DecodeManifest(file.bytes); manifest.ok()) {
    const Bytes encoded = broker::EncodeManifest(*manifest);
    EXPECT_EQ(broker::EncodeManifest(broker::DecodeManifest(encoded).value()), encoded);
  }
}

void Texts(const PartitionFile& file) {
  if (const auto fields = segment::ParseCheckedText(file.bytes); fields.ok()) {
    EXPECT_EQ(segment::ParseCheckedText(segment::FormatCheckedText(*fields)).value(), *fields);
  }
  if (const auto metadata = segment::ParsePartitionMetadata(file.bytes); metadata.ok()) {
    const auto again = segment::ParsePartitionMetadata(segment::FormatPartitionMetadata(*metadata));
    EXPECT_EQ(again.value(), *metadata);
  }
  if (const auto epochs = segment::LeaderEpochs::Parse(file.bytes); epochs.ok()) {
    EXPECT_EQ(segment::LeaderEpochs::Parse(epochs->Format()).value().starts(), epochs->starts());
  }
}

void StateOfTheBroker(file::FileSystem& fs, const PartitionFile& file) {
  if (const auto backup = broker::ParseBackupManifest(file.bytes); backup.ok()) {
    const auto again = broker::ParseBackupManifest(broker::FormatBackupManifest(*backup));
    EXPECT_EQ(again.value(), *backup);
    for (const broker::BackupFile& one : backup->files) {
      EXPECT_FALSE(one.path.starts_with("/") || one.path.starts_with("../") ||
                   one.path.find("/../") != one.path.npos || one.path.ends_with("/.."));
    }
  }
  if (const auto clock = broker::ReadAgeClock(fs, kDirectory); clock.ok()) {
    file::MemoryFileSystem other;
    ASSERT_TRUE(file::CreateDurableDirectories(other, kDirectory).ok());
    ASSERT_TRUE(broker::WriteAgeClock(other, kDirectory, *clock).ok());
    const auto again = broker::ReadAgeClock(other, kDirectory);
    EXPECT_EQ(again.value().jumps.size(), clock->jumps.size());
    EXPECT_EQ(again.value().seen, clock->seen);
  }
  if (const auto epochs = segment::ReadLeaderEpochsSideCar(fs, kDirectory); epochs.ok()) {
    EXPECT_EQ(segment::LeaderEpochs::Parse(epochs->Format()).value().starts(), epochs->starts());
  }
}

void CompactionOf(file::FileSystem& fs) {
  const auto checkpoint = segment::ReadCompactionCheckpoint(fs, kDirectory);
  if (!checkpoint.ok()) return;
  EXPECT_LE(Offset(0), checkpoint->first_dirty);
  EXPECT_LE(checkpoint->first_dirty, checkpoint->holes_end);
  file::MemoryFileSystem other;
  ASSERT_TRUE(file::CreateDurableDirectories(other, kDirectory).ok());
  ASSERT_TRUE(segment::WriteCompactionCheckpoint(other, kDirectory, *checkpoint).ok());
  EXPECT_EQ(segment::ReadCompactionCheckpoint(other, kDirectory).value(), *checkpoint);
}

// To the segment's end, in steps of about so many bytes; whether it found damage.
bool ScrubAll(file::FileSystem& fs, broker::ScrubTask task, std::int64_t step_bytes) {
  for (std::int64_t steps = 0; steps <= task.size_bytes + 1; ++steps) {
    const auto outcome = broker::ScrubSegment(fs, task, step_bytes, std::stop_token());
    EXPECT_LE(outcome.unreadable.size(), static_cast<std::size_t>(task.size_bytes) + 1);
    if (outcome.finished || outcome.changed) return outcome.reached.damaged;
    task.from = outcome.reached;
  }
  ADD_FAILURE() << "the scrub does not end";
  return false;
}

void Scrub(file::FileSystem& fs, const PartitionFile& file) {
  broker::ScrubTask task{.directory = kDirectory,
                         .base_offset = file.base_offset,
                         .next_offset = file.base_offset + kScrubbedOffsets,
                         .size_bytes = static_cast<std::int64_t>(file.bytes.size()),
                         .epochs = {},
                         .from = {}};
  task.from.next_offset = file.base_offset;
  EXPECT_EQ(ScrubAll(fs, task, 1), ScrubAll(fs, task, std::int64_t{1} << 30U));
}

void WalkLog(file::FileSystem& fs, const PartitionFile& file, segment::CrcCheck crc) {
  const auto log = fs.Open(kDirectory + "/" + file.name, file::OpenMode::kRead);
  ASSERT_TRUE(log.ok());
  const auto size = static_cast<std::int64_t>(file.bytes.size());
  segment::LogWalk walk(**log, {.begin = FilePosition(0),
                                .end = FilePosition(size),
                                .expected = {.next_offset = file.base_offset},
                                .crc = crc});
  FilePosition at(0);
  Offset next = file.base_offset;
  while (true) {
    const auto stepped = walk.Next();
    ASSERT_TRUE(stepped.ok()) << stepped.error().message;
    if (!*stepped) break;
    EXPECT_EQ(walk.position(), at);
    EXPECT_EQ(walk.header().base_offset, next);
    at = at + static_cast<std::int64_t>(walk.header().size_bytes());
    next = walk.header().next_offset();
    ASSERT_LE(at.value(), size);
  }
  EXPECT_EQ(walk.next_position(), at);
  EXPECT_EQ(walk.stop().has_value(), at.value() < size);
}

void Dump(file::FileSystem& fs, const PartitionFile& file) {
  std::size_t rows = 0;
  static_cast<void>(
      segment::DumpFile(fs, kDirectory + "/" + file.name, [&rows](const segment::DumpRow&) {
        ++rows;
      }).ok());
  EXPECT_LE(rows, file.bytes.size());
}

void LookAtEach(file::FileSystem& fs, const Files& files) {
  std::map<std::string, const PartitionFile*> newest;
  for (const PartitionFile& file : files) newest[file.name] = &file;
  for (const auto& [name, file] : newest) {
    SideCars(*file);
    Texts(*file);
    Dump(fs, *file);
    StateOfTheBroker(fs, *file);
    if (file->kind != FileKind::kLog) continue;
    Scrub(fs, *file);
    WalkLog(fs, *file, segment::CrcCheck::kVerify);
    WalkLog(fs, *file, segment::CrcCheck::kSkip);
  }
  CompactionOf(fs);
  static_cast<void>(broker::ReadSuperblock(fs, kDirectory).ok());
  static_cast<void>(segment::VerifyDirectory(fs, kDirectory, {}).ok());
}

// ---- recovery

struct Checkpoint {
  std::optional<broker::PartitionCheckpoint> partition;
  bool clean = false;
};

Checkpoint CheckpointIn(const Files& files) {
  Checkpoint checkpoint;
  for (const PartitionFile& file : files) {
    if (file.kind != FileKind::kManifest) continue;
    const auto manifest = broker::DecodeManifest(file.bytes);
    if (!manifest.ok() || manifest->partitions.empty()) continue;
    checkpoint = {manifest->partitions.front(), manifest->clean};
  }
  return checkpoint;
}

using OpenedLog = std::unique_ptr<broker::PartitionLog>;

Result<OpenedLog> Open(file::FileSystem& fs, const Checkpoint& checkpoint) {
  broker::PartitionLogOptions options;
  options.compact =
      fs.Stat(fmt::format("{}/{}", kDirectory, segment::kCompactionCheckpointName)).ok();
  return broker::PartitionLog::Open(fs, kDirectory, kQuarantine, options, checkpoint.partition,
                                    checkpoint.clean, kNow, {});
}

void Commit(file::FileSystem& fs, broker::PartitionLog& log) {
  const broker::SyncWork work = log.TakeSyncWork();
  for (const auto& file : work.files) ASSERT_TRUE(file->Sync().ok());
  for (const auto& directory : work.directories) ASSERT_TRUE(fs.SyncDirectory(directory).ok());
  log.SyncDone(work.covers);
}

// Every batch that a reader is given; how many.
std::int64_t ReadAll(broker::PartitionLog& log) {
  std::int64_t batches = 0;
  for (Offset at = log.log_start(); at < log.durable_end();) {
    const auto fetched = log.Read(at, 1'000);
    EXPECT_TRUE(fetched.ok()) << fetched.error().message;
    if (!fetched.ok()) break;
    EXPECT_GT(fetched->next_offset, at);
    EXPECT_TRUE(!fetched->bytes.empty() || !fetched->unreadable.empty());
    ByteView left(fetched->bytes);
    while (!left.empty()) {
      const auto header = record::ParseBatchHeader(left);
      EXPECT_TRUE(header.ok());
      if (!header.ok() || header->size_bytes() > left.size()) break;
      left.remove_prefix(header->size_bytes());
      ++batches;
    }
    EXPECT_TRUE(left.empty());
    if (fetched->next_offset <= at) break;
    at = fetched->next_offset;
  }
  return batches;
}

void AppendTo(file::FileSystem& fs, broker::PartitionLog& log) {
  const Offset end = log.log_end();
  Bytes batch = segment::MakeBatch({.base_offset = Offset(0), .records = 2});
  const auto appended = log.Append(batch.data(), *record::VerifyBatch(batch), kNow);
  if (!appended.ok()) return;  // at the end of all offsets
  EXPECT_EQ(appended->base_offset, end);
  Commit(fs, log);
  EXPECT_EQ(log.durable_end(), end + 2);
}

// A pass, where one is due. What is damaged ends it, and stays as it is.
void Compact(file::FileSystem& fs, broker::PartitionLog& log) {
  const auto plan = log.PlanCompaction(broker::AgeClock({kNow, MonotonicMs(0)}));
  if (!plan.ok() || !*plan || !log.BeginCompaction(**plan).ok()) return;
  broker::CompactionPass pass(fs, **plan, {});
  using Next = broker::CompactionPass::Next;
  for (Next next = Next::kStep; next != Next::kEnd;) {
    const auto stepped = pass.Step(kCompactionStepBytes, {});
    if (!stepped.ok()) return pass.Drop();
    next = *stepped;
    if (next != Next::kInstall) continue;
    EXPECT_TRUE(log.Install(pass.TakeCopied()).value());
  }
  EXPECT_TRUE(log.EndCompaction(pass.clean_end()).ok());
}

// After another crash it is the same: what was durable is never cut, whatever the files said.
void ReopenAndCompare(file::MemoryFileSystem& fs, OpenedLog log, std::int64_t batches) {
  const Offset end = log->durable_end();
  const Offset start = log->log_start();
  log.reset();
  fs.KillProcess();
  const auto again = Open(fs, {});
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ((*again)->log_start(), start);
  EXPECT_EQ((*again)->durable_end(), end);
  EXPECT_GE(ReadAll(**again), batches);
}

// A log that opens is readable from end to end, and takes appends.
void Recover(const Files& files, const Checkpoint& checkpoint) {
  file::MemoryFileSystem fs;
  MakeDisk(fs, files);
  auto log = Open(fs, checkpoint);
  if (!log.ok()) {
    EXPECT_FALSE(log.error().message.empty());
    return;
  }
  EXPECT_LE((*log)->log_start(), (*log)->durable_end());
  EXPECT_EQ((*log)->durable_end(), (*log)->log_end());
  static_cast<void>((*log)->OffsetAtTime(kNow).ok());
  static_cast<void>((*log)->AppendTimeAt((*log)->log_start()).ok());
  static_cast<void>((*log)->NewestSealedSources().ok());
  static_cast<void>((*log)->LargestProducerId().ok());
  std::int64_t batches = ReadAll(**log);
  AppendTo(fs, **log);
  if ((*log)->options().compact) {
    Compact(fs, **log);
    batches = ReadAll(**log);
  }
  // Only without a checkpoint was all of it looked at.
  if (!checkpoint.partition) ReopenAndCompare(fs, *std::move(log), batches);
}

void LookAndRecover(const Files& files) {
  file::MemoryFileSystem fs;
  MakeDisk(fs, files);
  LookAtEach(fs, files);
  Recover(files, {});
  if (const Checkpoint checkpoint = CheckpointIn(files); checkpoint.partition) {
    Recover(files, checkpoint);
  }
}

}  // namespace

void Segment(ByteView input) {
  Files files = UnpackFiles(input);
  LookAndRecover(files);
  for (PartitionFile& file : files) Mend(file);
  LookAndRecover(files);
}

}  // namespace logboom::fuzz
