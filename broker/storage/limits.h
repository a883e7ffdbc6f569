// The room's limits, in one place.
#pragma once

#include <cstddef>
#include <cstdint>

namespace logboom::broker {

// Blocks of an active segment are reserved ahead in steps of its own size, within these bounds, so
// that a sync need not allocate, and a thousand small partitions do not hold gigabytes.
inline constexpr std::int64_t kPreallocateBytesMin = 64 * 1024;
inline constexpr std::int64_t kPreallocateBytesMax = std::int64_t{8} << 20U;
// Files of an active segment that is awake: log, two indexes, append times.
inline constexpr std::size_t kActiveSegmentFiles = 4;
// Files of a sealed segment that is read: the same.
inline constexpr std::size_t kSealedSegmentFiles = 4;
// Sealed segments of one log whose files are held open.
inline constexpr std::size_t kOpenSegmentsMax = 64;
// Readers of one log whose next position is remembered.
inline constexpr std::size_t kReadPositionsMax = 16;
// Ranges that unreadable() keeps; more are dropped, the first are the oldest.
inline constexpr std::size_t kUnreadableRangesMax = 1024;
// Batches of a producer that a duplicate is recognised by with its offset, as Kafka's; a client has
// no more of a partition under way.
inline constexpr std::size_t kProducerBatchesKept = 5;
// Idempotent producers that one partition remembers; of more the most silent go first.
inline constexpr std::size_t kProducersMax = 10'000;
// After which a silent one is forgotten. Kafka's is a day: too short for a job that runs once a
// week-end, and what is kept of one is 46 bytes.
inline constexpr std::int64_t kProducerExpiryMs = 7LL * 24 * 60 * 60 * 1000;
// Snapshots of them that are kept, against damage of the newest.
inline constexpr std::size_t kProducerSnapshotsKept = 3;
// Files synced at the same time, the commit thread's own included.
inline constexpr std::size_t kSyncThreadsMax = 4;
// Of batches that are rewritten. Slow: it is done once, niced, and what it saves stays saved.
inline constexpr int kRewriteZstdLevel = 9;
// Of batches that are compacted: again with every pass.
inline constexpr int kCompactionZstdLevel = 3;

}  // namespace logboom::broker
