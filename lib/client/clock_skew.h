// How far this machine's wall clock is from the broker's, as the answers tell: the broker read its
// clock at some moment of the round trip, and the middle is taken for it. So it is right to half of
// the round trip.
#pragma once

#include <chrono>
#include <optional>

#include "lib/base/types.h"

namespace logboom::client {

// A value; one thread.
class ClockSkew {
 public:
  // Of longer round trips nothing is learned.
  static constexpr std::int64_t kRoundTripMsMax = 2'000;

  void Answered(const Instant& sent, const Instant& received, TimestampMs broker) {
    const std::int64_t round_trip_ms = received.monotonic - sent.monotonic;
    if (round_trip_ms < 0 || round_trip_ms > kRoundTripMsMax) return;
    newest_ = std::chrono::milliseconds(sent.wall + round_trip_ms / 2 - broker);
  }
  // This clock less the broker's; nothing where none is known.
  std::optional<std::chrono::milliseconds> newest() const { return newest_; }

 private:
  std::optional<std::chrono::milliseconds> newest_;
};

}  // namespace logboom::client
