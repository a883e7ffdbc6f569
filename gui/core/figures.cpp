#include "gui/core/figures.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string_view>

#include "lib/display/human.h"

namespace logboom::gui {
namespace {

constexpr std::array<std::string_view, 5> kPrefixes = {"", "k", "M", "G", "T"};

struct Scaled {
  double value;
  std::size_t prefix;
};

Scaled Scale(double value) {
  std::size_t prefix = 0;
  while (prefix + 1 < kPrefixes.size() && std::abs(value) >= 999.5) {
    value /= 1'000;
    ++prefix;
  }
  return {value, prefix};
}

std::string ThreeDigits(double value) {
  const double size = std::abs(value);
  if (size < 0.05) return "0";
  return fmt::format("{:.{}f}", value, size < 99.95 && value != std::floor(value) ? 1 : 0);
}

std::string TwoUnits(std::int64_t seconds, std::int64_t large, const char* large_name,
                     std::int64_t small, const char* small_name) {
  const std::int64_t rest = seconds % large / small;
  if (rest == 0) return fmt::format("{} {}", seconds / large, large_name);
  return fmt::format("{} {} {} {}", seconds / large, large_name, rest, small_name);
}

}  // namespace

Figure CountFigure(double count) {
  const Scaled scaled = Scale(count);
  return {ThreeDigits(scaled.value), std::string(kPrefixes[scaled.prefix])};
}

Figure RateFigure(double per_second) {
  const Figure figure = CountFigure(per_second);
  return {figure.number, figure.unit + "/s"};
}

Figure BytesFigure(double bytes, const std::string& suffix) {
  const Scaled scaled = Scale(bytes);
  return {ThreeDigits(scaled.value), std::string(kPrefixes[scaled.prefix]) + "B" + suffix};
}

std::string SpanText(std::int64_t ms) {
  const std::int64_t seconds = ms / 1'000;
  if (seconds < 60) return display::HumanSpan(ms);
  if (seconds < 3'600) return TwoUnits(seconds, 60, "m", 1, "s");
  if (seconds < 86'400) return TwoUnits(seconds, 3'600, "h", 60, "m");
  return TwoUnits(seconds, 86'400, "d", 3'600, "h");
}

}  // namespace logboom::gui
