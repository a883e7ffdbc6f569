#include "cli/time_text.h"

#include <array>
#include <charconv>
#include <chrono>
#include <iterator>

namespace logboom::cli {
namespace {

constexpr std::int64_t kSecondMs = 1'000;
constexpr std::int64_t kMinuteMs = 60 * kSecondMs;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;
constexpr std::int64_t kDayMs = 24 * kHourMs;

// Takes parts off the front of a text; once one is missing, all that follow are.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int Digits(std::size_t count) {
    int value = 0;
    ok_ = ok_ && rest_.size() >= count;
    for (std::size_t i = 0; ok_ && i < count; ++i) {
      ok_ = rest_[i] >= '0' && rest_[i] <= '9';
      value = value * 10 + (rest_[i] - '0');
    }
    if (ok_) rest_.remove_prefix(count);
    return ok_ ? value : 0;
  }
  char OneOf(std::string_view letters) {
    ok_ = ok_ && !rest_.empty() && letters.find(rest_[0]) != std::string_view::npos;
    if (!ok_) return '\0';
    const char taken = rest_[0];
    rest_.remove_prefix(1);
    return taken;
  }
  bool NextIs(char letter) const { return ok_ && !rest_.empty() && rest_[0] == letter; }
  // ".123456" as milliseconds, cut; nothing there is 0.
  std::int64_t Fraction() {
    if (!NextIs('.')) return 0;
    rest_.remove_prefix(1);
    std::int64_t ms = 0;
    std::size_t digits = 0;
    for (; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; rest_.remove_prefix(1), ++digits) {
      if (digits < 3) ms = ms * 10 + (rest_[0] - '0');
    }
    ok_ = ok_ && digits > 0;
    for (std::size_t i = digits; i < 3; ++i) ms *= 10;
    return ms;
  }
  bool done() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

std::int64_t ZoneMs(Scanner& in) {
  const char sign = in.OneOf("Zz+-");
  if (sign != '+' && sign != '-') return 0;
  const std::int64_t hours = in.Digits(2);
  in.OneOf(":");
  const std::int64_t zone = hours * kHourMs + in.Digits(2) * kMinuteMs;
  return sign == '-' ? -zone : zone;
}

std::optional<std::int64_t> ParseNumber(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || number < 0) {
    return std::nullopt;
  }
  return number;
}

std::optional<std::int64_t> ParseAgo(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t ms;
  };
  constexpr std::array<Unit, 5> kUnits = {
      {{"s", kSecondMs}, {"m", kMinuteMs}, {"h", kHourMs}, {"d", kDayMs}, {"w", 7 * kDayMs}}};
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.name)) continue;
    const auto number = ParseNumber(text.substr(0, text.size() - unit.name.size()));
    std::int64_t ago_ms = 0;
    if (!number || __builtin_mul_overflow(*number, unit.ms, &ago_ms)) return std::nullopt;
    return ago_ms;
  }
  return std::nullopt;
}

}  // namespace

std::optional<TimestampMs> ParseRfc3339(std::string_view text) {
  Scanner in(text);
  const int year = in.Digits(4);
  in.OneOf("-");
  const int month = in.Digits(2);
  in.OneOf("-");
  const int day = in.Digits(2);
  in.OneOf("Tt ");
  const int hour = in.Digits(2);
  in.OneOf(":");
  const int minute = in.Digits(2);
  in.OneOf(":");
  const int second = in.Digits(2);
  const std::int64_t ms = in.Fraction();
  const std::int64_t zone_ms = ZoneMs(in);
  if (!in.done() || hour > 23 || minute > 59 || second > 60) return std::nullopt;

  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return TimestampMs(days * kDayMs + hour * kHourMs + minute * kMinuteMs + second * kSecondMs + ms -
                     zone_ms);
}

void AppendUtc(TimestampMs time, std::string& out) {
  // Years that the calendar can't say are shown as the number they are.
  constexpr std::int64_t kYear9999Ms = 253'402'300'799'999;
  if (time.value() < 0 || time.value() > kYear9999Ms) {
    fmt::format_to(std::back_inserter(out), "{}ms", time.value());
    return;
  }
  const std::chrono::sys_days day{std::chrono::days(time.value() / kDayMs)};
  const std::chrono::year_month_day date(day);
  const std::int64_t ms = time.value() % kDayMs;
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                 static_cast<unsigned>(date.day()), ms / kHourMs, ms / kMinuteMs % 60,
                 ms / kSecondMs % 60, ms % kSecondMs);
}

std::string FormatUtc(TimestampMs time) {
  std::string out;
  AppendUtc(time, out);
  return out;
}

std::optional<TimestampMs> ParseTime(std::string_view text, TimestampMs now) {
  if (const auto ago_ms = ParseAgo(text)) return now - *ago_ms;
  return ParseRfc3339(text);
}

Result<client::StartAt> ParseStart(std::string_view text, TimestampMs now) {
  if (text == "earliest") return client::StartAt::Earliest();
  if (text == "latest") return client::StartAt::Latest();
  if (const auto offset = ParseNumber(text)) return client::StartAt::At(Offset(*offset));
  if (const auto time = ParseTime(text, now)) return client::StartAt::From(*time);
  return Fail(ErrorCode::kInvalid,
              "\"{}\": takes earliest, latest, an offset (1234), a time (2026-11-22T20:29:15Z) or "
              "how long ago (90s, 10m, 2h, 3d)",
              text);
}

}  // namespace logboom::cli
