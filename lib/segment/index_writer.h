// Writes .index and .timeindex beside a growing log, by Kafka's rule: where more than
// kIndexIntervalBytes were appended since the last entry, the batch gets one in .index, and
// .timeindex one where the largest create time has grown.
#pragma once

#include <cstdint>

#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/record/batch_header.h"
#include "lib/segment/offset_index.h"
#include "lib/segment/segment_totals.h"
#include "lib/segment/time_index.h"

namespace logboom::segment {

// One owner, one thread. An entry that cannot be written (a full disk) is left out, and the next
// batch gets it: a sparser index is still right.
class IndexWriter {
 public:
  IndexWriter(OffsetIndex offsets, TimeIndex times);

  // The batch at `position`; `totals` include it.
  Status Add(const record::BatchHeader& header, FilePosition position, const SegmentTotals& totals);
  // Before the segment is sealed: the largest create time gets its entry, and torn entries go.
  Status Finish(const SegmentTotals& totals);

  bool full() const;
  const OffsetIndex& offsets() const { return offsets_; }
  const TimeIndex& times() const { return times_; }
  OffsetIndex& offsets() { return offsets_; }
  TimeIndex& times() { return times_; }

 private:
  Status AddTime(const SegmentTotals& totals);

  OffsetIndex offsets_;
  TimeIndex times_;
  std::int64_t bytes_since_entry_ = 0;
};

}  // namespace logboom::segment
