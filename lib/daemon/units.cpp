#include "lib/daemon/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>

namespace logboom::daemon {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

// "ms" stands before "m" and "s": the first that matches is taken.
constexpr std::array<Unit, 5> kDurationUnits = {
    {{"ms", 1}, {"d", kDay}, {"h", kHour}, {"m", kMinute}, {"s", kSecond}}};

constexpr std::int64_t kKibi = 1024;
constexpr std::array<Unit, 9> kByteUnits = {{{"KiB", kKibi},
                                             {"MiB", kKibi* kKibi},
                                             {"GiB", kKibi* kKibi* kKibi},
                                             {"TiB", kKibi* kKibi* kKibi* kKibi},
                                             {"kB", 1'000},
                                             {"MB", 1'000'000},
                                             {"GB", 1'000'000'000},
                                             {"TB", 1'000'000'000'000},
                                             {"B", 1}}};

// Takes the digits at the start of `text` off it.
std::optional<std::int64_t> TakeNumber(std::string_view& text) {
  std::int64_t number = 0;
  if (text.empty() || text.front() == '-') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

template <std::size_t N>
std::optional<std::int64_t> TakeUnit(const std::array<Unit, N>& units, std::string_view& text) {
  for (const Unit& unit : units) {
    if (text.starts_with(unit.name)) {
      text.remove_prefix(unit.name.size());
      return unit.factor;
    }
  }
  return std::nullopt;
}

std::optional<double> TakeDecimal(std::string_view& text) {
  double number = 0;
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

}  // namespace

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds(0);
  if (text.empty()) return std::nullopt;
  std::int64_t sum = 0;
  while (!text.empty()) {
    const auto number = TakeNumber(text);
    if (!number) return std::nullopt;
    const auto factor = TakeUnit(kDurationUnits, text);
    std::int64_t part = 0;
    if (!factor || __builtin_mul_overflow(*number, *factor, &part) ||
        __builtin_add_overflow(sum, part, &sum)) {
      return std::nullopt;
    }
  }
  return std::chrono::milliseconds(sum);
}

std::optional<std::int64_t> ParseByteCount(std::string_view text) {
  std::string_view rest = text;
  if (const auto whole = TakeNumber(rest); whole && rest.empty()) return *whole;
  rest = text;
  const auto number = TakeDecimal(rest);
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  const auto factor = TakeUnit(kByteUnits, rest);
  if (!number || !factor || !rest.empty()) return std::nullopt;
  const double bytes = *number * static_cast<double>(*factor);
  if (bytes >= static_cast<double>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  return static_cast<std::int64_t>(bytes);
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  const std::int64_t count = duration.count();
  if (count == 0) return "0";
  for (const Unit& unit :
       {Unit{"d", kDay}, Unit{"h", kHour}, Unit{"m", kMinute}, Unit{"s", kSecond}}) {
    if (count % unit.factor == 0) return fmt::format("{}{}", count / unit.factor, unit.name);
  }
  return fmt::format("{}ms", count);
}

std::string FormatByteCount(std::int64_t bytes) {
  if (bytes == 0) return "0";
  for (std::size_t i = 4; i > 0; --i) {
    const Unit& unit = kByteUnits[i - 1];
    if (bytes % unit.factor == 0) return fmt::format("{}{}", bytes / unit.factor, unit.name);
  }
  return fmt::format("{}", bytes);
}

}  // namespace logboom::daemon
