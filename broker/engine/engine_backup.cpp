// What a backup asks of the engine: where the logs end, and a copy of the metadata.
#include <algorithm>
#include <utility>

#include "broker/engine/backup_run.h"
#include "broker/engine/embedded_engine.h"

namespace logboom::broker {
namespace {

// Where its records end: what else the log had synced here is another matter there.
PartitionCheckpoint EndForBackup(const TopicPartition& where, const PartitionLog& log) {
  PartitionCheckpoint end = log.Checkpoint(where.topic_id, where.partition);
  end.settled = nullptr;
  end.sums = {};
  return end;
}

}  // namespace

Status EmbeddedEngine::StartBackup(const std::string& directory) {
  if (failure_) return *failure_;
  if (backup_ != nullptr && backup_->running()) {
    return Fail(ErrorCode::kBusy, "a backup into {} is under way", backup_->status().directory);
  }
  BackupParts parts{.fs = parts_.fs,
                    .worker = *background_,
                    .data_directory = directory_->path(),
                    .cluster_id = directory_->cluster_id(),
                    .restore_count = directory_->restore_count(),
                    .reserve_bytes = parts_.reserve_bytes,
                    .logs = [this] { return LogsForBackup(); },
                    .log_now = [this](const TopicPartition& where,
                                      Offset segment_base) { return LogNow(where, segment_base); },
                    .copy_metadata =
                        [this](std::string path, DoneCallback done) {
                          MetadataTransaction copy;
                          copy.copy_to = std::move(path);
                          Commit(std::move(copy), std::move(done));
                        },
                    .now = [this] { return now_.wall; }};
  backup_ = BackupRun::Start(std::move(parts), directory);
  return Ok();
}

BackupStatus EmbeddedEngine::backup() const {
  return backup_ == nullptr ? BackupStatus{} : backup_->status();
}

std::optional<BackupParts::LogNow> EmbeddedEngine::LogNow(const TopicPartition& where,
                                                          Offset segment_base) const {
  const Partition* partition = Find(where);
  if (partition == nullptr) return std::nullopt;
  const std::vector<SegmentSummary> segments = partition->log->segments();
  const bool there = std::any_of(segments.begin(), segments.end(), [&](const auto& segment) {
    return segment.base_offset == segment_base;
  });
  return BackupParts::LogNow{partition->log->log_start(), EndForBackup(where, *partition->log),
                             there};
}

std::vector<BackupParts::Log> EmbeddedEngine::LogsForBackup() const {
  std::vector<BackupParts::Log> logs;
  for (const auto& [where, partition] : partitions_) {
    logs.push_back({where, partition.directory, EndForBackup(where, *partition.log),
                    partition.log->size_bytes()});
  }
  return logs;
}

}  // namespace logboom::broker
