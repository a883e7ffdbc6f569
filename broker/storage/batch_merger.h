// Makes stored batches anew: small ones put together, and records left out. Every record that stays
// keeps its offset, time, key, value and headers, and every offset its leader epoch.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/record/batch_builder.h"
#include "lib/record/batch_header.h"
#include "lib/record/batch_view.h"

namespace logboom::broker {

// Says which records stay: compaction's judgement.
class RecordFilter {
 public:
  virtual ~RecordFilter() = default;
  virtual bool Keeps(const record::BatchHeader& batch, const record::Record& record) = 0;
  // Whether a batch of which nothing stays leaves its header behind, for its producer's sequence.
  virtual bool KeepsHeader(const record::BatchHeader& batch) = 0;
  // When tombstones of a batch that are met for the first time may go; nothing: that is not settled
  // yet.
  virtual std::optional<TimestampMs> DeleteHorizon(const record::BatchHeader& batch) = 0;
  // All of the batch stays, whatever Keeps would say of its records.
  virtual void CopiedWhole(const record::BatchHeader& batch) = 0;
};

struct MergeOptions {
  std::size_t raw_bytes = 0;  // of the records of a merged batch; larger ones are left as they are
  int zstd_level = 1;
};

// One owner, one thread. Holds one decompressed batch and one that is being built: at most some
// 20 MiB. Batches come in offset order.
//
// Never merged with others: batches of a producer id, with append times, or of control records.
// Every offset stays in a batch, so that a batch whose place has rotted does not fit between its
// neighbours: what is left out is covered by a merged batch beside it, or by one without records.
//
// Copied byte for byte: control and transactional batches, those of codecs that can't be read, and,
// where nothing is filtered, all that are not merged. One that is too large to be built anew keeps
// all its records.
class BatchMerger {
 public:
  // Gets each batch that is made, offsets and epoch in place.
  using Sink = std::function<Status(ByteView batch)>;

  // `filter` may be null: then all records stay.
  BatchMerger(const MergeOptions& options, RecordFilter* filter, Sink sink);

  // kCorrupt where the batch can't be walked.
  Status Add(const record::BatchHeader& header, ByteView batch);
  // What is held back.
  Status Finish();

  std::int64_t records_dropped() const { return records_dropped_; }
  std::int64_t batches_merged() const { return batches_merged_; }

 private:
  struct Pending {
    Offset base_offset;
    Offset last_offset;
    LeaderEpoch epoch;
    std::optional<TimestampMs> horizon;
  };
  // Offsets of which nothing is left, behind all that was emitted.
  struct Hole {
    Offset base_offset;
    Offset last_offset;
    LeaderEpoch epoch;
  };
  // What stays of the batch that reader_ holds.
  struct Judged {
    std::size_t kept = 0;
    std::optional<TimestampMs> horizon;  // of the batch as it will be
  };

  // What can't be taken apart.
  Status CopyWhole(const record::BatchHeader& header, ByteView batch);
  Status Copy(ByteView batch);
  Status Filter(const record::BatchHeader& header, ByteView batch);
  Result<Judged> Judge(const record::BatchHeader& header);
  Status Merge(const record::BatchHeader& header, const std::optional<TimestampMs>& horizon);
  // As a batch of its own.
  Status Rebuild(const record::BatchHeader& header, const std::optional<TimestampMs>& horizon);
  Status AddRecords(Offset base_offset);
  Status Flush();
  Status Emit(ByteView batch);
  Status LeaveOut(const Hole& hole);
  Status EmitHole(const Hole& hole);
  Status EmitHeader(const record::BatchHeader& header);
  Status EmitEmpty(record::BatchHeader empty);
  bool StandsAlone(const record::BatchHeader& header) const;

  MergeOptions options_;
  RecordFilter* filter_;
  Sink sink_;
  record::BatchReader reader_;
  record::BatchBuilder builder_;
  std::optional<Pending> pending_;  // or a hole
  std::optional<Hole> hole_;
  std::vector<bool> keeps_;  // each record of the batch that reader_ holds
  std::optional<record::BatchHeader> last_;
  std::int64_t records_dropped_ = 0;
  std::int64_t batches_merged_ = 0;
};

}  // namespace logboom::broker
