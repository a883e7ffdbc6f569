// Keeps a message that comes again and again from filling the log: the same text is let through at
// most once an interval, and then says how often it was held back.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/types.h"

namespace logboom::daemon {

// One owner, one thread. Remembers at most kMessagesMax texts; beyond that the oldest is forgotten.
class LogLimiter {
 public:
  static constexpr std::size_t kMessagesMax = 256;

  explicit LogLimiter(std::chrono::milliseconds interval) : interval_(interval) {}

  // What to log: the message, with " (and N more times)" where some were held back; nothing where
  // this one is held back.
  std::optional<std::string> Admit(std::string_view message, MonotonicMs now);

 private:
  struct Seen {
    MonotonicMs logged;
    std::uint64_t held_back = 0;
  };
  void ForgetOldest();

  std::chrono::milliseconds interval_;
  std::map<std::string, Seen, std::less<>> seen_;
};

}  // namespace logboom::daemon
