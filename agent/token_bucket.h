// How much of something may be used: so much a second, and what was saved up of at most a burst.
// What is used may be known only once it is used, so the balance may fall below zero: then nothing
// may be used until it is even again, and the rate holds over time.
#pragma once

#include <algorithm>
#include <cstdint>

#include "lib/base/types.h"

namespace logboom::agent {

// A value; one thread. A rate of 0 is no bound.
class TokenBucket {
 public:
  TokenBucket(std::int64_t per_second, std::int64_t burst)
      : per_second_(per_second), burst_milli_(burst * 1'000), balance_milli_(burst_milli_) {}

  bool bounded() const { return per_second_ > 0; }
  bool Open(MonotonicMs now) {
    Refill(now);
    return !bounded() || balance_milli_ > 0;
  }
  void Take(std::int64_t amount, MonotonicMs now) {
    Refill(now);
    if (bounded()) balance_milli_ -= amount * 1'000;
  }
  // When it is open, as far as is known by its last call; long ago where it is open now.
  MonotonicMs opens_at() const {
    if (!bounded() || balance_milli_ > 0) return {};
    return refilled_at_ + (-balance_milli_ / per_second_ + 1);
  }

 private:
  // A millisecond brings per_second thousandths.
  void Refill(MonotonicMs now) {
    const std::int64_t elapsed_ms = begun_ ? now - refilled_at_ : 0;
    begun_ = true;
    refilled_at_ = now;
    if (!bounded() || elapsed_ms <= 0) return;
    const std::int64_t lacking_milli = burst_milli_ - balance_milli_;
    const bool fills = elapsed_ms > lacking_milli / per_second_;
    balance_milli_ += fills ? lacking_milli : elapsed_ms * per_second_;
  }

  std::int64_t per_second_;
  std::int64_t burst_milli_;
  std::int64_t balance_milli_;
  bool begun_ = false;
  MonotonicMs refilled_at_;
};

}  // namespace logboom::agent
