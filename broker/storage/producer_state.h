// What a partition knows of its idempotent producers: for each producer id the newest epoch, and
// the last batches of that epoch. It decides which batch is new, which stands in the log already,
// and which can't be taken, as Kafka's ProducerStateManager does. Memory only: it is made again
// from the headers of the log, and from snapshots of it (partition_producers.h).
//
// Sequences count a producer's records in this partition, from 0 on; behind 2^31 - 1 comes 0.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "lib/base/types.h"
#include "lib/record/batch_header.h"
#include "lib/segment/producer_snapshot.h"

namespace logboom::broker {

struct ProducerVerdict {
  enum class Kind {
    kFresh,       // follows on: append it
    kDuplicate,   // all of it was appended before
    kOutOfOrder,  // records before it are missing, or it is cut unlike what was appended
    kStaleEpoch,  // a newer epoch of this producer has written
    kUnknown,     // nothing is known of the producer, and this is not its first batch
  };
  Kind kind = Kind::kFresh;
  // Of the first copy, where it is among the last batches.
  std::optional<Offset> base_offset = std::nullopt;
  TimestampMs append_time{-1};
  // What the batch was held against, for messages.
  std::int32_t expected_sequence = 0;
  std::int16_t epoch = -1;
};

// Sequences are 31 bits wide.
std::int32_t SequenceAfter(std::int32_t sequence, std::int64_t count);

// One owner, one thread.
class ProducerState {
 public:
  // Of a batch with a producer id, an epoch and a sequence that are not negative.
  ProducerVerdict Judge(const record::BatchHeader& header) const;
  // The batch stands in the log, at header.base_offset. What Judge would say of it does not matter:
  // the log is the truth. Where there are too many producers now, the one that was silent for the
  // longest goes.
  void Note(const record::BatchHeader& header, TimestampMs append_time);

  // Producers whose last batch was appended kProducerExpiryMs ago or earlier go, but none whose
  // last batch stands at or behind `spared_from`: a clock that jumps must not make the broker
  // forget those at work.
  void Expire(TimestampMs now, Offset spared_from);

  // In the order of their ids.
  std::vector<segment::ProducerSnapshotEntry> Snapshot() const;
  // Replaces everything. Of each producer the last batch alone is known then.
  void Load(std::span<const segment::ProducerSnapshotEntry> entries);

  std::size_t size() const { return producers_.size(); }
  std::int64_t largest_id() const { return largest_id_; }  // ever noted or loaded; -1: none

 private:
  struct Batch {
    std::int32_t base_sequence = 0;
    std::int32_t last_sequence = 0;
    Offset base_offset;
    Offset last_offset;
    TimestampMs append_time;
  };
  struct Producer {
    std::int16_t epoch = 0;
    TimestampMs append_time;    // of the last batch, or what the snapshot says
    std::deque<Batch> batches;  // oldest first, up to kProducerBatchesKept

    Offset last_offset() const { return batches.empty() ? Offset(-1) : batches.back().last_offset; }
  };
  static ProducerVerdict JudgeEpoch(const Producer& producer, const record::BatchHeader& header);
  void ForgetOldest();

  std::unordered_map<std::int64_t, Producer> producers_;
  std::int64_t largest_id_ = -1;
};

}  // namespace logboom::broker
