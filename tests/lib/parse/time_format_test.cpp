#include "lib/parse/time_format.h"

#include <gtest/gtest.h>

#include "lib/parse/limits.h"
#include "lib/parse/timestamp.h"

namespace logboom::parse {
namespace {

std::string WhyRefused(std::string_view format) {
  const auto made = TimeFormat::Make(format);
  return made.ok() ? "taken" : made.error().message;
}

std::optional<std::int64_t> Read(std::string_view format, std::string_view text) {
  constexpr TimestampMs kNow{1'795'428'000'000};  // 2026-11-23 10:00:00 UTC
  const auto parser = TimeParser::Make(format, Zone());
  EXPECT_TRUE(parser.ok()) << parser.error().message;
  const auto time = parser->Parse(text, kNow);
  return time ? std::optional(time->value()) : std::nullopt;
}

TEST(TimeFormat, Table) {
  constexpr std::int64_t kTen = 1'795'428'000'000;
  struct Row {
    const char* format;
    const char* text;
    std::int64_t expected;
  };
  const Row rows[] = {
      {"%Y-%m-%d %H:%M:%S", "2026-11-23 10:00:00", kTen},
      {"%F %T", "2026-11-23 10:00:00", kTen},
      {"%F%t%R", "2026-11-23\t 10:00", kTen},
      {"%D %H%%", "11/23/26 10%", kTen},
      {"%a %b %d %H:%M:%S.%f %Y", "Mon Nov 23 10:00:00.123456 2026", kTen + 123},
      {"%A, %d. %B %Y, %I:%M %p", "Monday, 23. November 2026, 10:00 am", kTen},
      {"%A, %d. %B %Y, %I:%M %p", "Monday, 23. Nov 2026, 10:00 AM", kTen},
      {"%d.%m. %H:%M", "23.11. 10:00", kTen},
      {"%e.%m.%Y %H", " 3.11.2026 10", kTen - 20 * 86'400'000LL},
      {"%d %m %Y %I %p", "22 11 2026 12 AM", kTen - 34 * 3'600'000LL},
      {"%d %m %Y %I %p", "22 11 2026 12 pm", kTen - 22 * 3'600'000LL},
      {"%F %T %z", "2026-11-23 11:00:00 +01:00", kTen},
      {"%F %T %z", "2026-11-23 05:00:00 -0500", kTen},
      {"%F %T %Z", "2026-11-23 10:00:00 UTC", kTen},
      {"%F %T %Z", "2026-11-23 10:00:00 CET", kTen},
      {"%s", "1795428000", kTen},
      {"%s.%f", "1795428000.5", kTen + 500},
      {"t=%s;", "t=1795428000;", kTen},
      {"%m/%d/%y", "1/2/69", -31'449'600'000},
  };
  for (const Row& row : rows) EXPECT_EQ(Read(row.format, row.text), row.expected) << row.format;
}

TEST(TimeFormat, WhatDoesNotFitIsNone) {
  const std::pair<const char*, const char*> rows[] = {{"%F", "2026-11-31"},
                                                      {"%F", "26-11-23"},
                                                      {"%F %H", "2026-11-23 24"},
                                                      {"%F %I%p", "2026-11-23 13pm"},
                                                      {"%F %I%p", "2026-11-23 0am"},
                                                      {"%F %I%p", "2026-11-23 1xm"},
                                                      {"%F %z", "2026-11-23 CET"},
                                                      {"%F %Z", "2026-11-23 +01:00"},
                                                      {"%d %b", "23 Nov."},
                                                      {"%F.%f", "2026-11-23."},
                                                      {"%s", "x"},
                                                      {"%s", "-"},
                                                      {"%F x", "2026-11-23 y"},
                                                      {"%a %F", " 2026-11-23"},
                                                      {"%F%n%%", "2026-11-23"}};
  for (const auto& [format, text] : rows) {
    EXPECT_EQ(Read(format, text), std::nullopt) << format << " " << text;
  }
}

TEST(TimeFormat, RefusesWhatItCantUnderstandAndSaysWhy) {
  EXPECT_EQ(WhyRefused("%Y-%m-%d %"),
            "the time format '%Y-%m-%d %' ends in a single %: write %% for the sign");
  EXPECT_EQ(WhyRefused("%Q"),
            "the time format '%Q' has %Q, which is none of %Y %y %m %b %d %e %H %I %p %M %S %f %L "
            "%z %Z %s %a %F %T %R %D %n %t %%");
  EXPECT_EQ(WhyRefused("%F %m"), "the time format '%F %m' says twice what %m says");
  EXPECT_EQ(WhyRefused("%T"), "the time format '%T' tells no day: it needs %m or %b and %d, or %s");
  EXPECT_EQ(WhyRefused("%F %I"), "the time format '%F %I' has one of %I and %p without the other");
  EXPECT_EQ(WhyRefused("%F %H %p"),
            "the time format '%F %H %p' has one of %I and %p without the other");
  EXPECT_EQ(WhyRefused(""), "the time format '' tells no day: it needs %m or %b and %d, or %s");
  EXPECT_EQ(WhyRefused("%s"), "taken");
}

TEST(TimeFormat, IsAsLongAsTheLimitAndNotLonger) {
  const std::string format = "%F";
  EXPECT_EQ(WhyRefused(format + std::string(kTimeFormatBytesMax - 2, 'x')), "taken");
  EXPECT_EQ(WhyRefused(format + std::string(kTimeFormatBytesMax - 1, 'x')),
            "a time format of 129 bytes is above the limit of 128");
}

}  // namespace
}  // namespace logboom::parse
