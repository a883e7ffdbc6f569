// <offset>.snapshot: what is known of a partition's idempotent producers as of that offset, in
// Kafka's own format, version 1, big endian:
//
//   version i16 = 1 | CRC-32C u32 of all that follows | count i32 | entries of 46 bytes:
//   producer id i64 | epoch i16 | last sequence i32 | last offset i64 | offset delta i32 |
//   timestamp i64 | coordinator epoch i32 | first offset of its transaction i64
//
// docs/formats/producer-snapshot.md. A reader believes all of it or nothing. Source: Kafka's
// ProducerStateManager.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"

namespace logboom::segment {

inline constexpr std::size_t kProducerSnapshotHeaderBytes = 10;
inline constexpr std::size_t kProducerSnapshotEntryBytes = 46;
// A reader refuses more before it allocates.
inline constexpr std::size_t kProducerSnapshotBytesMax = std::size_t{64} << 20U;

// A producer and its newest batch.
struct ProducerSnapshotEntry {
  std::int64_t producer_id = 0;
  std::int16_t epoch = 0;
  std::int32_t last_sequence = -1;  // -1: no batch
  Offset last_offset{-1};
  std::int32_t offset_delta = 0;  // last offset - base offset of the batch
  TimestampMs timestamp{-1};      // ours: when the batch was appended
  // Of transactions, which Logboom has none of.
  std::int32_t coordinator_epoch = -1;
  std::int64_t transaction_first_offset = -1;

  friend bool operator==(const ProducerSnapshotEntry&, const ProducerSnapshotEntry&) = default;
};

Bytes EncodeProducerSnapshot(std::span<const ProducerSnapshotEntry> entries);

// In the order of the file. kCorrupt, or kUnsupported for another version.
Result<std::vector<ProducerSnapshotEntry>> DecodeProducerSnapshot(ByteView bytes);

// Of a file, whose name says that nothing in it is at or above `offset`; kNotFound where there is
// none. Messages name the path.
Result<std::vector<ProducerSnapshotEntry>> ReadProducerSnapshot(file::FileSystem& fs,
                                                                const std::string& directory,
                                                                Offset offset);

}  // namespace logboom::segment
