#include "broker/storage/sealed_segments.h"

#include <algorithm>
#include <utility>

#include "broker/storage/limits.h"
#include "lib/segment/compaction_checkpoint.h"
#include "lib/segment/limits.h"
#include "lib/segment/names.h"
#include "lib/segment/rebuild.h"

namespace logboom::broker {
namespace {

using segment::AppendTimeEntry;
using segment::IndexSums;
using segment::SegmentPath;

constexpr std::int64_t kUnindexedBytesMax =
    segment::kIndexIntervalBytes + std::int64_t{record::kBatchBytesMax};

// Nothing where it can't be had; kLimit where there is no descriptor left.
template <typename Entry>
Status OpenEntries(file::FileSystem& fs, const std::string& path, Offset base,
                   std::optional<segment::EntryFile<Entry>>& opened) {
  Result<std::unique_ptr<file::File>> file = fs.Open(path, file::OpenMode::kRead);
  if (!file.ok()) return file.error().code == ErrorCode::kLimit ? Status(file.error()) : Ok();
  Result<segment::EntryFile<Entry>> entries =
      segment::EntryFile<Entry>::Open(std::move(*file), base);
  if (entries.ok()) opened = std::move(*entries);
  return Ok();
}

// Whether the index can be believed as far as its last entry goes: lookups check the rest.
bool Fits(const segment::OffsetIndex& index, const SealedSegment& segment) {
  const Result<std::optional<segment::OffsetIndexEntry>> last = index.Last();
  if (!last.ok()) return false;
  // Without an entry, the last batch begins within the first interval.
  if (!*last) return segment.size_bytes <= kUnindexedBytesMax;
  return (*last)->position.value() > 0 && (*last)->position.value() < segment.size_bytes &&
         (*last)->last_offset < segment.next_offset;
}

bool Fits(const segment::TimeIndex& index, const SealedSegment& segment) {
  const Result<std::optional<segment::TimeIndexEntry>> last = index.Last();
  return last.ok() && (!*last || (*last)->offset < segment.next_offset);
}

// Makes both indexes anew. A log with damage in it, or a full disk, leaves them missing.
Status RebuildIndexes(file::FileSystem& fs, const std::string& directory, const file::File& log,
                      const SealedSegment& segment) {
  const segment::LogExtent extent{segment.base_offset, segment.next_offset,
                                  FilePosition(segment.size_bytes)};
  ASSIGN_OR_RETURN(const segment::SegmentTotals totals, segment::CountTotals(log, extent));
  ASSIGN_OR_RETURN(segment::IndexWriter writer,
                   segment::OpenIndexes(fs, directory, log, extent, {segment.base_offset, {}},
                                        segment::IndexTrust::kUnsynced));
  return writer.Finish(totals);
}

}  // namespace

void SealedSegments::Add(SealedSegment segment) {
  size_bytes_ += segment.size_bytes;
  segments_.push_back(std::move(segment));
}

void SealedSegments::DropFront(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    size_bytes_ -= segments_[i].size_bytes;
    open_.remove_if(
        [&](const OpenSegment& open) { return open.base_offset == segments_[i].base_offset; });
  }
  segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(count));
}

void SealedSegments::Replace(std::size_t index, std::size_t count, SealedSegment segment) {
  const auto first = segments_.begin() + static_cast<std::ptrdiff_t>(index);
  const auto last = first + static_cast<std::ptrdiff_t>(count);
  for (auto gone = first; gone != last; ++gone) {
    size_bytes_ -= gone->size_bytes;
    open_.remove_if([&](const OpenSegment& open) { return open.base_offset == gone->base_offset; });
  }
  size_bytes_ += segment.size_bytes;
  *first = std::move(segment);
  segments_.erase(first + 1, last);
}

std::optional<std::size_t> SealedSegments::IndexOf(Offset offset) const {
  const auto after = std::upper_bound(
      segments_.begin(), segments_.end(), offset,
      [](Offset value, const SealedSegment& segment) { return value < segment.base_offset; });
  if (after == segments_.begin()) return std::nullopt;
  return static_cast<std::size_t>(after - segments_.begin()) - 1;
}

Result<const OpenSegment*> SealedSegments::Open(std::size_t index) {
  const SealedSegment& segment = segments_[index];
  for (auto it = open_.begin(); it != open_.end(); ++it) {
    if (it->base_offset != segment.base_offset) continue;
    open_.splice(open_.begin(), open_, it);
    return &open_.front();
  }
  RETURN_IF_ERROR(MakeRoom(kSealedSegmentFiles));
  Result<OpenSegment> opened = OpenFilesOf(segment);
  if (!opened.ok()) return share_.Told(opened.error());
  open_.push_front(std::move(*opened));
  if (open_.size() > kOpenSegmentsMax) open_.pop_back();
  share_.Note();
  return &open_.front();
}

Status SealedSegments::MakeRoom(std::size_t files) {
  Status made = share_.MakeRoom(files);
  if (made.ok() || open_.empty()) return made;
  CloseAll();
  share_.Note();
  return share_.MakeRoom(files);
}

void SealedSegments::Reopen(Offset base_offset) {
  const std::optional<std::size_t> index = IndexOf(base_offset);
  if (!index || segments_[*index].base_offset != base_offset) return;
  open_.remove_if([&](const OpenSegment& open) { return open.base_offset == base_offset; });
  // One that can't be opened now says so to its next reader.
  [[maybe_unused]] const Result<const OpenSegment*> opened = Open(*index);
}

Result<OpenSegment> SealedSegments::OpenFilesOf(const SealedSegment& segment) {
  const Offset base = segment.base_offset;
  const auto path = [&](std::string_view suffix) { return SegmentPath(directory_, base, suffix); };
  OpenSegment open;
  open.base_offset = base;
  ASSIGN_OR_RETURN(open.log, fs_.Open(path(segment::kLogSuffix), file::OpenMode::kRead));
  const Result<segment::Seal> seal = segment::ReadSeal(fs_, directory_, base);
  if (!seal.ok() && seal.error().code == ErrorCode::kLimit) return seal.error();
  const IndexSums expected = seal.ok() ? seal->sums : IndexSums{};
  IndexSums found;
  if (expected != IndexSums{}) {
    ASSIGN_OR_RETURN(found, segment::SumIndexes(fs_, directory_, base));
  }
  RETURN_IF_ERROR(OpenIndexes(segment, open, expected, found));
  // When records arrived can't be had from elsewhere: it is unknown, then.
  if (IndexSums::Fits(expected.append_times, found.append_times)) {
    RETURN_IF_ERROR(OpenEntries(fs_, path(segment::kAppendTimeSuffix), base, open.append_times));
  }
  const Result<bool> holes =
      seal.ok() ? Result<bool>(seal->holes) : segment::MayHaveHoles(fs_, directory_, base);
  if (!holes.ok()) return holes.error();
  if (*holes) open.rule = segment::OffsetRule::kGrowing;
  return open;
}

Status SealedSegments::OpenIndexes(const SealedSegment& segment, OpenSegment& open,
                                   const IndexSums& expected, const IndexSums& found) {
  const Offset base = segment.base_offset;
  const auto path = [&](std::string_view suffix) { return SegmentPath(directory_, base, suffix); };
  const auto open_both = [&]() -> Status {
    RETURN_IF_ERROR(OpenEntries(fs_, path(segment::kOffsetIndexSuffix), base, open.offsets));
    RETURN_IF_ERROR(OpenEntries(fs_, path(segment::kTimeIndexSuffix), base, open.times));
    if (open.offsets && !Fits(*open.offsets, segment)) open.offsets.reset();
    if (open.times && !Fits(*open.times, segment)) open.times.reset();
    return Ok();
  };
  if (IndexSums::Fits(expected.offsets, found.offsets) &&
      IndexSums::Fits(expected.times, found.times)) {
    RETURN_IF_ERROR(open_both());
  }
  if (open.offsets && open.times) return Ok();
  open.offsets.reset();
  open.times.reset();
  const Status rebuilt = RebuildIndexes(fs_, directory_, *open.log, segment);
  if (!rebuilt.ok()) return rebuilt.error().code == ErrorCode::kLimit ? rebuilt : Ok();
  RETURN_IF_ERROR(open_both());
  Reseal(base);
  return Ok();
}

// With the sums of indexes that were made anew. .appendtime keeps its own, so that one that has
// rotted goes on being left out. Where it can't be written they are made anew once more.
void SealedSegments::Reseal(Offset base) {
  Result<segment::Seal> seal = segment::ReadSeal(fs_, directory_, base);
  if (!seal.ok() || seal->sums == IndexSums{}) return;
  const Result<IndexSums> sums = segment::SumIndexes(fs_, directory_, base);
  if (!sums.ok()) return;
  seal->sums.offsets = sums->offsets;
  seal->sums.times = sums->times;
  [[maybe_unused]] const Status written = file::ReplaceFile(
      fs_, SegmentPath(directory_, base, segment::kSealSuffix), segment::EncodeSeal(*seal));
}

SegmentView SealedSegments::ViewOf(std::size_t index, const OpenSegment& open) const {
  const SealedSegment& segment = segments_[index];
  return {.log = open.log.get(),
          .index = open.offsets ? &*open.offsets : nullptr,
          .base_offset = segment.base_offset,
          .next_offset = segment.next_offset,
          .end = FilePosition(segment.size_bytes),
          .rule = open.rule};
}

Result<const segment::Seal*> SealedSegments::SealOf(std::size_t index, TimestampMs now) {
  SealedSegment& segment = segments_[index];
  if (!segment.seal) {
    Result<segment::Seal> seal = segment::ReadSeal(fs_, directory_, segment.base_offset);
    if (!seal.ok()) seal = MakeSeal(index, now);
    if (!seal.ok()) return seal.error();
    segment.seal = std::move(*seal);
  }
  return &*segment.seal;
}

Result<segment::Seal> SealedSegments::MakeSeal(std::size_t index, TimestampMs now) {
  ASSIGN_OR_RETURN(const OpenSegment* open, Open(index));
  const SealedSegment& segment = segments_[index];
  segment::Seal seal{.base_offset = segment.base_offset,
                     .next_offset = segment.next_offset,
                     .totals = {},
                     .max_append_time = now,
                     .compacted = open->rule == segment::OffsetRule::kGrowing,
                     .holes = open->rule == segment::OffsetRule::kGrowing};
  BatchCursor cursor(ViewOf(index, *open), FilePosition(0), segment.base_offset);
  while (true) {
    ASSIGN_OR_RETURN(const bool more, cursor.Next());
    if (!more) break;
    Bytes head(segment::kBatchHeadBytes, '\0');
    ASSIGN_OR_RETURN(const std::size_t got,
                     open->log->PRead(cursor.position().value(), std::span(head)));
    seal.totals.Add(cursor.header(), ByteView(head).substr(0, got));
  }
  ASSIGN_OR_RETURN(const file::FileStat stat, open->log->Stat());
  if (stat.modified_ns > 0) {
    seal.max_append_time = std::min(now, TimestampMs(stat.modified_ns / 1'000'000));
  }
  if (open->append_times) {
    ASSIGN_OR_RETURN(const std::optional<AppendTimeEntry> last, open->append_times->Last());
    if (last) seal.max_append_time = last->time;
  }
  return seal;
}

}  // namespace logboom::broker
