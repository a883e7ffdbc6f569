// How long to wait before the next try: full jitter, so that ten thousand clients of one restarted
// broker come back spread out.
#pragma once

#include <chrono>
#include <cstdint>

#include "lib/base/random.h"

namespace logboom::client {

// One owner, one thread.
class Backoff {
 public:
  static constexpr std::chrono::milliseconds kFirst{100};
  static constexpr std::chrono::milliseconds kMax{30'000};

  explicit Backoff(Random& random) : random_(random) {}

  // Uniform in [0, cap]; the cap is 0.1 s at first and doubles up to 30 s.
  std::chrono::milliseconds Next();
  void Reset() { cap_ = kFirst; }

 private:
  Random& random_;
  std::chrono::milliseconds cap_ = kFirst;
};

}  // namespace logboom::client
