// Instants written as people and programs write them: the other side of parsing them.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <string>

#include "lib/base/types.h"

namespace logboom::parse {

inline constexpr std::string_view kMonthNames[] = {"January",   "February", "March",    "April",
                                                   "May",       "June",     "July",     "August",
                                                   "September", "October",  "November", "December"};

// A wall clock that is `offset_s` east of UTC.
struct Clock {
  Clock(TimestampMs time, std::int32_t offset_s_in) : offset_s(offset_s_in) {
    using namespace std::chrono_literals;
    const std::chrono::sys_time<std::chrono::milliseconds> wall{
        std::chrono::milliseconds(time.value() + offset_s * std::int64_t{1000})};
    const auto midnight = std::chrono::floor<std::chrono::days>(wall);
    day = std::chrono::year_month_day(midnight);
    since_midnight = std::chrono::hh_mm_ss<std::chrono::milliseconds>(wall - midnight);
  }
  std::int32_t offset_s;
  std::chrono::year_month_day day;
  std::chrono::hh_mm_ss<std::chrono::milliseconds> since_midnight;

  int year() const { return static_cast<int>(day.year()); }
  unsigned month() const { return static_cast<unsigned>(day.month()); }
  unsigned day_of_month() const { return static_cast<unsigned>(day.day()); }
  std::int64_t hour() const { return since_midnight.hours().count(); }
  std::int64_t minute() const { return since_midnight.minutes().count(); }
  std::int64_t second() const { return since_midnight.seconds().count(); }
  std::int64_t millisecond() const { return since_midnight.subseconds().count(); }
};

inline std::string Offset(std::int32_t offset_s, std::string_view colon) {
  const std::int32_t minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;
  return fmt::format("{}{:02}{}{:02}", offset_s < 0 ? '-' : '+', minutes / 60, colon, minutes % 60);
}

// As strftime writes; %L are milliseconds, %f microseconds.
inline std::string Written(std::string_view format, const Clock& clock) {
  std::string text;
  for (std::size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '%') {
      text += format[at];
      continue;
    }
    const std::string_view month = kMonthNames[clock.month() - 1];
    switch (format[++at]) {
      case 'Y': text += fmt::format("{:04}", clock.year()); break;
      case 'y': text += fmt::format("{:02}", clock.year() % 100); break;
      case 'm': text += fmt::format("{:02}", clock.month()); break;
      case 'b': text += month.substr(0, 3); break;
      case 'B': text += month; break;
      case 'd': text += fmt::format("{:02}", clock.day_of_month()); break;
      case 'e': text += fmt::format("{:2}", clock.day_of_month()); break;
      case 'H': text += fmt::format("{:02}", clock.hour()); break;
      case 'I': text += fmt::format("{:02}", (clock.hour() + 11) % 12 + 1); break;
      case 'p': text += clock.hour() < 12 ? "AM" : "PM"; break;
      case 'M': text += fmt::format("{:02}", clock.minute()); break;
      case 'S': text += fmt::format("{:02}", clock.second()); break;
      case 'L': text += fmt::format("{:03}", clock.millisecond()); break;
      case 'f': text += fmt::format("{:03}000", clock.millisecond()); break;
      case 'z': text += Offset(clock.offset_s, ""); break;
      case ':':
        ++at;
        text += Offset(clock.offset_s, ":");
        break;
      default: ADD_FAILURE() << "no directive: " << format[at];
    }
  }
  return text;
}

}  // namespace logboom::parse
