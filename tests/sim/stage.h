// What all that takes part in a run stands on.
#pragma once

#include "lib/base/random.h"
#include "lib/base/types.h"
#include "lib/transport/inproc_transport.h"
#include "tests/sim/faults.h"
#include "tests/sim/invariants.h"
#include "tests/sim/options.h"
#include "tests/sim/trace.h"

namespace logboom::sim {

inline constexpr const char* kBrokerAddress = "broker";

// Time as one machine sees it: one monotonic clock for all, and a wall clock of its own that jumps.
class Clocks {
 public:
  MonotonicMs monotonic() const { return monotonic_; }
  Instant At(std::int64_t skew_ms) const {
    return {TimestampMs{kStartMs + monotonic_.value() + skew_ms}, monotonic_};
  }
  void Pass(std::int64_t ms) { monotonic_ += ms; }

 private:
  static constexpr std::int64_t kStartMs = 1'790'000'000'000;
  MonotonicMs monotonic_{100'000};
};

// One owner (the world), one thread.
struct Stage {
  explicit Stage(const SimOptions& drawn) : options(drawn), random(drawn.seed) {}

  const SimOptions options;
  SeededRandom random;  // for faults and acts; programs have their own
  Clocks clocks;
  transport::InprocNetwork network{transport::InprocWait::kReturnsAtOnce};
  Trace trace;
  FaultCounts faults;
  Verdict verdict;

  bool OneIn(std::uint64_t count) { return random.Below(count) == 0; }
  // Whether this kind may happen in this run; then it is counted, and told.
  template <typename... Args>
  void Happened(Fault fault, fmt::format_string<Args...> format, Args&&... args) {
    faults.Count(fault);
    trace.Event(clocks.monotonic(), "{}: {}", FaultName(fault),
                fmt::format(format, std::forward<Args>(args)...));
  }
};

}  // namespace logboom::sim
