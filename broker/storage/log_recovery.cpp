#include "broker/storage/log_recovery.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "broker/storage/quarantine.h"
#include "lib/segment/find_batch.h"
#include "lib/segment/log_walk.h"
#include "lib/segment/names.h"
#include "lib/segment/rebuild.h"
#include "lib/segment/seal.h"

namespace logboom::broker {
namespace {

using segment::SegmentPath;
using segment::SegmentTotals;

// Where the scan begins; `index` may be one past the last segment: then nothing is left to scan.
// Of the file systems that a data directory may be on.
constexpr std::int64_t kBlockBytesMax = 4096;

struct ScanStart {
  std::size_t index = 0;
  Offset offset;
  SegmentTotals totals;  // of that segment before the start
};

// The log is good before `position` in segment `index`. Where that segment does not follow on,
// nothing of it stays; else its front part does, even if empty.
struct Cut {
  std::size_t index = 0;
  FilePosition position;
  bool keeps_front = true;
  Offset offset;
  std::string reason;

  std::size_t kept_segments() const { return keeps_front ? index + 1 : index; }
};

class Recovery {
 public:
  Recovery(file::FileSystem& fs, const RecoveryInput& input, std::vector<FoundSegment> segments,
           segment::LeaderEpochs& epochs)
      : fs_(fs), input_(input), segments_(std::move(segments)), epochs_(epochs) {}

  Result<RecoveredLog> Run();

 private:
  Status FindStart();
  Status ConsiderSeals();
  Status ConsiderCheckpoint();
  Result<std::unique_ptr<file::File>> OpenLog(std::size_t index);
  Status ReadFromDevice();
  Status Scan();
  Result<bool> ScanSegment(std::size_t index, Offset expected, const SegmentTotals& known);
  std::string LogPath(std::size_t index) const;
  Result<bool> NothingWorthKeeping() const;
  Status CutOff();
  Status RemoveSegment(std::size_t index);
  Status DropTail();
  Status QuarantineTail();
  Status TruncateCut();
  Status WipeBehindEnd();
  Status RaiseEpoch(Offset start);
  Status TellLostRecords();

  file::FileSystem& fs_;
  const RecoveryInput& input_;
  std::vector<FoundSegment> segments_;
  segment::LeaderEpochs& epochs_;
  ScanStart start_;
  std::size_t sealed_ = 0;  // segments up to the last one with a valid seal
  Offset trusted_end_;
  Offset log_end_;
  LeaderEpoch epoch_seen_{-1};
  std::optional<Cut> cut_;
  RecoveredLog result_;
};

Result<RecoveredLog> Recovery::Run() {
  result_.report.scanned = true;
  RETURN_IF_ERROR(FindStart());
  RETURN_IF_ERROR(ReadFromDevice());
  RETURN_IF_ERROR(Scan());
  if (cut_) RETURN_IF_ERROR(CutOff());
  RETURN_IF_ERROR(TellLostRecords());
  RETURN_IF_ERROR(WipeBehindEnd());
  segments_.resize(std::min(segments_.size(), start_.index));
  result_.unsealed = segments_.size() - std::min(segments_.size(), sealed_);
  result_.trusted = std::move(segments_);
  return std::move(result_);
}

std::string Recovery::LogPath(std::size_t index) const {
  return SegmentPath(input_.directory, segments_[index].base_offset, segment::kLogSuffix);
}

Status Recovery::FindStart() {
  start_ = {.index = 0, .offset = segments_.front().base_offset, .totals = {}};
  trusted_end_ = std::max(input_.log_start, segments_.front().base_offset);
  RETURN_IF_ERROR(ConsiderSeals());
  return ConsiderCheckpoint();
}

Status Recovery::ConsiderSeals() {
  for (std::size_t i = segments_.size(); i-- > 0;) {
    const Result<segment::Seal> seal =
        segment::ReadSeal(fs_, input_.directory, segments_[i].base_offset);
    if (!seal.ok() && seal.error().code == ErrorCode::kIo) return seal.error();
    if (!seal.ok()) continue;
    trusted_end_ = std::max(trusted_end_, seal->next_offset);
    sealed_ = i + 1;
    if (segments_[i].size_bytes != seal->totals.size_bytes) {
      // It was whole once, and is not now: what is left of it is looked at.
      start_ = {.index = i, .offset = segments_[i].base_offset, .totals = {}};
    } else {
      start_ = {.index = i + 1, .offset = seal->next_offset, .totals = {}};
    }
    return Ok();
  }
  return Ok();
}

Status Recovery::ConsiderCheckpoint() {
  if (!input_.checkpoint) return Ok();
  const PartitionCheckpoint& checkpoint = *input_.checkpoint;
  trusted_end_ = std::max(trusted_end_, checkpoint.recovery_point);
  if (checkpoint.recovery_point <= start_.offset) return Ok();
  if (checkpoint.position.value() == 0 && checkpoint.recovery_point != checkpoint.segment_base) {
    return Ok();
  }
  const auto found = std::find_if(segments_.begin(), segments_.end(), [&](const FoundSegment& s) {
    return s.base_offset == checkpoint.segment_base;
  });
  if (found == segments_.end() || found->size_bytes < checkpoint.position.value()) return Ok();
  start_.index = static_cast<std::size_t>(found - segments_.begin());
  start_.offset = checkpoint.recovery_point;
  start_.totals = checkpoint.segment_totals;
  // A segment that was finished since may have been rewritten, and what stands at the position is
  // something else.
  const bool was_active = found + 1 == segments_.end();
  const bool has_totals = start_.totals.size_bytes == checkpoint.position.value();
  if (has_totals && was_active) return Ok();
  ASSIGN_OR_RETURN(const std::unique_ptr<file::File> log, OpenLog(start_.index));
  const Result<SegmentTotals> counted = segment::CountTotals(
      *log, {checkpoint.segment_base, checkpoint.recovery_point, checkpoint.position});
  if (counted.ok() && (!has_totals || *counted == start_.totals)) {
    start_.totals = *counted;
  } else {
    start_ = {.index = start_.index, .offset = checkpoint.segment_base, .totals = {}};
  }
  return Ok();
}

Result<std::unique_ptr<file::File>> Recovery::OpenLog(std::size_t index) {
  return fs_.Open(LogPath(index), file::OpenMode::kReadWrite);
}

// The last run may have ended with a failed sync, whose pages are in memory and not on the device.
Status Recovery::ReadFromDevice() {
  for (std::size_t i = start_.index; i < segments_.size(); ++i) {
    ASSIGN_OR_RETURN(const std::unique_ptr<file::File> log, OpenLog(i));
    RETURN_IF_ERROR(segment::ReadFromDevice(*log));
    ASSIGN_OR_RETURN(const file::FileStat stat, log->Stat());
    segments_[i].size_bytes = stat.size_bytes;
  }
  return Ok();
}

Status Recovery::Scan() {
  log_end_ = start_.offset;
  for (std::size_t i = start_.index; i < segments_.size(); ++i) {
    const SegmentTotals known = i == start_.index ? start_.totals : SegmentTotals{};
    const Offset begin = known.size_bytes == 0 ? segments_[i].base_offset : log_end_;
    if (begin != log_end_) {
      cut_ = Cut{
          .index = i,
          .position = FilePosition(0),
          .keeps_front = false,
          .offset = log_end_,
          .reason = fmt::format("{}: begins at offset {}, {} is due", LogPath(i), begin, log_end_)};
      return Ok();
    }
    ASSIGN_OR_RETURN(const bool whole, ScanSegment(i, log_end_, known));
    if (!whole) return Ok();
  }
  return Ok();
}

// False where the segment is cut; its good part is in result_.scanned all the same.
Result<bool> Recovery::ScanSegment(std::size_t index, Offset expected, const SegmentTotals& known) {
  ASSIGN_OR_RETURN(const std::unique_ptr<file::File> log, OpenLog(index));
  SegmentAsFound found{.base_offset = segments_[index].base_offset,
                       .next_offset = expected,
                       .totals = known,
                       .known = {expected, known},
                       .trust = segment::IndexTrust::kUnsynced};
  const auto rule = found.base_offset < input_.holes_end ? segment::OffsetRule::kGrowing
                                                         : segment::OffsetRule::kContiguous;
  segment::LogWalk walk(*log, {.begin = FilePosition(known.size_bytes),
                               .end = FilePosition(segments_[index].size_bytes),
                               .expected = {.next_offset = expected,
                                            .epoch_min = epoch_seen_,
                                            .rule = rule,
                                            .epochs = &epochs_,
                                            .epoch_rule = segment::EpochRule::kMayRotUp}});
  while (true) {
    ASSIGN_OR_RETURN(const bool more, walk.Next());
    if (!more) break;
    found.totals.Add(walk.header(), walk.bytes());
    found.next_offset = walk.header().next_offset();
    epoch_seen_ = walk.expected().epoch_min;
    if (walk.header().producer_id >= 0 && !result_.first_producer_batch) {
      result_.first_producer_batch = walk.header().base_offset;
    }
    result_.report.records_recovered += walk.header().record_count;
    result_.report.bytes_scanned += static_cast<std::int64_t>(walk.bytes().size());
    if (input_.progress) input_.progress(result_.report.bytes_scanned);
  }
  log_end_ = found.next_offset;
  result_.scanned.push_back(found);
  if (!walk.stop()) return true;
  cut_ = Cut{.index = index,
             .position = walk.stop()->position,
             .offset = log_end_,
             .reason = fmt::format("{} at position {}: {}", LogPath(index), walk.stop()->position,
                                   walk.stop()->reason)};
  return false;
}

Result<bool> Recovery::NothingWorthKeeping() const {
  for (std::size_t i = cut_->index + 1; i < segments_.size(); ++i) {
    if (segments_[i].size_bytes > 0) return false;
  }
  const FoundSegment& cut = segments_[cut_->index];
  const FilePosition end(cut.size_bytes);
  ASSIGN_OR_RETURN(const std::unique_ptr<file::File> log,
                   fs_.Open(LogPath(cut_->index), file::OpenMode::kRead));
  ASSIGN_OR_RETURN(const bool zeros, segment::IsZeros(*log, cut_->position, end));
  if (zeros) return true;
  if (!cut_->keeps_front) return false;
  segment::LogWalk walk(*log,
                        {.begin = cut_->position,
                         .end = end,
                         .expected = {.next_offset = cut_->offset, .epoch_min = epoch_seen_}});
  ASSIGN_OR_RETURN(const bool more, walk.Next());
  if (more || !walk.stop() || walk.stop()->kind != segment::StopKind::kIncomplete) return false;
  // A damaged length may look like an incomplete batch: then whole ones stand behind it.
  ASSIGN_OR_RETURN(const std::optional<segment::FoundBatch> found,
                   segment::FindBatch(*log, cut_->position + 1, end,
                                      {.next_offset = cut_->offset, .epoch_min = epoch_seen_}));
  return !found;
}

Status Recovery::CutOff() {
  result_.report.cut_at = cut_->offset;
  result_.report.cut_reason = cut_->reason;
  result_.report.bytes_cut = segments_[cut_->index].size_bytes - cut_->position.value();
  for (std::size_t i = cut_->index + 1; i < segments_.size(); ++i) {
    result_.report.bytes_cut += segments_[i].size_bytes;
  }
  ASSIGN_OR_RETURN(const bool routine, NothingWorthKeeping());
  return routine ? DropTail() : QuarantineTail();
}

Status Recovery::RemoveSegment(std::size_t index) {
  ASSIGN_OR_RETURN(const std::vector<file::DirectoryEntry> entries, fs_.List(input_.directory));
  for (const file::DirectoryEntry& entry : entries) {
    const auto name = segment::ParseSegmentFileName(entry.name);
    if (!name || name->base_offset != segments_[index].base_offset) continue;
    RETURN_IF_ERROR(fs_.Remove(fmt::format("{}/{}", input_.directory, entry.name)));
  }
  return Ok();
}

Status Recovery::TruncateCut() {
  if (cut_->keeps_front) {
    ASSIGN_OR_RETURN(const std::unique_ptr<file::File> log, OpenLog(cut_->index));
    RETURN_IF_ERROR(log->Truncate(cut_->position.value()));
  }
  segments_.resize(cut_->kept_segments());
  return Ok();
}

// Not where records are gone: nothing is appended to that segment, and zeros that a failure leaves
// in their place would pass for them at the next start.
Status Recovery::WipeBehindEnd() {
  if (result_.scanned.empty() || log_end_ < result_.next_offset) return Ok();
  ASSIGN_OR_RETURN(
      [[maybe_unused]] const bool wiped,
      broker::WipeBehindEnd(fs_, SegmentPath(input_.directory, result_.scanned.back().base_offset,
                                             segment::kLogSuffix)));
  return Ok();  // whoever opens the segment syncs it
}

Status Recovery::DropTail() {
  for (std::size_t i = segments_.size(); i-- > cut_->kept_segments();) {
    RETURN_IF_ERROR(RemoveSegment(i));
  }
  return TruncateCut();
}

// Whatever step a crash comes after: the next recovery finds the same cut, or nothing left to cut.
Status Recovery::QuarantineTail() {
  ASSIGN_OR_RETURN(Quarantine quarantine,
                   Quarantine::Open(fs_, input_.quarantine, input_.directory, input_.now));
  result_.report.quarantine = quarantine.path();
  if (cut_->keeps_front) {
    RETURN_IF_ERROR(quarantine.CopyTail(segments_[cut_->index].base_offset, cut_->position));
  }
  RETURN_IF_ERROR(RaiseEpoch(cut_->offset));
  for (std::size_t i = segments_.size(); i-- > cut_->kept_segments();) {
    RETURN_IF_ERROR(quarantine.MoveSegment(segments_[i].base_offset));
  }
  RETURN_IF_ERROR(TruncateCut());
  return quarantine.Sync();
}

Status Recovery::RaiseEpoch(Offset start) {
  const LeaderEpoch seen = std::max(epochs_.current(), epoch_seen_);
  epochs_.Begin(seen + 1, start);
  RETURN_IF_ERROR(segment::WriteLeaderEpochs(fs_, input_.directory, epochs_));
  result_.report.epoch_raised = true;
  return Ok();
}

Status Recovery::TellLostRecords() {
  result_.sound_until = log_end_;
  result_.next_offset = std::max(log_end_, trusted_end_);
  if (result_.next_offset == log_end_) return Ok();
  result_.unreadable.push_back(
      {log_end_, result_.next_offset, "synced before, and gone when the broker started"});
  return result_.report.epoch_raised ? Ok() : RaiseEpoch(result_.next_offset);
}

}  // namespace

Result<bool> WipeBehindEnd(file::FileSystem& fs, const std::string& path) {
  ASSIGN_OR_RETURN(const std::unique_ptr<file::File> log,
                   fs.Open(path, file::OpenMode::kReadWrite));
  ASSIGN_OR_RETURN(const file::FileStat stat, log->Stat());
  const std::int64_t behind = stat.size_bytes % kBlockBytesMax;
  if (behind == 0) return false;
  const Bytes zeros(static_cast<std::size_t>(kBlockBytesMax - behind), '\0');
  Status wiped = log->PWrite(stat.size_bytes, zeros);
  // Without room for them there is nothing there.
  if (!wiped.ok() && wiped.error().code != ErrorCode::kNoSpace) return wiped.error();
  RETURN_IF_ERROR(log->Truncate(stat.size_bytes));
  return true;
}

Result<std::vector<FoundSegment>> FindSegments(file::FileSystem& fs, const std::string& directory) {
  ASSIGN_OR_RETURN(const std::vector<file::DirectoryEntry> entries, fs.List(directory));
  std::vector<FoundSegment> segments;
  for (const file::DirectoryEntry& entry : entries) {
    const auto name = segment::ParseSegmentFileName(entry.name);
    if (!name || name->suffix != segment::kLogSuffix) continue;
    ASSIGN_OR_RETURN(const file::FileStat stat,
                     fs.Stat(fmt::format("{}/{}", directory, entry.name)));
    segments.push_back({name->base_offset, stat.size_bytes});
  }
  return segments;
}

Result<RecoveredLog> RecoverLog(file::FileSystem& fs, const RecoveryInput& input,
                                std::vector<FoundSegment> segments, segment::LeaderEpochs& epochs) {
  return Recovery(fs, input, std::move(segments), epochs).Run();
}

}  // namespace logboom::broker
