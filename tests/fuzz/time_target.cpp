#include <gtest/gtest.h>

#include "lib/parse/limits.h"
#include "lib/parse/timestamp.h"
#include "tests/fuzz/targets.h"
#include "tests/lib/parse/written.h"

namespace logboom::fuzz {
namespace {

constexpr TimestampMs kNow{1'795'428'000'000};

std::optional<TimestampMs> Parse(std::string_view format, ByteView text) {
  const auto parser = parse::TimeParser::Make(format, parse::Zone::Fixed(-5 * 3600));
  if (!parser.ok()) {
    EXPECT_FALSE(parser.error().message.empty());
    return std::nullopt;
  }
  const auto time = parser->Parse(text, kNow);
  if (time) {
    EXPECT_LE(time->value(), parse::kTimeMsMax);
    EXPECT_GE(time->value(), -parse::kTimeMsMax);
    EXPECT_EQ(parser->ParseAtStart(text, kNow).has_value(), true);
  }
  return time;
}

void IsReadAgain(TimestampMs time) {
  const parse::Clock clock(time, 0);
  if (clock.year() < 0 || clock.year() > 9999) return;
  const std::string text = parse::Written("%Y-%m-%dT%H:%M:%S.%L%:", clock);
  EXPECT_EQ(Parse("auto", text), time) << text;
}

}  // namespace

void Time(ByteView input) {
  const std::size_t newline = std::min(input.find('\n'), input.size());
  const ByteView text = input.substr(std::min(newline + 1, input.size()));
  if (const auto time = Parse(input.substr(0, newline), text)) IsReadAgain(*time);
  const auto any = Parse("auto", text);
  if (any) IsReadAgain(*any);
  for (const std::string_view format : {"iso", "syslog", "access", "klog"}) {
    if (const auto time = Parse(format, text)) {
      EXPECT_EQ(time, any) << format;
    }
  }
}

}  // namespace logboom::fuzz
