#include "lib/segment/verify.h"

#include <memory>
#include <unordered_map>
#include <utility>

#include "lib/record/batch_view.h"
#include "lib/segment/append_time.h"
#include "lib/segment/compaction_checkpoint.h"
#include "lib/segment/leader_epoch_checkpoint.h"
#include "lib/segment/leader_epochs_side_car.h"
#include "lib/segment/limits.h"
#include "lib/segment/log_start.h"
#include "lib/segment/log_walk.h"
#include "lib/segment/names.h"
#include "lib/segment/offset_index.h"
#include "lib/segment/seal.h"
#include "lib/segment/segment_totals.h"
#include "lib/segment/sources.h"
#include "lib/segment/time_index.h"
#include "lib/segment/verify_producers.h"

namespace logboom::segment {
namespace {

// What the indexes say about each batch, remembered while its segment is checked.
struct BatchSeen {
  Offset base_offset;
  FilePosition position;
  TimestampMs max_timestamp;
};

class SegmentCheck {
 public:
  SegmentCheck(file::FileSystem& fs, DirectoryReport& report, ProducerSnapshotCheck& producers,
               Offset base)
      : fs_(fs), report_(report), producers_(producers), base_(base) {}

  Status Run(std::optional<Offset> expected, LeaderEpoch epoch_min,
             const std::function<void(std::int64_t)>& progress);
  const SegmentReport& segment() const { return segment_; }
  LeaderEpoch last_epoch() const { return last_epoch_; }

 private:
  std::string Path(std::string_view suffix) const {
    return SegmentPath(report_.directory, base_, suffix);
  }
  void Blame(std::string_view suffix, std::int64_t position, std::string what) {
    report_.problems.push_back({Path(suffix), position, std::move(what)});
  }

  Status WalkLog(const Seal* seal, LeaderEpoch epoch_min,
                 const std::function<void(std::int64_t)>& progress);
  Status ReadRecords(ByteView batch);
  void CheckSeal(const Seal& seal);
  void CheckSources();
  template <typename Entry>
  std::optional<EntryFile<Entry>> OpenEntries(std::string_view suffix);
  template <typename Entry>
  void CheckEntries(std::string_view suffix, const std::function<std::string(const Entry&)>& check);
  std::string CheckOffsetEntry(const OffsetIndexEntry& entry) const;
  std::string CheckTimeEntry(const TimeIndexEntry& entry) const;
  std::string CheckAppendTimeEntry(const AppendTimeEntry& entry) const;

  file::FileSystem& fs_;
  DirectoryReport& report_;
  ProducerSnapshotCheck& producers_;
  Offset base_;
  SegmentReport segment_;
  SegmentTotals totals_;
  LeaderEpoch last_epoch_;
  record::BatchReader reader_;
  std::unordered_map<Offset, BatchSeen> by_last_offset_;
};

Status SegmentCheck::Run(std::optional<Offset> expected, LeaderEpoch epoch_min,
                         const std::function<void(std::int64_t)>& progress) {
  segment_ = {.base_offset = base_, .next_offset = base_};
  last_epoch_ = epoch_min;
  if (expected && *expected != base_) {
    Blame(kLogSuffix, -1,
          fmt::format("begins at offset {}, the one before ends at {}", base_, *expected));
  }
  const Result<Seal> seal = ReadSeal(fs_, report_.directory, base_);
  segment_.sealed = seal.ok() || seal.error().code != ErrorCode::kNotFound;
  if (!seal.ok() && segment_.sealed) Blame(kSealSuffix, -1, seal.error().message);
  RETURN_IF_ERROR(WalkLog(seal.ok() ? &*seal : nullptr, epoch_min, progress));
  if (seal.ok()) CheckSeal(*seal);
  CheckSources();
  CheckEntries<OffsetIndexEntry>(kOffsetIndexSuffix,
                                 [this](const auto& entry) { return CheckOffsetEntry(entry); });
  CheckEntries<TimeIndexEntry>(kTimeIndexSuffix,
                               [this](const auto& entry) { return CheckTimeEntry(entry); });
  CheckEntries<AppendTimeEntry>(kAppendTimeSuffix,
                                [this](const auto& entry) { return CheckAppendTimeEntry(entry); });
  return Ok();
}

Status SegmentCheck::WalkLog(const Seal* seal, LeaderEpoch epoch_min,
                             const std::function<void(std::int64_t)>& progress) {
  ASSIGN_OR_RETURN(const std::unique_ptr<file::File> log,
                   fs_.Open(Path(kLogSuffix), file::OpenMode::kRead));
  ASSIGN_OR_RETURN(const file::FileStat stat, log->Stat());
  bool compacted = seal != nullptr && seal->compacted;
  OffsetRule rule = seal != nullptr ? RuleOf(*seal) : OffsetRule::kContiguous;
  if (seal == nullptr) {
    ASSIGN_OR_RETURN(compacted, MayHaveHoles(fs_, report_.directory, base_));
    if (compacted) rule = OffsetRule::kGrowing;
  }
  LogWalk walk(*log, {.begin = FilePosition(0),
                      .end = FilePosition(stat.size_bytes),
                      .expected = {.next_offset = base_, .epoch_min = epoch_min, .rule = rule}});
  while (true) {
    ASSIGN_OR_RETURN(const bool more, walk.Next());
    if (!more) break;
    totals_.Add(walk.header(), walk.bytes());
    if (const Status read = ReadRecords(walk.bytes()); !read.ok()) {
      Blame(kLogSuffix, walk.position().value(), read.error().message);
    }
    // Compaction leaves batches of several producers in one of nobody's.
    if (!compacted || walk.header().producer_id >= 0) producers_.See(walk.header());
    by_last_offset_[walk.header().last_offset()] = {walk.header().base_offset, walk.position(),
                                                    walk.header().max_timestamp};
    if (progress) progress(static_cast<std::int64_t>(walk.bytes().size()));
  }
  if (walk.stop()) {
    Blame(kLogSuffix, walk.stop()->position.value(), walk.stop()->reason);
  } else if (!compacted) {
    producers_.EndSegment(base_, walk.expected().next_offset.value_or(base_));
  }
  last_epoch_ = walk.expected().epoch_min;
  segment_.next_offset = walk.expected().next_offset.value_or(base_);
  segment_.size_bytes = stat.size_bytes;
  segment_.batches = totals_.batches;
  segment_.records = totals_.records;
  return Ok();
}

Status SegmentCheck::ReadRecords(ByteView batch) {
  RETURN_IF_ERROR(reader_.Open(batch));
  while (true) {
    ASSIGN_OR_RETURN(const record::Record* record, reader_.Next());
    if (record == nullptr) return Ok();
  }
}

void SegmentCheck::CheckSeal(const Seal& seal) {
  if (seal.next_offset != segment_.next_offset) {
    Blame(kSealSuffix, -1,
          fmt::format("says the segment ends before offset {}, it ends before {}", seal.next_offset,
                      segment_.next_offset));
  } else if (!(seal.totals == totals_)) {
    Blame(kSealSuffix, -1,
          fmt::format("says {} bytes, {} batches, {} records, heads {:08x}; the log has {}, {}, "
                      "{}, {:08x}",
                      seal.totals.size_bytes, seal.totals.batches, seal.totals.records,
                      seal.totals.heads_crc, totals_.size_bytes, totals_.batches, totals_.records,
                      totals_.heads_crc));
  }
  const IndexSums sums = SumIndexes(fs_, report_.directory, base_).value_or(seal.sums);
  const auto compare = [&](std::string_view suffix, std::uint32_t expected, std::uint32_t found) {
    if (IndexSums::Fits(expected, found)) return;
    Blame(suffix, -1, "is not what was there when the segment was sealed");
  };
  compare(kOffsetIndexSuffix, seal.sums.offsets, sums.offsets);
  compare(kTimeIndexSuffix, seal.sums.times, sums.times);
  compare(kAppendTimeSuffix, seal.sums.append_times, sums.append_times);
}

void SegmentCheck::CheckSources() {
  const Result<Sources> sources = ReadSources(fs_, report_.directory, base_);
  if (sources.ok() || sources.error().code == ErrorCode::kNotFound) return;
  Blame(kSourcesSuffix, -1, sources.error().message);
}

template <typename Entry>
std::optional<EntryFile<Entry>> SegmentCheck::OpenEntries(std::string_view suffix) {
  Result<std::unique_ptr<file::File>> file = fs_.Open(Path(suffix), file::OpenMode::kRead);
  if (!file.ok()) {
    Blame(suffix, -1, file.error().message);
    return std::nullopt;
  }
  const Result<file::FileStat> stat = (*file)->Stat();
  Result<EntryFile<Entry>> entries = EntryFile<Entry>::Open(std::move(*file), base_);
  if (!stat.ok() || !entries.ok()) {
    Blame(suffix, -1, stat.ok() ? entries.error().message : stat.error().message);
    return std::nullopt;
  }
  if (entries->size_bytes() != stat->size_bytes) {
    Blame(suffix, entries->size_bytes(), "the last entry is cut off");
  }
  return std::move(*entries);
}

template <typename Entry>
void SegmentCheck::CheckEntries(std::string_view suffix,
                                const std::function<std::string(const Entry&)>& check) {
  const std::optional<EntryFile<Entry>> entries = OpenEntries<Entry>(suffix);
  if (!entries) return;
  std::optional<Entry> previous;
  const Status read = entries->ForEach([&](std::int64_t index, const Entry& entry) {
    std::string what = entry.FollowsOn(previous) ? check(entry) : "does not grow";
    if (!what.empty()) {
      Blame(suffix, std::int64_t{Entry::kHeaderBytes} + index * std::int64_t{Entry::kBytes},
            fmt::format("entry {}: {}", index, what));
    }
    previous = entry;
    return true;
  });
  if (!read.ok()) Blame(suffix, -1, read.error().message);
}

std::string SegmentCheck::CheckOffsetEntry(const OffsetIndexEntry& entry) const {
  const auto found = by_last_offset_.find(entry.last_offset);
  if (found == by_last_offset_.end()) {
    return fmt::format("no batch ends with offset {}", entry.last_offset);
  }
  if (found->second.position == entry.position) return "";
  return fmt::format("the batch that ends with offset {} is at position {}, not {}",
                     entry.last_offset, found->second.position, entry.position);
}

std::string SegmentCheck::CheckTimeEntry(const TimeIndexEntry& entry) const {
  const auto found = by_last_offset_.find(entry.offset);
  if (found == by_last_offset_.end()) {
    return fmt::format("no batch ends with offset {}", entry.offset);
  }
  if (found->second.max_timestamp == entry.timestamp) return "";
  return fmt::format("the batch that ends with offset {} has time {}, not {}", entry.offset,
                     found->second.max_timestamp, entry.timestamp);
}

std::string SegmentCheck::CheckAppendTimeEntry(const AppendTimeEntry& entry) const {
  if (entry.offset >= base_ && entry.offset < segment_.next_offset) return "";
  return fmt::format("offset {} is not in the segment", entry.offset);
}

void CheckMetadata(file::FileSystem& fs, DirectoryReport& report) {
  const std::string path = fmt::format("{}/{}", report.directory, kPartitionMetadataName);
  const Result<Bytes> text = file::ReadWholeFile(fs, path, kTextBytesMax);
  if (!text.ok()) return report.problems.push_back({path, -1, text.error().message});
  const Result<PartitionMetadata> metadata = ParsePartitionMetadata(*text);
  if (!metadata.ok()) return report.problems.push_back({path, -1, metadata.error().message});
  report.metadata = *metadata;
}

void CheckSmallFiles(file::FileSystem& fs, DirectoryReport& report) {
  CheckMetadata(fs, report);
  const Result<LeaderEpochs> side_car = ReadLeaderEpochsSideCar(fs, report.directory);
  if (!side_car.ok() && side_car.error().code != ErrorCode::kNotFound) {
    report.problems.push_back(
        {fmt::format("{}/{}", report.directory, kLeaderEpochsName), -1, side_car.error().message});
  }
  const Result<LeaderEpochs> epochs = ReadLeaderEpochs(fs, report.directory);
  if (!epochs.ok()) {
    report.problems.push_back({fmt::format("{}/{}", report.directory, kLeaderEpochCheckpointName),
                               -1, epochs.error().message});
  }
  const auto compaction = ReadCompactionCheckpoint(fs, report.directory);
  if (!compaction.ok()) {
    report.problems.push_back({fmt::format("{}/{}", report.directory, kCompactionCheckpointName),
                               -1, compaction.error().message});
  }
  const Result<Offset> start = ReadLogStart(fs, report.directory);
  if (!start.ok() && start.error().code != ErrorCode::kNotFound) {
    report.problems.push_back(
        {fmt::format("{}/{}", report.directory, kLogStartName), -1, start.error().message});
  }
}

Result<std::vector<Offset>> ListSegments(file::FileSystem& fs, const std::string& directory) {
  ASSIGN_OR_RETURN(const std::vector<file::DirectoryEntry> entries, fs.List(directory));
  std::vector<Offset> bases;
  for (const file::DirectoryEntry& entry : entries) {
    const std::optional<SegmentFileName> name = ParseSegmentFileName(entry.name);
    if (name && name->suffix == kLogSuffix) bases.push_back(name->base_offset);
  }
  if (bases.empty()) {
    return Fail(ErrorCode::kNotFound, "{}: no .log file: give the directory of a partition",
                directory);
  }
  return bases;
}

}  // namespace

Result<DirectoryReport> VerifyDirectory(file::FileSystem& fs, const std::string& directory,
                                        const std::function<void(std::int64_t)>& progress) {
  ASSIGN_OR_RETURN(const std::vector<Offset> bases, ListSegments(fs, directory));
  DirectoryReport report;
  report.directory = directory;
  CheckSmallFiles(fs, report);
  ProducerSnapshotCheck producers(fs, report);
  std::optional<Offset> expected;
  LeaderEpoch epoch(-1);
  std::int64_t done = 0;
  const auto count = [&](std::int64_t bytes) {
    done += bytes;
    if (progress) progress(done);
  };
  for (const Offset base : bases) {
    SegmentCheck check(fs, report, producers, base);
    RETURN_IF_ERROR(check.Run(expected, epoch, count));
    report.segments.push_back(check.segment());
    expected = check.segment().next_offset;
    epoch = check.last_epoch();
  }
  return report;
}

}  // namespace logboom::segment
