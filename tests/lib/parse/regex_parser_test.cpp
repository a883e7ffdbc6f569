#include "lib/parse/regex_parser.h"

#include <gtest/gtest.h>

#include "lib/parse/limits.h"
#include "tests/lib/parse/parsed.h"

namespace logboom::parse {
namespace {

std::optional<Pairs> Match(std::string_view pattern, std::string_view line) {
  return Parsed(*Made("regex", pattern), line);
}

std::string WhyRefused(std::string_view pattern) {
  const auto parser = MakeParser({.kind = "regex", .pattern = std::string(pattern)});
  if (parser.ok()) return "taken";
  return parser.error().message;
}

TEST(RegexParser, NamedGroupsAreFieldsInTheOrderInWhichTheyOpen) {
  EXPECT_EQ(Match(R"(^(?P<z>\w+) (\d+) (?P<outer>a(?P<inner>b)?)(?P<empty>x*)$)", "k 1 ab"),
            (Pairs{{"z", "k"}, {"outer", "ab"}, {"inner", "b"}, {"empty", ""}}));
  EXPECT_EQ(Match(R"(^(?P<z>\w+) (\d+) (?P<outer>a(?P<inner>b)?)(?P<empty>x*)$)", "k 1 a"),
            (Pairs{{"z", "k"}, {"outer", "a"}, {"empty", ""}}));
}

TEST(RegexParser, ANameMayStandInEachAlternative) {
  EXPECT_EQ(Match("^(?:a=(?P<n>.)|b=(?P<n>.))$", "a=1"), (Pairs{{"n", "1"}}));
  EXPECT_EQ(Match("^(?:a=(?P<n>.)|b=(?P<n>.))$", "b=2"), (Pairs{{"n", "2"}}));
}

TEST(RegexParser, MatchesAnywhereUnlessItIsAnchored) {
  EXPECT_EQ(Match("n=(?P<n>[0-9]+)", "text n=12 text"), (Pairs{{"n", "12"}}));
  EXPECT_EQ(Match("^n=(?P<n>[0-9]+)$", "text n=12 text"), std::nullopt);
}

TEST(RegexParser, BytesThatAreNoUtf8AreTakenByBackslashC) {
  EXPECT_EQ(Match("^(?P<a>.*)$", "caf\xe9"), std::nullopt);
  EXPECT_EQ(Match("^(?P<a>\\C*)$", "caf\xe9"), (Pairs{{"a", "caf\xe9"}}));
  EXPECT_EQ(Match("^(?P<a>.)$", "\xc3\xa9"), (Pairs{{"a", "\xc3\xa9"}}));
}

TEST(RegexParser, TakesTheNamesOfPerlToo) {
  EXPECT_EQ(Match("(?<n>[0-9]+)", "a1"), (Pairs{{"n", "1"}}));
  EXPECT_EQ(WithNamesOfRe2("(?<a>x)(?P<b>y)(?:z)"), "(?P<a>x)(?P<b>y)(?:z)");
  EXPECT_EQ(WithNamesOfRe2("(?<=a)(?<!b)"), "(?<=a)(?<!b)");
  for (const std::string_view as_it_is :
       {"\\(?<a>x", "[(?<a>]", "[]\\](?<a>]", "[^](?<a>]", "[[:alpha:](?<a>]", "\\Q(?<a>\\E",
        "\\Q(?<a>", "[(?<a>", "\\", "[\\", "["}) {
    EXPECT_EQ(WithNamesOfRe2(as_it_is), as_it_is);
  }
}

TEST(RegexParser, RefusesWhatItCantUseAndSaysWhy) {
  EXPECT_EQ(WhyRefused("(?P<a>[0-9"),
            "the pattern '(?P<a>[0-9' is not one of RE2's: missing ]: [0-9");
  EXPECT_EQ(WhyRefused("(\\d+)"),
            "the pattern '(\\d+)' names no group: write (?P<name>...) around each part that is a "
            "field");
  EXPECT_NE(WhyRefused("(?<=a)(?P<b>c)"), "taken");
  EXPECT_NE(WhyRefused("(?P<a>(((x{100}){100}){100}))"), "taken");
}

TEST(RegexParser, TakesPatternsAndGroupsUpToTheLimitAndNotMore) {
  const std::string group = "(?P<a>x)";
  EXPECT_EQ(WhyRefused(group + std::string(kRegexBytesMax - group.size(), 'x')), "taken");
  EXPECT_NE(WhyRefused(group + std::string(kRegexBytesMax - group.size() + 1, 'x')), "taken");
  std::string groups = group;
  for (std::size_t i = 1; i < kRegexGroupsMax; ++i) groups += "()";
  EXPECT_EQ(WhyRefused(groups), "taken");
  EXPECT_EQ(Match(groups, "x"), (Pairs{{"a", "x"}}));
  EXPECT_NE(WhyRefused(groups + "()"), "taken");
}

}  // namespace
}  // namespace logboom::parse
