#include "lib/daemon/clock.h"

#include <chrono>

namespace logboom::daemon {
namespace {

template <typename Clock>
std::int64_t Milliseconds() {
  const auto since = Clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

}  // namespace

Instant Now() {
  return {TimestampMs(Milliseconds<std::chrono::system_clock>()),
          MonotonicMs(Milliseconds<std::chrono::steady_clock>())};
}

}  // namespace logboom::daemon
