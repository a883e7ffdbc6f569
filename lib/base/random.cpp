#include "lib/base/random.h"

#include <sys/random.h>

#include <bit>

#include "lib/base/check.h"

namespace logboom {

SeededRandom::SeededRandom(std::uint64_t seed) {
  for (std::uint64_t& word : state_) {
    seed += 0x9E3779B97F4A7C15U;
    std::uint64_t z = seed;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    word = z ^ (z >> 31U);
  }
}

std::uint64_t SeededRandom::Next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17U;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t SystemRandom::Next() {
  if (used_ == 32) {
    // Up to 256 bytes are never cut short or interrupted (getrandom(2)).
    CHECK(getrandom(buffer_, sizeof(buffer_), 0) == static_cast<ssize_t>(sizeof(buffer_)));
    used_ = 0;
  }
  return buffer_[used_++];
}

}  // namespace logboom
