#include "lib/parse/zone_rule.h"

#include <gtest/gtest.h>

#include "lib/parse/civil.h"

namespace logboom::parse {
namespace {

std::int64_t At(int year, int month, int day, int hour = 0) {
  return DaysOf(year, month, day) * kSecondsADay + hour * 3600;
}

ZoneRule Rule(std::string_view text) {
  const auto rule = ZoneRule::Parse(text);
  EXPECT_TRUE(rule) << text;
  return rule.value_or(ZoneRule());
}

TEST(ZoneRule, WithoutSummerIsOneOffset) {
  EXPECT_EQ(Rule("UTC0").OffsetAt(0), 0);
  EXPECT_EQ(Rule("<+0545>-5:45").OffsetAt(0), 20'700);
  EXPECT_EQ(Rule("<-03>3").OffsetAtLocal(0), -10'800);
  EXPECT_EQ(Rule("ABC-1:02:03").OffsetAt(0), 3723);
}

TEST(ZoneRule, WeekdayOfAMonth) {
  const ZoneRule rule = Rule("EST5EDT,M3.2.0,M11.1.0");
  EXPECT_EQ(rule.OffsetAt(At(2026, 3, 8, 7) - 1), -5 * 3600);
  EXPECT_EQ(rule.OffsetAt(At(2026, 3, 8, 7)), -4 * 3600);
  EXPECT_EQ(rule.OffsetAt(At(2026, 11, 1, 6) - 1), -4 * 3600);
  EXPECT_EQ(rule.OffsetAt(At(2026, 11, 1, 6)), -5 * 3600);
}

TEST(ZoneRule, SummerOverTheNewYear) {
  const ZoneRule rule = Rule("NZST-12NZDT,M9.5.0,M4.1.0/3");
  EXPECT_EQ(rule.OffsetAt(At(2026, 1, 1)), 13 * 3600);
  EXPECT_EQ(rule.OffsetAt(At(2026, 7, 1)), 12 * 3600);
  EXPECT_EQ(rule.OffsetAt(At(2026, 12, 31)), 13 * 3600);
}

TEST(ZoneRule, DaysOfTheYearWithAndWithoutTheLeapDay) {
  EXPECT_EQ(Rule("ABC0DEF,J60/0,J365/0").OffsetAt(At(2027, 3, 1)), 3600);
  EXPECT_EQ(Rule("ABC0DEF,J60/0,J365/0").OffsetAt(At(2028, 3, 1) - 1), 0);
  EXPECT_EQ(Rule("ABC0DEF,J60/0,J365/0").OffsetAt(At(2028, 3, 1)), 3600);
  EXPECT_EQ(Rule("ABC0DEF,59/0,364/0").OffsetAt(At(2028, 2, 29)), 3600);
  EXPECT_EQ(Rule("ABC0DEF,59/0,364/0").OffsetAt(At(2027, 3, 1)), 3600);
  EXPECT_EQ(Rule("ABC0DEF,59/0,364/0").OffsetAt(At(2027, 3, 1) - 1), 0);
}

TEST(ZoneRule, SummerAllYear) {
  const ZoneRule rule = Rule("XXX3YYY2,0/0,J365/25");
  EXPECT_EQ(rule.OffsetAt(At(2026, 1, 1, 3)), -7200);
  EXPECT_EQ(rule.OffsetAt(At(2026, 7, 1)), -7200);
  EXPECT_EQ(rule.OffsetAt(At(2027, 1, 1, 3) - 1), -7200);
}

TEST(ZoneRule, RefusesWhatIsNone) {
  for (const std::string_view text : {"",
                                      "C",
                                      "CET",
                                      "CET-",
                                      "CET-25",
                                      "CET-1x",
                                      "CET-1CEST",
                                      "CET-1CEST,M3.5.0",
                                      "CET-1CEST,M3.5.0,",
                                      "CET-1CEST,M13.5.0,M10.5.0",
                                      "CET-1CEST,M3.6.0,M10.5.0",
                                      "CET-1CEST,M3.5.7,M10.5.0",
                                      "CET-1CEST,M3.5.0/168,M10.5.0",
                                      "CET-1CEST,M3.5.0,M10.5.0/3 ",
                                      "CET-1CEST,J0,J1",
                                      "CET-1CEST,J366,J1",
                                      "CET-1CEST,366,1",
                                      "<CET-1",
                                      "<>1",
                                      "CET-1:60",
                                      "CET-1:1:1:1",
                                      "CET-1CEST,M3.5.0,M10.5.0,"}) {
    EXPECT_FALSE(ZoneRule::Parse(text)) << text;
  }
  EXPECT_TRUE(ZoneRule::Parse("CET-24CEST+24,M12.5.6/-167,M1.1.0/167:59:59"));
}

}  // namespace
}  // namespace logboom::parse
