// Opening a partition's log: what the manifest tells of a settled one is believed
// (partition_settled.cpp), or its clean checkpoint is, or the log is recovered.
#include <algorithm>
#include <limits>
#include <utility>

#include "broker/storage/log_recovery.h"
#include "broker/storage/partition_log_state.h"
#include "broker/storage/segment_swap.h"
#include "lib/file/trees.h"
#include "lib/segment/compaction_checkpoint.h"
#include "lib/segment/leader_epochs_side_car.h"
#include "lib/segment/log_start.h"
#include "lib/segment/log_walk.h"
#include "lib/segment/names.h"
#include "lib/segment/rebuild.h"
#include "lib/segment/sources.h"

namespace logboom::broker {
namespace {

using segment::SegmentPath;

Status RemoveTemporaries(LogState& state) {
  ASSIGN_OR_RETURN(const std::vector<file::DirectoryEntry> entries, state.fs.List(state.directory));
  for (const file::DirectoryEntry& entry : entries) {
    if (!entry.name.ends_with(segment::kTemporarySuffix)) continue;
    RETURN_IF_ERROR(state.fs.Remove(fmt::format("{}/{}", state.directory, entry.name)));
  }
  return Ok();
}

// What the last process wrote there and did not get synced would be gone after a power loss, when
// the segments below it have been removed on its word: it is made durable, and read from the
// device, before anything goes by it.
Status SettleLogStart(LogState& state) {
  const std::string path = fmt::format("{}/{}", state.directory, segment::kLogStartName);
  const Result<std::unique_ptr<file::File>> file = state.fs.Open(path, file::OpenMode::kReadWrite);
  if (!file.ok()) return file.error().code == ErrorCode::kNotFound ? Ok() : Status(file.error());
  return segment::ReadFromDevice(**file);
}

// Makes log-start where there is none: later it must be written on a full disk.
Status FindLogStart(LogState& state, const OpenRequest& request,
                    const std::vector<FoundSegment>& segments) {
  if (!request.clean) RETURN_IF_ERROR(SettleLogStart(state));
  const Result<Offset> log_start = segment::ReadLogStart(state.fs, state.directory);
  if (log_start.ok()) {
    state.log_start = *log_start;
    return Ok();
  }
  if (log_start.error().code == ErrorCode::kIo) return log_start.error();
  if (!segments.empty()) state.log_start = segments.front().base_offset;
  const Status made = segment::WriteLogStart(state.fs, state.directory, state.log_start);
  if (!made.ok() && made.error().code != ErrorCode::kNoSpace) return made;
  return Ok();
}

// Segments that were let go before a crash: the log start says so, their files are still there.
Status RemoveOrphans(LogState& state, std::vector<FoundSegment>& segments) {
  while (segments.size() > 1 && segments[1].base_offset <= state.log_start) {
    RETURN_IF_ERROR(
        RemoveSegmentFiles(state.fs, state.directory, segments.front().base_offset, true));
    segments.erase(segments.begin());
  }
  return Ok();
}

// Where each epoch begins, as the headers of a segment's batches tell.
Status CollectEpochs(LogState& state, const FoundSegment& segment) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<file::File> log,
      state.fs.Open(SegmentPath(state.directory, segment.base_offset, segment::kLogSuffix),
                    file::OpenMode::kRead));
  segment::LogWalk walk(*log, {.begin = FilePosition(0),
                               .end = FilePosition(segment.size_bytes),
                               .expected = {.rule = segment::OffsetRule::kGrowing},
                               .crc = segment::CrcCheck::kSkip});
  while (true) {
    ASSIGN_OR_RETURN(const bool more, walk.Next());
    if (!more) return Ok();
    if (walk.header().leader_epoch <= state.epochs.current()) continue;
    state.epochs.Begin(walk.header().leader_epoch, walk.header().base_offset);
  }
}

// A lost or broken checkpoint is made again from the batches: epochs must not fall.
Status LoadEpochs(LogState& state, const std::vector<FoundSegment>& segments) {
  Result<segment::LeaderEpochs> epochs = segment::ReadLeaderEpochs(state.fs, state.directory);
  if (epochs.ok() && !epochs->empty()) {
    state.epochs = std::move(*epochs);
    // Where there is no room for it the next start tries again.
    const Status mended = segment::MendLeaderEpochs(state.fs, state.directory, state.epochs);
    return mended.ok() || mended.error().code == ErrorCode::kNoSpace ? Ok() : mended;
  }
  if (!epochs.ok() && epochs.error().code == ErrorCode::kIo) return epochs.error();
  state.epochs = {};
  for (const FoundSegment& segment : segments) {
    RETURN_IF_ERROR(CollectEpochs(state, segment));
  }
  if (state.epochs.empty()) state.epochs.Begin(LeaderEpoch(0), state.log_start);
  return segment::WriteLeaderEpochs(state.fs, state.directory, state.epochs);
}

Status SyncAll(const ActiveSegment& segment) {
  for (const std::shared_ptr<file::File>& file : segment.files()) RETURN_IF_ERROR(file->Sync());
  return Ok();
}

Status OpenEmpty(LogState& state, const OpenRequest& request) {
  Offset base = state.log_start;
  if (request.checkpoint && request.checkpoint->recovery_point > base) {
    base = request.checkpoint->recovery_point;
    state.unreadable.push_back({state.log_start, base, "all segments are gone"});
    state.epochs.Begin(state.epochs.current() + 1, base);
    RETURN_IF_ERROR(segment::WriteLeaderEpochs(state.fs, state.directory, state.epochs));
    state.report.epoch_raised = true;
  }
  ASSIGN_OR_RETURN(ActiveSegment active, ActiveSegment::Create(state.fs, state.directory, base));
  state.active.emplace(std::move(active));
  state.producers.sound_until = state.log_start;
  // The names are what counts: there is nothing in the files yet that could not be made again.
  return state.fs.SyncDirectory(state.directory);
}

void AddSealed(LogState& state, Offset base_offset, Offset next_offset, std::int64_t size_bytes) {
  state.sealed.Add({.base_offset = base_offset,
                    .next_offset = next_offset,
                    .size_bytes = size_bytes,
                    .seal = std::nullopt});
}

// False where the files are not as the manifest says; then nothing was believed.
Result<bool> OpenClean(LogState& state, const OpenRequest& request,
                       const std::vector<FoundSegment>& segments) {
  if (!request.clean || !request.checkpoint) return false;
  const PartitionCheckpoint& checkpoint = *request.checkpoint;
  const FoundSegment& last = segments.back();
  if (last.base_offset != checkpoint.segment_base ||
      last.size_bytes != checkpoint.position.value() ||
      last.size_bytes != checkpoint.segment_totals.size_bytes) {
    return false;
  }
  ASSIGN_OR_RETURN(
      ActiveSegment active,
      ActiveSegment::Resume(state.fs, state.directory,
                            {.base_offset = last.base_offset,
                             .next_offset = checkpoint.recovery_point,
                             .totals = checkpoint.segment_totals,
                             .known = {checkpoint.recovery_point, checkpoint.segment_totals},
                             .trust = segment::IndexTrust::kSynced,
                             .sums = checkpoint.sums,
                             .max_append_time = checkpoint.max_append_time},
                            request.now));
  if (!active.side_cars_synced()) RETURN_IF_ERROR(SyncAll(active));
  active.NoteSideCarsSynced();
  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    AddSealed(state, segments[i].base_offset, segments[i + 1].base_offset, segments[i].size_bytes);
  }
  state.active.emplace(std::move(active));
  state.producers.sound_until = state.active->next_offset();
  return true;
}

// A segment that was scanned and is not appended to any more. Its log is synced before the seal is
// made. The seal ends where the next segment begins: else what is appended behind a hole would not
// follow on, and the recovery after the next crash would cut it off.
Status SealScanned(LogState& state, const SegmentAsFound& found, Offset next_offset,
                   TimestampMs now) {
  ASSIGN_OR_RETURN(ActiveSegment segment,
                   ActiveSegment::Resume(state.fs, state.directory, found, now));
  segment.Finish();
  RETURN_IF_ERROR(SyncAll(segment));
  state.last_append_time = std::max(state.last_append_time, segment.last_append_time());
  segment::Seal seal = segment.MakeSeal();
  seal.next_offset = next_offset;
  ASSIGN_OR_RETURN(seal.compacted,
                   segment::MayHaveHoles(state.fs, state.directory, found.base_offset));
  seal.holes = seal.compacted;
  seal.sums = segment.sums();
  const Status sealed = file::ReplaceFile(
      state.fs, SegmentPath(state.directory, found.base_offset, segment::kSealSuffix),
      segment::EncodeSeal(seal));
  // A broker must start on a full disk: what a seal tells can be had from the log.
  if (!sealed.ok() && sealed.error().code != ErrorCode::kNoSpace) return sealed;
  return Ok();
}

// A trusted segment whose seal a crash has kept from being written, or torn. One whose headers
// can't be walked stays without: what is wrong there is for readers to tell.
Status SealTrusted(LogState& state, const FoundSegment& segment, Offset next_offset,
                   TimestampMs now) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<file::File> log,
      state.fs.Open(SegmentPath(state.directory, segment.base_offset, segment::kLogSuffix),
                    file::OpenMode::kRead));
  const Result<segment::SegmentTotals> totals = segment::CountTotals(
      *log, {segment.base_offset, next_offset, FilePosition(segment.size_bytes)});
  if (totals.ok()) {
    return SealScanned(state,
                       {.base_offset = segment.base_offset,
                        .next_offset = next_offset,
                        .totals = *totals,
                        .known = {segment.base_offset, {}},
                        .trust = segment::IndexTrust::kUnsynced},
                       next_offset, now);
  }
  if (totals.error().code != ErrorCode::kCorrupt) return totals.error();
  return file::RemoveIfThere(
      state.fs, SegmentPath(state.directory, segment.base_offset, segment::kSealSuffix));
}

// .sources must not tell of records that are gone.
Status RemoveStaleSources(LogState& state, Offset scanned_from, Offset log_end) {
  ASSIGN_OR_RETURN(const std::vector<file::DirectoryEntry> entries, state.fs.List(state.directory));
  for (const file::DirectoryEntry& entry : entries) {
    const auto name = segment::ParseSegmentFileName(entry.name);
    if (!name || name->suffix != segment::kSourcesSuffix) continue;
    if (name->base_offset < scanned_from) continue;
    const Result<segment::Sources> sources =
        segment::ReadSources(state.fs, state.directory, name->base_offset);
    if (sources.ok() && sources->as_of <= log_end) continue;
    if (!sources.ok() && sources.error().code == ErrorCode::kIo) return sources.error();
    RETURN_IF_ERROR(state.fs.Remove(fmt::format("{}/{}", state.directory, entry.name)));
  }
  return Ok();
}

// Whether the last segment goes on as the active one: not where it is compacted.
bool Resumes(const RecoveredLog& recovered, Offset holes_end) {
  if (recovered.scanned.empty()) return false;
  const SegmentAsFound& last = recovered.scanned.back();
  const bool may_have_holes = last.base_offset < holes_end && last.base_offset < last.next_offset;
  return last.next_offset == recovered.next_offset && !may_have_holes;
}

Status BuildSegments(LogState& state, const RecoveredLog& recovered, Offset holes_end,
                     TimestampMs now) {
  const std::vector<SegmentAsFound>& scanned = recovered.scanned;
  const bool resumes = Resumes(recovered, holes_end);
  const std::size_t finished = scanned.size() - (resumes ? 1 : 0);
  const auto base_of_scanned = [&](std::size_t i) {
    return i < scanned.size() ? scanned[i].base_offset : recovered.next_offset;
  };
  const std::vector<FoundSegment>& trusted = recovered.trusted;
  for (std::size_t i = 0; i < trusted.size(); ++i) {
    const Offset next = i + 1 < trusted.size() ? trusted[i + 1].base_offset : base_of_scanned(0);
    if (i + recovered.unsealed >= trusted.size()) {
      RETURN_IF_ERROR(SealTrusted(state, trusted[i], next, now));
    }
    AddSealed(state, trusted[i].base_offset, next, trusted[i].size_bytes);
  }
  for (std::size_t i = 0; i < finished; ++i) {
    const Offset next = base_of_scanned(i + 1);
    RETURN_IF_ERROR(SealScanned(state, scanned[i], next, now));
    AddSealed(state, scanned[i].base_offset, next, scanned[i].totals.size_bytes);
  }
  Result<ActiveSegment> active =
      resumes ? ActiveSegment::Resume(state.fs, state.directory, scanned.back(), now)
              : ActiveSegment::Create(state.fs, state.directory, recovered.next_offset);
  if (!active.ok()) return active.error();
  state.active.emplace(std::move(*active));
  return Ok();
}

// A checkpoint that can't be read says nothing: then any segment may be compacted.
Result<Offset> HolesEnd(LogState& state) {
  const auto checkpoint = segment::ReadCompactionCheckpoint(state.fs, state.directory);
  if (checkpoint.ok()) return checkpoint->holes_end;
  if (checkpoint.error().code == ErrorCode::kIo) return checkpoint.error();
  return Offset(std::numeric_limits<std::int64_t>::max());
}

// Before anything is appended: records that take the place of lost ones are dirty, and what is
// appended has no holes.
Status SettleCompaction(LogState& state) {
  const auto found = segment::ReadCompactionCheckpoint(state.fs, state.directory);
  if (!found.ok() && found.error().code == ErrorCode::kIo) return found.error();
  const Offset active = state.active->base_offset();
  segment::CompactionCheckpoint settled{Offset(0), active};
  if (found.ok()) {
    settled = {std::min(found->first_dirty, active), std::min(found->holes_end, active)};
  }
  state.compaction = settled;
  if (found.ok() && settled == *found) return Ok();
  const Status written = segment::WriteCompactionCheckpoint(state.fs, state.directory, settled);
  // A broker must start on a full disk. This run knows it all the same.
  return written.ok() || written.error().code == ErrorCode::kNoSpace ? Ok() : written;
}

// The active segment of an idle log may be empty: then the one before it knows. What has rotted
// stays unknown.
Status FindLastAppendTime(LogState& state) {
  if (!state.active->empty() || state.sealed.all().empty()) return Ok();
  const Result<segment::Seal> seal =
      segment::ReadSeal(state.fs, state.directory, state.sealed.all().back().base_offset);
  if (!seal.ok()) return seal.error().code == ErrorCode::kIo ? Status(seal.error()) : Ok();
  state.last_append_time = std::max(state.last_append_time, seal->max_append_time);
  return Ok();
}

Status OpenAfterCrash(LogState& state, const OpenRequest& request,
                      std::vector<FoundSegment> segments) {
  ASSIGN_OR_RETURN(const Offset holes_end, HolesEnd(state));
  ASSIGN_OR_RETURN(RecoveredLog recovered, RecoverLog(state.fs,
                                                      {.directory = state.directory,
                                                       .quarantine = request.quarantine,
                                                       .checkpoint = request.checkpoint,
                                                       .log_start = state.log_start,
                                                       .holes_end = holes_end,
                                                       .now = request.now,
                                                       .progress = request.progress},
                                                      std::move(segments), state.epochs));
  RETURN_IF_ERROR(BuildSegments(state, recovered, holes_end, request.now));
  const Offset scanned_from = recovered.scanned.empty() ? state.active->base_offset()
                                                        : recovered.scanned.front().base_offset;
  RETURN_IF_ERROR(RemoveStaleSources(state, scanned_from, state.active->next_offset()));
  RETURN_IF_ERROR(RemoveTornSnapshots(state, scanned_from));
  RETURN_IF_ERROR(SyncAll(*state.active));
  state.active->NoteSideCarsSynced();
  RETURN_IF_ERROR(SettleCompaction(state));
  RETURN_IF_ERROR(state.fs.SyncDirectory(state.directory));
  state.producers.sound_until = recovered.sound_until;
  state.producers.found_unsynced = recovered.first_producer_batch;
  state.report = std::move(recovered.report);
  state.NoteUnreadable(recovered.unreadable);
  return FindLastAppendTime(state);
}

// Whether a file belongs to a segment that is there. Only finished segments have a seal and
// .sources: a crash within a roll may leave those of the active one. .sources may outlive their
// segment.
bool Belongs(const LogState& state, const segment::SegmentFileName& name) {
  if (name.suffix == segment::kProducerSnapshotSuffix) {
    return name.base_offset <= state.producers.sound_until;
  }
  const bool of_finished =
      name.suffix == segment::kSealSuffix || name.suffix == segment::kSourcesSuffix;
  const Offset active = state.active->base_offset();
  if (name.base_offset >= active) return name.base_offset == active && !of_finished;
  if (name.suffix == segment::kSourcesSuffix) return true;
  const std::optional<std::size_t> index = state.sealed.IndexOf(name.base_offset);
  return index && state.sealed.all()[*index].base_offset == name.base_offset;
}

Status RemoveStraySideCars(LogState& state) {
  ASSIGN_OR_RETURN(const std::vector<file::DirectoryEntry> entries, state.fs.List(state.directory));
  bool removed = false;
  for (const file::DirectoryEntry& entry : entries) {
    const auto name = segment::ParseSegmentFileName(entry.name);
    if (!name) continue;
    if (!Belongs(state, *name)) {
      RETURN_IF_ERROR(state.fs.Remove(fmt::format("{}/{}", state.directory, entry.name)));
      removed = true;
    } else if (name->suffix == segment::kSourcesSuffix) {
      state.sources.push_back(name->base_offset);
    } else if (name->suffix == segment::kProducerSnapshotSuffix) {
      state.producers.snapshots.push_back(name->base_offset);
    }
  }
  // Before anything is appended: else they could come back and speak of other records.
  return removed ? state.fs.SyncDirectory(state.directory) : Ok();
}

Status OpenSegments(LogState& state, const OpenRequest& request,
                    std::vector<FoundSegment> segments) {
  if (segments.empty()) return OpenEmpty(state, request);
  ASSIGN_OR_RETURN(const bool believed, OpenClean(state, request, segments));
  return believed ? Ok() : OpenAfterCrash(state, request, std::move(segments));
}

Status OpenByFiles(LogState& state, const OpenRequest& request) {
  RETURN_IF_ERROR(RemoveTemporaries(state));
  RETURN_IF_ERROR(FinishOrDropSwaps(state.fs, state.directory));
  ASSIGN_OR_RETURN(std::vector<FoundSegment> segments, FindSegments(state.fs, state.directory));
  RETURN_IF_ERROR(FindLogStart(state, request, segments));
  RETURN_IF_ERROR(RemoveOrphans(state, segments));
  RETURN_IF_ERROR(LoadEpochs(state, segments));
  RETURN_IF_ERROR(OpenSegments(state, request, std::move(segments)));
  return RemoveStraySideCars(state);
}

}  // namespace

Status OpenLogState(LogState& state, const OpenRequest& request) {
  ASSIGN_OR_RETURN(const bool settled, OpenSettled(state, request));
  if (!settled) RETURN_IF_ERROR(OpenByFiles(state, request));
  RETURN_IF_ERROR(AdoptProducers(state, request.now));
  if (request.checkpoint) {
    state.last_append_time = std::max(state.last_append_time, request.checkpoint->max_append_time);
  }
  state.last_append_time = std::max(state.last_append_time, state.active->last_append_time());
  state.durable = state.End();
  return Ok();
}

}  // namespace logboom::broker
