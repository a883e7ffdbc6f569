// Opening a log that was settled as of the manifest: one listing of its directory and one look at
// the size of each log.
//
// Enough after a crash, too: what was acked since stands behind the checkpoint's position, or in
// a segment that the manifest does not name. What was cut off since was never acked. What has
// rotted in side-cars, and entries that a crash has left there behind the position, are found when
// they are opened, ahead of their first use: they do not add up to the sums that the manifest
// holds.
#include <algorithm>
#include <array>
#include <utility>

#include "broker/storage/log_recovery.h"
#include "broker/storage/partition_log_state.h"
#include "lib/segment/log_start.h"
#include "lib/segment/names.h"

namespace logboom::broker {
namespace {

using segment::SegmentPath;

constexpr std::array kOnceNames = {segment::kPartitionMetadataName,
                                   segment::kLeaderEpochCheckpointName, segment::kLeaderEpochsName,
                                   segment::kLogStartName, segment::kCompactionCheckpointName};
// Of every segment; a seal of sealed ones alone.
constexpr std::array kSegmentSuffixes = {segment::kLogSuffix, segment::kOffsetIndexSuffix,
                                         segment::kTimeIndexSuffix, segment::kAppendTimeSuffix};

// What a listing has to show.
struct ListedFiles {
  std::size_t logs = 0;
  std::vector<Offset> sources;
  std::vector<Offset> producer_snapshots;
};

// False where a file is there that a settled log does not have, or that is unknown here.
bool Count(const PartitionCheckpoint& checkpoint, bool clean, std::string_view name,
           ListedFiles& listed) {
  const SettledLog& settled = *checkpoint.settled;
  const Offset active_base = checkpoint.segment_base;
  const auto parsed = segment::ParseSegmentFileName(name);
  if (!parsed) return std::find(kOnceNames.begin(), kOnceNames.end(), name) != kOnceNames.end();
  const bool is_sealed = std::any_of(
      settled.sealed.begin(), settled.sealed.end(),
      [&](const FoundSegment& segment) { return segment.base_offset == parsed->base_offset; });
  if (parsed->suffix == segment::kSourcesSuffix) {
    // They may outlive their segment.
    listed.sources.push_back(parsed->base_offset);
    return parsed->base_offset < active_base;
  }
  if (parsed->suffix == segment::kProducerSnapshotSuffix) {
    listed.producer_snapshots.push_back(parsed->base_offset);
    // One at the end may be newer than the manifest, torn, and its name not synced.
    return parsed->base_offset < checkpoint.recovery_point ||
           (clean && parsed->base_offset == checkpoint.recovery_point);
  }
  if (parsed->suffix == segment::kSealSuffix) return is_sealed;
  if (parsed->suffix == segment::kLogSuffix) ++listed.logs;
  const bool known = std::find(kSegmentSuffixes.begin(), kSegmentSuffixes.end(), parsed->suffix) !=
                     kSegmentSuffixes.end();
  return known && (is_sealed || parsed->base_offset == active_base);
}

// Nothing where the names are others.
Result<std::optional<ListedFiles>> ListSettled(LogState& state,
                                               const PartitionCheckpoint& checkpoint, bool clean) {
  ASSIGN_OR_RETURN(const std::vector<file::DirectoryEntry> entries, state.fs.List(state.directory));
  ListedFiles listed;
  for (const file::DirectoryEntry& entry : entries) {
    if (!Count(checkpoint, clean, entry.name, listed)) return std::optional<ListedFiles>();
  }
  if (listed.logs != checkpoint.settled->sealed.size() + 1) return std::optional<ListedFiles>();
  return std::optional<ListedFiles>(std::move(listed));
}

struct LogBounds {
  Offset log_start;
  segment::LeaderEpochs epochs;
};

// Both may have moved since an unclean end, each in a file of its own, and not be synced yet: then
// this is no settled log. Nothing where they are not as the manifest says.
std::optional<LogBounds> FindBounds(LogState& state, const SettledLog& settled, bool clean) {
  LogBounds bounds;
  if (clean) {
    bounds.log_start = settled.log_start;
    for (const segment::EpochStart& start : settled.epochs) {
      if (start.epoch <= bounds.epochs.current()) return std::nullopt;
      bounds.epochs.Begin(start.epoch, start.start_offset);
    }
    return bounds;
  }
  const Result<Offset> log_start = segment::ReadLogStart(state.fs, state.directory);
  Result<segment::LeaderEpochs> epochs = segment::ReadLeaderEpochs(state.fs, state.directory);
  if (!log_start.ok() || *log_start != settled.log_start) return std::nullopt;
  if (!epochs.ok() || epochs->starts() != settled.epochs) return std::nullopt;
  bounds.log_start = *log_start;
  bounds.epochs = std::move(*epochs);
  return bounds;
}

// Nothing where a log can't be looked at.
std::optional<std::int64_t> LogSize(LogState& state, Offset base_offset) {
  const auto stat = state.fs.Stat(SegmentPath(state.directory, base_offset, segment::kLogSuffix));
  return stat.ok() ? std::optional(stat->size_bytes) : std::nullopt;
}

// Sealed segments may have been written anew since, under the same names: after a crash they may
// have other sizes. After an orderly stop they may not.
bool AddSealedSegments(LogState& state, const SettledLog& settled, Offset active_base, bool clean) {
  std::vector<SealedSegment> segments;
  for (std::size_t i = 0; i < settled.sealed.size(); ++i) {
    const FoundSegment& found = settled.sealed[i];
    const std::optional<std::int64_t> size = LogSize(state, found.base_offset);
    if (!size || (clean && *size != found.size_bytes)) return false;
    const bool last = i + 1 == settled.sealed.size();
    segments.push_back({.base_offset = found.base_offset,
                        .next_offset = last ? active_base : settled.sealed[i + 1].base_offset,
                        .size_bytes = *size,
                        .seal = std::nullopt});
  }
  for (SealedSegment& segment : segments) state.sealed.Add(std::move(segment));
  return true;
}

bool IsWhole(const PartitionCheckpoint& checkpoint) {
  return checkpoint.segment_totals.size_bytes == checkpoint.position.value() &&
         checkpoint.recovery_point >= checkpoint.segment_base;
}

}  // namespace

Result<bool> OpenSettled(LogState& state, const OpenRequest& request) {
  if (!request.checkpoint || request.checkpoint->settled == nullptr) return false;
  const PartitionCheckpoint& checkpoint = *request.checkpoint;
  const SettledLog& settled = *checkpoint.settled;
  if (!IsWhole(checkpoint)) return false;
  ASSIGN_OR_RETURN(std::optional<ListedFiles> listed,
                   ListSettled(state, checkpoint, request.clean));
  if (!listed || LogSize(state, checkpoint.segment_base) != checkpoint.position.value()) {
    return false;
  }
  std::optional<LogBounds> bounds = FindBounds(state, settled, request.clean);
  if (!bounds || bounds->epochs.empty()) return false;
  if (!AddSealedSegments(state, settled, checkpoint.segment_base, request.clean)) return false;
  state.log_start = bounds->log_start;
  state.epochs = std::move(bounds->epochs);
  state.sources = std::move(listed->sources);
  state.producers.snapshots = std::move(listed->producer_snapshots);
  state.producers.sound_until = checkpoint.recovery_point;
  if (!request.clean) {
    const std::string log =
        SegmentPath(state.directory, checkpoint.segment_base, segment::kLogSuffix);
    ASSIGN_OR_RETURN(const bool wiped, WipeBehindEnd(state.fs, log));
    if (wiped) state.report.unsynced_log = log;
  }
  state.active.emplace(ActiveSegment::Asleep({.base_offset = checkpoint.segment_base,
                                              .next_offset = checkpoint.recovery_point,
                                              .totals = checkpoint.segment_totals,
                                              .known = {},
                                              .sums = checkpoint.sums,
                                              .may_have_grown = !request.clean,
                                              .max_append_time = checkpoint.max_append_time}));
  return true;
}

}  // namespace logboom::broker
