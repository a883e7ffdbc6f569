// What the engine does by the clock, and at an orderly stop: free space, retention, recovery
// points.
#include <algorithm>

#include "broker/engine/embedded_engine.h"
#include "lib/base/check.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kSpaceIntervalMs = 1000;
constexpr std::int64_t kRetentionIntervalMs = 30'000;
// How far back a recovery scan may have to begin, in time.
constexpr std::int64_t kRecoveryPointIntervalMs = 30'000;

}  // namespace

void EmbeddedEngine::WatchSpace(Instant now) {
  if (now.monotonic < next_space_) return;
  next_space_ = now.monotonic + kSpaceIntervalMs;
  if (auto space = parts_.fs.SpaceOf(directory_->path()); space.ok()) space_ = *space;
}

void EmbeddedEngine::RunRetention(Instant now) {
  if (failure_ || now.monotonic < next_retention_) return;
  next_retention_ = now.monotonic + kRetentionIntervalMs;
  // Not while a commit holds names in a directory.
  if (!under_way_.empty()) {
    next_retention_ = now.monotonic + 1;
    return;
  }
  retention_failure_.reset();
  for (auto& [where, partition] : partitions_) {
    if (auto removed = partition.log->Retain(now.wall); !removed.ok()) {
      retention_failure_ = removed.error();
      NoteBroken(*partition.log);
    }
  }
}

void EmbeddedEngine::MoveRecoveryPoints(Instant now) {
  if (failure_ || !recovery_points_moved_ || now.monotonic < next_recovery_points_) return;
  next_recovery_points_ = now.monotonic + kRecoveryPointIntervalMs;
  // A manifest that can't be written (a full disk) costs a longer scan after a crash, nothing else.
  recovery_points_moved_ = !directory_->WriteManifest(CurrentManifest(/*clean=*/false)).ok();
}

Manifest EmbeddedEngine::CurrentManifest(bool clean) const {
  Manifest manifest;
  manifest.clean = clean;
  for (const auto& [where, partition] : partitions_) {
    manifest.partitions.push_back(partition.log->Checkpoint(where.topic_id, where.partition));
  }
  return manifest;
}

std::int64_t EmbeddedEngine::SyncP99Us() const {
  if (sync_times_us_.empty()) return 0;
  std::vector<std::int64_t> sorted(sync_times_us_.begin(), sync_times_us_.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted[(sorted.size() - 1) * 99 / 100];
}

bool EmbeddedEngine::quiet() const {
  return under_way_.empty() && dirty_.empty() && transactions_.empty() && removals_.empty();
}

Status EmbeddedEngine::Close() {
  if (failure_) return *failure_;
  CHECK(quiet());
  background_.reset();
  for (auto& [where, partition] : partitions_) RETURN_IF_ERROR(partition.log->Close());
  return directory_->WriteManifest(CurrentManifest(/*clean=*/true));
}

}  // namespace logboom::broker
