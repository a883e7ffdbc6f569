// Builds one RecordBatch v2 after the other, copying each value once: raw records gather in one buffer,
// Finish() compresses and checksums them into another. Both buffers are reused.
#pragma once

#include <optional>
#include <span>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/record/batch_header.h"
#include "lib/record/codec.h"

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

// One owner, one thread.
class BatchBuilder {
 public:
  explicit BatchBuilder(BatchBuilderOptions options);

  // What the record would add to the batch, in bytes, at most (exact but for varints of deltas).
  static std::size_t SizeOf(const RecordView& record);
  bool Fits(const RecordView& record) const;

  // Appends a record. The caller has asked Fits(): a record that alone is too large for an empty batch
  // is the caller's to split.
  void Add(const RecordView& record);

  // As Add with headers, and tells where the value of headers[index] stands, so that a fixed-size value
  // can be filled in before Finish(): a source's span is known only once its last line is read.
  HeaderSlot AddWithSlot(const RecordView& record, std::size_t index);
  // Overwrites the slot; bytes.size() == slot.size.
  void PatchHeader(HeaderSlot slot, ByteView bytes);

  std::int32_t record_count() const;
  bool empty() const { return record_count() == 0; }
  std::size_t raw_bytes() const;  // of the record section so far

  // The whole batch: base offset 0, leader epoch -1, producer fields -1 unless set. The view stays valid
  // until the next call of Add or Finish. Afterwards the builder is empty. The batch must not be empty.
  // A batch that does not shrink is sent uncompressed (codec none).
  Result<ByteView> Finish();
  // For idempotent producers: written into the header by Finish.
  void SetProducer(std::int64_t producer_id, std::int16_t epoch, std::int32_t base_sequence);

 private:
  // (the implementer's)
};

}  // namespace logboom::record
