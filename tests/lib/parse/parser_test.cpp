// What holds for parsers of every kind.
#include "lib/parse/parser.h"

#include <gtest/gtest.h>

#include <chrono>

#include "lib/parse/level.h"
#include "lib/parse/limits.h"
#include "lib/parse/timestamp.h"
#include "tests/lib/parse/allocations.h"
#include "tests/lib/parse/parsed.h"

namespace logboom::parse {
namespace {

struct Sample {
  const char* kind;
  const char* pattern;
  const char* line;
};

constexpr Sample kSamples[] = {
    {"json", "", R"({"a":{"b":"x\ny","c":[1,2]},"d":1.5,"e":"\u00e9"})"},
    {"logfmt", "", R"(a=1 b="x \"y\" z" c)"},
    {"syslog", "", R"(<34>1 2026-11-23T10:00:00Z h a 1 - [x y="\"z"] text)"},
    {"syslog", "", "Nov 23 10:00:00 host prog[1]: text"},
    {"nginx", "", R"(c - - [23/Nov/2026:10:00:00 +0000] "GET /\x41 HTTP/1.1" 200 1 "-" "\"x")"},
    {"klog", "", "I0102 15:04:05.000000 1 a.go:1] text"},
    {"regex", "^(?P<a>[a-z]+) (?P<b>[0-9]+)$", "abc 123"},
};

TEST(MakeParser, RefusesWhatItDoesNotKnowAndSaysWhatItDoes) {
  EXPECT_EQ(MakeParser({.kind = "jsno", .pattern = {}}).error().message,
            "there is no parser 'jsno': the kinds are json, logfmt, syslog, nginx, apache, klog, "
            "regex");
  EXPECT_EQ(MakeParser({.kind = "json", .pattern = "x"}).error().message,
            "a parser of kind 'json' takes no pattern: leave it out, or use kind 'regex'");
  EXPECT_EQ(MakeParser({.kind = "regex", .pattern = {}}).error().message,
            "a parser of kind 'regex' needs a pattern with named groups: (?P<name>...)");
}

// A line's way from text to time and level, by the names of fields alone.
TEST(Parsers, NameTimeAndSeveritySoThatTheyAreFound) {
  struct Row {
    const char* kind;
    const char* line;
    const char* level;
  };
  const Row rows[] = {
      {"json", R"({"ts":1795428000.0,"level":"warn"})", "warn"},
      {"json", R"({"@timestamp":"2026-11-23T10:00:00Z","log":{"level":"ERROR"}})", "error"},
      {"logfmt", "time=2026-11-23T10:00:00Z lvl=eror level=dbg", "debug"},
      {"syslog", "<11>1 2026-11-23T10:00:00Z h a - - - x", "error"},
      {"syslog", "<14>Nov 23 10:00:00 h a: x", "info"},
      {"syslog", "Nov 23 10:00:00 h a: x", "none"},
      {"nginx", R"(c - - [23/Nov/2026:11:00:00 +0100] "GET / HTTP/1.1" 200 1)", "none"},
      {"klog", "W1123 10:00:00.000000 1 a.go:1] x", "warn"},
  };
  const TimestampMs now(1'795'428'000'000);  // 2026-11-23 10:00:00 UTC
  const TimeParser times = *TimeParser::Make("auto", Zone());
  Fields fields;
  for (const Row& row : rows) {
    ASSERT_TRUE(Made(row.kind)->Parse(row.line, fields)) << row.line;
    EXPECT_EQ(times.Parse(FindTime(fields).value_or(""), now), now) << row.line;
    const auto level = LevelOf(fields);
    EXPECT_EQ(level ? LevelName(*level) : "none", row.level) << row.line;
  }
}

TEST(Parsers, AllocateNothingOnceTheyAreWarm) {
  for (const Sample& sample : kSamples) {
    const auto parser = Made(sample.kind, sample.pattern);
    Fields fields;
    ASSERT_TRUE(parser->Parse(sample.line, fields)) << sample.line;
    ASSERT_TRUE(parser->Parse(sample.line, fields));
    const std::uint64_t before = Allocations();
    for (int i = 0; i < 100; ++i) parser->Parse(sample.line, fields);
    EXPECT_EQ(Allocations(), before) << sample.kind;
  }
}

// Not a byte behind the line's end is looked at, wherever it ends (an address sanitizer sees it:
// the line stands alone on the heap); and what is found does not depend on it.
TEST(Parsers, ReadNothingBehindTheLine) {
  for (const Sample& sample : kSamples) {
    const auto parser = Made(sample.kind, sample.pattern);
    const std::string_view whole = sample.line;
    for (std::size_t size = 0; size <= whole.size(); ++size) {
      const std::vector<char> alone(whole.begin(),
                                    whole.begin() + static_cast<std::ptrdiff_t>(size));
      const auto cut = Parsed(*parser, {alone.data(), alone.size()});
      EXPECT_EQ(Parsed(*parser, whole.substr(0, size)), cut) << whole << " cut at " << size;
    }
  }
}

// A line of the largest usual size, made to be read again and again.
TEST(Parsers, NeedTimeLinearInTheLine) {
  constexpr std::size_t kLineBytes = 1'000'000;
  const auto repeated = [](std::string_view begin, std::string_view part) {
    std::string line(begin);
    while (line.size() < kLineBytes) line += part;
    return line;
  };
  const auto started = std::chrono::steady_clock::now();
  for (const Sample& sample : kSamples) {
    const auto parser = Made(sample.kind, sample.pattern);
    Fields fields;
    for (const std::string& line :
         {repeated("{\"a\":[", "["), repeated("{", "\"a\":{"), repeated("{", "\"a\":\"\\u0041\","),
          repeated("{\"a\":\"", "\\\""), repeated("{\"a\":[", "\"\\\\\","), repeated("a=", "\""),
          repeated("a=\"", "\\\""), repeated("", "a=\"\\n\" "), repeated("a=\"\\", "\\\\"),
          repeated("<34>1 - - - - - ", "[a b=\"\\\"\"]"), repeated("<34>1 - - - - - [a b=\"", "\\"),
          repeated("Nov 23 10:00:00 ", "a["), repeated("<34>Nov 23 10:00:00 h ", "a"),
          repeated("c - ", " ["), repeated("c - - [23/Nov/2026:10:00:00 +0000] \"", "\\x"),
          repeated("I0102 15:04:05.000000 1 ", ":"), repeated("", "a"), repeated("", " ")}) {
      parser->Parse(line, fields);
    }
  }
  // Quadratic would be hours; what is linear takes some 0.2 s, and ten times that with sanitizers.
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(60));
}

}  // namespace
}  // namespace logboom::parse
