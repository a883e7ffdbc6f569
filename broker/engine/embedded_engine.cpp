#include "broker/engine/embedded_engine.h"

#include <algorithm>
#include <utility>

#include "broker/storage/limits.h"
#include "lib/base/check.h"

namespace logboom::broker {

EmbeddedEngine::EmbeddedEngine(std::unique_ptr<DataDirectory> directory, EngineParts parts)
    : directory_(std::move(directory)),
      parts_(std::move(parts)),
      // One log reads a finished segment while it appends.
      open_files_(std::max(parts_.open_files_max, kActiveSegmentFiles + kSealedSegmentFiles)) {}

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
  return PartitionState{.log_start = log.log_start(),
                        .durable_end = log.durable_end(),
                        .log_end = log.log_end(),
                        .leader_epoch = log.leader_epoch(),
                        .kept_start = log.kept_start(),
                        .size_bytes = log.size_bytes(),
                        .segments = static_cast<std::int64_t>(log.segment_count()),
                        .last_append = log.last_append_time(),
                        .compacted_end = log.compacted_end()};
}

std::int64_t EmbeddedEngine::log_bytes() const {
  std::int64_t bytes = 0;
  for (const auto& [where, partition] : partitions_) bytes += partition.log->size_bytes();
  return bytes;
}

// ---- records

Result<FetchedBytes> EmbeddedEngine::Fetch(const TopicPartition& where, Offset from,
                                           std::size_t bytes_max) {
  Partition* partition = Find(where);
  if (partition == nullptr) return Fail(ErrorCode::kNotFound, "no such partition");
  ASSIGN_OR_RETURN(FetchedBytes fetched, partition->log->Read(from, bytes_max));
  counters_.bytes_fetched += fetched.bytes.size();
  return fetched;
}

Result<FetchedBytes> EmbeddedEngine::FetchKept(const TopicPartition& where, Offset from,
                                               std::size_t bytes_max) {
  Partition* partition = Find(where);
  if (partition == nullptr) return Fail(ErrorCode::kNotFound, "no such partition");
  return partition->log->ReadKept(from, bytes_max);
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
  open_files_.SetTime(now.monotonic);
  FinishTransactions();
  FinishCommits();
  background_->FinishDone();
  if (!failure_) scrubber_->Tick(now, *background_);
  if (broken_log_) FailStorage("a write to", *broken_log_);
  RunMakings();
  RunRemovals();
  SubmitCommit();
  WatchSpace(now);
  KeepTime(now);
  RunTrims();
  RunRetention(now);
  KeepBudget(now);
  RestLogs(now);
  CheckIdentities();
  MoveRecoveryPoints(now);
  RunUpkeep(now);
}

void EmbeddedEngine::FinishTransactions() {
  while (auto done = writer_->TakeDone()) {
    auto found = transactions_.find(done->id);
    CHECK(found != transactions_.end());
    DoneCallback callback = std::move(found->second);
    transactions_.erase(found);
    // After a failed write nobody knows what the store holds, and what was promised since might
    // rest on it: the next start reads it. A full disk is no such failure.
    if (!done->status.ok() && !done->copied_elsewhere &&
        (done->status.error().code == ErrorCode::kIo ||
         done->status.error().code == ErrorCode::kCorrupt)) {
      FailStorage("a write of the metadata in", done->status.error());
    }
    callback(std::move(done->status));
  }
}

}  // namespace logboom::broker
