#include "broker/storage/segment_copy.h"

#include <algorithm>
#include <utility>

#include "broker/storage/segment_swap.h"
#include "lib/segment/names.h"
#include "lib/segment/offset_index.h"
#include "lib/segment/time_index.h"

namespace logboom::broker {
namespace {

using segment::SegmentPath;

std::int64_t SumOf(const std::vector<CopySource>& sources) {
  std::int64_t bytes = 0;
  for (const CopySource& source : sources) bytes += source.size_bytes;
  return bytes;
}

}  // namespace

std::int64_t CopiedSegment::source_bytes() const { return SumOf(sources); }
std::int64_t SegmentCopy::source_bytes() const { return SumOf(plan_.sources); }

Status CheckEndsWithin(const CopySource& source, const record::BatchHeader& batch) {
  if (batch.next_offset() <= source.next_offset) return Ok();
  return Fail(ErrorCode::kCorrupt,
              "a batch at offset {} ends at {}, and its segment, which begins at {}, at {}",
              batch.base_offset, batch.next_offset(), source.base_offset, source.next_offset);
}

SegmentCopy::SegmentCopy(file::FileSystem& fs, CopyPlan plan, RecordFilter* filter)
    : fs_(fs),
      plan_(std::move(plan)),
      filter_(filter),
      merger_(plan_.merge, filter, [this](ByteView batch) { return AddBatch(batch); }) {}

SegmentCopy::~SegmentCopy() = default;

Result<std::shared_ptr<file::File>> SegmentCopy::Create(std::string_view suffix) {
  const Offset base = plan_.sources.front().base_offset;
  ASSIGN_OR_RETURN(std::shared_ptr<file::File> file,
                   fs_.Open(CleanedPath(plan_.directory, base, suffix), file::OpenMode::kCreate));
  RETURN_IF_ERROR(file->Truncate(0));
  return file;
}

Status SegmentCopy::Noted(Status names) {
  if (!names.ok() && names.error().code == ErrorCode::kIo) names_lost_ = names.error();
  return names;
}

void SegmentCopy::Drop() {
  [[maybe_unused]] const Status dropped =
      Noted(DropSwap(fs_, plan_.directory, plan_.sources.front().base_offset));
}

// What an earlier swap of the same segment has left must be settled on disk before its names are
// used again.
Status SegmentCopy::Begin() {
  const Offset base = plan_.sources.front().base_offset;
  seal_.base_offset = base;
  seal_.next_offset = base;
  copied_end_ = base;
  RETURN_IF_ERROR(Noted(DropSwap(fs_, plan_.directory, base)));
  RETURN_IF_ERROR(Noted(fs_.SyncDirectory(plan_.directory)));
  ASSIGN_OR_RETURN(log_, Create(segment::kLogSuffix));
  ASSIGN_OR_RETURN(std::shared_ptr<file::File> offsets_file, Create(segment::kOffsetIndexSuffix));
  ASSIGN_OR_RETURN(std::shared_ptr<file::File> times_file, Create(segment::kTimeIndexSuffix));
  ASSIGN_OR_RETURN(std::shared_ptr<file::File> append_file, Create(segment::kAppendTimeSuffix));
  ASSIGN_OR_RETURN(segment::OffsetIndex offsets,
                   segment::OffsetIndex::Create(std::move(offsets_file), base));
  ASSIGN_OR_RETURN(segment::TimeIndex times,
                   segment::TimeIndex::Create(std::move(times_file), base));
  ASSIGN_OR_RETURN(append_times_, segment::AppendTimes::Create(std::move(append_file), base));
  indexes_.emplace(std::move(offsets), std::move(times));
  return Ok();
}

Status SegmentCopy::OpenSource() {
  const CopySource& source = plan_.sources[next_source_];
  const std::string path = SegmentPath(plan_.directory, source.base_offset, segment::kLogSuffix);
  ASSIGN_OR_RETURN(source_seal_, segment::ReadSeal(fs_, plan_.directory, source.base_offset));
  if (source_seal_.totals.size_bytes != source.size_bytes ||
      source_seal_.next_offset != source.next_offset) {
    return Fail(ErrorCode::kCorrupt, "{}: its seal speaks of another segment", path);
  }
  if (source.next_offset - plan_.sources.front().base_offset > segment::kRelativeOffsetMax) {
    return Fail(ErrorCode::kCorrupt, "{}: its end, {}, is too far from its begin", path,
                source.next_offset);
  }
  ASSIGN_OR_RETURN(source_log_, fs_.Open(path, file::OpenMode::kRead));
  source_totals_ = {};
  walk_.emplace(*source_log_,
                segment::WalkOptions{.begin = FilePosition(0),
                                     .end = FilePosition(source.size_bytes),
                                     .expected = {.next_offset = source.base_offset,
                                                  .rule = segment::RuleOf(source_seal_)}});
  return CarryAppendTimes();
}

// Entries of the source that go on behind those that are there. One that can't be had is done
// without: its records then count as older.
Status SegmentCopy::CarryAppendTimes() {
  const Offset base = plan_.sources[next_source_].base_offset;
  auto file = fs_.Open(SegmentPath(plan_.directory, base, segment::kAppendTimeSuffix),
                       file::OpenMode::kRead);
  if (!file.ok()) return file.error().code == ErrorCode::kNotFound ? Ok() : Status(file.error());
  const Result<segment::AppendTimes> times =
      segment::AppendTimes::Open(std::shared_ptr<file::File>(std::move(*file)), base);
  if (!times.ok()) return times.error().code == ErrorCode::kCorrupt ? Ok() : Status(times.error());
  ASSIGN_OR_RETURN(std::optional<segment::AppendTimeEntry> last, append_times_->Last());
  Status added = Ok();
  RETURN_IF_ERROR(times->ForEach([&](std::int64_t, const segment::AppendTimeEntry& entry) {
    if (!entry.FollowsOn(last) || entry.offset >= plan_.sources[next_source_].next_offset) {
      return true;
    }
    last = entry;
    added = append_times_->Append(entry);
    return added.ok();
  }));
  return added;
}

Status SegmentCopy::CloseSource() {
  const CopySource& source = plan_.sources[next_source_];
  const std::string path = SegmentPath(plan_.directory, source.base_offset, segment::kLogSuffix);
  if (walk_->stop()) {
    return Fail(ErrorCode::kCorrupt, "{} at position {}: {}", path, walk_->stop()->position,
                walk_->stop()->reason);
  }
  // Header fields outside of the batches' checksums included.
  if (!(source_totals_ == source_seal_.totals)) {
    return Fail(ErrorCode::kCorrupt, "{}: is not as its seal says", path);
  }
  walk_.reset();
  seal_.next_offset = source.next_offset;
  seal_.max_append_time = std::max(seal_.max_append_time, source_seal_.max_append_time);
  seal_.compacted = seal_.compacted || source_seal_.compacted || filter_ != nullptr;
  ++next_source_;
  return Ok();
}

Result<bool> SegmentCopy::Step(std::int64_t bytes_max, const std::stop_token& stop) {
  if (log_ == nullptr) RETURN_IF_ERROR(Begin());
  std::int64_t read = 0;
  while (read < bytes_max) {
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "asked to stop");
    if (!walk_) {
      if (next_source_ == plan_.sources.size()) return false;
      RETURN_IF_ERROR(OpenSource());
    }
    ASSIGN_OR_RETURN(const bool more, walk_->Next());
    if (!more) {
      RETURN_IF_ERROR(CloseSource());
      continue;
    }
    RETURN_IF_ERROR(CheckEndsWithin(plan_.sources[next_source_], walk_->header()));
    source_totals_.Add(walk_->header(), walk_->bytes());
    read += static_cast<std::int64_t>(walk_->bytes().size());
    RETURN_IF_ERROR(merger_.Add(walk_->header(), walk_->bytes()));
  }
  return true;
}

Status SegmentCopy::AddBatch(ByteView batch) {
  ASSIGN_OR_RETURN(const record::BatchHeader header, record::ParseBatchHeader(batch));
  const FilePosition position(totals_.size_bytes);
  if (position.value() + static_cast<std::int64_t>(batch.size()) > plan_.segment_bytes_max) {
    return Fail(ErrorCode::kLimit, "the new segment would be too large");
  }
  RETURN_IF_ERROR(log_->PWrite(position.value(), batch));
  if (header.base_offset != copied_end_) seal_.holes = true;
  copied_end_ = header.next_offset();
  totals_.Add(header, batch);
  return indexes_->Add(header, position, totals_);
}

Result<CopiedSegment> SegmentCopy::Finish() {
  RETURN_IF_ERROR(merger_.Finish());
  RETURN_IF_ERROR(indexes_->Finish(totals_));
  if (copied_end_ != seal_.next_offset) seal_.holes = true;
  seal_.compacted = seal_.compacted || seal_.holes;
  seal_.totals = totals_;
  seal_.rewritten = true;
  seal_.sums = {.offsets = segment::SumFile(*indexes_->offsets().file()),
                .times = segment::SumFile(*indexes_->times().file()),
                .append_times = segment::SumFile(*append_times_->file())};
  ASSIGN_OR_RETURN(const std::shared_ptr<file::File> seal_file, Create(segment::kSealSuffix));
  RETURN_IF_ERROR(seal_file->PWrite(0, segment::EncodeSeal(seal_)));
  for (const std::shared_ptr<file::File>& file :
       {log_, indexes_->offsets().file(), indexes_->times().file(), append_times_->file(),
        seal_file}) {
    RETURN_IF_ERROR(file->Sync());
  }
  RETURN_IF_ERROR(Noted(fs_.SyncDirectory(plan_.directory)));
  const Offset base = plan_.sources.front().base_offset;
  RETURN_IF_ERROR(Noted(StageSwap(fs_, plan_.directory, base)));
  return CopiedSegment{plan_.sources, seal_, merger_.records_dropped()};
}

}  // namespace logboom::broker
