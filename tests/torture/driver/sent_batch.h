#pragma once

#include <cstddef>
#include <cstdint>

namespace logboom::torture {

// Numbers [first, first + records).
struct SentBatch {
  std::uint64_t first = 0;
  std::uint32_t records = 0;
  std::size_t bytes = 0;
  std::int64_t sent_ms = 0;  // of a clock that only rises; for tombstones
};

}  // namespace logboom::torture
