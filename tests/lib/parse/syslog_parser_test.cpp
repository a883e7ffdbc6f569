#include "lib/parse/syslog_parser.h"

#include <gtest/gtest.h>

#include "lib/parse/limits.h"
#include "tests/lib/parse/parsed.h"

namespace logboom::parse {
namespace {

std::optional<Pairs> Syslog(std::string_view line) { return Parsed("syslog", line); }

// The examples of RFC 5424, section 6.5.
TEST(SyslogParser, ReadsTheExamplesOfRfc5424) {
  EXPECT_EQ(Syslog("<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - "
                   "\xef\xbb\xbf'su root' failed for lonvick on /dev/pts/8"),
            (Pairs{{"facility", "auth"},
                   {"severity", "crit"},
                   {"time", "2003-10-11T22:14:15.003Z"},
                   {"host", "mymachine.example.com"},
                   {"app", "su"},
                   {"msgid", "ID47"},
                   {"message", "'su root' failed for lonvick on /dev/pts/8"}}));
  EXPECT_EQ(Syslog("<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - "
                   "%% It's time to make the do-nuts."),
            (Pairs{{"facility", "local4"},
                   {"severity", "notice"},
                   {"time", "2003-08-24T05:14:15.000003-07:00"},
                   {"host", "192.0.2.1"},
                   {"app", "myproc"},
                   {"pid", "8710"},
                   {"message", "%% It's time to make the do-nuts."}}));
  EXPECT_EQ(Syslog("<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 "
                   "[exampleSDID@32473 iut=\"3\" eventSource=\"Application\"]"
                   "[examplePriority@32473 class=\"high\"]"),
            (Pairs{{"facility", "local4"},
                   {"severity", "notice"},
                   {"time", "2003-10-11T22:14:15.003Z"},
                   {"host", "mymachine.example.com"},
                   {"app", "evntslog"},
                   {"msgid", "ID47"},
                   {"sd.exampleSDID@32473.iut", "3"},
                   {"sd.exampleSDID@32473.eventSource", "Application"},
                   {"sd.examplePriority@32473.class", "high"}}));
}

TEST(SyslogParser, TakesEscapesInStructuredDataBack) {
  EXPECT_EQ(Syslog(R"(<0>1 - - - - - [a x="\"\\\]\n" y=""][b] m)"), (Pairs{{"facility", "kern"},
                                                                           {"severity", "emerg"},
                                                                           {"sd.a.x", R"("\]\n)"},
                                                                           {"sd.a.y", ""},
                                                                           {"sd.b", ""},
                                                                           {"message", "m"}}));
}

// The first example of RFC 3164, section 5.4.
TEST(SyslogParser, ReadsRfc3164) {
  EXPECT_EQ(Syslog("<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick"),
            (Pairs{{"facility", "auth"},
                   {"severity", "crit"},
                   {"time", "Oct 11 22:14:15"},
                   {"host", "mymachine"},
                   {"app", "su"},
                   {"message", "'su root' failed for lonvick"}}));
  EXPECT_EQ(Syslog("<191>Feb  5 17:32:18 10.0.0.99 Use the BFG!"),
            (Pairs{{"facility", "local7"},
                   {"severity", "debug"},
                   {"time", "Feb  5 17:32:18"},
                   {"host", "10.0.0.99"},
                   {"message", "Use the BFG!"}}));
}

TEST(SyslogParser, ReadsWhatRsyslogForwardsAndWhatProgramsOfTheSameMachineSend) {
  EXPECT_EQ(Syslog("<86>2026-11-23T10:00:00.123456+01:00 web sshd[9]: session opened"),
            (Pairs{{"facility", "authpriv"},
                   {"severity", "info"},
                   {"time", "2026-11-23T10:00:00.123456+01:00"},
                   {"host", "web"},
                   {"app", "sshd"},
                   {"pid", "9"},
                   {"message", "session opened"}}));
  EXPECT_EQ(Syslog("<13>Nov 23 10:00:00 me[77]: from here"), (Pairs{{"facility", "user"},
                                                                    {"severity", "notice"},
                                                                    {"time", "Nov 23 10:00:00"},
                                                                    {"app", "me"},
                                                                    {"pid", "77"},
                                                                    {"message", "from here"}}));
}

TEST(SyslogParser, AnythingBehindAPriorityIsAMessage) {
  const auto message = [](std::string_view text) {
    return Pairs{{"facility", "kern"}, {"severity", "info"}, {"message", std::string(text)}};
  };
  for (const std::string_view text :
       {"", "text", "1 no such time h a p m - x", "1 - - - - - [a", "1 - - - - - [a b=\"c\"]x",
        "1 2026-11-23 h a p m - x", "2 - - - - - - x"}) {
    EXPECT_EQ(Syslog(fmt::format("<6>{}", text)), message(text)) << text;
  }
}

TEST(SyslogParser, ReadsFilesWithoutPriorities) {
  EXPECT_EQ(Syslog("Nov 23 10:00:00 host systemd[1]: Started Daily Cleanup."),
            (Pairs{{"time", "Nov 23 10:00:00"},
                   {"host", "host"},
                   {"app", "systemd"},
                   {"pid", "1"},
                   {"message", "Started Daily Cleanup."}}));
  EXPECT_EQ(Syslog("2026-11-23T10:00:00.000001+01:00 host kernel: [   12.5] usb 1-1: new"),
            (Pairs{{"time", "2026-11-23T10:00:00.000001+01:00"},
                   {"host", "host"},
                   {"app", "kernel"},
                   {"message", "[   12.5] usb 1-1: new"}}));
  EXPECT_EQ(Syslog("Nov  3 10:00:00.123456 host last message repeated 2 times"),
            (Pairs{{"time", "Nov  3 10:00:00.123456"},
                   {"host", "host"},
                   {"message", "last message repeated 2 times"}}));
}

TEST(SyslogParser, TagTable) {
  struct Row {
    const char* text;
    const char* app;
    const char* pid;
    const char* message;
  };
  const Row rows[] = {
      {"a: b", "a", "", "b"},
      {"a:", "a", "", ""},
      {"a[1]: b", "a", "1", "b"},
      {"a[1] b", "a", "1", "b"},
      {"a[]: b", "a", "", "b"},
      {"a[1]:b", "", "", "a[1]:b"},
      {"a[1", "", "", "a[1"},
      {"http://x y", "", "", "http://x y"},
      {"postfix/smtpd[12]: x", "postfix/smtpd", "12", "x"},
      {"sshd(pam_unix)[3]: x", "sshd(pam_unix)", "3", "x"},
      {"a b: c", "", "", "a b: c"},
      {": x", "", "", ": x"},
      {"a:  x", "a", "", " x"},
  };
  for (const Row& row : rows) {
    Pairs expected{{"time", "Nov 23 10:00:00"}, {"host", "h"}};
    if (*row.app != '\0') expected.emplace_back("app", row.app);
    if (*row.pid != '\0') expected.emplace_back("pid", row.pid);
    expected.emplace_back("message", row.message);
    EXPECT_EQ(Syslog(fmt::format("Nov 23 10:00:00 h {}", row.text)), expected) << row.text;
  }
}

TEST(SyslogParser, OtherLinesAreNotParsed) {
  for (const std::string_view line :
       {"", "text", "<192>x", "<034>x", "<>x", "<1234>x", "<3", "<-1>x", "Nov 23 10:00:00",
        "Nov 23 10:00:00 host", "Nov 32 10:00:00 h a: b", "Foo 23 10:00:00 h a: b",
        "Nov 23 25:00:00 h a: b", "2026-11-23T10:00:00Z INFO text", "2026-11-23T10:00:00Z h ",
        "{\"a\":1}"}) {
    EXPECT_EQ(Syslog(line), std::nullopt) << line;
  }
}

TEST(SyslogParser, TakesParametersUpToTheLimitAndNotOneMore) {
  std::string line = "<0>1 - - - - - [a";
  for (std::size_t i = 2; i < kFieldsMax; ++i) line += " b=\"c\"";
  EXPECT_EQ(Syslog(line + "]").value_or(Pairs{}).size(), kFieldsMax);
  // One more, and the line is what its priority makes of it.
  EXPECT_EQ(Syslog(line + " b=\"c\"]").value_or(Pairs{}).size(), 3U);
}

}  // namespace
}  // namespace logboom::parse
