// When a zone changes its clocks, year after year, as POSIX's TZ says it: the last line of a zone's
// file ("CET-1CEST,M3.5.0,M10.5.0/3").
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace logboom::parse {

// A day of each year, and a time of it in the wall clock's hours before the change.
struct RuleDay {
  enum class Kind { kMonthWeekDay, kJulian, kZeroBased };

  Kind kind = Kind::kMonthWeekDay;
  int month = 1;  // 1 to 12
  int week = 1;   // 1 to 5; 5: the last
  int day = 0;    // of the week (0: Sunday), or of the year (kJulian: 1 to 365, without
                  // February 29; kZeroBased: 0 to 365)
  std::int32_t time_s = 7200;  // since midnight; may be before it, or days behind

  // In seconds since 1970, had the zone the offset 0.
  std::int64_t SecondsIn(int year) const;
};

class ZoneRule {
 public:
  // Nothing where it is no such rule.
  static std::optional<ZoneRule> Parse(std::string_view text);

  // East of UTC.
  std::int32_t OffsetAt(std::int64_t utc_s) const;
  // That of a wall clock that shows `local_s`: see Zone::ToUtc.
  std::int32_t OffsetAtLocal(std::int64_t local_s) const;

 private:
  std::int32_t standard_s_ = 0;
  std::int32_t summer_s_ = 0;
  bool changes_ = false;
  RuleDay summer_begins_;
  RuleDay summer_ends_;
};

}  // namespace logboom::parse
