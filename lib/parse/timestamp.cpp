#include "lib/parse/timestamp.h"

#include <algorithm>

#include "lib/parse/civil.h"
#include "lib/parse/limits.h"

namespace logboom::parse {
namespace {

// Leap days are at most so many years apart.
constexpr int kYearsBetweenLeapDaysMax = 8;
constexpr int kYearMax = 9999;

std::optional<std::int64_t> ResolveIn(int year, const WrittenTime& time, const Zone& zone) {
  if (year < 0 || year > kYearMax || time.day > DaysInMonth(year, time.month)) return std::nullopt;
  const std::int64_t local_s = DaysOf(year, time.month, time.day) * kSecondsADay +
                               time.hour * 3600 + time.minute * 60 + time.second;
  const std::int64_t utc_s = time.offset_s ? local_s - *time.offset_s : zone.ToUtc(local_s);
  const std::int64_t utc_ms = utc_s * 1000 + time.millisecond;
  if (utc_ms > kTimeMsMax) return std::nullopt;
  return utc_ms;
}

std::int64_t Distance(std::int64_t a, std::int64_t b) { return a < b ? b - a : a - b; }

// A neighbouring year is looked at too, since it may be nearer; others where the day is a leap day.
std::optional<std::int64_t> ResolveNearest(const WrittenTime& time, const Zone& zone,
                                           std::int64_t now_ms) {
  now_ms = std::clamp<std::int64_t>(now_ms, 0, kTimeMsMax);
  const int year = YearOf(now_ms / 1000);
  auto nearest = ResolveIn(year, time, zone);
  for (int apart = 1; apart <= kYearsBetweenLeapDaysMax; ++apart) {
    if (apart > 1 && nearest) break;
    for (const int candidate : {year - apart, year + apart}) {
      const auto utc_ms = ResolveIn(candidate, time, zone);
      if (!utc_ms) continue;
      if (!nearest || Distance(*utc_ms, now_ms) < Distance(*nearest, now_ms)) nearest = utc_ms;
    }
  }
  return nearest;
}

// The first that is there.
template <typename... Take>
std::optional<WrittenTime> TakeAnyOf(Scanner& in, Take... take) {
  std::optional<WrittenTime> time;
  static_cast<void>(((time = take(in)).has_value() || ...));
  return time;
}

// A number goes on for a while: it is a time only where something else follows.
std::optional<WrittenTime> TakeLoneUnixTime(Scanner& in) {
  Scanner ahead = in;
  auto time = TakeUnixTime(ahead, UnixUnit::kByDigits);
  constexpr std::string_view kEnds = " \t]),;|\"'";
  if (!ahead.done() && kEnds.find(ahead.peek()) == std::string_view::npos) return std::nullopt;
  if (time) in = ahead;
  return time;
}

std::optional<WrittenTime> TakeAny(Scanner& in) {
  if (!IsDigit(in.peek())) return TakeSyslogTime(in);
  return TakeAnyOf(in, TakeIsoTime, TakeLoneUnixTime, TakeAccessTime, TakeKlogTime);
}

// "<34>", "<34>1 " of RFC 5424, the letter of klog's, and what times are put into.
void SkipToTime(Scanner& in) {
  if (Scanner ahead = in; ahead.Take('<') && !ahead.TakeWhile(IsDigit).empty() && ahead.Take('>')) {
    ahead.Take("1 ");
    in = ahead;
  }
  constexpr std::string_view kKlogLetters = "IWEF";
  constexpr std::string_view kOpening = "[(\"'";
  const bool klog = kKlogLetters.find(in.peek()) != std::string_view::npos && IsDigit(in.peek(1));
  if (klog || kOpening.find(in.peek()) != std::string_view::npos) in.TakeBytes(1);
}

}  // namespace

std::optional<TimestampMs> Resolve(const WrittenTime& time, const Zone& zone, TimestampMs now) {
  std::optional<std::int64_t> utc_ms = time.unix_ms;
  if (!utc_ms) {
    utc_ms =
        time.year ? ResolveIn(*time.year, time, zone) : ResolveNearest(time, zone, now.value());
  }
  if (!utc_ms) return std::nullopt;
  return TimestampMs(*utc_ms);
}

Result<TimeParser> TimeParser::Make(std::string_view format, Zone zone) {
  if (format.find('%') != std::string_view::npos) {
    ASSIGN_OR_RETURN(TimeFormat own, TimeFormat::Make(format));
    TimeParser parser(Kind::kOwn, std::move(zone));
    parser.own_ = std::move(own);
    return parser;
  }
  constexpr std::pair<std::string_view, Kind> kNamed[] = {
      {"auto", Kind::kAuto},      {"iso", Kind::kIso},        {"syslog", Kind::kSyslog},
      {"access", Kind::kAccess},  {"klog", Kind::kKlog},      {"unix", Kind::kUnix},
      {"unix_ms", Kind::kUnixMs}, {"unix_us", Kind::kUnixUs}, {"unix_ns", Kind::kUnixNs}};
  for (const auto& [name, kind] : kNamed) {
    if (format == name) return TimeParser(kind, std::move(zone));
  }
  return Fail(ErrorCode::kInvalid, "there is no time format '{}': {}", format,
              "write auto, iso, syslog, access, klog, unix, unix_ms, unix_us, unix_ns, or one of "
              "your own with percent signs (%Y-%m-%d %H:%M:%S)");
}

std::optional<WrittenTime> TimeParser::Take(Scanner& in) const {
  switch (kind_) {
    case Kind::kIso: return TakeIsoTime(in);
    case Kind::kSyslog: return TakeSyslogTime(in);
    case Kind::kAccess: return TakeAccessTime(in);
    case Kind::kKlog: return TakeKlogTime(in);
    case Kind::kUnix: return TakeUnixTime(in, UnixUnit::kSeconds);
    case Kind::kUnixMs: return TakeUnixTime(in, UnixUnit::kMilliseconds);
    case Kind::kUnixUs: return TakeUnixTime(in, UnixUnit::kMicroseconds);
    case Kind::kUnixNs: return TakeUnixTime(in, UnixUnit::kNanoseconds);
    case Kind::kOwn: return own_->Take(in);
    case Kind::kAuto: break;
  }
  return TakeAny(in);
}

std::optional<TimestampMs> TimeParser::Parse(ByteView text, TimestampMs now) const {
  Scanner in(text);
  in.SkipBlanks();
  const auto time = Take(in);
  if (!time) return std::nullopt;
  in.SkipBlanks();
  if (!in.done()) return std::nullopt;
  return Resolve(*time, zone_, now);
}

std::optional<TimestampMs> TimeParser::ParseAtStart(ByteView line, TimestampMs now) const {
  Scanner in(line);
  in.SkipBlanks();
  auto time = Take(in);  // first as it stands: a format may have brackets of its own
  if (!time) {
    SkipToTime(in);
    time = Take(in);
  }
  if (!time) return std::nullopt;
  return Resolve(*time, zone_, now);
}

std::optional<ByteView> FindTime(const Fields& fields) {
  for (const ByteView name :
       {"time", "timestamp", "@timestamp", "ts", "@t", "date", "datetime", "eventTime"}) {
    if (const auto value = fields.Find(name)) return value;
  }
  return std::nullopt;
}

}  // namespace logboom::parse
