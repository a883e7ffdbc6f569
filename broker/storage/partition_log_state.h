// The inside of a PartitionLog, shared by the files that implement it: partition_log.cpp (append,
// commit), partition_open.cpp, partition_read.cpp, partition_retention.cpp, partition_replace.cpp,
// partition_compaction.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/storage/active_segment.h"
#include "broker/storage/limits.h"
#include "broker/storage/open_files.h"
#include "broker/storage/partition_log.h"
#include "broker/storage/partition_producers.h"
#include "broker/storage/sealed_segments.h"
#include "lib/segment/compaction_checkpoint.h"
#include "lib/segment/leader_epoch_checkpoint.h"
#include "lib/segment/seal.h"

namespace logboom::broker {

// Where a reader's next fetch begins, so that it need not search.
struct ReadPosition {
  Offset offset;
  Offset segment_base;
  FilePosition position;
};

// There are ten thousand of them, most of them idle: what is empty takes no memory of its own.
struct LogState : FileHolder {
  LogState(file::FileSystem& file_system, std::string log_directory,
           PartitionLogOptions log_options)
      : fs(file_system),
        directory(std::move(log_directory)),
        options(log_options),
        sealed(file_system, directory, share) {}

  file::FileSystem& fs;
  std::string directory;
  PartitionLogOptions options;
  std::function<Bytes()> seal_hook;
  std::function<void(std::vector<Offset>)> remover;

  FileShare share{*this};
  SealedSegments sealed;
  std::optional<ActiveSegment> active;  // always there once open
  segment::LeaderEpochs epochs;
  Offset log_start;
  TimestampMs last_append_time{-1};
  std::optional<Error> broken;  // why nothing more is appended

  // The newest point that is synced (topic id and partition are filled in by Checkpoint()), and
  // those of works under way, oldest first.
  PartitionCheckpoint durable;
  struct Syncing {
    PartitionCheckpoint end;
    bool holds_seal = false;
    bool holds_side_cars = false;  // those of the active segment
  };
  std::list<Syncing> syncing;

  // What the next work must sync besides the active log.
  std::vector<std::shared_ptr<file::File>> rolled_files;
  bool names_changed = false;
  std::int64_t dirty_bytes = 0;

  // Rolled segments whose seal waits for the sync of their log. One seal a work, and the next one
  // only when that is synced: so a crash can tear the newest seal alone, and recovery needs to look
  // at no other.
  std::list<segment::Seal> unsealed;
  std::optional<Offset> seal_under_way;  // its segment's base
  // Segments that have a .sources file.
  std::vector<Offset> sources;

  PartitionProducers producers;

  std::optional<segment::CompactionCheckpoint> compaction;  // once it was needed

  RecoveryReport report;
  std::vector<UnreadableRange> unreadable;
  std::vector<ReadPosition> read_positions;  // up to kReadPositionsMax

  Offset durable_end() const { return durable.recovery_point; }
  // The active segment's end, as a checkpoint.
  PartitionCheckpoint End() const;
  std::shared_ptr<const SettledLog> AsSettled() const;
  // Remembers ranges once each, up to kUnreadableRangesMax.
  void NoteUnreadable(const std::vector<UnreadableRange>& ranges);
  // Opens the active segment's files where they are closed: before every use of them. kBusy where
  // the budget, or the system, has no room for them. What SealedSegments gave before is gone then.
  Status Wake();
  Status SyncMended();
  // It may close its files: all is synced by the handles that are open now, side-cars too.
  bool settled() const;
  // Nothing is dirty or under way: a work that settles it may be taken.
  bool can_settle() const { return !broken && dirty_bytes == 0 && syncing.empty(); }
  std::size_t open_files() const override;
  bool CloseFiles() override;
  // All that was appended is synced or handed to a sync, seals too.
  bool nothing_to_sync() const {
    return dirty_bytes == 0 && rolled_files.empty() && !names_changed && unsealed.empty();
  }
  // Finishes the active segment, which is awake, and begins the next. On failure the active one
  // goes on.
  Status Roll();
  // Unlinks the files of segments that are forgotten, or has it done.
  Status Remove(std::vector<Offset> bases);
};

struct PartitionLog::State : LogState {
  using LogState::LogState;
};

// Fills in an opened log: recovery, or the clean manifest.
struct OpenRequest {
  std::string quarantine;
  std::optional<PartitionCheckpoint> checkpoint;
  bool clean = false;
  TimestampMs now;
  std::function<void(std::int64_t)> progress;
};
Status OpenLogState(LogState& state, const OpenRequest& request);
// True where the log is as the manifest tells of a settled one; its files stay closed. False: they
// are to be looked at, and nothing was touched.
Result<bool> OpenSettled(LogState& state, const OpenRequest& request);

}  // namespace logboom::broker
