#include "exporters/prometheus/exposition.h"

#include <gtest/gtest.h>

#include <cmath>

namespace logboom::exporter {
namespace {

TEST(Exposition, AFamilyHasItsHeaderOnceAndASampleALine) {
  Exposition out;
  out.Begin("logboom_up", MetricType::kGauge, "1 where the broker answered");
  out.Sample({{"broker", "a"}}, std::int64_t{1});
  out.Sample({{"broker", "b"}}, std::int64_t{0});
  EXPECT_EQ(out.Take(),
            "# HELP logboom_up 1 where the broker answered\n"
            "# TYPE logboom_up gauge\n"
            "logboom_up{broker=\"a\"} 1\n"
            "logboom_up{broker=\"b\"} 0\n");
}

TEST(Exposition, AFamilyWithoutSamplesIsLeftOut) {
  Exposition out;
  out.Begin("logboom_empty", MetricType::kGauge, "nothing");
  out.Begin("logboom_total", MetricType::kCounter, "something");
  out.Sample({}, std::int64_t{3});
  EXPECT_EQ(out.Take(),
            "# HELP logboom_total something\n# TYPE logboom_total counter\nlogboom_total 3\n");
}

TEST(Exposition, LabelValuesOfAnyBytesStayOneLineOfUtf8) {
  Exposition out;
  out.Begin("m", MetricType::kGauge, "h");
  out.Sample({{"group", "a\"b\\c\nd"}, {"topic", "x\xFFy"}}, std::int64_t{1});
  const std::string text = out.Take();
  EXPECT_NE(text.find(R"(m{group="a\"b\\c\nd",topic="x)"), std::string::npos) << text;
  EXPECT_NE(text.find("x\xEF\xBF\xBDy\"} 1\n"), std::string::npos) << text;
}

TEST(Exposition, FractionsKeepTheirDigits) {
  Exposition out;
  out.Begin("m", MetricType::kGauge, "h");
  out.Sample({}, 1790000000.123);
  out.Sample({}, 0.0);
  const std::string text = out.Take();
  EXPECT_NE(text.find("m 1790000000.123\nm 0"), std::string::npos) << text;
}

TEST(Exposition, CountsTheSamplesOfEachFamily) {
  Exposition out;
  out.Begin("a", MetricType::kGauge, "h");
  out.Sample({{"x", "1"}}, std::int64_t{1});
  out.Sample({{"x", "2"}}, std::int64_t{1});
  out.Begin("b", MetricType::kGauge, "h");
  EXPECT_EQ(out.series().at("a"), 2);
  EXPECT_FALSE(out.series().contains("b"));
}

TEST(ExpositionDeathTest, ANumberThatIsNoneIsABugOfOurs) {
  Exposition out;
  out.Begin("m", MetricType::kGauge, "h");
  EXPECT_DEATH(out.Sample({}, std::nan("")), "isnan");
}

}  // namespace
}  // namespace logboom::exporter
