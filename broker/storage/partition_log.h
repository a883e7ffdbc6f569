// One partition: segments in offset order, the last one active. Append writes to the page cache;
// only what a commit has synced is durable, and only durable records are read.
//
// After a crash: everything below durable_end() is there. What was appended above it may be there
// in part: recovery keeps the longest valid prefix.
#pragma once

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/storage/age_clock.h"
#include "broker/storage/compaction.h"
#include "broker/storage/data_directory.h"
#include "broker/storage/open_files.h"
#include "broker/storage/producer_state.h"
#include "broker/storage/segment_copy.h"
#include "broker/storage/unreadable_range.h"
#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"
#include "lib/record/batch_header.h"
#include "lib/segment/leader_epoch_checkpoint.h"

namespace logboom::broker {

struct PartitionLogOptions {
  std::int64_t segment_bytes = std::int64_t{256} << 20U;
  std::int64_t segment_ms = 24LL * 60 * 60 * 1000;        // by append time
  std::int64_t retention_ms = 7LL * 24 * 60 * 60 * 1000;  // by append time; -1: for ever
  std::int64_t retention_bytes = -1;                      // -1: no bound

  // Of compacted topics, as Kafka's keys of these names; times are append times.
  bool compact = false;
  double min_cleanable_dirty_ratio = 0.5;
  std::int64_t min_compaction_lag_ms = 0;
  std::int64_t max_compaction_lag_ms = std::numeric_limits<std::int64_t>::max();
  std::int64_t delete_retention_ms = 24LL * 60 * 60 * 1000;

  // When the active segment ends by age.
  std::int64_t roll_ms() const {
    return compact ? std::min(segment_ms, max_compaction_lag_ms) : segment_ms;
  }
};

// What recovery found and did; shown, counted, tested.
struct RecoveryReport {
  bool scanned = false;  // false: the clean manifest was believed
  std::int64_t bytes_scanned = 0;
  std::int64_t records_recovered = 0;  // above the recovery point
  // Set where the tail was cut off.
  std::optional<Offset> cut_at;
  std::int64_t bytes_cut = 0;
  std::string cut_reason;
  // Where the rest of that segment and all later ones are. Empty where there was nothing worth
  // keeping: one incomplete batch, or zeros, as any kill may leave behind the last sync.
  std::string quarantine;
  // Records that were acked or served may be other ones now: consumers are told by the leader
  // epoch.
  bool epoch_raised = false;
  // Set where this file was written to when the log was opened, which must be synced ahead of the
  // first append: by whoever opens logs, since many are synced sooner at once.
  std::string unsynced_log;
};

struct AppendedBatch {
  Offset base_offset;
  Offset next_offset;
  TimestampMs append_time;  // max(previous, now)
};

struct FetchedBytes {
  Bytes bytes;  // whole batches, the first holds the offset asked for (or is the next after a hole)
  Offset next_offset;  // one past the last record in `bytes`; the offset asked for where empty
  std::vector<UnreadableRange> unreadable;  // skipped on the way
};

// What one commit must sync, and what becomes durable by it. Files are shared with the commit
// thread.
struct SyncWork {
  std::vector<std::shared_ptr<file::File>> files;
  // Directories in which files were made or renamed since the last work.
  std::vector<std::string> directories;
  Offset covers;  // all records below it are durable once all is synced
};

// How far the log start moves, and what goes with that: files alone free bytes.
struct TrimmedRange {
  Offset old_start;
  Offset new_start;
  std::int64_t bytes = 0;
  std::int64_t records() const { return new_start - old_start; }
};

// Unlinks the files of a segment, its .sources excepted where `keep_sources`, and snapshots of
// producers always. Fine where some or all are gone.
Status RemoveSegmentFiles(file::FileSystem& fs, const std::string& directory, Offset base_offset,
                          bool keep_sources);

struct SegmentSummary {
  Offset base_offset;
  Offset next_offset;
  std::int64_t size_bytes = 0;
  bool active = false;
};

// One owner, one thread; the files that it hands out in SyncWork may be synced from another.
class PartitionLog {
 public:
  // `checkpoint` from the manifest, where it has one; `clean`: the manifest was written by an
  // orderly stop, and the file must end where it says (else it is scanned all the same). On return
  // everything kept is synced, the directory too, so that all of it is durable. `progress` (may be
  // empty) is told the bytes scanned so far.
  static Result<std::unique_ptr<PartitionLog>> Open(
      file::FileSystem& fs, const std::string& directory, const std::string& quarantine,
      PartitionLogOptions options, const std::optional<PartitionCheckpoint>& checkpoint, bool clean,
      TimestampMs now, const std::function<void(std::int64_t)>& progress);
  ~PartitionLog();

  // `batch` is one verified batch (header parsed from it); base offset and leader epoch are written
  // into it in place. Rolls first where the segment is full or old. kNoSpace and kIo leave the log
  // as it was: a half-written batch is cut off, or, where even that fails, the log refuses further
  // appends.
  Result<AppendedBatch> Append(char* batch, const record::BatchHeader& header, TimestampMs now);

  // Whether a batch with a producer id may be appended: for those whose verdict is kFresh alone.
  // Append itself does not ask. The first time in a run it reads: kIo where that fails.
  Result<ProducerVerdict> JudgeProducer(const record::BatchHeader& header);
  // The largest producer id that is known of, or was; -1: none. May read from the disk.
  Result<std::int64_t> LargestProducerId();

  // Called when a segment is about to be sealed, before the roll: the returned bytes become the
  // segment's .sources side-car, synced with it. Empty: none.
  void SetSealHook(std::function<Bytes()> hook);

  Offset log_start() const;
  Offset durable_end() const;
  Offset log_end() const;  // where the next record goes
  LeaderEpoch leader_epoch() const;
  std::int64_t size_bytes() const;
  TimestampMs last_append_time() const;  // -1: never
  const RecoveryReport& recovery() const;
  std::vector<SegmentSummary> segments() const;
  std::size_t segment_count() const;
  const std::vector<UnreadableRange>& unreadable() const;

  // Why nothing more is appended, until the log is opened again: a write that can't be undone, or
  // a failed sync.
  const std::optional<Error>& broken() const;
  bool dirty() const;  // something is appended that no SyncWork covers yet
  std::int64_t dirty_bytes() const;
  SyncWork TakeSyncWork();
  void SyncDone(Offset covers);  // the work was synced: durable_end() rises to it

  // ---- files are opened on use, and closed by the owner of all logs, who knows how many are open.
  // From here on its files count among all, and close where others need room; `all` outlives this.
  // Where there is none, calls that need files fail with kBusy, and change nothing.
  void ShareFiles(OpenFiles& all, const TopicPartition& where);
  // Descriptors that are held; 0 while it sleeps.
  std::size_t open_files() const;
  // Sleep() closes all files: all is synced by the handles that are open now, side-cars too.
  bool settled() const;
  // Nothing is dirty or under way: TakeSettlingWork() may be called.
  bool can_settle() const;
  // Work that syncs the side-cars as well, after which, where nothing is appended meanwhile, the
  // log is settled.
  SyncWork TakeSettlingWork();
  // Closes all files where it is settled, else says false.
  bool Sleep();

  // Whole batches from `from`, below the durable end, up to bytes_max but at least one; empty at
  // the end. kInvalid where `from` is below log_start() or above durable_end(). Walks headers: a
  // header that is wrong is bit rot; it is skipped by the index, and told.
  Result<FetchedBytes> Read(Offset from, std::size_t bytes_max);
  // As Read, and below log_start() too, from kept_start() on: what a trim has left in a file counts
  // for nobody but for those who build up again what they knew of it.
  Result<FetchedBytes> ReadKept(Offset from, std::size_t bytes_max);
  Offset kept_start() const;

  // The first offset whose record has a create time at or after `time`; nothing: past the end.
  // Exact to the record (the batch is decoded).
  Result<std::optional<Offset>> OffsetAtTime(TimestampMs time);

  // When the record at `offset` arrived, to the second (never later than it did); nothing where
  // that is not known. For lag in seconds.
  Result<std::optional<TimestampMs>> AppendTimeAt(Offset offset);

  // For whoever reads sealed segments beside the loop: what can't be read is remembered, and a
  // segment whose indexes are wrong is opened anew, which mends them.
  void NoteUnreadable(const std::vector<UnreadableRange>& ranges);
  void MendSegment(Offset base_offset);
  const segment::LeaderEpochs& epochs() const;

  // Where a leader epoch ends, so that a consumer learns whether what it read still counts.
  segment::EpochEnd EndOfEpoch(LeaderEpoch epoch) const;

  // Retention: advances the log start durably past sealed segments that are too old or too many,
  // then unlinks them. Never the active segment, nor the newest .sources. Where all records are too
  // old or below the log start, durable and no sync is under way, the active segment is sealed
  // first (the seal hook is called) and an empty one begins. After kIo the log is broken().
  Result<TrimmedRange> Retain(const AgeClock& clock);
  // Advances the log start to `offset` durably, and unlinks segments wholly below it; the active
  // one too, as Retain does, where nothing stands behind `offset`. kInvalid above durable_end();
  // kBusy where a segment below `offset` waits for its sync: a moment later it can go. Below
  // log_start() nothing happens. Needs no free space.
  Result<TrimmedRange> TrimBefore(Offset offset);
  // What TrimBefore would do.
  Result<TrimmedRange> WouldTrim(Offset offset) const;
  // The oldest segment, where it is sealed and durable: what goes with TrimBefore(next_offset).
  struct OldestSegment {
    Offset next_offset;
    TimestampMs max_append_time;
  };
  Result<std::optional<OldestSegment>> OldestSealed(TimestampMs now);
  // Given the base offsets of segments that went, to unlink their files (RemoveSegmentFiles) when
  // it likes: a crash leaves them to the next Open. Without it they are unlinked at once.
  void SetRemover(std::function<void(std::vector<Offset>)> remover);
  void SetOptions(PartitionLogOptions options);
  const PartitionLogOptions& options() const;

  // Finished segments, in order, whose log and seal are on disk: what may be copied elsewhere while
  // this goes on (segment_copy.h).
  std::vector<CopySource> Copyable() const;
  // Those of them that nobody has looked at yet, at most `count_max`; and that somebody has.
  std::vector<CopySource> NotLookedAt(std::size_t count_max) const;
  void SetLookedAt(Offset base_offset);
  // Puts a copy in the place of its sources, durably. False where one of them is gone or another
  // one by now: then the copy's files are dropped. A failure in between ends the appends; the next
  // start finishes the swap.
  Result<bool> Install(const CopiedSegment& copied);

  // ---- compaction (compaction.h), one pass at a time
  // What is to be done, where enough is dirty or some of it is overdue. May read from the disk.
  Result<std::optional<CompactionPlan>> PlanCompaction(const AgeClock& clock);
  // Before the first copy of the plan is installed; and once all are. Durable when they return;
  // after kIo the log is broken().
  Status BeginCompaction(const CompactionPlan& plan);
  Status EndCompaction(Offset clean_end);
  // Finishes the active segment where it is as old as may be and all of it is durable, so that
  // compaction gets at it also where nothing more is appended. kBusy where its files can't be
  // opened now.
  Status RollIfOld(const AgeClock& clock);
  // Finished segments wait for their seal, which goes with one of the next works.
  bool HasUnsealed() const;
  // Up to here each key stands once; nothing where compaction has not looked at this log yet.
  std::optional<Offset> compacted_end() const;

  // Names that were synced may be lost: appends end.
  void SetBroken(const Error& error);

  // The newest .sources side-car, and the offset as of which it stands.
  struct SealedSources {
    Offset as_of;
    Bytes bytes;
  };
  Result<std::optional<SealedSources>> NewestSealedSources();

  // For the manifest. Call with nothing dirty for a clean one.
  PartitionCheckpoint Checkpoint(const Uuid& topic_id, PartitionIndex partition) const;
  // For an orderly stop: side-cars of the active segment are synced, where it does not sleep.
  Status Close();

 private:
  struct State;
  std::unique_ptr<State> state_;
  explicit PartitionLog(std::unique_ptr<State> state);
};

}  // namespace logboom::broker
