#include "lib/parse/time_patterns.h"

#include <array>

#include "lib/parse/limits.h"

namespace logboom::parse {
namespace {

constexpr std::array<ByteView, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                              "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr int kMinutesADayMax = 24 * 60 - 1;

// A pattern's body: moves `in` on success alone.
template <typename Body>
std::optional<WrittenTime> TakeWhole(Scanner& in, Body body) {
  Scanner ahead = in;
  WrittenTime time;
  if (!body(ahead, time)) return std::nullopt;
  in = ahead;
  return time;
}

template <typename T, typename U>
bool Keep(std::optional<T> taken, U& out) {
  if (taken) out = *taken;
  return taken.has_value();
}

// 2026-11-23 or 2026/11/23
bool TakeDashedDate(Scanner& in, WrittenTime& time) {
  if (!Keep(in.TakeDigits(4), time.year)) return false;
  const char dash = in.peek();
  if (dash != '-' && dash != '/') return false;
  return in.Take(dash) && Keep(TakeNumber(in, 2, 1, 12), time.month) && in.Take(dash) &&
         Keep(TakeNumber(in, 2, 1, 31), time.day);
}

bool TakeCompactDate(Scanner& in, WrittenTime& time) {
  return Keep(in.TakeDigits(4), time.year) && Keep(TakeNumber(in, 2, 1, 12), time.month) &&
         Keep(TakeNumber(in, 2, 1, 31), time.day);
}

bool TakeCompactClock(Scanner& in, WrittenTime& time) {
  if (!Keep(TakeNumber(in, 2, 0, 23), time.hour) || !Keep(TakeNumber(in, 2, 0, 59), time.minute)) {
    return false;
  }
  Keep(TakeNumber(in, 2, 0, 60), time.second);
  return true;
}

void TakeFractionBehindPoint(Scanner& in, WrittenTime& time) {
  const char point = in.peek();
  if ((point != '.' && point != ',') || !IsDigit(in.peek(1))) return;
  in.Take(point);
  time.millisecond = TakeFraction(in);
}

// Behind the clock, attached or apart. An offset that stands apart has four digits, so that a
// number which follows is none.
void TakeZone(Scanner& in, WrittenTime& time) {
  if (Keep(TakeOffset(in), time.offset_s)) return;
  Scanner ahead = in;
  if (!ahead.Take(' ')) return;
  if ((ahead.Take("UTC") || ahead.Take("GMT")) && !IsLetter(ahead.peek())) {
    time.offset_s = 0;
    in = ahead;
    return;
  }
  const std::size_t before = ahead.rest().size();
  const bool is_sign = ahead.peek() == '+' || ahead.peek() == '-';
  if (is_sign && Keep(TakeOffset(ahead), time.offset_s)) {
    if (before - ahead.rest().size() >= 5) {
      in = ahead;
    } else {
      time.offset_s.reset();
    }
  }
}

UnixUnit UnitOf(std::size_t digits) {
  if (digits < 9) return UnixUnit::kByDigits;  // none
  if (digits < 12) return UnixUnit::kSeconds;
  if (digits < 15) return UnixUnit::kMilliseconds;
  return digits < 18 ? UnixUnit::kMicroseconds : UnixUnit::kNanoseconds;
}

// Nothing behind the year 9999, or where there is no unit.
std::optional<std::int64_t> ToMilliseconds(std::uint64_t number, UnixUnit unit, int fraction_ms) {
  const auto max = static_cast<std::uint64_t>(kTimeMsMax);
  switch (unit) {
    case UnixUnit::kByDigits: return std::nullopt;
    case UnixUnit::kSeconds:
      if (number > max / 1'000) return std::nullopt;
      number = number * 1'000 + static_cast<std::uint64_t>(fraction_ms);
      break;
    case UnixUnit::kMilliseconds: break;
    case UnixUnit::kMicroseconds: number /= 1'000; break;
    case UnixUnit::kNanoseconds: number /= 1'000'000; break;
  }
  if (number > max) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

std::optional<int> TakeDayOfMonth(Scanner& in) {
  Scanner ahead = in;
  ahead.Take(' ');
  auto day = TakeNumber(ahead, 2, 1, 31);
  if (!day) day = TakeNumber(ahead, 1, 1, 9);
  if (day) in = ahead;
  return day;
}

}  // namespace

std::optional<int> TakeNumber(Scanner& in, std::size_t digits, int min, int max) {
  Scanner ahead = in;
  const auto number = ahead.TakeDigits(digits);
  if (!number || *number < min || *number > max) return std::nullopt;
  in = ahead;
  return number;
}

std::optional<int> TakeMonthName(Scanner& in) {
  Scanner ahead = in;
  const ByteView name = ahead.TakeBytes(3);
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (!EqualsIgnoringCase(name, kMonths[i])) continue;
    in = ahead;
    return static_cast<int>(i) + 1;
  }
  return std::nullopt;
}

bool TakeClock(Scanner& in, WrittenTime& time) {
  if (!Keep(TakeNumber(in, 2, 0, 23), time.hour) || !in.Take(':') ||
      !Keep(TakeNumber(in, 2, 0, 59), time.minute)) {
    return false;
  }
  if (!in.Take(':')) return true;
  if (!Keep(TakeNumber(in, 2, 0, 60), time.second)) return false;
  TakeFractionBehindPoint(in, time);
  return true;
}

int TakeFraction(Scanner& in) {
  const ByteView digits = in.TakeWhile(IsDigit);
  int milliseconds = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    milliseconds = milliseconds * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  }
  return milliseconds;
}

std::optional<std::int32_t> TakeOffset(Scanner& in) {
  Scanner ahead = in;
  if (ahead.Take('Z') || ahead.Take('z')) {
    if (IsLetter(ahead.peek())) return std::nullopt;
    in = ahead;
    return 0;
  }
  const bool west = ahead.Take('-');
  if (!west && !ahead.Take('+')) return std::nullopt;
  const auto hours = ahead.TakeDigits(2);
  if (!hours) return std::nullopt;
  Scanner minutes_ahead = ahead;
  minutes_ahead.Take(':');
  const auto minutes = TakeNumber(minutes_ahead, 2, 0, 59);
  const int total = *hours * 60 + minutes.value_or(0);
  if (total > kMinutesADayMax) return std::nullopt;
  in = minutes ? minutes_ahead : ahead;
  return (west ? -total : total) * 60;
}

std::optional<WrittenTime> TakeIsoTime(Scanner& in) {
  return TakeWhole(in, [](Scanner& at, WrittenTime& time) {
    const bool compact = IsDigit(at.peek(4));
    if (compact ? !TakeCompactDate(at, time) : !TakeDashedDate(at, time)) return false;
    if (!at.Take('T') && (compact || (!at.Take(' ') && !at.Take('t')))) return false;
    if (!compact) {
      if (!TakeClock(at, time)) return false;
    } else {
      if (!TakeCompactClock(at, time)) return false;
      TakeFractionBehindPoint(at, time);
    }
    TakeZone(at, time);
    return !IsDigit(at.peek());
  });
}

std::optional<WrittenTime> TakeSyslogTime(Scanner& in) {
  return TakeWhole(in, [](Scanner& at, WrittenTime& time) {
    if (!Keep(TakeMonthName(at), time.month) || !at.Take(' ') ||
        !Keep(TakeDayOfMonth(at), time.day) || !at.Take(' ')) {
      return false;
    }
    if (at.peek(4) == ' ' && Keep(at.TakeDigits(4), time.year)) at.Take(' ');
    return TakeClock(at, time) && !IsDigit(at.peek());
  });
}

std::optional<WrittenTime> TakeAccessTime(Scanner& in) {
  return TakeWhole(in, [](Scanner& at, WrittenTime& time) {
    if (!Keep(TakeDayOfMonth(at), time.day) || !at.Take('/') ||
        !Keep(TakeMonthName(at), time.month) || !at.Take('/') ||
        !Keep(at.TakeDigits(4), time.year) || !at.Take(':') || !TakeClock(at, time)) {
      return false;
    }
    TakeZone(at, time);
    return !IsDigit(at.peek());
  });
}

std::optional<WrittenTime> TakeKlogTime(Scanner& in) {
  return TakeWhole(in, [](Scanner& at, WrittenTime& time) {
    if (at.peek(4) != ' ' && !Keep(at.TakeDigits(4), time.year)) return false;
    return Keep(TakeNumber(at, 2, 1, 12), time.month) && Keep(TakeNumber(at, 2, 1, 31), time.day) &&
           at.Take(' ') && TakeClock(at, time) && !IsDigit(at.peek());
  });
}

std::optional<WrittenTime> TakeUnixTime(Scanner& in, UnixUnit unit) {
  return TakeWhole(in, [unit](Scanner& at, WrittenTime& time) {
    const bool negative = unit != UnixUnit::kByDigits && at.Take('-');
    const ByteView digits = at.TakeWhile(IsDigit);
    if (digits.empty() || digits.size() > kUnixDigitsMax) return false;
    std::uint64_t number = 0;
    for (const char digit : digits) number = number * 10 + static_cast<std::uint64_t>(digit - '0');
    int fraction_ms = 0;
    if (at.peek() == '.' && IsDigit(at.peek(1))) {
      at.Take('.');
      fraction_ms = TakeFraction(at);
    }
    const auto known = unit == UnixUnit::kByDigits ? UnitOf(digits.size()) : unit;
    time.unix_ms = ToMilliseconds(number, known, fraction_ms);
    if (time.unix_ms && negative) *time.unix_ms = -*time.unix_ms;
    return time.unix_ms.has_value();
  });
}

}  // namespace logboom::parse
