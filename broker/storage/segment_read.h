// Reads whole batches out of one segment.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "broker/storage/batch_cursor.h"
#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"

namespace logboom::broker {

struct SegmentRead {
  Bytes bytes;         // empty: nothing left in the segment from the offset asked for
  Offset next_offset;  // one past the last record in `bytes`; the view's next_offset where empty
  FilePosition next_position;  // behind the last batch in `bytes`
  std::vector<UnreadableRange> unreadable;
};

// Whole, sound batches from the one that holds `from` (or the next after damage), up to `bytes_max`
// but at least one, in one read of the log. `position`: where the batch that begins with `from`
// should stand, from an earlier read; it is checked.
Result<SegmentRead> ReadBatches(const SegmentView& view, Offset from,
                                std::optional<FilePosition> position, std::size_t bytes_max);

}  // namespace logboom::broker
