// What every codec says of input whose decompressed form goes beyond its bound.
#pragma once

#include <cstddef>

#include "lib/base/result.h"

namespace logboom::record {

inline Error TooLarge(std::size_t size_max) {
  return Fail(ErrorCode::kLimit,
              "decompressed, it is larger than {} bytes, the most that is allowed", size_max);
}

}  // namespace logboom::record
