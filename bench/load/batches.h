// Batches made before the clock runs, so that a bench of the broker measures the broker.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/result.h"

namespace logboom::load {

struct Batches {
  std::vector<Bytes> batches;
  std::size_t bytes = 0;      // of all of them, as sent
  std::size_t raw_bytes = 0;  // of their lines
};

// The lines of `file` in zstd batches of about `batch_raw_bytes` of raw records. kInvalid where it
// has none.
Result<Batches> MakeBatches(const std::string& file, std::size_t batch_raw_bytes);

}  // namespace logboom::load
