#include "lib/parse/time_format.h"

#include <array>

#include "lib/parse/limits.h"

namespace logboom::parse {
namespace {

constexpr std::array<std::string_view, 12> kEndsOfMonths = {
    "uary", "ruary", "ch", "il", "", "e", "y", "ust", "tember", "ober", "ember", "ember"};

// What a directive says, so that none says it twice; 0: nothing that could collide.
char Meaning(char directive) {
  switch (directive) {
    case 'Y':
    case 'y': return 'Y';
    case 'm':
    case 'b':
    case 'B': return 'm';
    case 'd':
    case 'e': return 'd';
    case 'H':
    case 'I': return 'H';
    case 'f':
    case 'L': return 'f';
    case 'z':
    case 'Z': return 'z';
    case 'p':
    case 'M':
    case 'S':
    case 's': return directive;
    default: return '\0';
  }
}

constexpr std::string_view kElementary = "YymbBdeHIMSpfLzZsaA%";

std::string_view Abbreviated(char directive) {
  switch (directive) {
    case 'F': return "%Y-%m-%d";
    case 'T': return "%H:%M:%S";
    case 'R': return "%H:%M";
    case 'D': return "%m/%d/%y";
    case 'n':
    case 't': return " ";
    default: return {};
  }
}

Error Refused(std::string_view format, std::string_view why) {
  return Fail(ErrorCode::kInvalid, "the time format '{}' {}", format, why);
}

// Elementary directives and literals alone.
Result<std::string> Expand(std::string_view format) {
  std::string expanded;
  for (std::size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '%') {
      expanded += format[at];
      continue;
    }
    if (++at == format.size()) return Refused(format, "ends in a single %: write %% for the sign");
    const std::string_view longer = Abbreviated(format[at]);
    if (longer.empty() && kElementary.find(format[at]) == std::string_view::npos) {
      return Refused(format, fmt::format("has %{}, which is none of {}", format[at],
                                         "%Y %y %m %b %d %e %H %I %p %M %S %f %L %z %Z %s %a %F "
                                         "%T %R %D %n %t %%"));
    }
    if (longer.empty()) {
      expanded += {'%', format[at]};
    } else {
      expanded += longer;
    }
  }
  return expanded;
}

// The meanings of its directives, each once.
Result<std::string> MeaningsOf(std::string_view format, std::string_view expanded) {
  std::string meanings;
  std::string_view directives = expanded;
  for (auto at = directives.find('%'); at != std::string_view::npos; at = directives.find('%')) {
    const char directive = directives[at + 1];
    const char meaning = Meaning(directive);
    if (meaning != '\0' && meanings.find(meaning) != std::string::npos) {
      return Refused(format, fmt::format("says twice what %{} says", directive));
    }
    if (meaning != '\0') meanings += meaning;
    directives.remove_prefix(at + 2);
  }
  return meanings;
}

std::optional<int> TakeUpToTwo(Scanner& in, int min, int max) {
  const bool two = IsDigit(in.peek()) && IsDigit(in.peek(1));
  return TakeNumber(in, two ? 2 : 1, min, max);
}

bool Keep(std::optional<int> taken, int& out) {
  if (taken) out = *taken;
  return taken.has_value();
}

std::optional<int> TakeAnyMonthName(Scanner& in) {
  const auto month = TakeMonthName(in);
  if (!month) return month;
  Scanner ahead = in;
  const std::string_view end = kEndsOfMonths[static_cast<std::size_t>(*month - 1)];
  if (EqualsIgnoringCase(ahead.TakeBytes(end.size()), end)) in = ahead;
  return month;
}

// 1 for AM, 2 for PM.
std::optional<int> TakeHalf(Scanner& in) {
  Scanner ahead = in;
  const ByteView half = ahead.TakeBytes(2);
  const bool am = EqualsIgnoringCase(half, "am");
  if (!am && !EqualsIgnoringCase(half, "pm")) return std::nullopt;
  in = ahead;
  return am ? 1 : 2;
}

bool TakeYearOfCentury(Scanner& in, WrittenTime& time) {
  const auto year = TakeNumber(in, 2, 0, 99);
  if (year) time.year = *year + (*year >= 69 ? 1900 : 2000);
  return year.has_value();
}

bool TakeYear(Scanner& in, WrittenTime& time) {
  time.year = in.TakeDigits(4);
  return time.year.has_value();
}

// Letters: those of other zones are ambiguous, and say nothing.
bool TakeZoneName(Scanner& in, WrittenTime& time) {
  const ByteView name = in.TakeWhile(IsLetter);
  if (name == "UTC" || name == "GMT" || name == "Z") time.offset_s = 0;
  return !name.empty();
}

bool TakeOffsetOf(Scanner& in, WrittenTime& time) {
  time.offset_s = TakeOffset(in);
  return time.offset_s.has_value();
}

bool TakeSeconds(Scanner& in, WrittenTime& time) {
  if (!IsDigit(in.peek()) && in.peek() != '-') return false;
  Scanner digits(in.rest().substr(0, in.rest().find('.')));  // its fraction is another directive's
  const std::size_t before = digits.rest().size();
  const auto taken = TakeUnixTime(digits, UnixUnit::kSeconds);
  if (!taken) return false;
  time.unix_ms = taken->unix_ms;
  in.TakeBytes(before - digits.rest().size());
  return true;
}

bool TakeFractionOf(Scanner& in, WrittenTime& time) {
  if (!IsDigit(in.peek())) return false;
  time.millisecond = TakeFraction(in);
  return true;
}

// `half` as TakeHalf tells it.
bool TakeDirective(char directive, Scanner& in, WrittenTime& time, int& half) {
  switch (directive) {
    case 'Y': return TakeYear(in, time);
    case 'y': return TakeYearOfCentury(in, time);
    case 'm': return Keep(TakeUpToTwo(in, 1, 12), time.month);
    case 'b':
    case 'B': return Keep(TakeAnyMonthName(in), time.month);
    case 'd':
    case 'e': in.SkipBlanks(); return Keep(TakeUpToTwo(in, 1, 31), time.day);
    case 'H': return Keep(TakeUpToTwo(in, 0, 23), time.hour);
    case 'I': return Keep(TakeUpToTwo(in, 1, 12), time.hour);
    case 'p': return Keep(TakeHalf(in), half);
    case 'M': return Keep(TakeUpToTwo(in, 0, 59), time.minute);
    case 'S': return Keep(TakeUpToTwo(in, 0, 60), time.second);
    case 'f':
    case 'L': return TakeFractionOf(in, time);
    case 'z': return TakeOffsetOf(in, time);
    case 'Z': return TakeZoneName(in, time);
    case 's': return TakeSeconds(in, time);
    case 'a':
    case 'A': return !in.TakeWhile(IsLetter).empty();
    default: return in.Take(directive);
  }
}

}  // namespace

Result<TimeFormat> TimeFormat::Make(std::string_view format) {
  if (format.size() > kTimeFormatBytesMax) {
    return Fail(ErrorCode::kLimit, "a time format of {} bytes is above the limit of {}",
                format.size(), kTimeFormatBytesMax);
  }
  ASSIGN_OR_RETURN(std::string expanded, Expand(format));
  ASSIGN_OR_RETURN(const std::string meanings, MeaningsOf(format, expanded));
  const auto says = [&](char meaning) { return meanings.find(meaning) != std::string::npos; };
  if (!says('s') && (!says('m') || !says('d'))) {
    return Refused(format, "tells no day: it needs %m or %b and %d, or %s");
  }
  if (says('p') != (expanded.find("%I") != std::string::npos)) {
    return Refused(format, "has one of %I and %p without the other");
  }
  return TimeFormat(std::move(expanded));
}

std::optional<WrittenTime> TimeFormat::Take(Scanner& in) const {
  Scanner ahead = in;
  WrittenTime time;
  int half = 0;
  for (std::size_t at = 0; at < format_.size(); ++at) {
    if (IsBlank(format_[at])) {
      ahead.SkipBlanks();
    } else if (format_[at] != '%') {
      if (!ahead.Take(format_[at])) return std::nullopt;
    } else if (!TakeDirective(format_[++at], ahead, time, half)) {
      return std::nullopt;
    }
  }
  if (half != 0) time.hour = time.hour % 12 + (half == 2 ? 12 : 0);
  if (time.unix_ms) *time.unix_ms += time.millisecond;
  in = ahead;
  return time;
}

}  // namespace logboom::parse
