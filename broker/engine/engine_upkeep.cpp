// What the engine does by the clock, and at an orderly stop: free space, retention, recovery
// points.
#include <algorithm>
#include <utility>

#include "broker/engine/embedded_engine.h"
#include "lib/base/check.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kSpaceIntervalMs = 1000;
constexpr std::int64_t kRetentionIntervalMs = 30'000;
constexpr int kRetainATick = 1'024;
// How much of its running time the age clock may not know of after a crash.
constexpr std::int64_t kClockStoreIntervalMs = 60'000;
// How far back a recovery scan may have to begin, in time.
constexpr std::int64_t kRecoveryPointIntervalMs = 30'000;

}  // namespace

void EmbeddedEngine::WatchSpace(Instant now) {
  if (now.monotonic < next_space_) return;
  next_space_ = now.monotonic + kSpaceIntervalMs;
  const auto space = parts_.fs.SpaceOf(directory_->path());
  if (!space.ok()) return;
  space_ = *space;
  if (unlinking_ == 0) {
    others_bytes_ = space_.total_bytes - space_.available_bytes - log_bytes();
  }
}

void EmbeddedEngine::StartScrubber(Instant now) {
  Scrubber::Logs logs;
  logs.find = [this](const TopicPartition& where) -> std::optional<Scrubber::Log> {
    Partition* partition = Find(where);
    if (partition == nullptr) return std::nullopt;
    return Scrubber::Log{partition->log.get(), partition->directory};
  };
  logs.list = [this] {
    std::vector<TopicPartition> all;
    all.reserve(partitions_.size());
    for (const auto& [where, partition] : partitions_) all.push_back(where);
    return all;
  };
  scrubber_ =
      std::make_unique<Scrubber>(parts_.fs, directory_->path(), parts_.scrub, std::move(logs), now);
}

std::vector<EmbeddedEngine::Unreadable> EmbeddedEngine::UnreadableRanges() const {
  std::vector<Unreadable> all;
  for (const auto& [name, topic] : topics_) {
    for (std::int32_t i = 0; i < topic.partitions; ++i) {
      const Partition* partition = Find({topic.topic_id, PartitionIndex{i}});
      if (partition == nullptr) continue;
      for (const UnreadableRange& range : partition->log->unreadable()) {
        all.push_back({name, PartitionIndex{i}, range});
      }
    }
  }
  return all;
}

std::vector<EmbeddedEngine::Uncompacted> EmbeddedEngine::UncompactedPartitions() const {
  std::vector<Uncompacted> all;
  for (const auto& [where, rest] : cleaner_->resting()) {
    if (const Topic* topic = FindTopic(where.topic_id)) {
      all.push_back({topic->name, where.partition, rest});
    }
  }
  return all;
}

std::size_t EmbeddedEngine::unreadable_ranges() const {
  std::size_t count = 0;
  for (const auto& [where, partition] : partitions_) count += partition.log->unreadable().size();
  return count;
}

// A jump is on the disk before retention goes by the new time: after a crash nothing would tell it
// from time that passed.
void EmbeddedEngine::KeepTime(Instant now) {
  if (failure_ || storing_clock_) return;
  age_clock_.Observe(now);
  if (!age_clock_.jumped() && now.monotonic < next_clock_store_) return;
  next_clock_store_ = now.monotonic + kClockStoreIntervalMs;
  storing_clock_ = true;
  background_->Submit([this, state = age_clock_.TakeState()](
                          const std::stop_token&) -> BackgroundWorker::Continuation {
    const Status stored = WriteAgeClock(parts_.fs, directory_->path(), state);
    return [this, stored] {
      storing_clock_ = false;
      // A full disk keeps it from being made; it is tried again.
      if (!stored.ok() && stored.error().code == ErrorCode::kIo) {
        FailStorage("a write of the clock in", stored.error());
      }
    };
  });
}

void EmbeddedEngine::Trim(const TopicPartition& where, Offset offset, TrimCallback done) {
  trims_.push_back({where, offset, std::move(done)});
}

Result<TrimmedRange> EmbeddedEngine::WouldTrim(const TopicPartition& where, Offset offset) const {
  const Partition* partition = Find(where);
  if (partition == nullptr) return Fail(ErrorCode::kNotFound, "no such partition");
  return partition->log->WouldTrim(offset);
}

// Each syncs a log start: one a Tick, so that a topic of a thousand partitions does not hold the
// loop.
void EmbeddedEngine::RunTrims() {
  if (trims_.empty()) return;
  const AskedTrim trim = std::move(trims_.front());
  trims_.pop_front();
  Partition* partition = Find(trim.where);
  if (failure_) {
    trim.done(*failure_);
  } else if (partition == nullptr) {
    trim.done(Fail(ErrorCode::kNotFound, "the topic was deleted"));
  } else {
    auto trimmed = partition->log->TrimBefore(trim.offset);
    if (!trimmed.ok() && trimmed.error().code == ErrorCode::kBusy) {
      trims_.push_back(trim);
      return;
    }
    if (!trimmed.ok()) NoteBroken(*partition->log);
    trim.done(std::move(trimmed));
  }
}

// A round over all partitions, in steps: a Tick ends with the first log start that it has moved.
void EmbeddedEngine::RunRetention(Instant now) {
  if (failure_) return;
  if (to_retain_.empty()) {
    if (now.monotonic < next_retention_) return;
    next_retention_ = now.monotonic + kRetentionIntervalMs;
    retention_began_ = now.monotonic;
    retention_failure_.reset();
    for (auto& [directory, bases] : std::exchange(not_removed_, {})) {
      RemoveSegments(directory, std::move(bases));
    }
    for (const auto& [where, partition] : partitions_) to_retain_.push_back(where);
  }
  for (int looked_at = 0; looked_at < kRetainATick && !to_retain_.empty(); ++looked_at) {
    Partition* partition = Find(to_retain_.back());
    to_retain_.pop_back();
    if (partition == nullptr) continue;
    const auto removed = partition->log->Retain(age_clock_);
    if (!removed.ok() && removed.error().code == ErrorCode::kBusy) continue;  // the next round
    if (!removed.ok()) {
      retention_failure_ = removed.error();
      NoteBroken(*partition->log);
    } else if (removed->records() > 0) {
      return;
    }
  }
}

// Unlinking a large file takes a while, and nobody waits for it: their records are below the log
// start. What a crash leaves goes when the partition is opened.
void EmbeddedEngine::RemoveSegments(const std::string& directory, std::vector<Offset> bases) {
  ++unlinking_;
  background_->Submit([this, directory, bases = std::move(bases)](
                          const std::stop_token& stop) -> BackgroundWorker::Continuation {
    Status removed = Ok();
    auto next = bases.begin();
    for (; next != bases.end() && !stop.stop_requested(); ++next) {
      removed = RemoveSegmentFiles(parts_.fs, directory, *next, /*keep_sources=*/true);
      if (!removed.ok()) break;
    }
    return [this, directory, removed, left = std::vector(next, bases.end())] {
      --unlinking_;
      // The whole partition may have gone meanwhile.
      if (removed.ok() || removed.error().code == ErrorCode::kNotFound) return;
      retention_failure_ = removed.error();
      not_removed_.emplace_back(directory, left);
    };
  });
}

void EmbeddedEngine::MoveRecoveryPoints(Instant now) {
  if (failure_ || !recovery_points_moved_ || now.monotonic < next_recovery_points_) return;
  next_recovery_points_ = now.monotonic + kRecoveryPointIntervalMs;
  // A manifest that can't be written (a full disk) costs a longer scan after a crash, nothing else.
  recovery_points_moved_ = !directory_->WriteManifest(CurrentManifest(/*clean=*/false)).ok();
}

// Of topics with or without compaction, by topic name.
std::vector<TopicPartition> EmbeddedEngine::PartitionsOf(bool compacted) const {
  std::vector<TopicPartition> found;
  for (const auto& [name, topic] : topics_) {
    if (IsCompacted(topic.config) != compacted) continue;
    for (std::int32_t i = 0; i < topic.partitions; ++i) {
      found.push_back({topic.topic_id, PartitionIndex{i}});
    }
  }
  return found;
}

UpkeepParts EmbeddedEngine::PartsForUpkeep(bool compacted) {
  return {
      parts_.fs,
      *background_,
      [this, compacted] { return PartitionsOf(compacted); },
      [this](const TopicPartition& where) -> std::optional<UpkeepPartition> {
        Partition* partition = Find(where);
        if (partition == nullptr) return std::nullopt;
        return UpkeepPartition{partition->log.get(), partition->directory};
      },
      [this](std::int64_t bytes) { return space_.available_bytes - bytes >= parts_.reserve_bytes; },
      [this](const PartitionLog& log) { NoteBroken(log); }};
}

void EmbeddedEngine::MakeUpkeep() {
  rewriter_ = std::make_unique<Rewriter>(PartsForUpkeep(/*compacted=*/false), parts_.rewriting);
  CleanerParts parts{PartsForUpkeep(/*compacted=*/true),
                     [this]() -> const AgeClock& { return age_clock_; },
                     [this] { return parts_.random.Next(); },
                     [this] { return backup().state != BackupStatus::State::kRunning; },
                     [this](const TopicPartition& where) {
                       if (std::ranges::find(dirty_, where) == dirty_.end()) {
                         dirty_.push_back(where);
                       }
                     }};
  cleaner_ = std::make_unique<Cleaner>(std::move(parts), parts_.cleaning);
}

// Segments are made anew by one of them at a time: both write under the same names, and a topic may
// come to be compacted, or cease to be, while one of its segments is under way.
void EmbeddedEngine::RunUpkeep(Instant now) {
  if (failure_) return;
  if (!rewriter_->busy()) cleaner_->Tick(now);
  if (!cleaner_->busy()) rewriter_->Tick(now);
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
  return under_way_.empty() && dirty_.empty() && transactions_.empty() && removals_.empty() &&
         trims_.empty() && makings_.empty();
}

Status EmbeddedEngine::Close() {
  if (failure_) return *failure_;
  CHECK(quiet());
  background_.reset();
  scrubber_->Save();
  for (auto& [where, partition] : partitions_) RETURN_IF_ERROR(partition.log->Close());
  age_clock_.Observe(now_);
  const Status stored = WriteAgeClock(parts_.fs, directory_->path(), age_clock_.TakeState());
  if (!stored.ok() && stored.error().code != ErrorCode::kNoSpace) return stored;
  return directory_->WriteManifest(CurrentManifest(/*clean=*/true));
}

}  // namespace logboom::broker
