// The seam between what the broker promises and what keeps the log. The server and the floors above
// storage call this and nothing below it. EmbeddedEngine (embedded_engine.h) keeps the log itself;
// an engine in front of a cluster can take its place, which is why an append brings the batch and
// the metadata that must stand or fall with it in one call.
//
// All calls come from the loop thread, and callbacks are called on it, from inside Tick() or the
// call itself. Nothing waits.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "broker/engine/backup_status.h"
#include "broker/engine/topic_config.h"
#include "broker/metadata/metadata_store.h"
#include "broker/storage/partition_log.h"
#include "broker/storage/topic_partition.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/base/uuid.h"
#include "lib/record/batch_header.h"

namespace logboom::broker {

struct Topic {
  std::string name;
  Uuid topic_id;
  std::uint32_t number = 0;
  std::int32_t partitions = 1;
  TopicConfig config;
};

struct PartitionState {
  Offset log_start;
  Offset durable_end;
  Offset log_end;
  LeaderEpoch leader_epoch;
  Offset kept_start;  // what files hold begins here: at the log start, or below it after a trim
  std::int64_t size_bytes = 0;
  std::int64_t segments = 0;
  TimestampMs last_append{-1};
  std::optional<Offset> compacted_end = std::nullopt;  // of a compacted topic, once it is known
};

struct TopicSpec {
  std::string name;
  std::int32_t partitions = 1;
  TopicConfig config;
};

struct TopicChange {
  // Keys to set; an empty value takes the key back to its default.
  TopicConfig set;
  // As many as there are to be, not fewer than there are.
  std::optional<std::int32_t> partitions = std::nullopt;
};

// Largest number of partitions of one topic.
inline constexpr std::int32_t kTopicPartitionsMax = 1'024;

struct EngineCounters {
  std::uint64_t records_appended = 0;
  std::uint64_t bytes_appended = 0;
  std::uint64_t bytes_fetched = 0;
  std::uint64_t syncs = 0;
  std::int64_t last_sync_us = 0;
  std::int64_t bytes_not_durable = 0;
  std::uint64_t segments_evicted = 0;
  std::uint64_t records_evicted = 0;
  std::uint64_t bytes_evicted = 0;
};

// A segment that went for the disk budget, before its time.
struct Eviction {
  TopicPartition where;
  TrimmedRange range;
  TimestampMs time;
};

using DoneCallback = std::function<void(Status)>;
using TrimCallback = std::function<void(Result<TrimmedRange>)>;
using ProducerIdCallback = std::function<void(Result<std::int64_t>)>;

class LogEngine {
 public:
  virtual ~LogEngine() = default;

  virtual const Uuid& cluster_id() const = 0;

  // ---- topics. Pointers stay valid until the next Tick() or change of topics.
  virtual const Topic* FindTopic(const std::string& name) const = 0;
  virtual const Topic* FindTopic(const Uuid& topic_id) const = 0;
  virtual std::vector<const Topic*> Topics() const = 0;  // by name
  // Another one whenever a topic has been made or deleted, or its partitions have become more.
  virtual std::uint64_t topics_version() const = 0;
  virtual std::optional<PartitionState> StateOf(const TopicPartition& where) const = 0;
  // Durable when `done` is called. Changes of one name wait for each other: what counts is what is
  // there when their turn comes. kExists where the name is taken.
  virtual void CreateTopic(TopicSpec spec, DoneCallback done) = 0;
  virtual void AlterTopic(const std::string& name, const TopicChange& change,
                          DoneCallback done) = 0;
  virtual void DeleteTopic(const std::string& name, DoneCallback done) = 0;
  // Moves the log start to `offset`, durable when `done` is called. kInvalid where that is above
  // the durable end; nothing happens where it is below the log start.
  virtual void Trim(const TopicPartition& where, Offset offset, TrimCallback done) = 0;
  // What it would do.
  virtual Result<TrimmedRange> WouldTrim(const TopicPartition& where, Offset offset) const = 0;

  // Since the last call; of very many the first.
  virtual std::vector<Eviction> TakeEvictions() = 0;

  // ---- records
  // One verified batch, written in place (base offset, leader epoch). Accepted and in order when it
  // returns; durable later: ask WhenDurable.
  virtual Result<AppendedBatch> Append(const TopicPartition& where, char* batch,
                                       const record::BatchHeader& header, Instant now) = 0;
  // For a batch with a producer id: whether it may be appended. Only one that is kFresh may; a
  // kDuplicate counts as appended once all that is appended by now is durable. Ids that nobody was
  // given are unknown.
  virtual Result<ProducerVerdict> JudgeProducer(const TopicPartition& where,
                                                const record::BatchHeader& header) = 0;
  // An id that nobody has, or will be given again, whatever is lost of the metadata.
  virtual void NewProducerId(ProducerIdCallback done) = 0;
  // Calls `then` once all that is appended to the partition by now is durable: at once where it is.
  // Callbacks of one partition are called in the order in which they were asked for. Where the
  // partition is deleted, or the storage fails, it is called with that error.
  virtual void WhenDurable(const TopicPartition& where, DoneCallback then) = 0;
  virtual Result<FetchedBytes> Fetch(const TopicPartition& where, Offset from,
                                     std::size_t bytes_max) = 0;
  // As Fetch, and below the log start too, from kept_start on: for what is built up again from the
  // log, never for readers.
  virtual Result<FetchedBytes> FetchKept(const TopicPartition& where, Offset from,
                                         std::size_t bytes_max) = 0;
  virtual Result<std::optional<Offset>> OffsetAtTime(const TopicPartition& where,
                                                     TimestampMs time) = 0;
  // When the record at `offset` arrived, to the second (never later than it did); nothing where
  // that is not known. May read from the disk.
  virtual Result<std::optional<TimestampMs>> AppendTimeAt(const TopicPartition& where,
                                                          Offset offset) = 0;
  // Below it stand the records that a reader met who knew this epoch; at and behind it may be other
  // ones by now. -1 where nothing is known of such an epoch.
  virtual Result<Offset> EndOfEpoch(const TopicPartition& where, LeaderEpoch epoch) const = 0;
  // Told of each partition whose durable end has risen.
  virtual void SetDurableObserver(std::function<void(const TopicPartition&)> observer) = 0;

  // ---- what the floors above keep with the log
  // Durable when `done` is called; transactions are done in order.
  virtual void Commit(MetadataTransaction transaction, DoneCallback done) = 0;
  // Rows of a table as found at the start. Can be taken once.
  virtual std::vector<MetadataRow> TakeRows(Table table) = 0;
  // Called when a segment of the partition is sealed: the bytes are kept beside it.
  virtual void SetSealHook(std::function<Bytes(const TopicPartition&)> hook) = 0;
  virtual Result<std::optional<PartitionLog::SealedSources>> NewestSealedSources(
      const TopicPartition& where) = 0;

  // ---- a backup
  // Begins one into `directory` on this machine, beside all that goes on; backup() says how far
  // it is. kBusy while one is under way; what is wrong with the directory is told by backup().
  virtual Status StartBackup(const std::string& directory) = 0;
  virtual BackupStatus backup() const = 0;

  // ---- life
  // Finishes commits, submits the next group, applies retention when it is due.
  virtual void Tick(Instant now) = 0;
  virtual const EngineCounters& counters() const = 0;
  // Set once storage has failed: nothing more becomes durable, and the program must end.
  virtual const std::optional<Error>& failure() const = 0;
};

}  // namespace logboom::broker
