#include "lib/client/backoff.h"

#include <algorithm>

namespace logboom::client {

std::chrono::milliseconds Backoff::Next() {
  const auto cap = static_cast<std::uint64_t>(cap_.count());
  cap_ = std::min(cap_ * 2, kMax);
  return std::chrono::milliseconds{random_.Below(cap + 1)};
}

}  // namespace logboom::client
