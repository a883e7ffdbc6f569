// The room's limits, in one place.
#pragma once

#include <cstddef>
#include <cstdint>

namespace logboom::broker {

// Blocks of an active segment are reserved ahead in steps of its own size, within these bounds, so
// that a sync need not allocate, and a thousand small partitions do not hold gigabytes.
inline constexpr std::int64_t kPreallocateBytesMin = 64 * 1024;
inline constexpr std::int64_t kPreallocateBytesMax = std::int64_t{8} << 20U;
// Sealed segments of one log whose files are held open.
inline constexpr std::size_t kOpenSegmentsMax = 64;
// Readers of one log whose next position is remembered.
inline constexpr std::size_t kReadPositionsMax = 16;
// Ranges that unreadable() keeps; more are dropped, the first are the oldest.
inline constexpr std::size_t kUnreadableRangesMax = 1024;
// Files synced at the same time, the commit thread's own included.
inline constexpr std::size_t kSyncThreadsMax = 4;

}  // namespace logboom::broker
