// What a partition lets go, and how: the log start is durable first, then files are unlinked.
#include <algorithm>
#include <utility>

#include "broker/storage/partition_log_state.h"
#include "broker/storage/retention.h"
#include "lib/file/trees.h"
#include "lib/segment/log_start.h"
#include "lib/segment/names.h"
#include "lib/segment/sources.h"

namespace logboom::broker {
namespace {

// Only sealed segments that are wholly durable go.
bool MayGo(const LogState& state, const SealedSegment& segment) {
  return segment.next_offset <= state.durable.segment_base;
}

// How many of the oldest segments hold nothing at or behind `offset`.
std::size_t CountBelow(const LogState& state, Offset offset) {
  const std::vector<SealedSegment>& sealed = state.sealed.all();
  std::size_t count = 0;
  while (count < sealed.size() && sealed[count].next_offset <= offset &&
         MayGo(state, sealed[count])) {
    ++count;
  }
  return count;
}

// How many of the oldest segments retention lets go.
Result<std::size_t> CountExpired(LogState& state, const AgeClock& clock) {
  const RetentionLimits limits{state.options.retention_ms, state.options.retention_bytes};
  std::int64_t log_bytes = state.sealed.size_bytes() + state.active->size_bytes();
  std::size_t count = 0;
  for (; count < state.sealed.all().size(); ++count) {
    const SealedSegment& segment = state.sealed.all()[count];
    if (!MayGo(state, segment)) break;
    ASSIGN_OR_RETURN(const segment::Seal* seal, state.sealed.SealOf(count, clock.now()));
    const RetentionCandidate candidate{clock.AgeMs(seal->max_append_time), segment.size_bytes,
                                       log_bytes};
    if (Judge(candidate, limits) == RetentionVerdict::kKeep) break;
    log_bytes -= segment.size_bytes;
  }
  return count;
}

struct KeptSources {
  Offset base_offset;  // of its file's name
  Offset as_of;
};

// The newest .sources that is valid and surely on disk. Those of a segment are synced with its log.
std::optional<KeptSources> NewestDurableSources(LogState& state) {
  for (auto base = state.sources.rbegin(); base != state.sources.rend(); ++base) {
    if (*base >= state.durable.segment_base) continue;
    const auto sources = segment::ReadSources(state.fs, state.directory, *base);
    if (sources.ok()) return KeptSources{*base, sources->as_of};
  }
  return std::nullopt;
}

bool AllIsDurable(const LogState& state) { return state.dirty_bytes == 0 && state.syncing.empty(); }

// What could not be synced must not be written again: appends end.
Status EndAppendsAfterIoError(LogState& state, Status written) {
  if (!written.ok() && written.error().code == ErrorCode::kIo) {
    state.broken = written.error().Within("appends to this log have ended; restart the broker");
  }
  return written;
}

// Durable, and under the name of a segment that goes.
Status WriteSourcesOfNow(LogState& state, Offset base, Bytes bytes) {
  const segment::Sources now{.as_of = state.End().recovery_point, .bytes = std::move(bytes)};
  const std::string path = segment::SegmentPath(state.directory, base, segment::kSourcesSuffix);
  RETURN_IF_ERROR(EndAppendsAfterIoError(
      state, file::ReplaceFile(state.fs, path, segment::EncodeSources(now))));
  std::erase(state.sources, base);
  state.sources.insert(std::upper_bound(state.sources.begin(), state.sources.end(), base), base);
  return Ok();
}

// Where sources stand must outlive the spans that say so, for a database may be lost with its copy:
// where a crash took the .sources of what goes now, they are written anew. False: not before all is
// durable.
Result<bool> KeepSources(LogState& state, std::size_t segments) {
  if (segments == 0 || !state.seal_hook) return true;
  const SealedSegment& last = state.sealed.all()[segments - 1];
  const auto newest = NewestDurableSources(state);
  if (newest && newest->as_of >= last.next_offset) return true;
  Bytes bytes = state.seal_hook();
  if (bytes.empty()) return true;
  if (!AllIsDurable(state)) return false;
  const Status written = WriteSourcesOfNow(state, last.base_offset, std::move(bytes));
  // A full disk must not keep old segments from going.
  if (!written.ok() && written.error().code != ErrorCode::kNoSpace) return written.error();
  return true;
}

// What a producer has sent must be known when its batches are gone, else it would be stored again
// where it was not told. False: not now, for files can't be opened, or not all is durable.
Result<bool> KeepProducers(LogState& state, std::size_t segments) {
  if (segments == 0 || ProducersAreKept(state, state.sealed.all()[segments - 1].next_offset)) {
    return true;
  }
  const Status loaded = LoadProducers(state);
  // What can't be read tells nothing, and no producer is heard before it is gone.
  if (!loaded.ok()) return loaded.error().code != ErrorCode::kBusy;
  if (!AllIsDurable(state)) return false;
  RETURN_IF_ERROR(EndAppendsAfterIoError(state, SnapshotProducersNow(state)));
  return true;
}

// Whether the oldest segments may go: what their batches tell of sources and producers stays.
Result<bool> KeepWhatTheyTell(LogState& state, std::size_t segments) {
  ASSIGN_OR_RETURN(const bool sources_kept, KeepSources(state, segments));
  return sources_kept ? KeepProducers(state, segments) : Result<bool>(false);
}

// .sources whose segment is gone, and which a newer one has replaced.
Status PruneSources(LogState& state) {
  const std::optional<KeptSources> newest = NewestDurableSources(state);
  if (!newest) return Ok();
  const Offset first_base =
      state.sealed.empty() ? state.active->base_offset() : state.sealed.all().front().base_offset;
  const auto replaced = [&](Offset base) {
    return base < newest->base_offset && base < first_base;
  };
  for (const Offset base : state.sources) {
    if (!replaced(base)) continue;
    RETURN_IF_ERROR(file::RemoveIfThere(
        state.fs, segment::SegmentPath(state.directory, base, segment::kSourcesSuffix)));
  }
  std::erase_if(state.sources, replaced);
  return Ok();
}

// What goes with the `count` oldest segments, the log start moved to `offset`.
TrimmedRange RangeOf(const LogState& state, Offset offset, std::size_t count) {
  TrimmedRange range{state.log_start, offset, 0};
  for (std::size_t i = 0; i < count; ++i) range.bytes += state.sealed.all()[i].size_bytes;
  return range;
}

// Durable first, then the files. `log_start` is not below where it was.
Result<TrimmedRange> MoveLogStart(LogState& state, Offset log_start, std::size_t segments) {
  const TrimmedRange range = RangeOf(state, log_start, segments);
  if (log_start > state.log_start) {
    RETURN_IF_ERROR(EndAppendsAfterIoError(
        state, segment::WriteLogStart(state.fs, state.directory, log_start)));
  }
  state.log_start = log_start;
  std::vector<Offset> bases;
  for (std::size_t i = 0; i < segments; ++i) {
    bases.push_back(state.sealed.all()[i].base_offset);
  }
  state.sealed.DropFront(segments);
  std::erase_if(state.unreadable, [&](const auto& one) { return one.end <= log_start; });
  if (!bases.empty()) RETURN_IF_ERROR(state.Remove(std::move(bases)));
  RETURN_IF_ERROR(PruneSources(state));
  return range;
}

// Everything is durable, so that the active segment can be sealed as it is.
bool CanSealActive(const LogState& state) {
  return !state.broken && !state.active->empty() && AllIsDurable(state);
}

bool AllIsTooOld(const LogState& state, const AgeClock& clock) {
  return state.options.retention_ms >= 0 &&
         clock.AgeMs(state.last_append_time) > state.options.retention_ms;
}

// Of what is sealed here only .sources outlives the next step, so it and the new names alone are
// synced. A failed sync ends the appends: none is tried twice.
Status SealActive(LogState& state) {
  RETURN_IF_ERROR(state.Wake());
  RETURN_IF_ERROR(state.Roll());
  Status synced = Ok();
  for (const std::shared_ptr<file::File>& file : std::exchange(state.rolled_files, {})) {
    if (synced.ok()) synced = file->Sync();
  }
  if (synced.ok()) synced = state.fs.SyncDirectory(state.directory);
  if (!synced.ok()) {
    state.broken = synced.error().Within("appends to this log have ended; restart the broker");
    return synced;
  }
  state.names_changed = false;
  state.unsealed.clear();
  state.durable = state.End();
  return Ok();
}

}  // namespace

Status LogState::Remove(std::vector<Offset> bases) {
  if (remover) {
    remover(std::move(bases));
    return Ok();
  }
  for (const Offset base : bases) {
    RETURN_IF_ERROR(RemoveSegmentFiles(fs, directory, base, /*keep_sources=*/true));
  }
  return Ok();
}

Status RemoveSegmentFiles(file::FileSystem& fs, const std::string& directory, Offset base_offset,
                          bool keep_sources) {
  ASSIGN_OR_RETURN(const std::vector<file::DirectoryEntry> entries, fs.List(directory));
  for (const file::DirectoryEntry& entry : entries) {
    const auto name = segment::ParseSegmentFileName(entry.name);
    if (!name || name->base_offset != base_offset) continue;
    // They tell of producers, whose life is another one.
    if (name->suffix == segment::kProducerSnapshotSuffix) continue;
    if (keep_sources && name->suffix == segment::kSourcesSuffix) continue;
    RETURN_IF_ERROR(file::RemoveIfThere(fs, fmt::format("{}/{}", directory, entry.name)));
  }
  return Ok();
}

// A log that nobody writes to would keep its last records for ever: they are sealed, so that they
// can go, and an empty segment begins.
Result<TrimmedRange> PartitionLog::Retain(const AgeClock& clock) {
  LogState& state = *state_;
  if (CanSealActive(state) && (AllIsTooOld(state, clock) || state.log_start == log_end())) {
    // A full disk must not keep old segments from going.
    const Status sealed = SealActive(state);
    if (!sealed.ok() && sealed.error().code != ErrorCode::kNoSpace) return sealed.error();
  }
  ASSIGN_OR_RETURN(const std::size_t expired, CountExpired(state, clock));
  const std::size_t count = std::max(expired, CountBelow(state, state.log_start));
  ASSIGN_OR_RETURN(const bool kept, KeepWhatTheyTell(state, count));
  if (count == 0 || !kept) return RangeOf(state, state.log_start, 0);
  return MoveLogStart(state, std::max(state.log_start, state.sealed.all()[count - 1].next_offset),
                      count);
}

Result<TrimmedRange> PartitionLog::TrimBefore(Offset offset) {
  LogState& state = *state_;
  ASSIGN_OR_RETURN(const TrimmedRange all, WouldTrim(offset));
  if (all.new_start == all.old_start) return all;
  // Its .sources has to be on the disk before the log start says that the segment is gone.
  const std::size_t below = CountBelow(state, offset);
  if (below < state.sealed.all().size() && state.sealed.all()[below].next_offset <= offset) {
    return Fail(ErrorCode::kBusy, "trim before offset {}: a segment waits for its sync", offset);
  }
  if (offset == log_end() && CanSealActive(state)) {
    // On a full disk the records go all the same, and the file at a later Retain.
    const Status sealed = SealActive(state);
    if (!sealed.ok() && sealed.error().code != ErrorCode::kNoSpace) return sealed.error();
  }
  const std::size_t segments = CountBelow(state, offset);
  ASSIGN_OR_RETURN(const bool kept, KeepWhatTheyTell(state, segments));
  if (!kept) {
    return Fail(ErrorCode::kBusy,
                "trim before offset {}: what is known of sources and producers is not kept yet",
                offset);
  }
  return MoveLogStart(state, offset, segments);
}

Result<TrimmedRange> PartitionLog::WouldTrim(Offset offset) const {
  const LogState& state = *state_;
  if (offset > durable_end()) {
    return Fail(ErrorCode::kInvalid, "trim before offset {}: records are durable up to {} only",
                offset, durable_end());
  }
  if (offset <= state.log_start) return RangeOf(state, state.log_start, 0);
  TrimmedRange range = RangeOf(state, offset, CountBelow(state, offset));
  if (offset == log_end() && CanSealActive(state)) range.bytes += state.active->size_bytes();
  return range;
}

Result<std::optional<PartitionLog::OldestSegment>> PartitionLog::OldestSealed(TimestampMs now) {
  LogState& state = *state_;
  if (state.sealed.empty() || !MayGo(state, state.sealed.all().front())) {
    return std::optional<OldestSegment>();
  }
  ASSIGN_OR_RETURN(const segment::Seal* seal, state.sealed.SealOf(0, now));
  return std::optional<OldestSegment>(
      {state.sealed.all().front().next_offset, seal->max_append_time});
}

void PartitionLog::SetRemover(std::function<void(std::vector<Offset>)> remover) {
  state_->remover = std::move(remover);
}

}  // namespace logboom::broker
