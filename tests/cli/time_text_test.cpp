#include "cli/time_text.h"

#include <gtest/gtest.h>

namespace logboom::cli {
namespace {

constexpr TimestampMs kTime(1'795'379'355'123);

TEST(Rfc3339, TimesWithZonesAreTaken) {
  EXPECT_EQ(ParseRfc3339("2026-11-22T20:29:15.123Z"), kTime);
  EXPECT_EQ(ParseRfc3339("2026-11-22t20:29:15.123456789z"), kTime);
  EXPECT_EQ(ParseRfc3339("2026-11-22 21:29:15.123+01:00"), kTime);
  EXPECT_EQ(ParseRfc3339("2026-11-22T15:59:15.123-04:30"), kTime);
  EXPECT_EQ(ParseRfc3339("2026-11-22T20:29:15.1Z"), TimestampMs(1'795'379'355'100));
  EXPECT_EQ(ParseRfc3339("1970-01-01T00:00:00Z"), TimestampMs(0));
  EXPECT_EQ(ParseRfc3339("2024-02-29T00:00:00Z"), TimestampMs(1'709'164'800'000));
  EXPECT_EQ(ParseRfc3339("2016-12-31T23:59:60Z"), TimestampMs(1'483'228'800'000));
}

TEST(Rfc3339, AnythingElseIsNot) {
  for (const char* text :
       {"", "2026-11-22", "2026-11-22T20:29:15", "2026-13-22T20:29:15Z", "2026-02-30T20:29:15Z",
        "2026-11-22T24:00:00Z", "2026-11-22T20:60:15Z", "2026-11-22T20:29:15.Z",
        "2026-11-22T20:29:15Zx", "26-11-22T20:29:15Z", "2026-11-22T20:29:15+1:00"}) {
    EXPECT_EQ(ParseRfc3339(text), std::nullopt) << text;
  }
}

TEST(Rfc3339, FormatIsTheOtherWay) {
  EXPECT_EQ(FormatUtc(kTime), "2026-11-22T20:29:15.123Z");
  for (const std::int64_t ms : {0LL, 1LL, 951'782'399'999LL, 253'402'300'799'999LL}) {
    EXPECT_EQ(ParseRfc3339(FormatUtc(TimestampMs(ms))), TimestampMs(ms));
  }
  EXPECT_EQ(FormatUtc(TimestampMs(-1)), "-1ms");
  EXPECT_EQ(FormatUtc(TimestampMs(253'402'300'800'000)), "253402300800000ms");
}

TEST(Start, EveryFormIsTaken) {
  using Kind = client::StartAt::Kind;
  const auto parse = [](std::string_view text) { return *ParseStart(text, kTime); };
  EXPECT_EQ(parse("earliest").kind, Kind::kEarliest);
  EXPECT_EQ(parse("latest").kind, Kind::kLatest);
  EXPECT_EQ(parse("0").offset, Offset(0));
  EXPECT_EQ(parse("1234").kind, Kind::kOffset);
  EXPECT_EQ(parse("1234").offset, Offset(1234));
  EXPECT_EQ(parse("10m").kind, Kind::kTime);
  EXPECT_EQ(parse("90s").time, kTime - 90'000);
  EXPECT_EQ(parse("10m").time, kTime - 600'000);
  EXPECT_EQ(parse("2h").time, kTime - 7'200'000);
  EXPECT_EQ(parse("3d").time, kTime - 259'200'000);
  EXPECT_EQ(parse("1w").time, kTime - 604'800'000);
  EXPECT_EQ(parse("2026-11-22T20:29:15.123Z").time, kTime);
}

TEST(Start, AnythingElseSaysWhatItTakes) {
  for (const char* text : {"", "now", "-1", "10x", "m", "-5m", "1.5h", "Earliest",
                           "99999999999999999999", "9223372036854775807d"}) {
    const auto start = ParseStart(text, kTime);
    ASSERT_FALSE(start.ok()) << text;
    EXPECT_NE(start.error().message.find("earliest, latest"), std::string::npos);
  }
}

}  // namespace
}  // namespace logboom::cli
