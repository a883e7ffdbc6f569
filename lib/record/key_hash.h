// A record's key as 16 bytes: for maps of keys that must not hold the keys.
#pragma once

#include <cstdint>

#include "lib/base/bytes.h"

namespace logboom::record {

struct KeyHash {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const KeyHash&, const KeyHash&) = default;
};

// XXH3-128. Two keys of a map of a billion are taken for one with a chance of 10^-21; a `seed` that
// nobody knows keeps others from making such pairs.
KeyHash HashKey(ByteView key, std::uint64_t seed);

}  // namespace logboom::record
