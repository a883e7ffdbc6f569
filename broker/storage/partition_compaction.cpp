// Compaction as a partition's log sees it: what is dirty, how far it got, and when the active
// segment must end so that it gets on.
#include <algorithm>
#include <limits>
#include <utility>

#include "broker/storage/compaction.h"
#include "broker/storage/partition_log_state.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kForEverMs = std::numeric_limits<std::int64_t>::max();

// Read once, when it is first needed: a start must not open a file of each partition.
Status LoadCheckpoint(LogState& state) {
  if (state.compaction) return Ok();
  Result<segment::CompactionCheckpoint> read =
      segment::ReadCompactionCheckpoint(state.fs, state.directory);
  if (!read.ok() && read.error().code == ErrorCode::kIo) return read.error();
  // Where it is damaged all counts as dirty, and any segment may have holes.
  if (!read.ok()) read = segment::CompactionCheckpoint{Offset(0), state.active->base_offset()};
  state.compaction = *read;
  return Ok();
}

// One that could not be synced must not be written again: appends end.
Status StoreCheckpoint(LogState& state, const segment::CompactionCheckpoint& checkpoint) {
  Status written = segment::WriteCompactionCheckpoint(state.fs, state.directory, checkpoint);
  if (written.ok()) {
    state.compaction = checkpoint;
  } else if (written.error().code == ErrorCode::kIo && !state.broken) {
    state.broken = written.error().Within("appends to this log have ended; restart the broker");
  }
  return written;
}

std::vector<CompactionPlan::Producer> Remembered(const LogState& state) {
  std::vector<CompactionPlan::Producer> producers;
  for (const segment::ProducerSnapshotEntry& entry : state.producers.state.Snapshot()) {
    producers.push_back({entry.producer_id, entry.last_offset});
  }
  return producers;
}

// The part of the plan that is not clean.
struct Dirt {
  std::int64_t clean_bytes = 0;
  std::int64_t dirty_bytes = 0;
  std::optional<Offset> first;  // where its first segment begins
};

// Takes the segments into the plan that may be compacted by now.
Result<Dirt> ListSegments(LogState& state, const std::vector<CopySource>& copyable,
                          CompactionPlan& plan) {
  const std::int64_t lag_ms = state.options.min_compaction_lag_ms;
  Dirt dirt;
  for (const CopySource& source : copyable) {
    const bool dirty = source.next_offset > plan.first_dirty;
    if (dirty && lag_ms > 0) {
      ASSIGN_OR_RETURN(const segment::Seal* seal,
                       state.sealed.SealOf(plan.segments.size(), plan.clock.now()));
      if (plan.clock.AgeMs(seal->max_append_time) < lag_ms) break;
    }
    if (dirty && !dirt.first) dirt.first = source.base_offset;
    (dirty ? dirt.dirty_bytes : dirt.clean_bytes) += source.size_bytes;
    plan.segments.push_back(source);
  }
  return dirt;
}

bool IsDue(const Dirt& dirt, double dirty_ratio) {
  return static_cast<double>(dirt.dirty_bytes) >
         dirty_ratio * static_cast<double>(dirt.clean_bytes + dirt.dirty_bytes);
}

// When the oldest record came that is not compacted. Where .appendtime has rotted the seal of its
// segment tells when the last one came: late, but not never.
Result<TimestampMs> DirtySince(PartitionLog& log, LogState& state, Offset first_segment,
                               const AgeClock& clock) {
  const Offset oldest = std::max({first_segment, state.compaction->first_dirty, log.log_start()});
  ASSIGN_OR_RETURN(const std::optional<TimestampMs> since, log.AppendTimeAt(oldest));
  if (since) return *since;
  ASSIGN_OR_RETURN(const segment::Seal* seal,
                   state.sealed.SealOf(*state.sealed.IndexOf(first_segment), clock.now()));
  return seal->max_append_time;
}

}  // namespace

Result<std::optional<CompactionPlan>> PartitionLog::PlanCompaction(const AgeClock& clock) {
  const PartitionLogOptions& options = state_->options;
  if (!options.compact || state_->broken) return std::optional<CompactionPlan>();
  RETURN_IF_ERROR(LoadCheckpoint(*state_));
  CompactionPlan plan;
  plan.directory = state_->directory;
  plan.first_dirty = state_->compaction->first_dirty;
  plan.epochs = epochs();
  plan.segment_bytes = options.segment_bytes;
  plan.clock = clock;
  plan.delete_retention_ms = options.delete_retention_ms;
  ASSIGN_OR_RETURN(const Dirt dirt, ListSegments(*state_, Copyable(), plan));
  if (!dirt.first) return std::optional<CompactionPlan>();
  if (!IsDue(dirt, options.min_cleanable_dirty_ratio)) {
    // Nobody opens files every few seconds where the topic names no bound.
    if (options.max_compaction_lag_ms == kForEverMs) return std::optional<CompactionPlan>();
    ASSIGN_OR_RETURN(const TimestampMs since, DirtySince(*this, *state_, *dirt.first, clock));
    if (clock.AgeMs(since) <= options.max_compaction_lag_ms) {
      return std::optional<CompactionPlan>();
    }
  }
  RETURN_IF_ERROR(LoadProducers(*state_));
  plan.producers = Remembered(*state_);
  return std::optional<CompactionPlan>(std::move(plan));
}

Status PartitionLog::BeginCompaction(const CompactionPlan& plan) {
  segment::CompactionCheckpoint checkpoint = *state_->compaction;
  checkpoint.holes_end = std::max(checkpoint.holes_end, plan.segments.back().next_offset);
  if (checkpoint == *state_->compaction) return Ok();
  return StoreCheckpoint(*state_, checkpoint);
}

Status PartitionLog::EndCompaction(Offset clean_end) {
  segment::CompactionCheckpoint checkpoint = *state_->compaction;
  checkpoint.first_dirty = std::max(checkpoint.first_dirty, clean_end);
  return StoreCheckpoint(*state_, checkpoint);
}

Status PartitionLog::RollIfOld(const AgeClock& clock) {
  const ActiveSegment& active = *state_->active;
  if (active.empty() || !state_->can_settle()) return Ok();
  // One that sleeps may not know when its first record came: then the last one is old enough, and
  // one that nobody knows the time of is.
  const TimestampMs since = active.first_append_time().value_or(active.last_append_time());
  if (clock.AgeMs(since) < state_->options.roll_ms()) return Ok();
  RETURN_IF_ERROR(state_->Wake());
  return state_->Roll();
}

bool PartitionLog::HasUnsealed() const { return !state_->unsealed.empty(); }

std::optional<Offset> PartitionLog::compacted_end() const {
  if (!state_->options.compact || !state_->compaction) return std::nullopt;
  return state_->compaction->first_dirty;
}

}  // namespace logboom::broker
