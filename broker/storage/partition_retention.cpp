// What a partition lets go, and how: the log start is durable first, then files are unlinked.
#include <algorithm>
#include <utility>

#include "broker/storage/partition_log_state.h"
#include "broker/storage/retention.h"
#include "lib/segment/log_start.h"
#include "lib/segment/names.h"
#include "lib/segment/sources.h"

namespace logboom::broker {
namespace {

// Only sealed segments that are wholly durable go.
bool MayGo(const LogState& state, const SealedSegment& segment) {
  return segment.next_offset <= state.durable.segment_base;
}

// How many of the oldest segments retention lets go.
Result<std::size_t> CountExpired(LogState& state, TimestampMs now) {
  const RetentionLimits limits{state.options.retention_ms, state.options.retention_bytes};
  std::int64_t log_bytes = state.sealed.size_bytes() + state.active->size_bytes();
  std::size_t count = 0;
  for (; count < state.sealed.all().size(); ++count) {
    const SealedSegment& segment = state.sealed.all()[count];
    if (!MayGo(state, segment)) break;
    ASSIGN_OR_RETURN(const segment::Seal* seal, state.sealed.SealOf(count, now));
    const RetentionCandidate candidate{seal->max_append_time, segment.size_bytes, log_bytes};
    if (Judge(candidate, limits, now) == RetentionVerdict::kKeep) break;
    log_bytes -= segment.size_bytes;
  }
  return count;
}

// The newest .sources that is valid and surely on disk. Those of a segment are synced with its log.
std::optional<Offset> NewestDurableSources(LogState& state) {
  for (auto base = state.sources.rbegin(); base != state.sources.rend(); ++base) {
    if (*base >= state.durable.segment_base) continue;
    if (segment::ReadSources(state.fs, state.directory, *base).ok()) return *base;
  }
  return std::nullopt;
}

// .sources whose segment is gone, and which a newer one has replaced.
Status PruneSources(LogState& state) {
  const std::optional<Offset> newest = NewestDurableSources(state);
  if (!newest) return Ok();
  const Offset first_base =
      state.sealed.empty() ? state.active->base_offset() : state.sealed.all().front().base_offset;
  const auto replaced = [&](Offset base) { return base < *newest && base < first_base; };
  for (const Offset base : state.sources) {
    if (!replaced(base)) continue;
    const Status removed =
        state.fs.Remove(segment::SegmentPath(state.directory, base, segment::kSourcesSuffix));
    if (!removed.ok() && removed.error().code != ErrorCode::kNotFound) return removed;
  }
  std::erase_if(state.sources, replaced);
  return Ok();
}

// `log_start` is not below where it was.
Status MoveLogStart(LogState& state, Offset log_start, std::size_t segments) {
  RETURN_IF_ERROR(segment::WriteLogStart(state.fs, state.directory, log_start));
  state.log_start = log_start;
  std::vector<Offset> bases;
  for (std::size_t i = 0; i < segments; ++i) {
    bases.push_back(state.sealed.all()[i].base_offset);
  }
  state.sealed.DropFront(segments);
  std::erase_if(state.unreadable, [&](const auto& range) { return range.end <= log_start; });
  for (const Offset base : bases) {
    RETURN_IF_ERROR(RemoveSegmentFiles(state.fs, state.directory, base, true));
  }
  return PruneSources(state);
}

bool AllIsTooOld(const LogState& state, TimestampMs now) {
  const ActiveSegment& active = *state.active;
  const bool all_durable = state.dirty_bytes == 0 && state.syncing.empty();
  return !state.broken && !active.empty() && all_durable && state.options.retention_ms >= 0 &&
         now - state.last_append_time > state.options.retention_ms;
}

// A log that nobody writes to would keep its last records for ever: they are sealed, so that they
// can go, and an empty segment begins. Of what was sealed only .sources outlives the next step, so
// it and the new names alone are synced. A failed sync ends the appends: none is tried twice.
Status SealIfAllIsTooOld(LogState& state, TimestampMs now) {
  if (!AllIsTooOld(state, now)) return Ok();
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

Status RemoveSegmentFiles(file::FileSystem& fs, const std::string& directory, Offset base_offset,
                          bool keep_sources) {
  ASSIGN_OR_RETURN(const std::vector<file::DirectoryEntry> entries, fs.List(directory));
  for (const file::DirectoryEntry& entry : entries) {
    const auto name = segment::ParseSegmentFileName(entry.name);
    if (!name || name->base_offset != base_offset) continue;
    // They tell of producers, whose life is another one.
    if (name->suffix == segment::kProducerSnapshotSuffix) continue;
    if (keep_sources && name->suffix == segment::kSourcesSuffix) continue;
    RETURN_IF_ERROR(fs.Remove(fmt::format("{}/{}", directory, entry.name)));
  }
  return Ok();
}

Result<std::int64_t> PartitionLog::Retain(TimestampMs now) {
  // A full disk must not keep old segments from going.
  const Status sealed = SealIfAllIsTooOld(*state_, now);
  if (!sealed.ok() && sealed.error().code != ErrorCode::kNoSpace) return sealed.error();
  ASSIGN_OR_RETURN(const std::size_t count, CountExpired(*state_, now));
  if (count == 0) return std::int64_t{0};
  const Offset before = log_start();
  const Offset start = std::max(before, state_->sealed.all()[count - 1].next_offset);
  RETURN_IF_ERROR(MoveLogStart(*state_, start, count));
  return start - before;
}

Result<std::int64_t> PartitionLog::TrimBefore(Offset offset) {
  if (offset > durable_end()) {
    return Fail(ErrorCode::kInvalid, "trim before offset {}: records are durable up to {} only",
                offset, durable_end());
  }
  const Offset before = log_start();
  if (offset <= before) return std::int64_t{0};
  const std::vector<SealedSegment>& sealed = state_->sealed.all();
  std::size_t count = 0;
  while (count < sealed.size() && sealed[count].next_offset <= offset &&
         MayGo(*state_, sealed[count])) {
    ++count;
  }
  RETURN_IF_ERROR(MoveLogStart(*state_, offset, count));
  return offset - before;
}

}  // namespace logboom::broker
