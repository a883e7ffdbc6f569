// The header of Kafka's RecordBatch, version 2 (magic 2): 61 bytes, big endian, the same on the
// wire and on disk. docs/formats/record-batch.md has the table.
//
//   0 base offset i64 | 8 length i32 (bytes after this field) | 12 leader epoch i32 | 16 magic i8 =
//   2 | 17 CRC-32C u32 (over 21..end) | 21 attributes i16 | 23 last offset delta i32 | 27 base
//   timestamp i64 | 35 max timestamp i64 | 43 producer id i64 | 51 producer epoch i16 | 53 base
//   sequence i32 | 57 record count i32 | 61 records
//
// Base offset and leader epoch lie outside of the checksum: the broker writes them in place.
// Source: Kafka's DefaultRecordBatch.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/record/codec.h"

namespace logboom::record {

inline constexpr std::size_t kBatchHeaderBytes = 61;
// Base offset and length: what stands before the bytes that `length` counts.
inline constexpr std::size_t kBatchPrefixBytes = 12;
inline constexpr std::int8_t kMagic = 2;
// The largest stored batch, as Kafka's max.message.bytes default.
inline constexpr std::size_t kBatchBytesMax = 1'048'588;
// What one batch may hold once decompressed. A reader refuses more before it allocates.
inline constexpr std::size_t kRecordsBytesMax = std::size_t{16} << 20U;
// Headers of one record. Kafka has no limit; without one, a batch of some hundred bytes could make
// its reader hold 16 MiB of empty headers as some 300 MiB of views.
inline constexpr std::int32_t kHeadersPerRecordMax = 65'536;

enum class TimestampType { kCreateTime, kAppendTime };

struct BatchHeader {
  Offset base_offset;
  std::int32_t length = 0;  // of all after the length field
  LeaderEpoch leader_epoch;
  std::uint32_t crc = 0;
  Codec codec = Codec::kNone;
  TimestampType timestamp_type = TimestampType::kCreateTime;
  bool transactional = false;
  bool control = false;
  bool has_delete_horizon = false;
  std::int32_t last_offset_delta = 0;
  TimestampMs base_timestamp;
  TimestampMs max_timestamp;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  std::int32_t record_count = 0;

  Offset last_offset() const { return base_offset + last_offset_delta; }
  Offset next_offset() const { return last_offset() + 1; }
  std::size_t size_bytes() const { return kBatchPrefixBytes + static_cast<std::size_t>(length); }
};

// Reads and bounds the header at the start of `bytes`: magic, length (61 - 12 .. kBatchBytesMax -
// 12), known codec and attribute bits, counts not negative, last offset delta >= count - 1 (equal
// in all but compacted batches). Needs kBatchHeaderBytes; does not need the records, and does not
// check the CRC. kCorrupt with what is wrong; kUnsupported for a magic other than 2.
Result<BatchHeader> ParseBatchHeader(ByteView bytes);

// ParseBatchHeader, and: `batch` is exactly one whole batch, and its CRC is right. Does not
// decompress.
Result<BatchHeader> VerifyBatch(ByteView batch);

// Write in place the two fields outside of the checksum. `batch` holds at least the header.
void SetBaseOffset(char* batch, Offset base_offset);
void SetLeaderEpoch(char* batch, LeaderEpoch epoch);

// Writes all kBatchHeaderBytes of the header as `header` says, checksum included.
void WriteBatchHeader(char* batch, const BatchHeader& header);
// Ends the making or changing of a batch of `size_bytes` (up to kBatchBytesMax): writes the length
// and the checksum of what stands there.
void SealBatch(char* batch, std::size_t size_bytes);

}  // namespace logboom::record
