#include <gtest/gtest.h>
#include <time.h>

#include <cstdlib>

#include "gui/core/figures.h"
#include "gui/core/history.h"
#include "gui/core/limits.h"
#include "gui/core/time_format.h"
#include "gui/core/topic_rates.h"
#include "tests/gui/installations.h"

namespace logboom::gui {
namespace {

client::Snapshot WithTopic(std::int64_t ms, std::int64_t records) {
  client::Snapshot snapshot = EmptySnapshot("a", TestTime(ms));
  snapshot.topics = {MakeTopic("t", 2, records, TestTime(ms).wall)};
  return snapshot;
}

Uuid IdOfTopic() { return WithTopic(0, 0).topics[0].topic_id; }

TEST(TopicRates, AreTheGrowthOverTheTimeBetween) {
  TopicRates rates;
  rates.Add(WithTopic(0, 1'000));
  EXPECT_FALSE(rates.PerSecond(IdOfTopic()));
  rates.Add(WithTopic(2'000, 1'500));
  EXPECT_EQ(rates.PerSecond(IdOfTopic()), 250.0);
}

TEST(TopicRates, AreOverAWindowNotOverAllTime) {
  TopicRates rates;
  for (int second = 0; second <= 60; ++second) {
    rates.Add(WithTopic(second * 1'000, second <= 50 ? second * 1'000 : 50'000));
  }
  EXPECT_EQ(rates.PerSecond(IdOfTopic()), 0.0);
}

TEST(TopicRates, BeginAnewWhereTheEndOrTheClockWentBack) {
  TopicRates rates;
  rates.Add(WithTopic(0, 1'000));
  rates.Add(WithTopic(1'000, 400));
  EXPECT_FALSE(rates.PerSecond(IdOfTopic()));
  rates.Add(WithTopic(2'000, 500));
  EXPECT_EQ(rates.PerSecond(IdOfTopic()), 100.0);
  rates.Add(WithTopic(500, 600));
  EXPECT_FALSE(rates.PerSecond(IdOfTopic()));
}

TEST(History, HoldsTheLastMinutesOnePointAStep) {
  History history;
  for (int i = 0; i < 2'000; ++i) {
    history.Add(TestTime(i * 1'000).wall, i);
    history.Add(TestTime(i * 1'000 + 100).wall, i + 0.5);
  }
  EXPECT_EQ(history.points().size(), 601U);
  EXPECT_EQ(history.points().back().value, 1'999.5);
  EXPECT_GE(history.points().front().time.value(),
            TestTime(1'999'100).wall.value() - 600'000 - 1'000);
}

TEST(History, AClockThatWasSetBackBeginsAnew) {
  History history;
  history.Add(TestTime(10'000).wall, 1);
  history.Add(TestTime(0).wall, 2);
  ASSERT_EQ(history.points().size(), 1U);
  EXPECT_EQ(history.points()[0].value, 2);
}

TEST(Figures, HaveThreeDigitsAndAUnit) {
  EXPECT_EQ(CountFigure(0).text(), "0");
  EXPECT_EQ(CountFigure(0.42).text(), "0.4");
  EXPECT_EQ(CountFigure(12).text(), "12");
  EXPECT_EQ(CountFigure(999.4).text(), "999");
  EXPECT_EQ(CountFigure(999.6).text(), "1.0 k");
  EXPECT_EQ(CountFigure(41'812).text(), "41.8 k");
  EXPECT_EQ(RateFigure(4'100'000).text(), "4.1 M/s");
  EXPECT_EQ(BytesFigure(9'300'000, "/s").text(), "9.3 MB/s");
}

TEST(Figures, SpansHaveTwoUnits) {
  EXPECT_EQ(SpanText(850), "850 ms");
  EXPECT_EQ(SpanText(59'999), "59 s");
  EXPECT_EQ(SpanText(185'000), "3 m 5 s");
  EXPECT_EQ(SpanText(7'200'000), "2 h");
  EXPECT_EQ(SpanText(187'200'000), "2 d 4 h");
}

TEST(TimeFormat, SaysTheZone) {
  setenv("TZ", "UTC", 1);
  tzset();
  EXPECT_EQ(FormatClock(TestTime(123).wall), "20:00:00.123");
  EXPECT_EQ(FormatHourMinute(TestTime().wall), "20:00");
  EXPECT_EQ(FormatDateTime(TestTime().wall), "2026-11-22 20:00:00.000 +00:00");
  EXPECT_EQ(ZoneName(TestTime().wall), "UTC");
}

}  // namespace
}  // namespace logboom::gui
