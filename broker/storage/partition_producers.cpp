#include "broker/storage/partition_producers.h"

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "broker/storage/batch_cursor.h"
#include "broker/storage/partition_log_state.h"
#include "lib/segment/names.h"
#include "lib/segment/producer_snapshot.h"

namespace logboom::broker {
namespace {

using segment::ProducerSnapshotEntry;

std::string SnapshotPath(const LogState& state, Offset at) {
  return segment::SegmentPath(state.directory, at, segment::kProducerSnapshotSuffix);
}

Result<std::shared_ptr<file::File>> WriteSnapshot(
    LogState& state, Offset at, const std::vector<ProducerSnapshotEntry>& entries) {
  ASSIGN_OR_RETURN(std::shared_ptr<file::File> file,
                   state.fs.Open(SnapshotPath(state, at), file::OpenMode::kCreate));
  RETURN_IF_ERROR(file->Truncate(0));
  RETURN_IF_ERROR(file->PWrite(0, segment::EncodeProducerSnapshot(entries)));
  return file;
}

// Where the walk over the headers begins: behind the newest snapshot that can be read. Where none
// of them can, everything is walked; where there is none, nobody has to be looked for.
Result<Offset> LoadNewestSnapshot(LogState& state) {
  PartitionProducers& producers = state.producers;
  producers.state.Load({});  // of a walk that came to no end
  for (auto at = producers.snapshots.rbegin(); at != producers.snapshots.rend(); ++at) {
    const Result<std::vector<ProducerSnapshotEntry>> entries =
        segment::ReadProducerSnapshot(state.fs, state.directory, *at);
    if (entries.ok()) {
      producers.state.Load(*entries);
      return *at;
    }
    if (entries.error().code == ErrorCode::kIo || entries.error().code == ErrorCode::kLimit) {
      return state.share.Told(entries.error());
    }
  }
  return producers.snapshots.empty() ? producers.opened_at : Offset(0);
}

// The batch that the cursor stands on, where its checksum is right. Headers are walked without: a
// damaged one must not pass for what a producer has sent.
Result<bool> IsWhole(const SegmentView& view, const BatchCursor& cursor) {
  Bytes batch(cursor.header().size_bytes(), '\0');
  ASSIGN_OR_RETURN(const std::size_t got,
                   view.log->PRead(cursor.position().value(), std::span(batch)));
  batch.resize(got);
  return record::VerifyBatch(batch).ok();
}

// Takes the batches that were there when the log was opened; those appended since were noted.
// Headers don't say when a batch was appended: its producer counts as silent since the start.
Status WalkSegment(LogState& state, const SegmentView& view, Offset from) {
  const TimestampMs since = std::max(state.last_append_time, state.producers.opened_time);
  ASSIGN_OR_RETURN(BatchCursor cursor, BatchCursor::Seek(view, from));
  while (!cursor.at_end() && cursor.header().base_offset < state.producers.opened_at) {
    if (cursor.header().producer_id >= 0) {
      ASSIGN_OR_RETURN(const bool whole, IsWhole(view, cursor));
      if (whole) state.producers.state.Note(cursor.header(), since);
    }
    RETURN_IF_ERROR(cursor.Next());
  }
  return Ok();
}

Status WalkLog(LogState& state, Offset from) {
  for (std::size_t i = 0; i < state.sealed.all().size(); ++i) {
    if (state.sealed.all()[i].next_offset <= from) continue;
    if (state.sealed.all()[i].base_offset >= state.producers.opened_at) return Ok();
    ASSIGN_OR_RETURN(const OpenSegment* open, state.sealed.Open(i));
    const SegmentView view = state.sealed.ViewOf(i, *open);
    RETURN_IF_ERROR(WalkSegment(state, view, std::max(from, view.base_offset)));
  }
  const ActiveSegment& active = *state.active;
  if (active.base_offset() >= state.producers.opened_at) return Ok();
  RETURN_IF_ERROR(state.Wake());
  const SegmentView view{.log = active.log().get(),
                         .index = &active.indexes().offsets(),
                         .base_offset = active.base_offset(),
                         .next_offset = active.next_offset(),
                         .end = FilePosition(active.size_bytes())};
  return WalkSegment(state, view, std::max(from, view.base_offset));
}

// An old one goes once a newer one is surely on the disk. One that can't be removed is found, and
// goes, another time.
void PruneSnapshots(LogState& state) {
  std::vector<Offset>& snapshots = state.producers.snapshots;
  while (snapshots.size() > kProducerSnapshotsKept && snapshots[1] < state.durable_end()) {
    static_cast<void>(state.fs.Remove(SnapshotPath(state, snapshots.front())));
    snapshots.erase(snapshots.begin());
  }
}

}  // namespace

Status RemoveTornSnapshots(LogState& state, Offset scanned_from) {
  ASSIGN_OR_RETURN(const std::vector<file::DirectoryEntry> entries, state.fs.List(state.directory));
  for (const file::DirectoryEntry& entry : entries) {
    const auto name = segment::ParseSegmentFileName(entry.name);
    if (!name || name->suffix != segment::kProducerSnapshotSuffix) continue;
    if (name->base_offset < scanned_from) continue;
    const Result<std::vector<ProducerSnapshotEntry>> read =
        segment::ReadProducerSnapshot(state.fs, state.directory, name->base_offset);
    if (read.ok() || read.error().code == ErrorCode::kIo) continue;
    RETURN_IF_ERROR(state.fs.Remove(SnapshotPath(state, name->base_offset)));
  }
  return Ok();
}

Status AdoptProducers(LogState& state, TimestampMs now) {
  PartitionProducers& producers = state.producers;
  producers.opened_time = now;
  producers.opened_at = state.active->next_offset();
  if (!producers.found_unsynced || !producers.snapshots.empty()) return Ok();
  const Offset at = *producers.found_unsynced;
  producers.snapshots.push_back(at);
  const Result<std::shared_ptr<file::File>> file = WriteSnapshot(state, at, {});
  // A broker must start on a full disk. This run knows where to begin all the same.
  if (!file.ok()) return file.error().code == ErrorCode::kNoSpace ? Ok() : Status(file.error());
  RETURN_IF_ERROR((*file)->Sync());
  return state.fs.SyncDirectory(state.directory);
}

Status LoadProducers(LogState& state) {
  if (state.producers.loaded) return Ok();
  ASSIGN_OR_RETURN(const Offset from, LoadNewestSnapshot(state));
  if (from < state.producers.opened_at) RETURN_IF_ERROR(WalkLog(state, from));
  state.producers.loaded = true;
  return Ok();
}

Status PrepareProducers(LogState& state) {
  RETURN_IF_ERROR(LoadProducers(state));
  PartitionProducers& producers = state.producers;
  if (!producers.snapshots.empty()) return Ok();
  const Offset at = state.active->next_offset();
  Result<std::shared_ptr<file::File>> file = WriteSnapshot(state, at, {});
  if (!file.ok()) return state.share.Told(file.error());
  state.rolled_files.push_back(std::move(*file));
  state.names_changed = true;
  producers.snapshots.push_back(at);
  return Ok();
}

void SnapshotProducersAtRoll(LogState& state, Offset finished_base, Offset next) {
  PartitionProducers& producers = state.producers;
  if (producers.snapshots.empty() || producers.snapshots.back() == next) return;
  if (!LoadProducers(state).ok()) return;
  producers.state.Expire(state.last_append_time, finished_base);
  Result<std::shared_ptr<file::File>> file = WriteSnapshot(state, next, producers.state.Snapshot());
  if (!file.ok()) {
    static_cast<void>(state.fs.Remove(SnapshotPath(state, next)));
    return;
  }
  state.rolled_files.push_back(std::move(*file));
  producers.snapshots.push_back(next);
  PruneSnapshots(state);
}

Status SnapshotProducersNow(LogState& state) {
  PartitionProducers& producers = state.producers;
  const Offset end = state.active->next_offset();
  if (!producers.loaded || producers.snapshots.empty() || producers.snapshots.back() == end) {
    return Ok();
  }
  const Result<std::shared_ptr<file::File>> file =
      WriteSnapshot(state, end, producers.state.Snapshot());
  if (!file.ok()) return file.error().code == ErrorCode::kNoSpace ? Ok() : Status(file.error());
  RETURN_IF_ERROR((*file)->Sync());
  RETURN_IF_ERROR(state.fs.SyncDirectory(state.directory));
  producers.snapshots.push_back(end);
  PruneSnapshots(state);
  return Ok();
}

bool ProducersAreKept(const LogState& state, Offset end) {
  const std::vector<Offset>& snapshots = state.producers.snapshots;
  return snapshots.empty() || snapshots.back() >= end;
}

}  // namespace logboom::broker
