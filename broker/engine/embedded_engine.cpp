#include "broker/engine/embedded_engine.h"

#include <algorithm>
#include <utility>

#include "broker/engine/topic_row.h"
#include "lib/base/check.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kSpaceIntervalMs = 1000;
constexpr std::int64_t kRetentionIntervalMs = 30'000;
// How far back a recovery scan may have to begin, in time.
constexpr std::int64_t kRecoveryPointIntervalMs = 30'000;
constexpr std::size_t kSyncTimesMax = 1024;

}  // namespace

EmbeddedEngine::EmbeddedEngine(std::unique_ptr<DataDirectory> directory, EngineParts parts)
    : directory_(std::move(directory)), parts_(std::move(parts)) {}

EmbeddedEngine::~EmbeddedEngine() = default;

// ---- topics

const Topic* EmbeddedEngine::FindTopic(const std::string& name) const {
  auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : &found->second;
}

const Topic* EmbeddedEngine::FindTopic(const Uuid& topic_id) const {
  auto found = names_.find(topic_id);
  return found == names_.end() ? nullptr : FindTopic(found->second);
}

std::vector<const Topic*> EmbeddedEngine::Topics() const {
  std::vector<const Topic*> topics;
  topics.reserve(topics_.size());
  for (const auto& [name, topic] : topics_) topics.push_back(&topic);
  return topics;
}

EmbeddedEngine::Partition* EmbeddedEngine::Find(const TopicPartition& where) {
  auto found = partitions_.find(where);
  return found == partitions_.end() ? nullptr : &found->second;
}

const EmbeddedEngine::Partition* EmbeddedEngine::Find(const TopicPartition& where) const {
  auto found = partitions_.find(where);
  return found == partitions_.end() ? nullptr : &found->second;
}

std::optional<PartitionState> EmbeddedEngine::StateOf(const TopicPartition& where) const {
  const Partition* partition = Find(where);
  if (partition == nullptr) return std::nullopt;
  const PartitionLog& log = *partition->log;
  return PartitionState{log.log_start(),       log.durable_end(),
                        log.log_end(),         log.leader_epoch(),
                        log.size_bytes(),      static_cast<std::int64_t>(log.segment_count()),
                        log.last_append_time()};
}

std::int64_t EmbeddedEngine::log_bytes() const {
  std::int64_t bytes = 0;
  for (const auto& [where, partition] : partitions_) bytes += partition.log->size_bytes();
  return bytes;
}

bool EmbeddedEngine::WaitsForChange(const std::string& name, std::function<void()> change) {
  auto found = changing_.find(name);
  if (found == changing_.end()) return false;
  found->second.push_back(std::move(change));
  return true;
}

void EmbeddedEngine::EndChange(const std::string& name) {
  auto found = changing_.find(name);
  CHECK(found != changing_.end());
  // The first of them may begin a change: the others then wait for that one.
  const auto waiting = std::move(found->second);
  changing_.erase(found);
  for (const auto& change : waiting) change();
}

// The row first, durably, then the directories: a crash between the two leaves a row whose
// directories the next start makes.
void EmbeddedEngine::CreateTopic(TopicSpec spec, DoneCallback done) {
  if (WaitsForChange(spec.name, [this, spec, done] { CreateTopic(spec, done); })) return;
  if (topics_.contains(spec.name)) {
    done(Fail(ErrorCode::kExists, "topic '{}' exists", spec.name));
    return;
  }
  if (spec.partitions < 1 || spec.partitions > kTopicPartitionsMax) {
    done(Fail(ErrorCode::kInvalid, "{} partitions: a topic takes 1 to {}", spec.partitions,
              kTopicPartitionsMax));
    return;
  }
  if (Status checked = CheckTopicConfig(spec.config); !checked.ok()) {
    done(checked);
    return;
  }
  Topic topic{spec.name, Uuid::Make(parts_.random), next_topic_number_++, spec.partitions,
              std::move(spec.config)};
  changing_[topic.name];
  MetadataTransaction create;
  create.Put(Table::kTopic, TopicRowKey(topic.number), EncodeTopicRow(topic, TopicRowState::kLive));
  create.renew_copy = true;
  Commit(std::move(create), [this, topic, done = std::move(done)](const Status& committed) {
    if (committed.ok()) {
      FinishCreate(topic, done);
      return;
    }
    done(committed.error().Within(fmt::format("topic '{}' is not made", topic.name)));
    EndChange(topic.name);
  });
}

void EmbeddedEngine::FinishCreate(const Topic& topic, const DoneCallback& done) {
  for (std::int32_t i = 0; i < topic.partitions; ++i) {
    Status made = MakePartition(topic, PartitionIndex{i}, now_);
    if (made.ok()) continue;
    // The row would make the next start try again: take it back.
    MetadataTransaction undo;
    undo.Put(Table::kTopic, TopicRowKey(topic.number),
             EncodeTopicRow(topic, TopicRowState::kDeleting));
    Commit(std::move(undo), [](const Status&) {});
    removals_.emplace_back(topic,
                           [this, name = topic.name, error = made.error(), done](const Status&) {
                             done(error.Within(fmt::format("topic '{}' is not made", name)));
                             EndChange(name);
                           });
    return;
  }
  names_[topic.topic_id] = topic.name;
  topics_[topic.name] = topic;
  ++topics_version_;
  done(Ok());
  EndChange(topic.name);
}

Status EmbeddedEngine::MakePartition(const Topic& topic, PartitionIndex index, Instant now) {
  ASSIGN_OR_RETURN(std::string path,
                   directory_->CreatePartition({topic.name, topic.topic_id, topic.number, index}));
  ASSIGN_OR_RETURN(std::unique_ptr<PartitionLog> log,
                   PartitionLog::Open(parts_.fs, path, directory_->path() + "/quarantine",
                                      LogOptions(topic.config), std::nullopt, /*clean=*/false,
                                      now.wall, nullptr));
  const TopicPartition where{topic.topic_id, index};
  InstallSealHook(where, *log);
  partitions_[where] = Partition{std::move(log), std::move(path), {}};
  return Ok();
}

void EmbeddedEngine::InstallSealHook(const TopicPartition& where, PartitionLog& log) {
  log.SetSealHook([this, where] { return seal_hook_ ? seal_hook_(where) : Bytes(); });
}

void EmbeddedEngine::AlterTopic(const std::string& name, const TopicConfig& set,
                                DoneCallback done) {
  if (WaitsForChange(name, [this, name, set, done] { AlterTopic(name, set, done); })) return;
  auto found = topics_.find(name);
  if (found == topics_.end()) {
    done(Fail(ErrorCode::kNotFound, "there is no topic '{}'", name));
    return;
  }
  Topic altered = found->second;
  TopicConfig to_check;
  for (const auto& [key, value] : set) {
    if (value.empty()) {
      altered.config.erase(key);
    } else {
      altered.config[key] = value;
      to_check[key] = value;
    }
  }
  if (Status checked = CheckTopicConfig(to_check); !checked.ok()) {
    done(checked);
    return;
  }
  changing_[name];
  MetadataTransaction alter;
  alter.Put(Table::kTopic, TopicRowKey(altered.number),
            EncodeTopicRow(altered, TopicRowState::kLive));
  alter.renew_copy = true;
  Commit(std::move(alter), [this, altered, done = std::move(done)](const Status& committed) {
    if (committed.ok()) {
      topics_.at(altered.name).config = altered.config;
      for (std::int32_t i = 0; i < altered.partitions; ++i) {
        Partition* partition = Find({altered.topic_id, PartitionIndex{i}});
        if (partition != nullptr) partition->log->SetOptions(LogOptions(altered.config));
      }
    }
    done(committed);
    EndChange(altered.name);
  });
}

// The topic is gone for callers at once, and for good once its row says so; directories follow, and
// the row goes last.
void EmbeddedEngine::DeleteTopic(const std::string& name, DoneCallback done) {
  if (WaitsForChange(name, [this, name, done] { DeleteTopic(name, done); })) return;
  auto found = topics_.find(name);
  if (found == topics_.end()) {
    done(Fail(ErrorCode::kNotFound, "there is no topic '{}'", name));
    return;
  }
  const Topic topic = found->second;
  topics_.erase(found);
  names_.erase(topic.topic_id);
  ++topics_version_;
  changing_[topic.name];
  MetadataTransaction mark;
  mark.Put(Table::kTopic, TopicRowKey(topic.number),
           EncodeTopicRow(topic, TopicRowState::kDeleting));
  mark.renew_copy = true;
  Commit(std::move(mark), [this, topic, done = std::move(done)](const Status& committed) {
    if (!committed.ok()) {
      names_[topic.topic_id] = topic.name;
      topics_[topic.name] = topic;
      ++topics_version_;
      done(committed.error().Within(fmt::format("topic '{}' is not deleted", topic.name)));
      EndChange(topic.name);
      return;
    }
    removals_.emplace_back(topic, [this, name = topic.name, done](const Status& removed) {
      done(removed);
      EndChange(name);
    });
  });
}

// Only while no commit is under way: it may hold names in these directories.
void EmbeddedEngine::RunRemovals() {
  if (failure_ || !under_way_.empty() || removals_.empty()) return;
  auto removals = std::exchange(removals_, {});
  for (auto& [topic, done] : removals) {
    Status removed = RemovePartitions(topic);
    if (!removed.ok()) {
      // The row still says that it is being deleted: the next start goes on.
      done(removed.error());
      continue;
    }
    MetadataTransaction forget;
    forget.Remove(Table::kTopic, TopicRowKey(topic.number));
    forget.renew_copy = true;
    Commit(std::move(forget), std::move(done));
  }
}

Status EmbeddedEngine::RemovePartitions(const Topic& topic) {
  for (std::int32_t i = 0; i < topic.partitions; ++i) {
    const TopicPartition where{topic.topic_id, PartitionIndex{i}};
    std::erase(dirty_, where);
    auto found = partitions_.find(where);
    if (found == partitions_.end()) continue;
    Partition gone = std::move(found->second);
    partitions_.erase(found);
    for (DurableWaiter& waiter : gone.waiters) {
      waiter.then(Fail(ErrorCode::kNotFound, "topic '{}' was deleted", topic.name));
    }
    gone.log.reset();
    RETURN_IF_ERROR(directory_->DeletePartition(gone.directory));
  }
  // At the start of the program the directories are not open yet.
  ASSIGN_OR_RETURN(std::vector<DataDirectory::PartitionDirectory> left,
                   directory_->ListPartitions());
  for (const auto& [identity, path] : left) {
    if (identity.topic_id == topic.topic_id) RETURN_IF_ERROR(directory_->DeletePartition(path));
  }
  return Ok();
}

// ---- records

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

Result<FetchedBytes> EmbeddedEngine::Fetch(const TopicPartition& where, Offset from,
                                           std::size_t bytes_max) {
  Partition* partition = Find(where);
  if (partition == nullptr) return Fail(ErrorCode::kNotFound, "no such partition");
  ASSIGN_OR_RETURN(FetchedBytes fetched, partition->log->Read(from, bytes_max));
  counters_.bytes_fetched += fetched.bytes.size();
  return fetched;
}

Result<std::optional<Offset>> EmbeddedEngine::OffsetAtTime(const TopicPartition& where,
                                                           TimestampMs time) {
  Partition* partition = Find(where);
  if (partition == nullptr) return Fail(ErrorCode::kNotFound, "no such partition");
  return partition->log->OffsetAtTime(time);
}

Result<std::optional<TimestampMs>> EmbeddedEngine::AppendTimeAt(const TopicPartition& where,
                                                                Offset offset) {
  Partition* partition = Find(where);
  if (partition == nullptr) return Fail(ErrorCode::kNotFound, "no such partition");
  return partition->log->AppendTimeAt(offset);
}

Result<Offset> EmbeddedEngine::EndOfEpoch(const TopicPartition& where, LeaderEpoch epoch) const {
  const Partition* partition = Find(where);
  if (partition == nullptr) return Fail(ErrorCode::kNotFound, "no such partition");
  return partition->log->EndOfEpoch(epoch).end_offset;
}

void EmbeddedEngine::SetDurableObserver(std::function<void(const TopicPartition&)> observer) {
  observer_ = std::move(observer);
}

// ---- what the floors above keep with the log

void EmbeddedEngine::Commit(MetadataTransaction transaction, DoneCallback done) {
  const std::uint64_t id = next_transaction_id_++;
  transactions_[id] = std::move(done);
  writer_->Submit(id, std::move(transaction));
}

std::vector<MetadataRow> EmbeddedEngine::TakeRows(Table table) {
  std::vector<MetadataRow> rows;
  for (MetadataRow& row : loaded_rows_) {
    if (row.table == table) rows.push_back(std::move(row));
  }
  std::erase_if(loaded_rows_, [table](const MetadataRow& row) { return row.table == table; });
  return rows;
}

void EmbeddedEngine::SetSealHook(std::function<Bytes(const TopicPartition&)> hook) {
  seal_hook_ = std::move(hook);
}

Result<std::optional<PartitionLog::SealedSources>> EmbeddedEngine::NewestSealedSources(
    const TopicPartition& where) {
  Partition* partition = Find(where);
  if (partition == nullptr) return Fail(ErrorCode::kNotFound, "no such partition");
  return partition->log->NewestSealedSources();
}

// ---- life

void EmbeddedEngine::Tick(Instant now) {
  now_ = now;
  FinishTransactions();
  FinishCommits();
  if (broken_log_) FailStorage("a write to", *broken_log_);
  RunRemovals();
  SubmitCommit();
  WatchSpace(now);
  RunRetention(now);
  MoveRecoveryPoints(now);
}

void EmbeddedEngine::FinishTransactions() {
  while (auto done = writer_->TakeDone()) {
    auto found = transactions_.find(done->id);
    CHECK(found != transactions_.end());
    DoneCallback callback = std::move(found->second);
    transactions_.erase(found);
    // After a failed write nobody knows what the store holds, and what was promised since might
    // rest on it: the next start reads it. A full disk is no such failure.
    if (!done->status.ok() && (done->status.error().code == ErrorCode::kIo ||
                               done->status.error().code == ErrorCode::kCorrupt)) {
      FailStorage("a write of the metadata in", done->status.error());
    }
    callback(std::move(done->status));
  }
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
  if (failure_ || !under_way_.empty() || dirty_.empty()) return;
  CommitGroup group;
  group.id = next_commit_id_++;
  for (const TopicPartition& where : std::exchange(dirty_, {})) {
    Partition* partition = Find(where);
    if (partition == nullptr) continue;
    SyncWork work = partition->log->TakeSyncWork();
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
    std::move(partition.waiters.begin(), partition.waiters.end(), std::back_inserter(waiters));
    partition.waiters.clear();
  }
  for (const DurableWaiter& waiter : waiters) waiter.then(*failure_);
}

void EmbeddedEngine::NoteBroken(const PartitionLog& log) {
  if (!broken_log_) broken_log_ = log.broken();
}

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
  for (auto& [where, partition] : partitions_) RETURN_IF_ERROR(partition.log->Close());
  return directory_->WriteManifest(CurrentManifest(/*clean=*/true));
}

}  // namespace logboom::broker
