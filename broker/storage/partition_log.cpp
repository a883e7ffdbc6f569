#include "broker/storage/partition_log.h"

#include <algorithm>
#include <utility>

#include "broker/storage/partition_log_state.h"
#include "lib/base/check.h"
#include "lib/file/trees.h"
#include "lib/segment/names.h"
#include "lib/segment/sources.h"

namespace logboom::broker {
namespace {

using segment::SegmentPath;

// A file of its own: the one that is there may have a second name, in a backup.
Result<std::shared_ptr<file::File>> WriteSideCar(file::FileSystem& fs, const std::string& path,
                                                 ByteView bytes) {
  RETURN_IF_ERROR(file::RemoveIfThere(fs, path));
  ASSIGN_OR_RETURN(std::shared_ptr<file::File> file, fs.Open(path, file::OpenMode::kCreateNew));
  RETURN_IF_ERROR(file->PWrite(0, bytes));
  return file;
}

// A seal is written once its log is synced, so that a valid one proves it. One that can't be
// written (a full disk) is tried again with the next work.
bool WriteNextSeal(LogState& state) {
  if (state.seal_under_way || state.unsealed.empty()) return false;
  const segment::Seal& seal = state.unsealed.front();
  if (seal.next_offset > state.durable.segment_base) return false;
  Result<std::shared_ptr<file::File>> file =
      WriteSideCar(state.fs, SegmentPath(state.directory, seal.base_offset, segment::kSealSuffix),
                   segment::EncodeSeal(seal));
  if (!file.ok()) return false;
  state.rolled_files.push_back(std::move(*file));
  state.names_changed = true;
  state.seal_under_way = seal.base_offset;
  state.unsealed.pop_front();
  return true;
}

Status CheckAppendable(const record::BatchHeader& header) {
  if (header.record_count > 0 && header.last_offset_delta == header.record_count - 1) return Ok();
  return Fail(ErrorCode::kInvalid, "append: a batch of {} records whose last offset delta is {}",
              header.record_count, header.last_offset_delta);
}

bool IsOld(const ActiveSegment& active, std::int64_t segment_ms, TimestampMs now) {
  const std::optional<TimestampMs> first = active.first_append_time();
  return first && now - *first >= segment_ms;
}

// What a failed try to begin a segment has made. By name: no descriptor may be left for a listing.
Status RemoveNewSegment(file::FileSystem& fs, const std::string& directory, Offset base_offset) {
  for (const std::string_view suffix : {segment::kLogSuffix, segment::kOffsetIndexSuffix,
                                        segment::kTimeIndexSuffix, segment::kAppendTimeSuffix}) {
    RETURN_IF_ERROR(file::RemoveIfThere(fs, SegmentPath(directory, base_offset, suffix)));
  }
  return Ok();
}

Status SyncWorkHere(file::FileSystem& fs, const SyncWork& work) {
  for (const std::shared_ptr<file::File>& file : work.files) RETURN_IF_ERROR(file->Sync());
  for (const std::string& directory : work.directories) {
    RETURN_IF_ERROR(fs.SyncDirectory(directory));
  }
  return Ok();
}

}  // namespace

PartitionCheckpoint LogState::End() const {
  PartitionCheckpoint end;
  end.recovery_point = active->next_offset();
  end.segment_base = active->base_offset();
  end.position = FilePosition(active->size_bytes());
  end.max_append_time = last_append_time;
  end.segment_totals = active->totals();
  return end;
}

std::shared_ptr<const SettledLog> LogState::AsSettled() const {
  auto as_settled = std::make_shared<SettledLog>();
  as_settled->log_start = log_start;
  as_settled->epochs = epochs.starts();
  as_settled->sealed.reserve(sealed.all().size());
  for (const SealedSegment& segment : sealed.all()) {
    as_settled->sealed.push_back({segment.base_offset, segment.size_bytes});
  }
  return as_settled;
}

void LogState::NoteUnreadable(const std::vector<UnreadableRange>& ranges) {
  for (const UnreadableRange& range : ranges) {
    const bool known = std::any_of(unreadable.begin(), unreadable.end(), [&](const auto& other) {
      return other.begin <= range.begin && other.end >= range.end;
    });
    if (!known && unreadable.size() < kUnreadableRangesMax) unreadable.push_back(range);
  }
}

Status LogState::Wake() {
  if (!active->awake()) {
    RETURN_IF_ERROR(sealed.MakeRoom(kActiveSegmentFiles));
    RETURN_IF_ERROR(share.Told(active->Wake(fs, directory, last_append_time)));
    RETURN_IF_ERROR(SyncMended());
  }
  share.Note();
  return Ok();
}

// What had to be mended is synced at once, so that the log may close again without a commit: while
// the broker starts there are none.
Status LogState::SyncMended() {
  if (active->empty()) return Ok();
  for (const std::shared_ptr<file::File>& file : active->unsynced_side_cars()) {
    const Status synced = file->Sync();
    if (synced.ok()) continue;
    broken = synced.error().Within("appends to this log have ended; restart the broker");
    return synced;
  }
  active->NoteSideCarsSynced();
  return Ok();
}

bool LogState::settled() const {
  return can_settle() && nothing_to_sync() &&
         (!active->awake() || active->empty() || active->side_cars_synced());
}

std::size_t LogState::open_files() const {
  return (active->awake() ? kActiveSegmentFiles : 0) + sealed.open_files();
}

bool LogState::CloseFiles() {
  if (!settled()) return false;
  active->Sleep();
  sealed.CloseAll();
  return true;
}

Status LogState::Roll() {
  const Offset base = active->base_offset();
  const Offset next = active->next_offset();
  std::shared_ptr<file::File> sources_file;
  if (seal_hook) {
    const segment::Sources as_of_end{.as_of = next, .bytes = seal_hook()};
    if (!as_of_end.bytes.empty()) {
      ASSIGN_OR_RETURN(sources_file,
                       WriteSideCar(fs, SegmentPath(directory, base, segment::kSourcesSuffix),
                                    segment::EncodeSources(as_of_end)));
    }
  }
  Result<ActiveSegment> fresh = ActiveSegment::Create(fs, directory, next);
  if (!fresh.ok()) {
    // The active segment may grow past `next`: an empty segment must not be left in its way.
    if (const Status removed = RemoveNewSegment(fs, directory, next); !removed.ok()) {
      broken = removed.error().Within("appends to this log have ended; restart the broker");
    }
    // Nor come back after a crash: what is appended past `next` counts once the names are synced.
    names_changed = true;
    return share.Told(fresh.error());
  }
  active->Finish();
  for (const std::shared_ptr<file::File>& file : active->files()) rolled_files.push_back(file);
  if (sources_file != nullptr) {
    rolled_files.push_back(std::move(sources_file));
    sources.push_back(base);
  }
  names_changed = true;
  segment::Seal seal = active->MakeSeal();
  seal.sums = active->sums();
  unsealed.push_back(seal);
  sealed.Add(
      {.base_offset = base, .next_offset = next, .size_bytes = active->size_bytes(), .seal = seal});
  active.emplace(std::move(*fresh));
  SnapshotProducersAtRoll(*this, base, next);
  return Ok();
}

PartitionLog::PartitionLog(std::unique_ptr<State> state) : state_(std::move(state)) {}
PartitionLog::~PartitionLog() = default;

Result<std::unique_ptr<PartitionLog>> PartitionLog::Open(
    file::FileSystem& fs, const std::string& directory, const std::string& quarantine,
    PartitionLogOptions options, const std::optional<PartitionCheckpoint>& checkpoint, bool clean,
    TimestampMs now, const std::function<void(std::int64_t)>& progress) {
  auto state = std::make_unique<State>(fs, directory, options);
  const Status opened = OpenLogState(*state, {.quarantine = quarantine,
                                              .checkpoint = checkpoint,
                                              .clean = clean,
                                              .now = now,
                                              .progress = progress});
  if (!opened.ok()) return opened.error();
  return std::unique_ptr<PartitionLog>(new PartitionLog(std::move(state)));
}

Result<AppendedBatch> PartitionLog::Append(char* batch, const record::BatchHeader& header,
                                           TimestampMs now) {
  if (state_->broken) return *state_->broken;
  RETURN_IF_ERROR(CheckAppendable(header));
  RETURN_IF_ERROR(state_->Wake());
  if (header.producer_id >= 0) RETURN_IF_ERROR(PrepareProducers(*state_));
  const TimestampMs append_time = std::max(state_->last_append_time, now);
  if (!state_->active->empty() &&
      (!state_->active->HasRoomFor(header, state_->options.segment_bytes) ||
       IsOld(*state_->active, state_->options.roll_ms(), append_time))) {
    RETURN_IF_ERROR(state_->Roll());
  }
  record::BatchHeader placed = header;
  placed.base_offset = state_->active->next_offset();
  placed.leader_epoch = state_->epochs.current();
  record::SetBaseOffset(batch, placed.base_offset);
  record::SetLeaderEpoch(batch, placed.leader_epoch);
  const Status appended =
      state_->active->Append(ByteView(batch, placed.size_bytes()), placed, append_time);
  if (!appended.ok()) {
    if (state_->active->broken()) {
      state_->broken =
          appended.error().Within("appends to this log have ended; restart the broker");
    }
    return appended.error();
  }
  if (placed.producer_id >= 0) state_->producers.state.Note(placed, append_time);
  state_->last_append_time = append_time;
  state_->dirty_bytes += static_cast<std::int64_t>(placed.size_bytes());
  return AppendedBatch{placed.base_offset, placed.next_offset(), append_time};
}

Result<ProducerVerdict> PartitionLog::JudgeProducer(const record::BatchHeader& header) {
  RETURN_IF_ERROR(LoadProducers(*state_));
  return state_->producers.state.Judge(header);
}

Result<std::int64_t> PartitionLog::LargestProducerId() {
  RETURN_IF_ERROR(LoadProducers(*state_));
  return state_->producers.state.largest_id();
}

const PartitionLogOptions& PartitionLog::options() const { return state_->options; }

const std::optional<Error>& PartitionLog::broken() const { return state_->broken; }

void PartitionLog::SetSealHook(std::function<Bytes()> hook) { state_->seal_hook = std::move(hook); }

void PartitionLog::SetOptions(PartitionLogOptions options) { state_->options = options; }

Offset PartitionLog::log_start() const { return state_->log_start; }
Offset PartitionLog::durable_end() const { return state_->durable_end(); }
Offset PartitionLog::log_end() const { return state_->active->next_offset(); }
LeaderEpoch PartitionLog::leader_epoch() const { return state_->epochs.current(); }
TimestampMs PartitionLog::last_append_time() const { return state_->last_append_time; }
const RecoveryReport& PartitionLog::recovery() const { return state_->report; }
const std::vector<UnreadableRange>& PartitionLog::unreadable() const { return state_->unreadable; }
std::int64_t PartitionLog::dirty_bytes() const { return state_->dirty_bytes; }

std::int64_t PartitionLog::size_bytes() const {
  return state_->sealed.size_bytes() + state_->active->size_bytes();
}

void PartitionLog::NoteUnreadable(const std::vector<UnreadableRange>& ranges) {
  state_->NoteUnreadable(ranges);
}

void PartitionLog::MendSegment(Offset base_offset) { state_->sealed.Reopen(base_offset); }

const segment::LeaderEpochs& PartitionLog::epochs() const { return state_->epochs; }

segment::EpochEnd PartitionLog::EndOfEpoch(LeaderEpoch epoch) const {
  return state_->epochs.EndOf(epoch, durable_end());
}

std::vector<SegmentSummary> PartitionLog::segments() const {
  std::vector<SegmentSummary> summaries;
  for (const SealedSegment& segment : state_->sealed.all()) {
    summaries.push_back({segment.base_offset, segment.next_offset, segment.size_bytes, false});
  }
  const ActiveSegment& active = *state_->active;
  summaries.push_back({active.base_offset(), active.next_offset(), active.size_bytes(), true});
  return summaries;
}

std::size_t PartitionLog::segment_count() const { return state_->sealed.all().size() + 1; }

bool PartitionLog::dirty() const { return state_->dirty_bytes > 0; }

SyncWork PartitionLog::TakeSyncWork() {
  const bool holds_seal = WriteNextSeal(*state_);
  SyncWork work;
  work.files = std::exchange(state_->rolled_files, {});
  if (state_->dirty_bytes > 0) work.files.push_back(state_->active->log());
  if (std::exchange(state_->names_changed, false)) work.directories.push_back(state_->directory);
  work.covers = log_end();
  state_->dirty_bytes = 0;
  state_->syncing.push_back({state_->End(), holds_seal, false});
  return work;
}

void PartitionLog::SyncDone(Offset covers) {
  while (!state_->syncing.empty() && state_->syncing.front().end.recovery_point <= covers) {
    const LogState::Syncing done = state_->syncing.front();
    state_->syncing.pop_front();
    state_->durable = done.end;
    if (done.holds_seal) state_->seal_under_way.reset();
    // What is appended since may have added entries.
    if (done.holds_side_cars && done.end.recovery_point == log_end()) {
      state_->active->NoteSideCarsSynced();
    }
  }
}

void PartitionLog::ShareFiles(OpenFiles& all, const TopicPartition& where) {
  state_->share.Join(all, where);
}

std::size_t PartitionLog::open_files() const { return state_->open_files(); }
bool PartitionLog::can_settle() const { return state_->can_settle(); }
bool PartitionLog::settled() const { return state_->settled(); }

SyncWork PartitionLog::TakeSettlingWork() {
  CHECK(can_settle());
  SyncWork work = TakeSyncWork();
  if (!state_->active->awake()) return work;
  state_->active->ReturnReserve();
  for (const std::shared_ptr<file::File>& file : state_->active->unsynced_side_cars()) {
    work.files.push_back(file);
  }
  state_->syncing.back().holds_side_cars = true;
  return work;
}

bool PartitionLog::Sleep() {
  const bool closed = state_->CloseFiles();
  if (closed) state_->share.Note();
  return closed;
}

PartitionCheckpoint PartitionLog::Checkpoint(const Uuid& topic_id, PartitionIndex partition) const {
  PartitionCheckpoint checkpoint = state_->durable;
  checkpoint.topic_id = topic_id;
  checkpoint.partition = partition;
  if (settled() && !state_->active->awake()) {
    checkpoint.sums = state_->active->sums();
    checkpoint.settled = state_->AsSettled();
  }
  return checkpoint;
}

Status PartitionLog::Close() {
  // After the first round each one takes a seal that waited for the one before.
  SyncWork work;
  do {
    work = TakeSyncWork();
    RETURN_IF_ERROR(SyncWorkHere(state_->fs, work));
    SyncDone(work.covers);
  } while (!work.files.empty());
  if (state_->active->awake()) {
    state_->active->ReturnReserve();
    for (const std::shared_ptr<file::File>& file : state_->active->files()) {
      RETURN_IF_ERROR(file->Sync());
    }
    state_->active->NoteSideCarsSynced();
  }
  RETURN_IF_ERROR(SnapshotProducersNow(*state_));
  Sleep();
  return Ok();
}

}  // namespace logboom::broker
