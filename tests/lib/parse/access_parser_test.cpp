#include "lib/parse/access_parser.h"

#include <gtest/gtest.h>

#include "tests/lib/parse/parsed.h"

namespace logboom::parse {
namespace {

std::optional<Pairs> Access(std::string_view line) { return Parsed("nginx", line); }

// The examples of Apache's manual.
TEST(AccessParser, ReadsCommonAndCombined) {
  Pairs expected{
      {"client", "127.0.0.1"}, {"user", "frank"},          {"time", "10/Oct/2000:13:55:36 -0700"},
      {"method", "GET"},       {"path", "/apache_pb.gif"}, {"protocol", "HTTP/1.0"},
      {"status", "200"},       {"bytes", "2326"}};
  const std::string common =
      "127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] \"GET /apache_pb.gif HTTP/1.0\" 200 2326";
  EXPECT_EQ(Access(common), expected);
  EXPECT_EQ(Parsed("apache", common), expected);
  expected.emplace_back("referer", "http://www.example.com/start.html");
  expected.emplace_back("user_agent", "Mozilla/4.08 [en] (Win98; I ;Nav)");
  const std::string combined =
      common + " \"http://www.example.com/start.html\" \"Mozilla/4.08 [en] (Win98; I ;Nav)\"";
  EXPECT_EQ(Access(combined), expected);
  expected.emplace_back("rest", "\"203.0.113.9\" 0.004");
  EXPECT_EQ(Access(combined + " \"203.0.113.9\" 0.004"), expected);
}

TEST(AccessParser, DashesAreNoFields) {
  EXPECT_EQ(Access("::1 - - [23/Nov/2026:10:00:00 +0000] \"-\" 408 - \"-\" \"-\""),
            (Pairs{{"client", "::1"}, {"time", "23/Nov/2026:10:00:00 +0000"}, {"status", "408"}}));
}

std::optional<Pairs> OfRequest(std::string_view request) {
  auto pairs = Access(fmt::format("c i a b [23/Nov/2026:10:00:00 +0000] \"{}\" 400 1", request));
  if (!pairs) return pairs;
  EXPECT_EQ((*pairs)[2], (std::pair<std::string, std::string>("user", "a b")));
  return Pairs(pairs->begin() + 4, pairs->end() - 2);
}

TEST(AccessParser, RequestTable) {
  EXPECT_EQ(OfRequest("GET / HTTP/1.1"),
            (Pairs{{"method", "GET"}, {"path", "/"}, {"protocol", "HTTP/1.1"}}));
  EXPECT_EQ(OfRequest("GET /a b HTTP/2.0"),
            (Pairs{{"method", "GET"}, {"path", "/a b"}, {"protocol", "HTTP/2.0"}}));
  EXPECT_EQ(OfRequest("GET /old"), (Pairs{{"method", "GET"}, {"path", "/old"}}));
  EXPECT_EQ(OfRequest("GET HTTP/1.0"), (Pairs{{"method", "GET"}, {"path", "HTTP/1.0"}}));
  EXPECT_EQ(OfRequest("GET  HTTP/1.0"), (Pairs{{"method", "GET"}, {"path", " HTTP/1.0"}}));
  EXPECT_EQ(OfRequest("VERSION-CONTROL /x HTTP/1.1"),
            (Pairs{{"method", "VERSION-CONTROL"}, {"path", "/x"}, {"protocol", "HTTP/1.1"}}));
  EXPECT_EQ(OfRequest(R"(GET /\"x\"\x41 HTTP/1.1)"),
            (Pairs{{"method", "GET"}, {"path", "/\"x\"A"}, {"protocol", "HTTP/1.1"}}));
  EXPECT_EQ(OfRequest(R"(\x16\x03\x01)"), (Pairs{{"request", "\x16\x03\x01"}}));
  EXPECT_EQ(OfRequest("GET"), (Pairs{{"request", "GET"}}));
  EXPECT_EQ(OfRequest("GET "), (Pairs{{"request", "GET "}}));
  EXPECT_EQ(OfRequest(""), (Pairs{{"request", ""}}));
}

TEST(AccessParser, WhatFollowsCommonWithoutQuotesIsTheRest) {
  EXPECT_EQ(Access("c - - [23/Nov/2026:10:00:00 +0000] \"-\" 200 1 0.004 x"),
            (Pairs{{"client", "c"},
                   {"time", "23/Nov/2026:10:00:00 +0000"},
                   {"status", "200"},
                   {"bytes", "1"},
                   {"rest", "0.004 x"}}));
}

TEST(AccessParser, OtherLinesAreNotParsed) {
  for (const std::string_view line :
       {"", "text", "c - - [23/Nov/2026:10:00:00 +0000]", "c - - [time] \"GET /\" 200 1",
        "c - - [23/Nov/2026:10:00:00 +0000 \"GET /\" 200 1",
        "c - - [23/Nov/2026:10:00:00 +0000] \"GET / 200 1",
        "c - - [23/Nov/2026:10:00:00 +0000] \"GET /\" OK 1",
        "c - - [23/Nov/2026:10:00:00 +0000] \"GET /\" 20 1",
        "c - - [23/Nov/2026:10:00:00 +0000] \"GET /\" 200",
        "c - - [23/Nov/2026:10:00:00 +0000] \"GET /\" 200 1x",
        "c - [23/Nov/2026:10:00:00 +0000] \"GET /\" 200 1",
        "- [23/Nov/2026:10:00:00 +0000] \"GET /\" 200 1"}) {
    EXPECT_EQ(Access(line), std::nullopt) << line;
  }
}

}  // namespace
}  // namespace logboom::parse
