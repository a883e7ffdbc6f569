// <base>.seal: what a finished segment holds. Written only after its log was synced, so that a
// valid seal proves that the log was whole on disk: recovery need not look below it, and whatever
// is wrong there is bit rot. docs/formats/side-cars.md.
#pragma once

#include <string>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"
#include "lib/segment/index_sums.h"
#include "lib/segment/log_walk.h"
#include "lib/segment/segment_totals.h"

namespace logboom::segment {

struct Seal {
  Offset base_offset;
  Offset next_offset;
  SegmentTotals totals;
  TimestampMs max_append_time{-1};
  bool compacted = false;  // compaction removed records
  // And their offsets are in no batch: a batch may begin above the end of the one before it.
  bool holes = false;
  // Its small batches were put together, once and for all.
  bool rewritten = false;
  IndexSums sums = {};  // of the files beside the log
  friend bool operator==(const Seal&, const Seal&) = default;
};

inline OffsetRule RuleOf(const Seal& seal) {
  return seal.holes ? OffsetRule::kGrowing : OffsetRule::kContiguous;
}

Bytes EncodeSeal(const Seal& seal);
Result<Seal> DecodeSeal(ByteView bytes);
// Of the segment that begins at `base_offset`; kNotFound where it has none.
Result<Seal> ReadSeal(file::FileSystem& fs, const std::string& directory, Offset base_offset);

}  // namespace logboom::segment
