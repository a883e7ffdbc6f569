#include "broker/storage/active_segment.h"

#include <algorithm>
#include <utility>

#include "broker/storage/limits.h"
#include "lib/base/check.h"
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
  if (found.trust == segment::IndexTrust::kUnsynced) {
    RETURN_IF_ERROR(segment::ReadFromDevice(*file));
  }
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

// What has rotted beside the log since it was synced goes: indexes are made anew, append times
// can't be.
Status RemoveRotten(file::FileSystem& fs, const std::string& directory,
                    const SegmentAsFound& found) {
  using segment::IndexSums;
  if (found.sums == IndexSums{}) return Ok();
  ASSIGN_OR_RETURN(const IndexSums sums, segment::SumIndexes(fs, directory, found.base_offset));
  const auto remove = [&](std::string_view suffix) {
    [[maybe_unused]] const Status removed =
        fs.Remove(SegmentPath(directory, found.base_offset, suffix));
  };
  if (!IndexSums::Fits(found.sums.offsets, sums.offsets) ||
      !IndexSums::Fits(found.sums.times, sums.times)) {
    remove(segment::kOffsetIndexSuffix);
    remove(segment::kTimeIndexSuffix);
  }
  if (!found.may_have_grown && !IndexSums::Fits(found.sums.append_times, sums.append_times)) {
    remove(segment::kAppendTimeSuffix);
  }
  return Ok();
}

}  // namespace

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
  ActiveSegment active(base_offset);
  active.files_ = std::make_unique<Files>(
      Files{std::move(log), segment::IndexWriter(std::move(offsets), std::move(times)),
            std::move(append_times)});
  return active;
}

Result<ActiveSegment> ActiveSegment::Resume(file::FileSystem& fs, const std::string& directory,
                                            const SegmentAsFound& found, TimestampMs now) {
  RETURN_IF_ERROR(RemoveRotten(fs, directory, found));
  const std::string path = SegmentPath(directory, found.base_offset, segment::kLogSuffix);
  ASSIGN_OR_RETURN(std::shared_ptr<file::File> log, OpenFile(fs, path));
  ASSIGN_OR_RETURN(const file::FileStat stat, log->Stat());
  if (stat.size_bytes < found.totals.size_bytes) {
    return Fail(ErrorCode::kCorrupt, "{}: {} bytes long, {} are due", path, stat.size_bytes,
                found.totals.size_bytes);
  }
  const segment::LogExtent extent{found.base_offset, found.next_offset,
                                  FilePosition(found.totals.size_bytes)};
  Result<segment::IndexWriter> indexes =
      segment::OpenIndexes(fs, directory, *log, extent, found.known, found.trust);
  if (!indexes.ok()) return indexes.error().Within(path);
  ASSIGN_OR_RETURN(AppendTimes append_times, MendAppendTimes(fs, directory, found, now));
  ActiveSegment active = Asleep(found);
  if (append_times.count() > 0) {
    ASSIGN_OR_RETURN(const AppendTimeEntry first, append_times.At(0));
    ASSIGN_OR_RETURN(const std::optional<AppendTimeEntry> last, append_times.Last());
    active.first_append_time_ = first.time;
    active.last_append_time_ = last->time;
    active.last_entry_time_ = last->time;
  }
  active.files_ =
      std::make_unique<Files>(Files{std::move(log), std::move(*indexes), std::move(append_times)});
  return active;
}

ActiveSegment ActiveSegment::Asleep(const SegmentAsFound& found) {
  ActiveSegment active(found.base_offset);
  active.next_offset_ = found.next_offset;
  active.totals_ = found.totals;
  active.reserved_bytes_ = found.totals.size_bytes;
  active.slept_sums_ = found.sums;
  active.may_have_grown_ = found.may_have_grown;
  active.last_append_time_ = found.max_append_time;
  return active;
}

Status ActiveSegment::Wake(file::FileSystem& fs, const std::string& directory, TimestampMs now) {
  if (awake()) return Ok();
  // Side-cars of an empty segment are never synced; they hold nothing that could be believed.
  const SegmentAsFound found{
      .base_offset = base_offset_,
      .next_offset = next_offset_,
      .totals = totals_,
      .known = {next_offset_, totals_},
      .trust = empty() ? segment::IndexTrust::kUnsynced : segment::IndexTrust::kSynced,
      .sums = empty() ? segment::IndexSums{} : slept_sums_,
      .may_have_grown = may_have_grown_,
      .max_append_time = last_append_time_};
  ASSIGN_OR_RETURN(ActiveSegment active, Resume(fs, directory, found, now));
  // What is in memory is exact; the entries stand a second apart.
  active.last_append_time_ = std::max(active.last_append_time_, last_append_time_);
  if (first_append_time_) active.first_append_time_ = first_append_time_;
  *this = std::move(active);
  return Ok();
}

void ActiveSegment::Sleep() {
  if (!awake()) return;
  slept_sums_ = sums();
  may_have_grown_ = false;
  files_.reset();
}

segment::IndexSums ActiveSegment::sums() const {
  if (!awake()) return slept_sums_;
  return {.offsets = segment::SumFile(*indexes().offsets().file()),
          .times = segment::SumFile(*indexes().times().file()),
          .append_times = segment::SumFile(*append_times().file())};
}

ActiveSegment::Files& ActiveSegment::open() const {
  CHECK(awake());
  return *files_;
}

void ActiveSegment::ReturnReserve() {
  if (reserved_bytes_ <= totals_.size_bytes) return;
  if (log()->Truncate(totals_.size_bytes).ok()) reserved_bytes_ = totals_.size_bytes;
}

std::vector<std::shared_ptr<file::File>> ActiveSegment::unsynced_side_cars() const {
  std::vector<std::shared_ptr<file::File>> unsynced;
  if (indexes().offsets().written()) unsynced.push_back(indexes().offsets().file());
  if (indexes().times().written()) unsynced.push_back(indexes().times().file());
  if (append_times().written()) unsynced.push_back(append_times().file());
  return unsynced;
}

void ActiveSegment::NoteSideCarsSynced() {
  open().indexes.offsets().NoteSynced();
  open().indexes.times().NoteSynced();
  open().append_times.NoteSynced();
}

Status ActiveSegment::Append(ByteView batch, const record::BatchHeader& header,
                             TimestampMs append_time) {
  RETURN_IF_ERROR(WriteBatch(batch));
  const FilePosition position(totals_.size_bytes);
  totals_.Add(header, batch);
  next_offset_ = header.next_offset();
  // Indexes and append times are hints: one that could not be written is left to the next batch.
  [[maybe_unused]] const Status indexed = open().indexes.Add(header, position, totals_);
  NoteAppendTime(header.base_offset, append_time);
  return Ok();
}

Status ActiveSegment::WriteBatch(ByteView batch) {
  const std::int64_t end = totals_.size_bytes;
  ReserveAhead(end + static_cast<std::int64_t>(batch.size()));
  Status written = log()->PWrite(end, batch);
  if (written.ok()) return written;
  if (const Status cut = log()->Truncate(end); !cut.ok()) {
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
  [[maybe_unused]] const Status reserved = log()->Preallocate(reserved_bytes_);
}

void ActiveSegment::NoteAppendTime(Offset offset, TimestampMs append_time) {
  last_append_time_ = append_time;
  if (!first_append_time_) first_append_time_ = append_time;
  const bool due = last_entry_time_.value() < 0 ||
                   append_time - last_entry_time_ >= segment::kAppendTimeIntervalMs;
  if (!due) return;
  if (open().append_times.Append({append_time, offset}).ok()) last_entry_time_ = append_time;
}

bool ActiveSegment::HasRoomFor(const record::BatchHeader& header,
                               std::int64_t segment_bytes_max) const {
  const auto size = static_cast<std::int64_t>(header.size_bytes());
  const std::int64_t limit = std::min(segment_bytes_max, segment::kSegmentBytesMax);
  const std::int64_t last_relative = next_offset_ + header.last_offset_delta - base_offset_;
  return totals_.size_bytes + size <= limit && !indexes().full() &&
         last_relative <= segment::kRelativeOffsetMax;
}

void ActiveSegment::Finish() {
  [[maybe_unused]] const Status indexed = open().indexes.Finish(totals_);
  [[maybe_unused]] const Status timed = open().append_times.Truncate(append_times().count());
  [[maybe_unused]] const Status returned = log()->Truncate(totals_.size_bytes);
}

segment::Seal ActiveSegment::MakeSeal() const {
  return {.base_offset = base_offset_,
          .next_offset = next_offset_,
          .totals = totals_,
          .max_append_time = last_append_time_,
          .compacted = false,
          .holes = false};
}

std::vector<std::shared_ptr<file::File>> ActiveSegment::files() const {
  return {log(), indexes().offsets().file(), indexes().times().file(), append_times().file()};
}

}  // namespace logboom::broker
