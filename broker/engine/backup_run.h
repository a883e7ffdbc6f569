// A backup under way: from the running broker's data directory to a directory on the same machine,
// without stopping anything. broker/storage/backup_*.h, docs/formats/backup.md.
//
// The cut. At one instant of the loop the durable end of every log is noted, the segment that holds
// it is pinned, and the copy of the metadata is ordered in its place between the transactions. What
// the metadata then say (positions, committed offsets, gaps) rests on records below those ends, so
// the backup is the broker as a crash at that instant could have left it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/engine/log_engine.h"
#include "broker/storage/background.h"
#include "broker/storage/backup_pins.h"
#include "broker/storage/backup_target.h"
#include "broker/storage/data_directory.h"
#include "broker/storage/topic_partition.h"
#include "lib/base/result.h"
#include "lib/file/file_system.h"

namespace logboom::broker {

// What it is made of, and what it asks of the engine. All functions are called on the loop.
struct BackupParts {
  file::FileSystem& fs;
  BackgroundWorker& worker;
  std::string data_directory;
  Uuid cluster_id;
  std::uint32_t restore_count = 0;
  std::int64_t reserve_bytes = 0;
  struct Log {
    TopicPartition where;
    std::string directory;
    PartitionCheckpoint end;  // durable
    std::int64_t size_bytes = 0;
  };
  std::function<std::vector<Log>()> logs;
  struct LogNow {
    Offset log_start;
    PartitionCheckpoint end;
    bool has_segment = false;
  };
  // What the log is now, and whether a segment of it begins at `segment_base`. Nothing where the
  // partition was deleted.
  std::function<std::optional<LogNow>(const TopicPartition&, Offset segment_base)> log_now;
  std::function<void(std::string path, DoneCallback done)> copy_metadata;
  std::function<TimestampMs()> now;
};

// Made by Start, and kept alive by its works. All but the works runs on the loop thread.
class BackupRun : public std::enable_shared_from_this<BackupRun> {
 public:
  static std::shared_ptr<BackupRun> Start(BackupParts parts, const std::string& directory);

  bool running() const { return status_.state == BackupStatus::State::kRunning; }
  const BackupStatus& status() const { return status_; }

 private:
  BackupRun(BackupParts parts, const std::string& directory);

  // On the worker; what was made is removed where the broker is ending.
  using Step = std::function<Status(const std::stop_token&)>;
  // `then` is called on the loop where the step succeeded; else the backup fails.
  void Submit(Step step, std::function<void()> then);
  void Cut();
  Status PinEnds();
  void CopyBeside();
  Status WriteBeside(const std::stop_token& stop);
  void NextPartition();
  Status PinPartition(const BackupParts::LogNow& now);
  void CopyFiles();
  // As many as fit in one piece of work.
  Status CopySome(const std::stop_token& stop);
  Status FinishPartition(const std::stop_token& stop);
  void Finish();
  void Fail(const Error& error);
  void TellProgress();

  BackupParts parts_;
  BackupStatus status_;
  BackupTarget target_;  // the worker's while a work is under way
  BackupPins pins_;
  BackupManifest manifest_;
  std::vector<BackupParts::Log> logs_;
  std::vector<PinnedFile> ends_;  // of logs_
  // The partition that is being copied.
  std::size_t current_ = 0;
  std::vector<PinnedFile> files_;
  std::size_t next_file_ = 0;
  Offset log_start_;
};

}  // namespace logboom::broker
