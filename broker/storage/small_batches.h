// Whether it pays to put the batches of a finished segment together.
#pragma once

#include <cstdint>
#include <string>

#include "broker/storage/segment_copy.h"
#include "lib/base/result.h"
#include "lib/file/file_system.h"

namespace logboom::broker {

struct RewriteLimits {
  // What a rewritten batch aims at, raw.
  std::size_t batch_raw_bytes = std::size_t{256} << 10U;
  // Segments whose batches hold less than this on average, raw, are rewritten.
  std::size_t small_batch_raw_bytes = std::size_t{64} << 10U;
  // Smaller segments are not worth a handful of syncs.
  std::int64_t segment_bytes_min = std::int64_t{64} << 10U;
};

enum class RewriteVerdict { kPays, kKeep };

// Reads the seal, and a few batches here and there: the answer is an estimate. kKeep for what was
// rewritten before, what has no valid seal, and where most batches can't be merged. Any thread.
Result<RewriteVerdict> JudgeRewriting(file::FileSystem& fs, const std::string& directory,
                                      const CopySource& source, const RewriteLimits& limits);

}  // namespace logboom::broker
