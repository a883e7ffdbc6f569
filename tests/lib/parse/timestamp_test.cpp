#include "lib/parse/timestamp.h"

#include <gtest/gtest.h>

#include "lib/base/random.h"
#include "lib/parse/limits.h"
#include "tests/lib/parse/allocations.h"
#include "tests/lib/parse/parsed.h"
#include "tests/lib/parse/written.h"
#include "tests/lib/parse/zones.h"

namespace logboom::parse {
namespace {

constexpr std::uint64_t kSeed = 3339;
constexpr TimestampMs kNow{1'795'428'000'000};  // 2026-11-23 10:00:00 UTC

TimeParser Make(std::string_view format, Zone zone = Zone()) {
  auto parser = TimeParser::Make(format, std::move(zone));
  if (!parser.ok()) ADD_FAILURE() << parser.error().message;
  return parser.ok() ? *std::move(parser) : *TimeParser::Make("auto", Zone());
}

// Milliseconds; -1: no time. None of the times here is negative.
std::int64_t Parse(std::string_view format, std::string_view text, Zone zone = Zone()) {
  return Make(format, std::move(zone)).Parse(text, kNow).value_or(TimestampMs(-1)).value();
}

std::int64_t Auto(std::string_view text) { return Parse("auto", text); }

TEST(TimeParser, IsoTable) {
  constexpr std::int64_t kTen = 1'795'428'000'000;
  constexpr std::int64_t kHour = 3'600'000;
  const std::pair<std::string_view, std::int64_t> rows[] = {
      {"2026-11-23T10:00:00Z", kTen},
      {"2026-11-23t10:00:00z", kTen},
      {"2026-11-23T10:00:00.123Z", kTen + 123},
      {"2026-11-23T10:00:00.123999999Z", kTen + 123},
      {"2026-11-23T10:00:00,5Z", kTen + 500},
      {"2026-11-23T10:00:00.05+00:00", kTen + 50},
      {"2026-11-23T10:00:00+01:00", kTen - kHour},
      {"2026-11-23T10:00:00-0130", kTen + kHour + kHour / 2},
      {"2026-11-23T10:00:00+01", kTen - kHour},
      {"2026-11-23T10:00:00", kTen},
      {"2026-11-23T10:00", kTen},
      {"2026-11-23 10:00:00", kTen},
      {"2026-11-23 10:00:00,123", kTen + 123},
      {"2026-11-23 10:00:00.123456 UTC", kTen + 123},
      {"2026-11-23 10:00:00 GMT", kTen},
      {"2026-11-23 10:00:00 +0100", kTen - kHour},
      {"2026-11-23 10:00:00 -01:00", kTen + kHour},
      {"2026/11/23 10:00:00", kTen},
      {"20261123T100000Z", kTen},
      {"20261123T1000", kTen},
      {"20261123T100000.25+0100", kTen - kHour + 250},
      {" 2026-11-23T10:00:00Z\t", kTen},
      {"2026-11-23T09:59:60Z", kTen},
      {"1970-01-01T00:00:00Z", 0},
      {"2000-02-29T00:00:00Z", 951'782'400'000},
      {"9999-12-31T23:59:59.999Z", kTimeMsMax},
  };
  for (const auto& [text, expected] : rows) {
    EXPECT_EQ(Auto(text), expected) << text;
    EXPECT_EQ(Parse("iso", text), expected) << text;
  }
}

TEST(TimeParser, WhatIsNoTimeIsNone) {
  for (const std::string_view text : {"",
                                      " ",
                                      "x",
                                      "2026",
                                      "2026-11-23",
                                      "2026-11-23T",
                                      "2026-11-23T10",
                                      "2026-11-23T10:0",
                                      "2026-13-01T00:00:00Z",
                                      "2026-00-01T00:00:00Z",
                                      "2026-11-31T00:00:00Z",
                                      "2026-02-29T00:00:00Z",
                                      "2026-11-00T00:00:00Z",
                                      "2026-11-23T24:00:00Z",
                                      "2026-11-23T10:60:00Z",
                                      "2026-11-23T10:00:61Z",
                                      "2026-11-23T10:00:00.Z",
                                      "2026-11-23T10:00:00+24:00",
                                      "2026-11-23T10:00:00 +01",
                                      "2026-11-23T10:00:00 CET",
                                      "2026-11-23T10:00:00Zulu",
                                      "2026-11/23 10:00:00",
                                      "2026-11-23  10:00:00",
                                      "26-11-23 10:00:00",
                                      "9999-12-31T23:59:60Z",
                                      "Nov 31 10:00:00",
                                      "Nov 23",
                                      "Nev 23 10:00:00",
                                      "Nov 23 10:00:00 x",
                                      "Nov23 10:00:00",
                                      "Nov 0 10:00:00",
                                      "10/Oct/2000",
                                      "10/10/2000:13:55:36 -0700",
                                      "12345678",
                                      "12345678901234567890",
                                      "-1234567890",
                                      "1234567890x",
                                      "1234567890.5.5",
                                      "02-01 15:04:05"}) {
    EXPECT_EQ(Auto(text), -1) << text;
  }
}

TEST(TimeParser, OtherFormatsTable) {
  constexpr std::int64_t kTen = 1'795'428'000'000;
  struct Row {
    const char* format;
    const char* text;
    std::int64_t expected;
  };
  const Row rows[] = {
      {"syslog", "Nov 23 10:00:00", kTen},
      {"syslog", "Nov 23 10:00:00.123456", kTen + 123},
      {"syslog", "nov 23 2025 10:00:00", kTen - 365 * 86'400'000LL},
      {"syslog", "Nov  3 10:00:00", kTen - 20 * 86'400'000LL},
      {"syslog", "Nov 3 10:00:00", kTen - 20 * 86'400'000LL},
      {"syslog", "Nov 03 10:00:00", kTen - 20 * 86'400'000LL},
      {"access", "10/Oct/2000:13:55:36 -0700", 971'211'336'000},
      {"access", "23/Nov/2026:10:00:00", kTen},
      {"klog", "1123 10:00:00.123456", kTen + 123},
      {"klog", "20251123 10:00:00.000000", kTen - 365 * 86'400'000LL},
      {"unix", "1795428000", kTen},
      {"unix_ms", "1795428000123", kTen + 123},
      {"unix_us", "1795428000123456", kTen + 123},
      {"unix_ns", "1795428000123456789", kTen + 123},
      {"unix", "1795428000.123456", kTen + 123},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Parse(row.format, row.text), row.expected) << row.text;
    EXPECT_EQ(Auto(row.text), row.expected) << row.text;
  }
  EXPECT_EQ(Parse("unix", "5"), 5'000);
  EXPECT_EQ(Make("unix").Parse("-1.5", kNow), TimestampMs(-1'500));
  EXPECT_EQ(Parse("unix_ns", "1999999"), 1);
  EXPECT_EQ(Parse("unix", "x"), -1);
  EXPECT_EQ(Parse("iso", "1795428000"), -1);
  EXPECT_EQ(Parse("unix", "2026-11-23T10:00:00Z"), -1);
}

TEST(TimeParser, NumbersAreTakenByTheirDigits) {
  EXPECT_EQ(Auto("99999999"), -1);
  EXPECT_EQ(Auto("100000000"), 100'000'000'000);
  EXPECT_EQ(Auto("99999999999"), 99'999'999'999'000);
  EXPECT_EQ(Auto("100000000000"), 100'000'000'000);
  EXPECT_EQ(Auto("99999999999999"), 99'999'999'999'999);
  EXPECT_EQ(Auto("100000000000000"), 100'000'000'000);
  EXPECT_EQ(Auto("99999999999999999"), 99'999'999'999'999);
  EXPECT_EQ(Auto("100000000000000000"), 100'000'000'000);
  EXPECT_EQ(Auto("9999999999999999999"), 9'999'999'999'999);
}

TEST(TimeParser, NumbersGoUpToTheLastYearAndNotFurther) {
  EXPECT_EQ(Parse("unix", "253402300799.999"), kTimeMsMax);
  EXPECT_EQ(Parse("unix", "253402300800"), -1);
  EXPECT_EQ(Parse("unix_ms", "253402300799999"), kTimeMsMax);
  EXPECT_EQ(Parse("unix_ms", "253402300800000"), -1);
  EXPECT_EQ(Parse("unix_us", "253402300799999999"), kTimeMsMax);
  EXPECT_EQ(Parse("unix_us", "253402300800000000"), -1);
}

TEST(TimeParser, TimesWithoutAZoneAreInTheConfiguredOne) {
  const Zone berlin = TestZone("Europe/Berlin");
  EXPECT_EQ(Parse("auto", "2026-07-01 12:00:00", berlin), 1'782'900'000'000);
  EXPECT_EQ(Parse("auto", "2026-07-01 10:00:00Z", berlin), 1'782'900'000'000);
  EXPECT_EQ(Parse("auto", "Nov 23 11:00:00", berlin), kNow.value());
  EXPECT_EQ(Parse("auto", "1795428000", berlin), kNow.value());
  EXPECT_EQ(Parse("%Y-%m-%d %H:%M", "2026-07-01 12:00", berlin), 1'782'900'000'000);
}

std::int64_t WithNow(std::string_view text, std::string_view now) {
  const TimeParser parser = Make("auto");
  const auto instant = parser.Parse(now, kNow);
  EXPECT_TRUE(instant) << now;
  return parser.Parse(text, *instant).value_or(TimestampMs(-1)).value();
}

TEST(TimeParser, ATimeWithoutAYearGetsTheNearest) {
  EXPECT_EQ(WithNow("Dec 31 23:59:50", "2027-01-01T00:00:30Z"), Auto("2026-12-31T23:59:50Z"));
  EXPECT_EQ(WithNow("Jan  1 00:00:30", "2026-12-31T23:59:50Z"), Auto("2027-01-01T00:00:30Z"));
  EXPECT_EQ(WithNow("Dec 31 23:59:50", "2026-12-31T23:59:00Z"), Auto("2026-12-31T23:59:50Z"));
  EXPECT_EQ(WithNow("Jun  1 00:00:00", "2026-11-23T10:00:00Z"), Auto("2026-06-01T00:00:00Z"));
  EXPECT_EQ(WithNow("Apr  1 00:00:00", "2026-11-23T10:00:00Z"), Auto("2027-04-01T00:00:00Z"));
  EXPECT_EQ(WithNow("1231 23:59:50.0", "2027-01-01T00:00:30Z"), Auto("2026-12-31T23:59:50Z"));
}

TEST(TimeParser, ALeapDayWithoutAYearGetsTheNearestLeapYear) {
  EXPECT_EQ(WithNow("Feb 29 12:00:00", "2026-11-23T10:00:00Z"), Auto("2028-02-29T12:00:00Z"));
  EXPECT_EQ(WithNow("Feb 29 12:00:00", "2025-11-23T10:00:00Z"), Auto("2024-02-29T12:00:00Z"));
  EXPECT_EQ(WithNow("Feb 29 12:00:00", "2024-03-01T00:00:00Z"), Auto("2024-02-29T12:00:00Z"));
  EXPECT_EQ(WithNow("Feb 29 12:00:00", "2100-12-01T00:00:00Z"), Auto("2104-02-29T12:00:00Z"));
}

TEST(TimeParser, AtTheStartOfALine) {
  const TimeParser parser = Make("auto");
  const auto at_start = [&](std::string_view line) {
    return parser.ParseAtStart(line, kNow).value_or(TimestampMs(-1)).value();
  };
  for (const std::string_view line :
       {"2026-11-23T10:00:00Z text", "2026-11-23 10:00:00 - INFO text", "[2026-11-23 10:00:00] x",
        "2026-11-23 10:00:00, x", "(2026/11/23 10:00:00) x", "\"2026-11-23T10:00:00Z\",x",
        "2026-11-23 10:00:00 CET x", "2026-11-23 10:00:00 +5 things", "2026-11-23 10:00:00-INFO",
        "<34>1 2026-11-23T10:00:00Z h a", "<34>Nov 23 10:00:00 h a: x", "  Nov 23 10:00:00 h x",
        "I1123 10:00:00.000000 1 a.go:1] x", "1795428000 x", "1795428000.000\tx", "[1795428000] x",
        "[23/Nov/2026:10:00:00 +0000] x"}) {
    EXPECT_EQ(at_start(line), kNow.value()) << line;
  }
  for (const std::string_view line : {"", "[", "<34>", "text", "x 2026-11-23T10:00:00Z",
                                      "1795428000x", "1795428000-1", "I", "Info"}) {
    EXPECT_EQ(at_start(line), -1) << line;
  }
}

TEST(TimeParser, AtTheStartOfALineAFormatMayHaveTheBracketsItself) {
  EXPECT_EQ(Make("[%F %T]").ParseAtStart("[2026-11-23 10:00:00] x", kNow), kNow);
  EXPECT_EQ(Make("%F %T").ParseAtStart("[2026-11-23 10:00:00] x", kNow), kNow);
  EXPECT_EQ(Make("%F %T").ParseAtStart("<6>2026-11-23 10:00:00 x", kNow), kNow);
}

TEST(TimeParser, RefusesFormatsThatItDoesNotKnow) {
  EXPECT_EQ(TimeParser::Make("rfc", Zone()).error().message,
            "there is no time format 'rfc': write auto, iso, syslog, access, klog, unix, unix_ms, "
            "unix_us, unix_ns, or one of your own with percent signs (%Y-%m-%d %H:%M:%S)");
}

TEST(TimeParser, AllocatesNothing) {
  const TimeParser parser = Make("auto", TestZone("Europe/Berlin"));
  const TimeParser own = Make("%d.%m.%Y %H:%M:%S.%L");
  const std::uint64_t before = Allocations();
  EXPECT_TRUE(parser.Parse("2026-07-01 12:00:00", kNow));
  EXPECT_TRUE(parser.Parse("Nov 23 10:00:00", kNow));
  EXPECT_TRUE(parser.Parse("10/Oct/2000:13:55:36 -0700", kNow));
  EXPECT_TRUE(own.Parse("01.07.2026 12:00:00.123", kNow));
  EXPECT_EQ(Allocations(), before);
}

TEST(FindTime, IsTheFirstFieldOfAUsualName) {
  Fields fields;
  EXPECT_EQ(FindTime(fields), std::nullopt);
  fields.Add("message", "x");
  fields.Add("@timestamp", "2");
  EXPECT_EQ(FindTime(fields), "2");
  fields.Add("time", "1");
  EXPECT_EQ(FindTime(fields), "1");
}

// Any instant from 1971 to 2099, written in any zone and format, is read as itself; where the wall
// clock shows a time twice, as the first of the two.
class RoundTrips : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Zone, RoundTrips,
                         testing::Values("UTC", "-03:30", "Europe/Berlin", "America/New_York",
                                         "Australia/Lord_Howe", "Africa/Casablanca",
                                         "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia"),
                         [](const auto& tested) { return fmt::format("{}", tested.index); });

TimestampMs RandomInstant(Random& random, std::int64_t unit_ms) {
  constexpr std::int64_t kFrom = 31'536'000'000;
  constexpr std::int64_t kTo = 4'070'908'800'000;
  const auto at = static_cast<std::int64_t>(random.Below(kTo - kFrom)) + kFrom;
  return TimestampMs(at - at % unit_ms);
}

void ExpectSameClock(const Zone& zone, std::optional<TimestampMs> parsed, TimestampMs written,
                     std::string_view text) {
  ASSERT_TRUE(parsed) << text;
  EXPECT_LE(*parsed, written) << text;
  const auto wall = [&](TimestampMs at) {
    return at.value() + zone.OffsetAt(at.value() / 1000) * std::int64_t{1000};
  };
  EXPECT_EQ(wall(*parsed), wall(written)) << text;
}

TEST_P(RoundTrips, OfEveryFormatWithAYear) {
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  SeededRandom random(kSeed);
  const Zone zone = TestZone(GetParam());
  const std::pair<const char*, const char*> formats[] = {
      {"auto", "%Y-%m-%dT%H:%M:%S.%L"},
      {"auto", "%Y/%m/%d %H:%M:%S,%f"},
      {"auto", "%Y%m%dT%H%M%S.%L"},
      {"auto", "%b %e %Y %H:%M:%S.%f"},
      {"klog", "%Y%m%d %H:%M:%S.%f"},
      {"%d.%m.%y %I:%M:%S.%L %p", "%d.%m.%y %I:%M:%S.%L %p"},
      {"%B %e, %Y %T.%f", "%B %e, %Y %H:%M:%S.%f"},
      {"%Y%m%d%H%M%S%L", "%Y%m%d%H%M%S%L"},
  };
  for (const auto& [format, written] : formats) {
    const TimeParser parser = Make(format, zone);
    for (int i = 0; i < 200; ++i) {
      const TimestampMs at = RandomInstant(random, 1);
      // %y is of 1969 to 2068.
      if (std::string_view(format).starts_with("%d") && at.value() > 3'092'600'000'000) continue;
      const std::string text = Written(written, Clock(at, zone.OffsetAt(at.value() / 1000)));
      ExpectSameClock(zone, parser.Parse(text, kNow), at, text);
    }
  }
}

TEST_P(RoundTrips, OfFormatsWithAnOffset) {
  SeededRandom random(kSeed);
  const Zone zone = TestZone(GetParam());
  const TimeParser parser = Make("auto", TestZone("Asia/Tehran"));
  for (const char* const written :
       {"%Y-%m-%dT%H:%M:%S.%L%z", "%Y-%m-%d %H:%M:%S.%f %:z", "%d/%b/%Y:%H:%M:%S.%L %z"}) {
    for (int i = 0; i < 200; ++i) {
      const TimestampMs at = RandomInstant(random, 1);
      const std::int32_t offset_s = zone.OffsetAt(at.value() / 1000);
      const std::string text = Written(written, Clock(at, offset_s));
      if (offset_s % 60 == 0) {
        EXPECT_EQ(parser.Parse(text, kNow), at) << text;
      }
    }
  }
}

TEST_P(RoundTrips, OfFormatsWithoutAYear) {
  SeededRandom random(kSeed);
  const Zone zone = TestZone(GetParam());
  constexpr std::int64_t kHalfYearMs = 180LL * 86'400'000;
  for (const char* const written : {"%b %e %H:%M:%S", "%m%d %H:%M:%S.%f"}) {
    const TimeParser parser = Make("auto", zone);
    for (int i = 0; i < 300; ++i) {
      const TimestampMs at = RandomInstant(random, 1000);
      const auto apart = static_cast<std::int64_t>(random.Below(2 * kHalfYearMs)) - kHalfYearMs;
      const std::string text = Written(written, Clock(at, zone.OffsetAt(at.value() / 1000)));
      ExpectSameClock(zone, parser.Parse(text, at + apart), at, text);
    }
  }
}

}  // namespace
}  // namespace logboom::parse
