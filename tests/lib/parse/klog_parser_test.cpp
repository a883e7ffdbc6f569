#include "lib/parse/klog_parser.h"

#include <gtest/gtest.h>

#include "tests/lib/parse/parsed.h"

namespace logboom::parse {
namespace {

std::optional<Pairs> Klog(std::string_view line) { return Parsed("klog", line); }

TEST(KlogParser, ReadsKlogAndGlog) {
  EXPECT_EQ(Klog("I0102 15:04:05.000000    4711 server.go:42] \"Started\" port=80"),
            (Pairs{{"severity", "I"},
                   {"time", "0102 15:04:05.000000"},
                   {"pid", "4711"},
                   {"file", "server.go"},
                   {"line", "42"},
                   {"message", "\"Started\" port=80"}}));
  EXPECT_EQ(Klog("E20261123 10:00:00.123456 1 a:b.cc:7]"),
            (Pairs{{"severity", "E"},
                   {"time", "20261123 10:00:00.123456"},
                   {"pid", "1"},
                   {"file", "a:b.cc"},
                   {"line", "7"},
                   {"message", ""}}));
}

TEST(KlogParser, OtherLinesAreNotParsed) {
  for (const std::string_view line :
       {"", "I", "Info", "X0102 15:04:05.000000 1 a.go:1] x", "I0102 15:04:05.000000 1 a.go] x",
        "I0102 15:04:05.000000 1 a.go:x] y", "I0102 15:04:05.000000 1 a.go:] y",
        "I0102 15:04:05.000000 1 :1] y", "I0102 15:04:05.000000 1 a b.go:1] y",
        "I0102 15:04:05.000000 a.go:1] y", "I1302 15:04:05.000000 1 a.go:1] y",
        "I0102 15:04:05.000000 1 a.go:1"}) {
    EXPECT_EQ(Klog(line), std::nullopt) << line;
  }
}

}  // namespace
}  // namespace logboom::parse
