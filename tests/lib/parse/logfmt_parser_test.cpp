#include "lib/parse/logfmt_parser.h"

#include <gtest/gtest.h>

#include "lib/base/random.h"
#include "lib/parse/limits.h"
#include "tests/lib/parse/parsed.h"
#include "tests/lib/parse/render.h"

namespace logboom::parse {
namespace {

constexpr std::uint64_t kSeed = 4711;

std::optional<Pairs> Logfmt(std::string_view line) { return Parsed("logfmt", line); }

TEST(LogfmtParser, PairsAreFieldsInTheirOrder) {
  EXPECT_EQ(Logfmt("at=info method=GET path=/a?b=c&d=e bytes= took=1ms"),
            (Pairs{{"at", "info"},
                   {"method", "GET"},
                   {"path", "/a?b=c&d=e"},
                   {"bytes", ""},
                   {"took", "1ms"}}));
  EXPECT_EQ(Logfmt(" \ta=1\t b=2  "), (Pairs{{"a", "1"}, {"b", "2"}}));
}

TEST(LogfmtParser, QuotedValuesAreTakenBack) {
  EXPECT_EQ(Logfmt(R"(a="x y" b="" c="say \"hi\" \\ \n\t\x1b\u00e9\U0001f600\033\q" d="k=v")"),
            (Pairs{{"a", "x y"},
                   {"b", ""},
                   {"c", "say \"hi\" \\ \n\t\x1b\xc3\xa9\xf0\x9f\x98\x80\x1b\\q"},
                   {"d", "k=v"}}));
}

TEST(LogfmtParser, AKeyAloneHasNoValueAndMayNotBeFirst) {
  EXPECT_EQ(Logfmt("a=1 flag b=2 done"),
            (Pairs{{"a", "1"}, {"flag", ""}, {"b", "2"}, {"done", ""}}));
  EXPECT_EQ(Logfmt("flag a=1"), std::nullopt);
}

TEST(LogfmtParser, FreeTextAndBrokenPairsAreNotParsed) {
  for (const std::string_view line :
       {"", "  ", "hello world", "no pair = here", "=1", "a=1 =2", "a=\"open", "a=\"open\\\"",
        "a=\"open\\", "a=\"x\"y", "a=x\"y\"", "a=1 \"b\"", "{\"a\":1}",
        "Nov 23 10:00:00 h p: a=1"}) {
    EXPECT_EQ(Logfmt(line), std::nullopt) << line;
  }
}

TEST(LogfmtParser, TakesFieldsUpToTheLimitAndNotOneMore) {
  std::string line;
  for (std::size_t i = 0; i < kFieldsMax; ++i) line += "a=1 ";
  EXPECT_EQ(Logfmt(line).value_or(Pairs{}).size(), kFieldsMax);
  EXPECT_EQ(Logfmt(line + "a=1"), std::nullopt);
}

TEST(LogfmtParser, ReadsBackWhatWasRendered) {
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  SeededRandom random(kSeed);
  for (int i = 0; i < 5'000; ++i) {
    Pairs pairs;
    for (std::uint64_t left = 1 + random.Below(6); left > 0; --left) {
      pairs.emplace_back(RandomKey(random), RandomBytes(random, 12));
    }
    const std::string line = RenderLogfmt(pairs);
    EXPECT_EQ(Logfmt(line), pairs) << line;
  }
}

}  // namespace
}  // namespace logboom::parse
