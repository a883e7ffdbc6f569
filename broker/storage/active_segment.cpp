#include "broker/storage/active_segment.h"

#include <algorithm>
#include <utility>

#include "broker/storage/limits.h"
#include "lib/segment/limits.h"
#include "lib/segment/names.h"

namespace logboom::broker {
namespace {

using segment::AppendTimeEntry;
using segment::AppendTimes;
using segment::OffsetIndex;
using segment::SegmentPath;
using segment::TimeIndex;

Result<std::shared_ptr<file::File>> OpenFile(file::FileSystem& fs, const std::string& path) {
  ASSIGN_OR_RETURN(std::shared_ptr<file::File> file, fs.Open(path, file::OpenMode::kCreate));
  return file;
}

template <typename Index>
Result<Index> CreateEntries(file::FileSystem& fs, const std::string& directory, Offset base,
                            std::string_view suffix) {
  ASSIGN_OR_RETURN(std::shared_ptr<file::File> file,
                   OpenFile(fs, SegmentPath(directory, base, suffix)));
  return Index::Create(std::move(file), base);
}

// The append times of a segment that was there before. Where a crash has cost the newest, the
// records that they were for count as appended now: kept longer, never thrown away early.
Result<AppendTimes> MendAppendTimes(file::FileSystem& fs, const std::string& directory,
                                    const SegmentAsFound& found, TimestampMs now) {
  const Offset base = found.base_offset;
  ASSIGN_OR_RETURN(std::shared_ptr<file::File> file,
                   OpenFile(fs, SegmentPath(directory, base, segment::kAppendTimeSuffix)));
  Result<AppendTimes> times = AppendTimes::Open(file, base);
  if (!times.ok() && times.error().code == ErrorCode::kIo) return times;
  if (!times.ok()) times = AppendTimes::Create(std::move(file), base);
  if (!times.ok()) return times;
  const auto belongs = [&](const AppendTimeEntry& entry) {
    return entry.offset >= base && entry.offset < found.next_offset;
  };
  ASSIGN_OR_RETURN(const bool ends_well, times->EndsWell(belongs));
  if (found.trust == segment::IndexTrust::kSynced && times->count() > 0 && ends_well) return times;
  RETURN_IF_ERROR(times->KeepValidPrefix(belongs));
  ASSIGN_OR_RETURN(const std::optional<AppendTimeEntry> last, times->Last());
  // Rotted away after an orderly stop: how old the records are at most is known from elsewhere.
  if (!last && found.max_append_time.value() >= 0) return times;
  const AppendTimeEntry lost{now, last ? last->offset + 1 : base};
  if (lost.offset < found.next_offset && lost.FollowsOn(last)) {
    const Status added = times->Append(lost);
    if (!added.ok() && added.error().code != ErrorCode::kNoSpace) return added.error();
  }
  return times;
}

// What has rotted beside the log since an orderly stop goes: indexes are made anew, append times
// can't be.
void RemoveRotten(file::FileSystem& fs, const std::string& directory, const SegmentAsFound& found) {
  using segment::IndexSums;
  if (found.sums == IndexSums{}) return;
  const IndexSums sums = segment::SumIndexes(fs, directory, found.base_offset);
  const auto remove = [&](std::string_view suffix) {
    [[maybe_unused]] const Status removed =
        fs.Remove(SegmentPath(directory, found.base_offset, suffix));
  };
  if (!IndexSums::Fits(found.sums.offsets, sums.offsets) ||
      !IndexSums::Fits(found.sums.times, sums.times)) {
    remove(segment::kOffsetIndexSuffix);
    remove(segment::kTimeIndexSuffix);
  }
  if (!IndexSums::Fits(found.sums.append_times, sums.append_times)) {
    remove(segment::kAppendTimeSuffix);
  }
}

}  // namespace

ActiveSegment::ActiveSegment(Offset base_offset, std::shared_ptr<file::File> log,
                             segment::IndexWriter indexes, AppendTimes append_times)
    : base_offset_(base_offset),
      next_offset_(base_offset),
      log_(std::move(log)),
      indexes_(std::move(indexes)),
      append_times_(std::move(append_times)) {}

Result<ActiveSegment> ActiveSegment::Create(file::FileSystem& fs, const std::string& directory,
                                            Offset base_offset) {
  ASSIGN_OR_RETURN(std::shared_ptr<file::File> log,
                   OpenFile(fs, SegmentPath(directory, base_offset, segment::kLogSuffix)));
  RETURN_IF_ERROR(log->Truncate(0));
  ASSIGN_OR_RETURN(OffsetIndex offsets, CreateEntries<OffsetIndex>(fs, directory, base_offset,
                                                                   segment::kOffsetIndexSuffix));
  ASSIGN_OR_RETURN(TimeIndex times,
                   CreateEntries<TimeIndex>(fs, directory, base_offset, segment::kTimeIndexSuffix));
  ASSIGN_OR_RETURN(
      AppendTimes append_times,
      CreateEntries<AppendTimes>(fs, directory, base_offset, segment::kAppendTimeSuffix));
  return ActiveSegment(base_offset, std::move(log),
                       segment::IndexWriter(std::move(offsets), std::move(times)),
                       std::move(append_times));
}

Result<ActiveSegment> ActiveSegment::Resume(file::FileSystem& fs, const std::string& directory,
                                            const SegmentAsFound& found, TimestampMs now) {
  RemoveRotten(fs, directory, found);
  const std::string path = SegmentPath(directory, found.base_offset, segment::kLogSuffix);
  ASSIGN_OR_RETURN(std::shared_ptr<file::File> log, OpenFile(fs, path));
  const segment::LogExtent extent{found.base_offset, found.next_offset,
                                  FilePosition(found.totals.size_bytes)};
  Result<segment::IndexWriter> indexes =
      segment::OpenIndexes(fs, directory, *log, extent, found.known, found.trust);
  if (!indexes.ok()) return indexes.error().Within(path);
  ASSIGN_OR_RETURN(AppendTimes append_times, MendAppendTimes(fs, directory, found, now));
  ActiveSegment active(found.base_offset, std::move(log), std::move(*indexes),
                       std::move(append_times));
  active.next_offset_ = found.next_offset;
  active.totals_ = found.totals;
  active.reserved_bytes_ = found.totals.size_bytes;
  if (active.append_times_.count() > 0) {
    ASSIGN_OR_RETURN(const AppendTimeEntry first, active.append_times_.At(0));
    ASSIGN_OR_RETURN(const std::optional<AppendTimeEntry> last, active.append_times_.Last());
    active.first_append_time_ = first.time;
    active.last_append_time_ = last->time;
    active.last_entry_time_ = last->time;
  } else {
    active.last_append_time_ = found.max_append_time;
  }
  return active;
}

Status ActiveSegment::Append(ByteView batch, const record::BatchHeader& header,
                             TimestampMs append_time) {
  RETURN_IF_ERROR(WriteBatch(batch));
  const FilePosition position(totals_.size_bytes);
  totals_.Add(header, batch);
  next_offset_ = header.next_offset();
  // Indexes and append times are hints: one that could not be written is left to the next batch.
  [[maybe_unused]] const Status indexed = indexes_.Add(header, position, totals_);
  NoteAppendTime(header.base_offset, append_time);
  return Ok();
}

Status ActiveSegment::WriteBatch(ByteView batch) {
  const std::int64_t end = totals_.size_bytes;
  ReserveAhead(end + static_cast<std::int64_t>(batch.size()));
  Status written = log_->PWrite(end, batch);
  if (written.ok()) return written;
  if (const Status cut = log_->Truncate(end); !cut.ok()) {
    broken_ = true;
    return Fail(written.error().code, "{}; and the half-written batch can't be cut off: {}",
                written.error().message, cut.error().message);
  }
  reserved_bytes_ = end;
  return written;
}

void ActiveSegment::ReserveAhead(std::int64_t end) {
  if (end <= reserved_bytes_) return;
  const std::int64_t ahead = std::clamp(end, kPreallocateBytesMin, kPreallocateBytesMax);
  reserved_bytes_ = end + ahead;
  // A file system without room for it may still have room for the batch: the write decides.
  [[maybe_unused]] const Status reserved = log_->Preallocate(reserved_bytes_);
}

void ActiveSegment::NoteAppendTime(Offset offset, TimestampMs append_time) {
  last_append_time_ = append_time;
  if (!first_append_time_) first_append_time_ = append_time;
  const bool due = last_entry_time_.value() < 0 ||
                   append_time - last_entry_time_ >= segment::kAppendTimeIntervalMs;
  if (!due) return;
  if (append_times_.Append({append_time, offset}).ok()) last_entry_time_ = append_time;
}

bool ActiveSegment::HasRoomFor(const record::BatchHeader& header,
                               std::int64_t segment_bytes_max) const {
  const auto size = static_cast<std::int64_t>(header.size_bytes());
  const std::int64_t limit = std::min(segment_bytes_max, segment::kSegmentBytesMax);
  const std::int64_t last_relative = next_offset_ + header.last_offset_delta - base_offset_;
  return totals_.size_bytes + size <= limit && !indexes_.full() &&
         last_relative <= segment::kRelativeOffsetMax;
}

void ActiveSegment::Finish() {
  [[maybe_unused]] const Status indexed = indexes_.Finish(totals_);
  [[maybe_unused]] const Status timed = append_times_.Truncate(append_times_.count());
  [[maybe_unused]] const Status returned = log_->Truncate(totals_.size_bytes);
}

segment::Seal ActiveSegment::MakeSeal() const {
  return {.base_offset = base_offset_,
          .next_offset = next_offset_,
          .totals = totals_,
          .max_append_time = last_append_time_,
          .compacted = false};
}

std::vector<std::shared_ptr<file::File>> ActiveSegment::files() const {
  return {log_, indexes_.offsets().file(), indexes_.times().file(), append_times_.file()};
}

}  // namespace logboom::broker
