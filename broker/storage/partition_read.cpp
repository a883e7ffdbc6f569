// Reading a partition's log: by offset, and by time.
#include <algorithm>
#include <span>
#include <utility>

#include "broker/storage/partition_log_state.h"
#include "broker/storage/segment_read.h"
#include "lib/record/batch_view.h"
#include "lib/segment/names.h"
#include "lib/segment/sources.h"

namespace logboom::broker {
namespace {

using segment::AppendTimeEntry;
using segment::TimeIndexEntry;

// One segment, readable up to the durable end.
struct ReadableSegment {
  SegmentView view;
  const segment::TimeIndex* times = nullptr;
  const segment::AppendTimes* append_times = nullptr;
};

// Nothing durable stands behind the synced end of a log, whatever was appended since.
void BoundByDurable(const LogState& state, SegmentView& view) {
  if (view.base_offset == state.durable.segment_base) view.end = state.durable.position;
  view.next_offset = std::min(view.next_offset, state.durable_end());
  view.epochs = &state.epochs;
}

// The segment that holds `offset`; the first one where even that begins behind it.
Result<ReadableSegment> SegmentFor(LogState& state, Offset offset) {
  ReadableSegment readable;
  const ActiveSegment& active = *state.active;
  if (offset >= active.base_offset() || state.sealed.empty()) {
    RETURN_IF_ERROR(state.Wake());
    readable.view = {.log = active.log().get(),
                     .index = &active.indexes().offsets(),
                     .base_offset = active.base_offset(),
                     .next_offset = active.next_offset(),
                     .end = FilePosition(active.size_bytes())};
    readable.times = &active.indexes().times();
    readable.append_times = &active.append_times();
  } else {
    const std::size_t index = state.sealed.IndexOf(offset).value_or(0);
    ASSIGN_OR_RETURN(const OpenSegment* open, state.sealed.Open(index));
    readable.view = state.sealed.ViewOf(index, *open);
    readable.times = open->times ? &*open->times : nullptr;
    readable.append_times = open->append_times ? &*open->append_times : nullptr;
  }
  BoundByDurable(state, readable.view);
  return readable;
}

std::optional<FilePosition> KnownPosition(const LogState& state, Offset offset,
                                          Offset segment_base) {
  for (const ReadPosition& known : state.read_positions) {
    if (known.offset == offset && known.segment_base == segment_base) return known.position;
  }
  return std::nullopt;
}

// A reader that goes on takes its own place again; others are replaced in turn.
void RememberPosition(LogState& state, Offset from, const ReadPosition& next) {
  for (ReadPosition& known : state.read_positions) {
    if (known.offset == from && known.segment_base == next.segment_base) {
      known = next;
      return;
    }
  }
  if (state.read_positions.size() == kReadPositionsMax) {
    state.read_positions.erase(state.read_positions.begin());
  }
  state.read_positions.push_back(next);
}

Status CheckReadable(const LogState& state, Offset from) {
  if (from >= state.log_start && from <= state.durable_end()) return Ok();
  return Fail(ErrorCode::kInvalid, "offset {} is not within {} and {}", from, state.log_start,
              state.durable_end());
}

// The batch that the cursor stands on.
Result<Bytes> ReadBatch(const SegmentView& view, const BatchCursor& cursor) {
  Bytes batch(cursor.header().size_bytes(), '\0');
  ASSIGN_OR_RETURN(const std::size_t got,
                   view.log->PRead(cursor.position().value(), std::span(batch)));
  batch.resize(got);
  return batch;
}

Result<std::optional<Offset>> FirstRecordAt(ByteView batch, TimestampMs time, Offset log_start) {
  record::BatchReader reader;
  RETURN_IF_ERROR(reader.Open(batch));
  while (true) {
    ASSIGN_OR_RETURN(const record::Record* record, reader.Next());
    if (record == nullptr) return std::optional<Offset>();
    if (record->timestamp >= time && record->offset >= log_start) {
      return std::optional<Offset>(record->offset);
    }
  }
}

// Where the search for the first record with a create time at or after `time` begins.
Result<Offset> SkipByTimeIndex(const ReadableSegment& segment, TimestampMs time) {
  if (segment.times == nullptr) return segment.view.base_offset;
  const auto last =
      segment.times->LastWith([&](const TimeIndexEntry& entry) { return entry.timestamp < time; });
  if (!last.ok()) return last.error();
  return *last ? (*last)->offset : segment.view.base_offset;
}

Result<std::optional<Offset>> OffsetAtTimeIn(LogState& state, const ReadableSegment& segment,
                                             TimestampMs time) {
  ASSIGN_OR_RETURN(const Offset start, SkipByTimeIndex(segment, time));
  ASSIGN_OR_RETURN(BatchCursor cursor,
                   BatchCursor::Seek(segment.view, std::max(start, state.log_start)));
  std::optional<Offset> found;
  while (!cursor.at_end() && !found) {
    if (cursor.header().max_timestamp >= time) {
      ASSIGN_OR_RETURN(const Bytes batch, ReadBatch(segment.view, cursor));
      const auto first = FirstRecordAt(batch, time, state.log_start);
      if (!first.ok()) {
        RETURN_IF_ERROR(cursor.SkipBad(first.error().message));
        continue;
      }
      found = *first;
    }
    if (!found) RETURN_IF_ERROR(cursor.Next());
  }
  state.NoteUnreadable(cursor.unreadable());
  return found;
}

// Whether a sealed segment holds only records from before `time`.
Result<bool> IsBefore(LogState& state, std::size_t index, TimestampMs time) {
  ASSIGN_OR_RETURN(const segment::Seal* seal, state.sealed.SealOf(index, state.last_append_time));
  return seal->totals.max_timestamp < time;
}

}  // namespace

Result<FetchedBytes> PartitionLog::Read(Offset from, std::size_t bytes_max) {
  RETURN_IF_ERROR(CheckReadable(*state_, from));
  return ReadKept(from, bytes_max);
}

Offset PartitionLog::kept_start() const {
  return state_->sealed.empty() ? state_->active->base_offset()
                                : state_->sealed.all().front().base_offset;
}

Result<FetchedBytes> PartitionLog::ReadKept(Offset from, std::size_t bytes_max) {
  FetchedBytes fetched;
  fetched.next_offset = from;
  while (fetched.bytes.empty() && fetched.next_offset < durable_end()) {
    const Offset at = fetched.next_offset;
    ASSIGN_OR_RETURN(const ReadableSegment segment, SegmentFor(*state_, at));
    const SegmentView& view = segment.view;
    if (at < view.base_offset) {
      fetched.unreadable.push_back({at, view.base_offset, "the segments that held them are gone"});
      state_->NoteUnreadable(fetched.unreadable);
    }
    ASSIGN_OR_RETURN(
        SegmentRead read,
        ReadBatches(view, at, KnownPosition(*state_, at, view.base_offset), bytes_max));
    RememberPosition(*state_, at, {read.next_offset, view.base_offset, read.next_position});
    state_->NoteUnreadable(read.unreadable);
    for (UnreadableRange& range : read.unreadable) {
      if (range.end > at) fetched.unreadable.push_back(std::move(range));
    }
    fetched.bytes = std::move(read.bytes);
    fetched.next_offset = read.next_offset;
  }
  return fetched;
}

Result<std::optional<Offset>> PartitionLog::OffsetAtTime(TimestampMs time) {
  for (std::size_t i = 0; i < state_->sealed.all().size(); ++i) {
    const Offset base = state_->sealed.all()[i].base_offset;
    if (base >= durable_end()) return std::optional<Offset>();
    if (state_->sealed.all()[i].next_offset <= log_start()) continue;
    ASSIGN_OR_RETURN(const bool before, IsBefore(*state_, i, time));
    if (before) continue;
    ASSIGN_OR_RETURN(const ReadableSegment segment, SegmentFor(*state_, base));
    ASSIGN_OR_RETURN(const std::optional<Offset> found, OffsetAtTimeIn(*state_, segment, time));
    if (found) return found;
  }
  const Offset base = state_->active->base_offset();
  if (base >= durable_end()) return std::optional<Offset>();
  ASSIGN_OR_RETURN(const ReadableSegment segment, SegmentFor(*state_, base));
  return OffsetAtTimeIn(*state_, segment, time);
}

Result<std::optional<TimestampMs>> PartitionLog::AppendTimeAt(Offset offset) {
  if (offset < log_start() || offset >= log_end()) return std::optional<TimestampMs>();
  ASSIGN_OR_RETURN(const ReadableSegment segment, SegmentFor(*state_, offset));
  if (segment.append_times == nullptr) return std::optional<TimestampMs>();
  const auto last = segment.append_times->LastWith(
      [&](const AppendTimeEntry& entry) { return entry.offset <= offset; });
  if (!last.ok()) return last.error();
  if (!*last) return std::optional<TimestampMs>();
  return std::optional<TimestampMs>((*last)->time);
}

Result<std::optional<PartitionLog::SealedSources>> PartitionLog::NewestSealedSources() {
  for (auto base = state_->sources.rbegin(); base != state_->sources.rend(); ++base) {
    Result<segment::Sources> sources = segment::ReadSources(state_->fs, state_->directory, *base);
    if (sources.ok()) {
      // A killed process may have left it unsynced, and what is promised on its word must outlive
      // the next crash too.
      const std::string path =
          segment::SegmentPath(state_->directory, *base, segment::kSourcesSuffix);
      ASSIGN_OR_RETURN(const std::unique_ptr<file::File> file,
                       state_->fs.Open(path, file::OpenMode::kReadWrite));
      RETURN_IF_ERROR(file->Sync());
      return std::optional<SealedSources>({sources->as_of, std::move(sources->bytes)});
    }
    if (sources.error().code == ErrorCode::kIo) return sources.error();
  }
  return std::optional<SealedSources>();
}

}  // namespace logboom::broker
