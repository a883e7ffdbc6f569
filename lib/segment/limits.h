// The room's limits, in one place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace logboom::segment {

// A batch gets an entry in .index where more than this was appended since the last entry (Kafka's
// index.interval.bytes).
inline constexpr std::int64_t kIndexIntervalBytes = 4096;
// Kafka's segment.index.bytes: a segment whose .index is full is rolled.
inline constexpr std::int64_t kOffsetIndexBytesMax = std::int64_t{10} << 20U;
// File positions are 32 bits in .index.
inline constexpr std::int64_t kSegmentBytesMax = std::numeric_limits<std::int32_t>::max();
// So are offsets, counted from the segment's base.
inline constexpr std::int64_t kRelativeOffsetMax = std::numeric_limits<std::int32_t>::max();
// One entry in .appendtime covers at least this.
inline constexpr std::int64_t kAppendTimeIntervalMs = 1000;
// What a side-car (.seal, .sources, the manifest) may hold; a reader refuses more before it
// allocates.
inline constexpr std::size_t kSideCarBytesMax = std::size_t{64} << 20U;
// What is read of an index or .appendtime in one go, for its checksum.
inline constexpr std::size_t kIndexFileBytesMax = std::size_t{64} << 20U;
// Text files: partition.metadata, leader-epoch-checkpoint.
inline constexpr std::size_t kTextBytesMax = std::size_t{1} << 20U;

}  // namespace logboom::segment
