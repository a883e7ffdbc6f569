#include "lib/display/human.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace logboom::display {

std::string HumanBytes(double bytes) {
  constexpr std::array<std::string_view, 6> kUnits = {"B", "kB", "MB", "GB", "TB", "PB"};
  std::size_t unit = 0;
  // 999.95 would be shown as 1000.0.
  while (unit + 1 < kUnits.size() && bytes >= (unit == 0 ? 1000.0 : 999.95)) {
    bytes /= 1000;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", bytes, unit == 0 ? 0 : 1, kUnits[unit]);
}

std::string HumanCount(std::uint64_t count) {
  const std::string digits = std::to_string(count);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

std::string HumanCount(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", HumanCount(count), noun, count == 1 ? "" : "s");
}

std::string HumanSpan(std::int64_t ms) {
  if (ms < 1'000) return fmt::format("{} ms", ms);
  const std::int64_t seconds = ms / 1'000;
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3'600) return fmt::format("{} m", seconds / 60);
  if (seconds < 86'400) return fmt::format("{} h", seconds / 3'600);
  return fmt::format("{} d", seconds / 86'400);
}

std::string HumanAgo(std::optional<TimestampMs> time, TimestampMs now) {
  if (!time || time->value() < 0) return "never";
  const std::int64_t ms = now - *time;
  return ms < 1'000 ? "now" : HumanSpan(ms) + " ago";
}

}  // namespace logboom::display
