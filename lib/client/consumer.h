// Reads partitions from places the caller names: a long poll for each partition, a bounded
// prefetch, and events in the order of their offsets. It knows no groups and commits nothing.
//
// Nothing is skipped in silence: what can't be read, on the broker's disk or after the way here,
// comes as an Unreadable event in its place.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/random.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/client/options.h"
#include "lib/client/rows.h"
#include "lib/record/batch_header.h"
#include "lib/record/batch_view.h"
#include "lib/transport/transport.h"

namespace logboom::client {

struct TopicPartition {
  std::string topic;
  PartitionIndex partition;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

// Where reading starts.
struct StartAt {
  enum class Kind { kEarliest, kLatest, kOffset, kTime };
  Kind kind = Kind::kLatest;
  Offset offset;     // of kOffset
  TimestampMs time;  // of kTime: the first record whose create time is at or after it
  // Of kOffset: of the record before it, where the reader remembers; -1: he does not. So he hears
  // where that record is not in the log any more.
  LeaderEpoch leader_epoch{-1};

  static StartAt Earliest() { return {.kind = Kind::kEarliest, .offset = {}, .time = {}}; }
  static StartAt Latest() { return {.kind = Kind::kLatest, .offset = {}, .time = {}}; }
  static StartAt At(Offset offset, LeaderEpoch leader_epoch = LeaderEpoch(-1)) {
    return {.kind = Kind::kOffset, .offset = offset, .time = {}, .leader_epoch = leader_epoch};
  }
  static StartAt From(TimestampMs time) {
    return {.kind = Kind::kTime, .offset = {}, .time = time};
  }
};

// One whole batch, its checksum verified, and which of its records are meant: those before
// `first_offset` were not asked for, or came with an event before this one; those from `end_offset`
// on come with a later event of the same batch (a SourceRow stands between them).
struct FetchedBatch {
  record::BatchHeader header;
  ByteView bytes;
  transport::Payload owner;  // keeps `bytes` alive
  Offset first_offset;
  Offset end_offset;
};

// Records [begin, end) can't be read.
struct Unreadable {
  Offset begin;
  Offset end;
  std::string reason;
};

// The position was outside of [log_start, durable_end]. The partition stands still until Assign()
// names another place.
struct OffsetOutOfRange {
  Offset position;
  Offset log_start;
  Offset durable_end;
};

// The partition can't be read: no such topic or partition, or not authorised. It stands still until
// it is assigned anew.
struct PartitionFailed {
  Error error;
};

struct ConsumerEvent {
  TopicPartition from;
  std::variant<FetchedBatch, Unreadable, SourceRow, OffsetOutOfRange, PartitionFailed> what;
};

struct ConsumerOptions {
  ClientIdentity identity{};
  // Of one answer; at least one batch comes whatever this says.
  std::size_t fetch_bytes_max = std::size_t{512} << 10U;
  // Of all that was fetched and not yet taken: no partition is asked while there is more.
  std::size_t prefetch_bytes_max = std::size_t{8} << 20U;
  // How long the broker may wait for new records before it answers with none; at most 30 s.
  std::chrono::milliseconds wait_max{5'000};
  // Gaps and progress come as SourceRow events.
  bool with_rows = false;
};

// What is known of an assigned partition.
struct PartitionProgress {
  std::optional<Offset> start;     // where reading began; nothing while the broker has not said
  std::optional<Offset> position;  // of the next event that Next() returns
  std::optional<Offset> log_start;
  std::optional<Offset> durable_end;  // as of the last answer
  // The durable end when the start was resolved: where to stop that reads what there was.
  std::optional<Offset> end_at_start;
  bool failed = false;  // stands still: OffsetOutOfRange or PartitionFailed was reported

  // All that was there at the start has been taken by Next().
  bool reached_end_at_start() const {
    return failed || (position && end_at_start && *position >= *end_at_start);
  }
};

struct ConsumerCounters {
  std::uint64_t batches = 0;
  std::uint64_t bytes = 0;
  std::uint64_t corrupt_batches = 0;  // found here; each also came as Unreadable
  std::uint64_t unreadable_ranges = 0;
};

// One connection. One owner, one thread.
class Consumer {
 public:
  // `random` must outlive it.
  Consumer(std::unique_ptr<transport::ClientTransport> transport, ConsumerOptions options,
           Random& random);
  ~Consumer();

  // Adds a partition, or moves one to another place (what was fetched of it is dropped).
  void Assign(const TopicPartition& partition, const StartAt& start);
  void Unassign(const TopicPartition& partition);
  // Of an assigned partition: only where to start is looked up, and nothing is fetched until
  // Release() or Assign().
  void Hold(const TopicPartition& partition);
  void Release(const TopicPartition& partition);

  void Poll(Instant now);
  // Until something may have come, is due, a descriptor is readable, or `timeout` is over. At once
  // where an event waits.
  void Wait(std::chrono::milliseconds timeout, std::span<const int> descriptors = {});

  // The next event; nothing where none waits. In order for each partition, partitions taking turns.
  std::optional<ConsumerEvent> Next();

  // Nothing for a partition that is not assigned.
  std::optional<PartitionProgress> Progress(const TopicPartition& partition) const;
  const ConsumerCounters& counters() const;

  bool connected() const;
  // Why there is no session; nothing where there is one, or where it was not tried yet.
  std::optional<Error> last_error() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Walks the records of a fetched batch that are meant. Reusable; buffers are kept. One thread.
class FetchedRecords {
 public:
  // `batch` must outlive the walk.
  Status Open(const FetchedBatch& batch);
  // The next record; nothing at the end. After an error, unreadable() says which offsets are lost.
  // The record stays valid until the next call.
  Result<const record::Record*> Next();
  // After Open() or Next() failed: the rest of the batch.
  Unreadable unreadable(const Error& error) const;

 private:
  record::BatchReader reader_;
  Offset next_;  // at least, of the next record
  Offset end_;
};

}  // namespace logboom::client
