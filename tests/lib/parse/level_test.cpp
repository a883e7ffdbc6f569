#include "lib/parse/level.h"

#include <gtest/gtest.h>

#include "lib/parse/limits.h"
#include "tests/lib/parse/allocations.h"
#include "tests/lib/parse/parsed.h"

namespace logboom::parse {
namespace {

// "": none.
std::string Named(std::optional<Level> level) {
  return std::string(level ? LevelName(*level) : "");
}
std::string OfText(std::string_view text) { return Named(LevelFromText(text)); }
std::string OfLine(std::string_view line) { return Named(DetectLevel(line)); }

TEST(Level, OfNamesInAnyCase) {
  const std::pair<const char*, std::vector<const char*>> rows[] = {
      {"trace", {"trace", "TRACE", "trc", "verbose", "vrb", "finer", "FINEST", "t", "V"}},
      {"debug", {"debug", "Debug", "DBG", "fine", "D"}},
      {"info", {"info", "INFO", "inf", "information", "informational", "notice", "note", "I"}},
      {"warn", {"warn", "Warning", "WRN", "w"}},
      {"error", {"error", "ERR", "severe", "E"}},
      {"fatal",
       {"fatal", "crit", "CRITICAL", "alert", "emerg", "emergency", "panic", "dpanic", "ftl", "f"}},
      {"", {"", "x", "er", "errors", "no", "information!", "warn ", "informational.", "level"}},
  };
  for (const auto& [level, texts] : rows) {
    for (const char* const text : texts) EXPECT_EQ(OfText(text), level) << text;
  }
}

TEST(Level, OfNumbersOfSyslogAndPino) {
  const char* const syslog[] = {"fatal", "fatal", "fatal", "error",
                                "warn",  "info",  "info",  "debug"};
  for (int i = 0; i < 8; ++i) EXPECT_EQ(OfText(std::to_string(i)), syslog[i]) << i;
  const char* const pino[] = {"trace", "debug", "info", "warn", "error", "fatal"};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(OfText(std::to_string(10 * i + 10)), pino[i]) << i;
  for (const char* const text : {"8", "9", "00", "11", "35", "70", "100", "-1"}) {
    EXPECT_EQ(OfText(text), "") << text;
  }
}

TEST(Level, EveryNameIsReadAsItself) {
  for (int i = 0; i < 6; ++i) {
    const auto level = static_cast<Level>(i);
    EXPECT_EQ(LevelFromText(LevelName(level)), level);
  }
}

TEST(Level, OfTheFirstFieldThatHoldsOne) {
  const auto of = [](std::initializer_list<Field> listed) {
    Fields fields;
    for (const Field& field : listed) fields.Add(field.name, field.value);
    return Named(LevelOf(fields));
  };
  EXPECT_EQ(of({}), "");
  EXPECT_EQ(of({{"message", "error"}}), "");
  EXPECT_EQ(of({{"message", "x"}, {"level", "warn"}}), "warn");
  EXPECT_EQ(of({{"level", "17"}, {"severity", "crit"}}), "fatal");
  EXPECT_EQ(of({{"Severity", "I"}}), "info");
  EXPECT_EQ(of({{"log.level", "ERROR"}, {"level", "info"}}), "error");
  EXPECT_EQ(of({{"PRIORITY", "6"}}), "info");
  EXPECT_EQ(of({{"level", "50"}}), "error");
}

TEST(DetectLevel, Table) {
  const std::pair<const char*, const char*> rows[] = {
      // a word in capitals
      {"ERROR text", "error"},
      {"2026-11-23 10:00:00,123 ERROR [main] c.f.Service - text", "error"},
      {"2026-11-23 10:00:00 WARN: text", "warn"},
      {"10:00:00 | INFO | text", "info"},
      {"10:00:00|DEBUG|text", "debug"},
      {"2026-11-23 10:00:00 UTC [77] FATAL:  the database system is starting up", "fatal"},
      {"[2026-11-23 10:00:00,123: ERROR/MainProcess] text", "error"},
      {"npm ERR! code", "error"},
      {"\x1b[32mINFO\x1b[0m text", "info"},
      {"10:00:00 \x1b[1;31mERROR\x1b[0m text", "error"},
      {"text ERROR", "error"},
      {"WARN\r", "warn"},
      // in brackets
      {"2026/11/23 10:00:00 [error] 7#7: *1 open() failed", "error"},
      {"[Mon Nov 23 10:00:00.123456 2026] [core:error] [pid 1] text", "error"},
      {"[Mon Nov 23 10:00:00.123456 2026] [ssl:warn] [pid 1] text", "warn"},
      {"2026-11-23T10:00:00.000000Z 0 [Warning] [MY-010068] [Server] text", "warn"},
      {"2026-11-23 10:00:00 [info     ] text", "info"},
      {"[INFO ] text", "info"},
      {"<info>  [1700000000.1234] manager: text", "info"},
      // keyed
      {"time=2026-11-23T10:00:00Z level=error msg=x", "error"},
      {"lvl=\"warn\" msg=x", "warn"},
      {"{\"time\":1,\"level\":\"error\",\"msg\":\"x\"}", "error"},
      {"{\"level\": 30, \"msg\":\"x\"}", "info"},
      {"{\"@level\":\"debug\"}", "debug"},
      {"{\"PRIORITY\" : \"3\"}", "error"},
      {"severity: WARNING, text", "warn"},
      {"{'level': 'error'}", "error"},
      {"level=E x", "error"},
      // at the start, in any case
      {"error: text", "error"},
      {"Warning: text", "warn"},
      {"fatal: not a git repository", "fatal"},
      {"sshd[1]: error: kex_exchange", "error"},
      {"[12:00] warning: text", "warn"},
      {"error:", "error"},
      // syslog's and klog's
      {"<3>text", "error"},
      {"<34>1 - - - - - - text", "fatal"},
      {"<191>x", "debug"},
      {"I0102 15:04:05.000000 1 a.go:1] text", "info"},
      {"E20261123 15:04:05.000000 1 a.go:1] text", "error"},
      // the first counts
      {"INFO: text, no ERROR", "info"},
      {"DEBUG error: x", "debug"},
      {"[info] ERROR", "info"},
      {"level=info msg=x level=error", "info"},
      {"<6>ERROR", "info"},
  };
  for (const auto& [line, level] : rows) EXPECT_EQ(OfLine(line), level) << line;
}

TEST(DetectLevel, IsNotFooled) {
  for (const std::string_view line :
       {"",
        " ",
        "no errors found",
        "an error occurred",
        "error_count=0",
        "errors: 0",
        "0 errors, 0 warnings",
        "/var/log/ERROR/x",
        "ERROR_COUNT=1",
        "ERROR=1",
        "x=ERROR",
        "my-ERROR x",
        "ERROR.log rotated",
        "com.example.ERROR",
        "ERRORS",
        "WARNER",
        "XINFO",
        "disk error: text",
        "no error: text",
        "GET /a \"ERROR\" x",
        "\"ERROR\" text",
        "127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /error HTTP/1.0\" 500 1",
        "{\"msg\":\"ERROR [error] level=error error: x\"}",
        "{\"msg\":\"say \\\"ERROR\\\" x\"}",
        "{\"log\":\"{\\\"level\\\":\\\"error\\\"}\"}",
        "compression level=3",
        "battery level: 50",
        "level=",
        "level",
        "level=x",
        "level of error",
        "loglevels=error",
        "{\"level\":5.5}",
        "{\"levels\":\"error\"}",
        "<192>x",
        "<>x",
        "<1234>x",
        "< 3>x",
        "X0102 15:04:05 x",
        "I0102 x",
        "INF\xc3\xa9 x",
        "\xc3\xa9RROR",
        "Nov 23 10:00:00 host app[1]: all is well",
        "(error) x",
        "error",
        "Error text",
        "warn text",
        "I am fine",
        "FINE=1",
        "W: text"}) {
    EXPECT_EQ(OfLine(line), "") << line;
  }
}

TEST(DetectLevel, LooksAtTheFirstBytesAlone) {
  const auto behind = [](std::size_t bytes) { return std::string(bytes, ' ') + "ERROR"; };
  EXPECT_EQ(OfLine(behind(kLevelBytesMax - 5)), "error");
  EXPECT_EQ(OfLine(behind(kLevelBytesMax - 4)), "");
  // A word that goes on behind them is not known.
  EXPECT_EQ(OfLine(behind(kLevelBytesMax - 5) + "S"), "");
  EXPECT_EQ(OfLine(behind(kLevelBytesMax - 6) + " text"), "error");
  EXPECT_EQ(OfLine(std::string(kLevelBytesMax - 11, ' ') + "level=warn"), "warn");
  EXPECT_EQ(OfLine(std::string(kLevelBytesMax - 10, ' ') + "level=warning"), "");
}

TEST(DetectLevel, AllocatesNothing) {
  const std::uint64_t before = Allocations();
  EXPECT_TRUE(DetectLevel("2026-11-23 10:00:00,123 ERROR [main] c.f.Service - text"));
  EXPECT_TRUE(DetectLevel("{\"time\":1,\"level\":\"error\",\"msg\":\"x\"}"));
  EXPECT_EQ(Allocations(), before);
}

}  // namespace
}  // namespace logboom::parse
