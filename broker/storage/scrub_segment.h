// Reads a sealed segment again, piece by piece, to find what has rotted before somebody needs it.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "broker/storage/unreadable_range.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"
#include "lib/segment/leader_epoch_checkpoint.h"
#include "lib/segment/seal.h"
#include "lib/segment/segment_totals.h"

namespace logboom::broker {

// How far a segment has been read.
struct ScrubPoint {
  FilePosition position;
  Offset next_offset;
  LeaderEpoch epoch_min{-1};
  segment::SegmentTotals totals;
  bool damaged = false;
};

struct ScrubTask {
  std::string directory;
  Offset base_offset;
  Offset next_offset;  // where the next segment begins
  std::int64_t size_bytes = 0;
  segment::LeaderEpochs epochs;
  ScrubPoint from;
};

struct ScrubOutcome {
  ScrubPoint reached;
  bool finished = false;  // with the segment
  // The file is gone, or another one by now (retention, rewriting): nothing was looked at.
  bool changed = false;
  std::int64_t bytes_read = 0;
  std::vector<UnreadableRange> unreadable;
  std::vector<std::string> findings;  // what else is wrong, each a sentence
  bool indexes_are_wrong = false;     // they can be made anew
  // Where the segment's seal is missing or broken, and its log sound: what belongs there.
  std::optional<segment::Seal> fresh_seal;
};

// Verifies the batches of about `bytes_max` bytes: checksums, and the fields outside of them; at
// the segment's end its seal, and the files beside its log. Reads from the device: what was cached
// is dropped first, and again behind. Any thread; the files do not change but for their names.
ScrubOutcome ScrubSegment(file::FileSystem& fs, const ScrubTask& task, std::int64_t bytes_max,
                          const std::stop_token& stop);

}  // namespace logboom::broker
