// An append's way to the disk: what is dirty gathers, one group at a time is synced, and those who
// wait for it are called. And what happens once a sync has failed.
#include <utility>

#include "broker/engine/embedded_engine.h"
#include "lib/base/check.h"

namespace logboom::broker {
namespace {

constexpr std::size_t kSyncTimesMax = 1024;

}  // namespace

Result<AppendedBatch> EmbeddedEngine::Append(const TopicPartition& where, char* batch,
                                             const record::BatchHeader& header, Instant now) {
  if (failure_) return *failure_;
  Partition* partition = Find(where);
  if (partition == nullptr) return Fail(ErrorCode::kNotFound, "no such partition");
  if (below_reserve()) {
    return Fail(ErrorCode::kNoSpace,
                "{} has {} bytes free, below the reserve of {}: free space, or lower retention",
                directory_->path(), space_.available_bytes, parts_.reserve_bytes);
  }
  const bool was_dirty = partition->log->dirty();
  const auto appended = partition->log->Append(batch, header, now.wall);
  if (!appended.ok()) {
    NoteBroken(*partition->log);
    return appended.error();
  }
  if (!was_dirty) dirty_.push_back(where);
  counters_.records_appended += static_cast<std::uint64_t>(header.record_count);
  counters_.bytes_appended += header.size_bytes();
  counters_.bytes_not_durable += static_cast<std::int64_t>(header.size_bytes());
  return appended;
}

void EmbeddedEngine::WhenDurable(const TopicPartition& where, DoneCallback then) {
  if (failure_) {
    then(*failure_);
    return;
  }
  Partition* partition = Find(where);
  if (partition == nullptr) {
    then(Fail(ErrorCode::kNotFound, "no such partition"));
    return;
  }
  const Offset end = partition->log->log_end();
  if (partition->log->durable_end() >= end && partition->waiters.empty()) {
    then(Ok());
    return;
  }
  partition->waiters.push_back({end, std::move(then)});
}

void EmbeddedEngine::FinishCommits() {
  while (auto done = committer_->TakeDone()) {
    std::vector<Covered> covered = std::exchange(under_way_, {});
    if (!done->status.ok()) {
      FailStorage("a sync of", done->status.error());
      return;
    }
    ++counters_.syncs;
    recovery_points_moved_ = true;
    sync_times_us_.push_back(done->duration_us);
    if (sync_times_us_.size() > kSyncTimesMax) sync_times_us_.pop_front();
    for (const Covered& one : covered) {
      if (Partition* partition = Find(one.where)) partition->log->SyncDone(one.end);
    }
    counters_.bytes_not_durable = 0;
    for (const TopicPartition& where : dirty_) {
      if (Partition* partition = Find(where)) {
        counters_.bytes_not_durable += partition->log->dirty_bytes();
      }
    }
    for (const Covered& one : covered) {
      if (Partition* partition = Find(one.where)) ReleaseWaiters(*partition);
      if (observer_) observer_(one.where);
    }
  }
}

// One by one: what a callback asks for comes behind those that asked before it. Partitions are not
// removed from within callbacks.
void EmbeddedEngine::ReleaseWaiters(Partition& partition) {
  while (!partition.waiters.empty() &&
         partition.waiters.front().end <= partition.log->durable_end()) {
    const DoneCallback then = std::move(partition.waiters.front().then);
    partition.waiters.pop_front();
    then(Ok());
  }
}

void EmbeddedEngine::SubmitCommit() {
  if (failure_ || !under_way_.empty() || (dirty_.empty() && settling_.empty())) return;
  CommitGroup group;
  group.id = next_commit_id_++;
  for (const TopicPartition& where : std::exchange(dirty_, {})) {
    Partition* partition = Find(where);
    CHECK(partition != nullptr);  // a removal takes it out of what is dirty
    SyncWork work = partition->log->TakeSyncWork();
    under_way_.push_back({where, work.covers});
    group.work.push_back(std::move(work));
  }
  for (const TopicPartition& where : std::exchange(settling_, {})) {
    Partition* partition = Find(where);
    if (partition == nullptr || !partition->log->can_settle()) continue;
    SyncWork work = partition->log->TakeSettlingWork();
    under_way_.push_back({where, work.covers});
    group.work.push_back(std::move(work));
  }
  if (!group.work.empty()) committer_->Submit(std::move(group));
}

// A failed sync is never tried again: the bytes may be gone although the kernel says they are
// clean.
void EmbeddedEngine::FailStorage(std::string_view what, const Error& error) {
  if (failure_) return;
  failure_ = Fail(ErrorCode::kIo,
                  "{} the data directory {} failed, and no later one can be trusted: {}. "
                  "Acks have stopped; look at the disk, then start the broker again: it reads back "
                  "what the device holds, and agents send the rest anew",
                  what, directory_->path(), error.message);
  // If even the mark can't be written the message and the exit code must do.
  Status marked = directory_->MarkFailed(error.message);
  if (!marked.ok()) failure_->message += fmt::format(" ({})", marked.error().message);
  std::deque<DurableWaiter> waiters;
  for (auto& [where, partition] : partitions_) {
    for (DurableWaiter& waiter : std::exchange(partition.waiters, {})) {
      waiters.push_back(std::move(waiter));
    }
  }
  for (const DurableWaiter& waiter : waiters) waiter.then(*failure_);
}

void EmbeddedEngine::NoteBroken(const PartitionLog& log) {
  if (!broken_log_) broken_log_ = log.broken();
}

}  // namespace logboom::broker
