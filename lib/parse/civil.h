// The calendar of civil life (proleptic Gregorian), as plain numbers.
#pragma once

#include <chrono>
#include <cstdint>

namespace logboom::parse {

inline constexpr std::int64_t kSecondsADay = 86'400;

// Days from 1970-01-01; of any month 1 to 12 and any day, also one that its month has not.
constexpr std::int64_t DaysOf(int year, int month, int day) {
  const std::chrono::year_month_day first(std::chrono::year(year),
                                          std::chrono::month(static_cast<unsigned>(month)),
                                          std::chrono::day(1));
  return std::chrono::sys_days(first).time_since_epoch().count() + day - 1;
}

constexpr int DaysInMonth(int year, int month) {
  const std::chrono::year_month_day_last last(
      std::chrono::year(year),
      std::chrono::month_day_last(std::chrono::month(static_cast<unsigned>(month))));
  return static_cast<int>(static_cast<unsigned>(last.day()));
}

// Toward minus infinity, also before 1970.
constexpr std::int64_t FloorDivide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

// The year that a second since 1970 lies in.
constexpr int YearOf(std::int64_t seconds) {
  const std::chrono::sys_days day{std::chrono::days(FloorDivide(seconds, kSecondsADay))};
  return static_cast<int>(std::chrono::year_month_day(day).year());
}

}  // namespace logboom::parse
