#include "lib/daemon/log_limiter.h"

#include <fmt/format.h>

#include <algorithm>

namespace logboom::daemon {

std::optional<std::string> LogLimiter::Admit(std::string_view message, MonotonicMs now) {
  const auto found = seen_.find(message);
  if (found == seen_.end()) {
    if (seen_.size() == kMessagesMax) ForgetOldest();
    seen_.emplace(std::string(message), Seen{.logged = now});
    return std::string(message);
  }
  Seen& seen = found->second;
  if (now - seen.logged < interval_.count()) {
    ++seen.held_back;
    return std::nullopt;
  }
  const std::uint64_t held_back = seen.held_back;
  seen = Seen{.logged = now};
  if (held_back == 0) return std::string(message);
  return fmt::format("{} (and {} more times)", message, held_back);
}

void LogLimiter::ForgetOldest() {
  const auto oldest = std::min_element(
      seen_.begin(), seen_.end(),
      [](const auto& a, const auto& b) { return a.second.logged < b.second.logged; });
  seen_.erase(oldest);
}

}  // namespace logboom::daemon
