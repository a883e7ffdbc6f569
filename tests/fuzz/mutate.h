// Changes bytes by seed, a little each time.
#pragma once

#include <string>

#include "lib/base/bytes.h"
#include "lib/base/random.h"

namespace logboom::fuzz {

inline void FlipBits(Random& random, Bytes& bytes, std::size_t from = 0) {
  for (std::uint64_t i = 1 + random.Below(4); i > 0 && bytes.size() > from; --i) {
    char& byte = bytes[from + random.Below(bytes.size() - from)];
    byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << random.Below(8)));
  }
}

inline void Overwrite(Random& random, Bytes& bytes, std::size_t from = 0) {
  for (std::uint64_t i = 1 + random.Below(8); i > 0 && bytes.size() > from; --i) {
    bytes[from + random.Below(bytes.size() - from)] = static_cast<char>(random.Next());
  }
}

inline void CutOrInsert(Random& random, Bytes& bytes, std::size_t from = 0) {
  const std::size_t at = from + random.Below(bytes.size() - from + 1);
  if (random.Below(2) == 0) {
    bytes.erase(at, random.Below(20));
  } else {
    bytes.insert(at, Bytes(1 + random.Below(20), static_cast<char>(random.Next())));
  }
}

// One of the above, or a cut; what stands before `from` stays.
inline void Mutate(Random& random, Bytes& bytes, std::size_t from = 0) {
  switch (random.Below(4)) {
    case 0: FlipBits(random, bytes, from); break;
    case 1: Overwrite(random, bytes, from); break;
    case 2: CutOrInsert(random, bytes, from); break;
    default: bytes.resize(from + random.Below(bytes.size() - from + 1)); break;
  }
}

}  // namespace logboom::fuzz
