// What an input that is no file could not take, and nobody sends again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace logboom::agent {

enum class Loss : std::uint8_t {
  kBufferFull,       // a datagram that found no room in the kernel's buffer
  kTooLarge,         // the end of a datagram that is longer than one may be
  kConnectionLimit,  // a connection that was closed to make room for another
};
inline constexpr std::array kAllLosses = {Loss::kBufferFull, Loss::kTooLarge,
                                          Loss::kConnectionLimit};
inline constexpr std::size_t kLosses = kAllLosses.size();
// By Loss.
using Losses = std::array<std::uint64_t, kLosses>;

// The label `reason` of logboom_agent_syslog_dropped_total.
inline std::string_view ReasonOf(Loss loss) {
  switch (loss) {
    case Loss::kBufferFull: return "buffer_full";
    case Loss::kTooLarge: return "too_large";
    case Loss::kConnectionLimit: return "connection_limit";
  }
  return "";
}

}  // namespace logboom::agent
