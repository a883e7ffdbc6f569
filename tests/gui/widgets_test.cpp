#include <gtest/gtest.h>

#include <cmath>

#include "gui/widgets/chart_math.h"
#include "gui/widgets/colours.h"
#include "gui/widgets/log_text.h"
#include "tests/gui/installations.h"

namespace logboom::gui {
namespace {

double Linear(double channel) {
  return channel <= 0.03928 ? channel / 12.92 : std::pow((channel + 0.055) / 1.055, 2.4);
}

double Luminance(const QColor& colour) {
  return 0.2126 * Linear(colour.redF()) + 0.7152 * Linear(colour.greenF()) +
         0.0722 * Linear(colour.blueF());
}

double Contrast(const QColor& a, const QColor& b) {
  const double light = std::max(Luminance(a), Luminance(b));
  return (light + 0.05) / (std::min(Luminance(a), Luminance(b)) + 0.05);
}

TEST(Colours, TextCanBeReadOnAllThatItStandsOn) {
  for (const ThemeKind theme : {ThemeKind::kLight, ThemeKind::kDark}) {
    const Colours& colours = ColoursOf(theme);
    for (const QColor& ground : {colours.window, colours.surface, colours.sidebar}) {
      for (const QColor& ink :
           {colours.text, colours.muted, colours.accent, colours.good, colours.warn, colours.bad}) {
        EXPECT_GE(Contrast(ink, ground), 4.5)
            << ink.name().toStdString() << " on " << ground.name().toStdString();
      }
    }
    for (const QColor& ground : {colours.selection, colours.warn_surface, colours.bad_surface,
                                 colours.highlight, colours.hover}) {
      EXPECT_GE(Contrast(colours.text, ground), 4.5) << ground.name().toStdString();
    }
    for (const QColor& ink : {colours.good, colours.warn, colours.bad, colours.muted}) {
      EXPECT_GE(Contrast(ink, colours.selection), 4.0)
          << ink.name().toStdString() << " on the selection";
    }
    EXPECT_GE(Contrast(colours.on_accent, colours.accent), 4.5);
  }
}

TEST(Chart, ScalesEndAtNiceFigures) {
  EXPECT_EQ(NiceCeiling(0), 1);
  EXPECT_EQ(NiceCeiling(0.7), 1);
  EXPECT_EQ(NiceCeiling(1), 1);
  EXPECT_EQ(NiceCeiling(2.1), 2.5);
  EXPECT_EQ(NiceCeiling(41'000), 50'000);
  EXPECT_EQ(NiceCeiling(52), 100);
}

std::vector<Point> Wave(int count) {
  std::vector<Point> points;
  for (int i = 0; i < count; ++i) {
    points.push_back({TestTime(i).wall, 50 + 50 * std::sin(i / 7.0)});
  }
  return points;
}

TEST(Chart, ManyPointsBecomeFewButTheExtremesStay) {
  const std::vector<Point> points = Wave(100'000);
  const ChartScale scale{QRectF(0, 0, 500, 200), points.front().time, points.back().time, 100, 25};
  const auto lines = MakeLines(points, scale, 5'000);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_LE(lines[0].size(), 4U * 502U);
  const auto [low, high] =
      std::minmax_element(lines[0].begin(), lines[0].end(),
                          [](const QPointF& a, const QPointF& b) { return a.y() < b.y(); });
  EXPECT_NEAR(low->y(), 0, 0.5);
  EXPECT_NEAR(high->y(), 200, 0.5);
}

TEST(Chart, AHoleBreaksTheLine) {
  std::vector<Point> points;
  for (int i = 0; i < 60; ++i) {
    if (i < 20 || i > 40) points.push_back({TestTime(i * 1'000).wall, 1});
  }
  const ChartScale scale{QRectF(0, 0, 500, 200), TestTime().wall, TestTime(60'000).wall, 2, 1};
  EXPECT_EQ(MakeLines(points, scale, 5'000).size(), 2U);
  EXPECT_TRUE(MakeLines({}, scale, 5'000).empty());
}

TEST(LogText, TabsReachTheNextEighthColumn) {
  EXPECT_EQ(ExpandTabs("a\tb"), "a       b");
  EXPECT_EQ(ExpandTabs("12345678\tb"), "12345678        b");
  EXPECT_EQ(ExpandTabs("plain"), "plain");
}

TEST(LogText, LongSourcesLoseTheirStartAndShortOnesAreFilled) {
  LineBlock block;
  block.Add({.time = TestTime().wall}, "host:/a/very/long/path/to/some/file.log", "text");
  block.Add({.time = TestTime().wall, .broker = 1}, "s", "text");
  LineStore store;
  store.Append(block);
  LineLayout layout{.brokers = {}, .source_columns = 12};
  EXPECT_EQ(MakeLineText(store.at(0), layout).text,
            QString("20:00:00.000  %1me/file.log  text").arg(QChar(0x2026)));
  layout.brokers = {"a", "b"};
  EXPECT_EQ(MakeLineText(store.at(1), layout).text, "20:00:00.000  b s           text");
}

}  // namespace
}  // namespace logboom::gui
