// The vocabulary of a commit log, as types. Three integers look alike and are not:
//   Offset          the index of a record in its partition;
//   FilePosition    a byte in a segment file of the broker;
//   SourcePosition  a byte in a file that an agent tails (decompressed bytes for compressed files).
#pragma once

#include <cstdint>

#include "lib/base/strong_int.h"

namespace logboom {

using Offset = StrongInt<struct OffsetTag, std::int64_t>;
using FilePosition = StrongInt<struct FilePositionTag, std::int64_t>;
using SourcePosition = StrongInt<struct SourcePositionTag, std::int64_t>;
using PartitionIndex = StrongInt<struct PartitionIndexTag, std::int32_t>;
using LeaderEpoch = StrongInt<struct LeaderEpochTag, std::int32_t>;

// Milliseconds since 1970-01-01 UTC, from the wall clock. Stored and shown; never used to measure a
// span of time, because the wall clock jumps.
using TimestampMs = StrongInt<struct TimestampTag, std::int64_t>;

// Milliseconds of the monotonic clock. Timers and timeouts use it alone; it means nothing outside
// of this boot.
using MonotonicMs = StrongInt<struct MonotonicTag, std::int64_t>;

// Time as logic takes it: an argument, never read from a clock inside a library.
struct Instant {
  TimestampMs wall;
  MonotonicMs monotonic;
};

}  // namespace logboom
