// What a segment's log holds, added up batch by batch: the content of its seal.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/base/types.h"
#include "lib/record/batch_header.h"

namespace logboom::segment {

// The head of a batch up to its checksum, inclusive: base offset, length, leader epoch, magic,
// CRC-32C. The batch's own checksum covers all that follows and nothing of this.
inline constexpr std::size_t kBatchHeadBytes = 21;
static_assert(kBatchHeadBytes < record::kBatchHeaderBytes);

struct SegmentTotals {
  std::int64_t size_bytes = 0;
  std::int64_t batches = 0;
  std::int64_t records = 0;
  // CRC-32C of the heads (kBatchHeadBytes each) of all batches, in order. With the checksums within
  // the batches it vouches for every byte of the log.
  std::uint32_t heads_crc = 0;
  TimestampMs max_timestamp{-1};  // create time; -1: no batch
  Offset max_timestamp_offset;    // the last offset of the first batch that holds it

  // `batch` begins with the batch's head.
  void Add(const record::BatchHeader& header, ByteView batch);
  friend bool operator==(const SegmentTotals&, const SegmentTotals&) = default;
};

void EncodeTotals(ByteWriter& writer, const SegmentTotals& totals);
// The caller checks reader.ok().
SegmentTotals DecodeTotals(ByteReader& reader);

}  // namespace logboom::segment
