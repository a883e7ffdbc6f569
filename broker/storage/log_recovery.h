// Recovery of a partition after an unclean end: which prefix of its log is kept.
//
// 1. Trust. Everything before the newer of these is known to have been synced: the manifest's
//    recovery point, and the end of the last segment with a valid seal (a seal is written after its
//    log's sync). The scan starts there.
// 2. The logs from there on are synced, their cached pages dropped, so that what is judged is what
//    the device holds; then all batches are verified, in offset order across segments.
// 3. At the first bad batch the log is cut. Where the rest is one incomplete batch, or zeros, it is
//    what a kill leaves behind the last sync, and goes. Else it may hold records that were acked:
//    it is copied to quarantine, later segments are moved there, and the leader epoch rises first.
//    An epoch above the one that is known for its offset is no reason to cut: epochs are on the
//    disk before batches have them, and a batch's is outside of its checksum. Readers are told.
// 4. Offsets below the trusted end are never given out again, even if their records are gone: then
//    the log goes on behind the hole, which is told.
// Nothing below the trusted point is looked at: damage there is bit rot, for readers and scrub.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "broker/storage/active_segment.h"
#include "broker/storage/data_directory.h"
#include "broker/storage/partition_log.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"
#include "lib/segment/leader_epoch_checkpoint.h"

namespace logboom::broker {

// The .log files of a directory, by base offset.
Result<std::vector<FoundSegment>> FindSegments(file::FileSystem& fs, const std::string& directory);

struct RecoveryInput {
  std::string directory;
  std::string quarantine;  // the root
  std::optional<PartitionCheckpoint> checkpoint;
  Offset log_start;
  Offset holes_end;  // segments that begin below it may be compacted
  TimestampMs now;
  std::function<void(std::int64_t)> progress;
};

struct RecoveredLog {
  // Kept, and not looked at. The last `unsealed` of them have no valid seal.
  std::vector<FoundSegment> trusted;
  std::size_t unsealed = 0;
  // Kept, and scanned: they follow.
  std::vector<SegmentAsFound> scanned;
  // Where the next record goes. Where that is not the end of the last scanned segment (none was
  // scanned, or records that were synced once are gone), a new segment begins there.
  Offset next_offset;
  // Up to here the records are what they were; where next_offset is above it, there is a hole.
  Offset sound_until;
  // Of those scanned.
  std::optional<Offset> first_producer_batch;
  RecoveryReport report;
  std::vector<UnreadableRange> unreadable;
};

// `segments` is not empty. Raises `epochs` (durably) where the cut may have changed what was
// served. On return names that were moved or removed are not synced yet in the partition's
// directory, nor are the kept logs: the caller does both.
Result<RecoveredLog> RecoverLog(file::FileSystem& fs, const RecoveryInput& input,
                                std::vector<FoundSegment> segments, segment::LeaderEpochs& epochs);

// The last block of a log may hold batches of a run before behind the end of the file: written, and
// their size was not. ext4 shows them once it has kept the size, and not the bytes, of what is
// appended over them: then batches that were found gone would be back after the next power loss.
// Overwrites what may be there; true where the file must be synced ahead of the next append.
Result<bool> WipeBehindEnd(file::FileSystem& fs, const std::string& path);

}  // namespace logboom::broker
