// Finished segments of a partition's log that are replaced by others with the same offsets.
#include <algorithm>
#include <utility>

#include "broker/storage/partition_log_state.h"
#include "broker/storage/segment_swap.h"

namespace logboom::broker {
namespace {

// Where the seals end that are on disk.
Offset SealedEnd(const LogState& state) {
  if (state.seal_under_way) return *state.seal_under_way;
  if (!state.unsealed.empty()) return state.unsealed.front().base_offset;
  return state.durable.segment_base;
}

bool MayBeCopied(const LogState& state, const SealedSegment& segment) {
  return segment.next_offset <= state.durable.segment_base &&
         segment.next_offset <= SealedEnd(state);
}

CopySource SourceOf(const SealedSegment& segment) {
  return {segment.base_offset, segment.next_offset, segment.size_bytes};
}

// The place of the first source, where all of them still stand as they did.
std::optional<std::size_t> Find(const LogState& state, const std::vector<CopySource>& sources) {
  const std::vector<SealedSegment>& sealed = state.sealed.all();
  const std::optional<std::size_t> first = state.sealed.IndexOf(sources.front().base_offset);
  if (!first || *first + sources.size() > sealed.size()) return std::nullopt;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const CopySource now = SourceOf(sealed[*first + i]);
    if (now.base_offset != sources[i].base_offset || now.next_offset != sources[i].next_offset ||
        now.size_bytes != sources[i].size_bytes) {
      return std::nullopt;
    }
  }
  return first;
}

void ForgetPositions(LogState& state, const std::vector<CopySource>& sources) {
  for (const CopySource& source : sources) {
    std::erase_if(state.read_positions, [&](const ReadPosition& known) {
      return known.segment_base == source.base_offset;
    });
  }
}

}  // namespace

std::vector<CopySource> PartitionLog::Copyable() const {
  std::vector<CopySource> sources;
  for (const SealedSegment& segment : state_->sealed.all()) {
    if (!MayBeCopied(*state_, segment)) break;
    sources.push_back(SourceOf(segment));
  }
  return sources;
}

std::vector<CopySource> PartitionLog::NotLookedAt(std::size_t count_max) const {
  std::vector<CopySource> sources;
  for (const SealedSegment& segment : state_->sealed.all()) {
    if (!MayBeCopied(*state_, segment) || sources.size() == count_max) break;
    if (!segment.looked_at) sources.push_back(SourceOf(segment));
  }
  return sources;
}

void PartitionLog::SetLookedAt(Offset base_offset) {
  const std::optional<std::size_t> index = state_->sealed.IndexOf(base_offset);
  if (index && state_->sealed.all()[*index].base_offset == base_offset) {
    state_->sealed.SetLookedAt(*index);
  }
}

void PartitionLog::SetBroken(const Error& error) {
  if (!state_->broken) {
    state_->broken = error.Within("appends to this log have ended; restart the broker");
  }
}

Result<bool> PartitionLog::Install(const CopiedSegment& copied) {
  const Offset base = copied.seal.base_offset;
  const std::optional<std::size_t> first = Find(*state_, copied.sources);
  if (!first || state_->broken) {
    const Status dropped = DropSwap(state_->fs, state_->directory, base);
    if (!dropped.ok()) SetBroken(dropped.error());
    return false;
  }
  std::vector<Offset> covered;
  for (std::size_t i = 1; i < copied.sources.size(); ++i) {
    covered.push_back(copied.sources[i].base_offset);
  }
  Status swapped = CommitSwap(state_->fs, state_->directory, base);
  if (swapped.ok()) swapped = FinishSwap(state_->fs, state_->directory, base, covered);
  if (!swapped.ok()) {
    SetBroken(swapped.error());
    return swapped.error();
  }
  state_->sealed.Replace(*first, copied.sources.size(),
                         {.base_offset = base,
                          .next_offset = copied.seal.next_offset,
                          .size_bytes = copied.seal.totals.size_bytes,
                          .seal = copied.seal,
                          .looked_at = true});
  ForgetPositions(*state_, copied.sources);
  state_->names_changed = true;
  return true;
}

}  // namespace logboom::broker
