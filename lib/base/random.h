// Randomness as an argument, so that a simulator can replay it from a seed.
#pragma once

#include <cstdint>

namespace logboom {

// Not for secrets. One owner, one thread.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t Next() = 0;
  // Uniform in [0, bound); bound > 0.
  std::uint64_t Below(std::uint64_t bound) { return Next() % bound; }
};

// xoshiro256** by Blackman and Vigna (prng.di.unimi.it), seeded through splitmix64: the same seed
// gives the same numbers on every machine.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);
  std::uint64_t Next() override;

 private:
  std::uint64_t state_[4];
};

// The operating system's: getrandom(2), 256 bytes at a time.
class SystemRandom final : public Random {
 public:
  std::uint64_t Next() override;

 private:
  std::uint64_t buffer_[32];
  unsigned used_ = 32;
};

}  // namespace logboom
