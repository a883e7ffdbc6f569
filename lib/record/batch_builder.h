// Builds one RecordBatch v2 after the other, copying each value once: raw records gather in one
// buffer, Finish() compresses and checksums them into another. Both buffers are reused.
#pragma once

#include <optional>
#include <span>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/record/batch_header.h"
#include "lib/record/codec.h"
#include "lib/record/raw_buffer.h"

namespace logboom::record {

struct HeaderView {
  ByteView key;
  std::optional<ByteView> value;
};

struct RecordView {
  TimestampMs timestamp;
  std::optional<ByteView> key;
  std::optional<ByteView> value;
  std::span<const HeaderView> headers;
};

struct BatchBuilderOptions {
  Codec codec = Codec::kZstd;
  int level = 1;
  // A batch is closed so that it fits this uncompressed, header included.
  std::size_t batch_bytes_max = kBatchBytesMax;
};

// Where in the raw record section a header's value begins, for PatchHeader.
struct HeaderSlot {
  std::size_t position = 0;
  std::size_t size = 0;
};

// Where a batch stands that is made anew from stored ones.
struct BatchPlace {
  Offset base_offset;
  LeaderEpoch leader_epoch{-1};
  std::int32_t last_offset_delta = 0;  // at or above that of the last record
  TimestampType timestamp_type = TimestampType::kCreateTime;
};

// One owner, one thread. Memory only: what is not finished and sent is gone with the process. Its
// buffers grow to about twice batch_bytes_max and are kept. Calls fail with a CHECK where the
// caller broke the rules below, and with a Status where the codec does.
class BatchBuilder {
 public:
  explicit BatchBuilder(BatchBuilderOptions options);

  // What the record would add to the batch, in bytes, at most (exact but for varints of deltas).
  static std::size_t SizeOf(const RecordView& record);
  // Whether the batch stays within batch_bytes_max, and the record within kHeadersPerRecordMax.
  bool Fits(const RecordView& record) const;

  // Appends a record. The caller has asked Fits(): a record that alone is too large for an empty
  // batch is the caller's to split.
  void Add(const RecordView& record);

  // As Add, for records that were stored before: `offset_delta` is above that of the one before it.
  void AddAt(std::int32_t offset_delta, const RecordView& record);
  // Of an empty batch: when the tombstones that it will hold may go. Kafka keeps it in the place of
  // the base timestamp. Goes into the header with the next Finish, and with that one only.
  void SetDeleteHorizon(TimestampMs horizon);

  // As Add with headers, and tells where the value of headers[index] stands, so that a fixed-size
  // value can be filled in before Finish(): a source's span is known only once its last line is
  // read.
  HeaderSlot AddWithSlot(const RecordView& record, std::size_t index);
  // Overwrites the slot; bytes.size() == slot.size.
  void PatchHeader(HeaderSlot slot, ByteView bytes);

  std::int32_t record_count() const { return record_count_; }
  bool empty() const { return record_count() == 0; }
  // Of the record section so far.
  std::size_t raw_bytes() const { return size_ - kBatchHeaderBytes; }

  // The whole batch: base offset 0, leader epoch -1, producer fields -1 unless set. The view stays
  // valid until the next call of Add or Finish. Afterwards the builder is empty. The batch must not
  // be empty. A batch that does not shrink is sent uncompressed (codec none). kUnsupported for a
  // codec that is not written; then the records are still there.
  Result<ByteView> Finish();
  // The same for a batch whose offsets were given before.
  Result<ByteView> FinishAt(const BatchPlace& place);
  // For idempotent producers: written into the header by the next Finish, and by that one only.
  void SetProducer(std::int64_t producer_id, std::int16_t epoch, std::int32_t base_sequence);

 private:
  struct Producer {
    std::int64_t id = -1;
    std::int16_t epoch = -1;
    std::int32_t base_sequence = -1;
  };
  // A batch whose records are in place, and whose header is not.
  struct Packed {
    Codec codec = Codec::kNone;
    char* batch = nullptr;
    std::size_t size = 0;
  };
  Result<Packed> Pack();
  void Clear();

  BatchBuilderOptions options_;
  Compressor compressor_;
  // The header's place, then the records: a batch that is not compressed leaves from here.
  RawBuffer raw_;
  RawBuffer packed_;
  std::size_t size_ = kBatchHeaderBytes;  // in raw_
  std::int32_t record_count_ = 0;
  std::int32_t next_offset_delta_ = 0;
  std::optional<TimestampMs> delete_horizon_;
  TimestampMs base_timestamp_;
  TimestampMs max_timestamp_;
  Producer producer_;
};

}  // namespace logboom::record
