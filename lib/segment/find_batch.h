// Looks for the next whole batch behind damaged bytes.
#pragma once

#include <optional>

#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"
#include "lib/record/batch_header.h"
#include "lib/segment/log_walk.h"

namespace logboom::segment {

struct FoundBatch {
  record::BatchHeader header;
  FilePosition position;
};

// The first position in [begin, end) at which a batch stands whose checksum is right, whose offsets
// and epoch are at or above what is expected, and behind which the next batch follows, or the end.
// The last condition keeps out bytes of a record that look like a batch. Nothing: there is none.
Result<std::optional<FoundBatch>> FindBatch(const file::File& log, FilePosition begin,
                                            FilePosition end, const Expectation& expected);

// Whether [begin, end) is zeros throughout.
Result<bool> IsZeros(const file::File& log, FilePosition begin, FilePosition end);

}  // namespace logboom::segment
