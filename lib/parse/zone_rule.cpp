#include "lib/parse/zone_rule.h"

#include <algorithm>

#include "lib/parse/civil.h"
#include "lib/parse/scanner.h"

namespace logboom::parse {
namespace {

constexpr int kOffsetHoursMax = 24;
constexpr int kTimeHoursMax = 167;  // RFC 8536: a week

// One to `digits_max` digits.
std::optional<int> TakeNumberUpTo(Scanner& in, std::size_t digits_max, int min, int max) {
  Scanner ahead = in;
  const ByteView digits = ahead.TakeWhile(IsDigit);
  if (digits.empty() || digits.size() > digits_max) return std::nullopt;
  const int number = *Scanner(digits).TakeDigits(digits.size());
  if (number < min || number > max) return std::nullopt;
  in = ahead;
  return number;
}

// "CET" or "<+03>".
bool TakeName(Scanner& in) {
  if (in.Take('<')) {
    const ByteView name = in.TakeUntil('>');
    return !name.empty() && in.Take('>');
  }
  return in.TakeWhile(IsLetter).size() >= 3;
}

// [+-]h[:mm[:ss]], in seconds.
std::optional<std::int32_t> TakeTime(Scanner& in, int hours_max) {
  const bool negative = in.Take('-');
  if (!negative) in.Take('+');
  const auto hours = TakeNumberUpTo(in, 3, 0, hours_max);
  if (!hours) return std::nullopt;
  std::int32_t seconds = *hours * 3600;
  for (const int unit : {60, 1}) {
    if (!in.Take(':')) break;
    const auto part = TakeNumberUpTo(in, 2, 0, 59);
    if (!part) return std::nullopt;
    seconds += *part * unit;
  }
  return negative ? -seconds : seconds;
}

bool Keep(std::optional<int> taken, int& out) {
  if (taken) out = *taken;
  return taken.has_value();
}

bool TakeDate(Scanner& in, RuleDay& day) {
  if (in.Take('M')) {
    return Keep(TakeNumberUpTo(in, 2, 1, 12), day.month) && in.Take('.') &&
           Keep(TakeNumberUpTo(in, 1, 1, 5), day.week) && in.Take('.') &&
           Keep(TakeNumberUpTo(in, 1, 0, 6), day.day);
  }
  if (in.Take('J')) {
    day.kind = RuleDay::Kind::kJulian;
    return Keep(TakeNumberUpTo(in, 3, 1, 365), day.day);
  }
  day.kind = RuleDay::Kind::kZeroBased;
  return Keep(TakeNumberUpTo(in, 3, 0, 365), day.day);
}

bool TakeRuleDay(Scanner& in, RuleDay& day) {
  if (!in.Take(',') || !TakeDate(in, day)) return false;
  return !in.Take('/') || Keep(TakeTime(in, kTimeHoursMax), day.time_s);
}

// 1970-01-01 was a Thursday.
int DayOfWeek(std::int64_t days) { return static_cast<int>(((days + 4) % 7 + 7) % 7); }

}  // namespace

std::int64_t RuleDay::SecondsIn(int year) const {
  std::int64_t days = DaysOf(year, 1, 1);
  switch (kind) {
    case Kind::kMonthWeekDay: {
      const std::int64_t first = DaysOf(year, month, 1);
      int in_month = 1 + (day - DayOfWeek(first) + 7) % 7 + 7 * (week - 1);
      if (in_month > DaysInMonth(year, month)) in_month -= 7;
      days = first + in_month - 1;
      break;
    }
    case Kind::kJulian: {
      const bool behind_leap_day = day >= 60 && DaysInMonth(year, 2) == 29;
      days += day - 1 + (behind_leap_day ? 1 : 0);
      break;
    }
    case Kind::kZeroBased: days += day; break;
  }
  return days * kSecondsADay + time_s;
}

std::optional<ZoneRule> ZoneRule::Parse(std::string_view text) {
  Scanner in(text);
  ZoneRule rule;
  if (!TakeName(in)) return std::nullopt;
  const auto west = TakeTime(in, kOffsetHoursMax);
  if (!west) return std::nullopt;
  rule.standard_s_ = -*west;
  if (in.done()) return rule;
  rule.changes_ = true;
  if (!TakeName(in)) return std::nullopt;
  rule.summer_s_ = rule.standard_s_ + 3600;
  if (!in.done() && in.peek() != ',') {
    const auto summer_west = TakeTime(in, kOffsetHoursMax);
    if (!summer_west) return std::nullopt;
    rule.summer_s_ = -*summer_west;
  }
  if (!TakeRuleDay(in, rule.summer_begins_) || !TakeRuleDay(in, rule.summer_ends_) || !in.done()) {
    return std::nullopt;
  }
  return rule;
}

std::int32_t ZoneRule::OffsetAt(std::int64_t utc_s) const {
  if (!changes_) return standard_s_;
  const int year = YearOf(utc_s + standard_s_);
  const std::int64_t begin = summer_begins_.SecondsIn(year) - standard_s_;
  const std::int64_t end = summer_ends_.SecondsIn(year) - summer_s_;
  const bool summer =
      begin < end ? utc_s >= begin && utc_s < end : !(utc_s >= end && utc_s < begin);
  return summer ? summer_s_ : standard_s_;
}

// A change takes hold once the wall clock is behind both of its readings at that instant.
std::int32_t ZoneRule::OffsetAtLocal(std::int64_t local_s) const {
  return changes_ ? OffsetAt(local_s - std::max(standard_s_, summer_s_)) : standard_s_;
}

}  // namespace logboom::parse
