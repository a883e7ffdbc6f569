#include "agent/understanding.h"

#include <gtest/gtest.h>

#include <map>

#include "agent/limits.h"
#include "tests/agent/agent_rig.h"

namespace logboom::agent {
namespace {

using Headers = std::map<std::string, std::string>;

constexpr TimestampMs kNow{1'795'000'000'000};  // 2026-11-18T11:06:40Z

std::unique_ptr<parse::Parser> Parser(const std::string& kind, const std::string& pattern = "") {
  auto parser = parse::MakeParser({.kind = kind, .pattern = pattern});
  EXPECT_TRUE(parser.ok());
  return *std::move(parser);
}

Headers MapOf(std::span<const record::HeaderView> headers) {
  Headers map;
  for (const record::HeaderView& header : headers) {
    map.emplace(header.key, header.value.value_or("null"));
  }
  return map;
}

class UnderstandingTest : public testing::Test {
 protected:
  Headers Read(ByteView line) {
    if (!reading_) {
      reading_.emplace(std::make_shared<const Understanding>(std::move(asked)));
      reading_->BeginFile(path, labels);
    }
    const Understood understood =
        reading_->Read({.value = line, .stream = stream, .time = piece_time, .as_is = as_is}, kNow);
    time = understood.time;
    not_understood = understood.not_understood;
    return MapOf(understood.headers);
  }
  void AskForTime(std::string_view format) {
    asked.time = *parse::TimeParser::Make(format, parse::Zone());
  }

  Understanding asked;
  std::string path = "/log/a.log";
  std::vector<record::HeaderView> labels;
  // What its container says of the line.
  ByteView stream;
  std::optional<TimestampMs> piece_time;
  bool as_is = false;
  TimestampMs time;
  NotUnderstood not_understood;

 private:
  std::optional<LineUnderstanding> reading_;
};

TEST_F(UnderstandingTest, FieldsThatAreAskedForBecomeLabels) {
  asked.parser = Parser("json");
  asked.fields = {"status", "user.id", "absent"};
  labels = {{.key = "lb.label.env", .value = "prod"}};
  const std::string line = R"({"status":200,"user":{"id":"u1","name":"n"}})";
  EXPECT_EQ(
      Read(line),
      (Headers{{"lb.label.env", "prod"}, {"lb.label.status", "200"}, {"lb.label.user.id", "u1"}}));
  EXPECT_EQ(time, kNow);
  // The next line has its own, and what is no JSON has those of the input alone.
  EXPECT_EQ(Read("no json"), (Headers{{"lb.label.env", "prod"}}));
  EXPECT_EQ(not_understood.lines_not_parsed, 1U);
  EXPECT_EQ(Read(R"({"status":404})"),
            (Headers{{"lb.label.env", "prod"}, {"lb.label.status", "404"}}));
  EXPECT_EQ(not_understood.lines_not_parsed, 0U);
}

TEST_F(UnderstandingTest, TheTimeIsThatOfTheParsedFieldElseOfTheLinesStart) {
  asked.parser = Parser("json");
  AskForTime("auto");
  Read(R"({"ts":"2026-11-18T10:00:00.5Z"})");
  EXPECT_EQ(time, TimestampMs(1'794'996'000'500));
  Read("2026-11-18T10:00:01Z no json");
  EXPECT_EQ(time, TimestampMs(1'794'996'001'000));
  EXPECT_EQ(not_understood.times_not_found, 0U);
  Read("neither");
  EXPECT_EQ(time, kNow);
  EXPECT_EQ(not_understood.times_not_found, 1U);
}

TEST_F(UnderstandingTest, ATimeThatCanNotBeIsKeptBesideTheTimeOfReading) {
  AskForTime("unix_ms");
  const auto own_time = [this](std::int64_t ms) {
    const Headers headers = Read(std::to_string(ms));
    const auto found = headers.find("lb.time");
    return found == headers.end() ? 0 : LoadBig<std::int64_t>(found->second.data());
  };
  EXPECT_EQ(own_time(946'684'800'000), 0);  // 2000-01-01
  EXPECT_EQ(time, TimestampMs(946'684'800'000));
  EXPECT_EQ(own_time(946'684'799'999), 946'684'799'999);
  EXPECT_EQ(time, kNow);
  EXPECT_EQ(own_time(kNow.value() + 3'600'000), 0);
  EXPECT_EQ(time, kNow + 3'600'000);
  EXPECT_EQ(own_time(kNow.value() + 3'600'001), kNow.value() + 3'600'001);
  EXPECT_EQ(time, kNow);
}

TEST_F(UnderstandingTest, TheLevelIsTheFieldsElseTheTexts) {
  asked.parser = Parser("logfmt");
  asked.level = true;
  EXPECT_EQ(Read("lvl=warning msg=x"), (Headers{{"lb.level", "warn"}}));
  EXPECT_EQ(Read("2026-11-18 ERROR x"), (Headers{{"lb.level", "error"}}));
  EXPECT_EQ(Read("nothing to see"), Headers{});
}

TEST_F(UnderstandingTest, PartsOfThePathAreLabelsOfAllItsLines) {
  asked.path_labels = Parser("regex", "/log/(?P<service>[^/.]+)");
  EXPECT_EQ(Read("x"), (Headers{{"lb.label.service", "a"}}));
  EXPECT_EQ(Read("y"), (Headers{{"lb.label.service", "a"}}));
}

TEST_F(UnderstandingTest, AFieldThatIsTooLargeForAHeaderIsLeftOut) {
  asked.parser = Parser("json");
  asked.fields = {"a", "b", "c"};
  const std::string name = "lb.label.a";
  const auto line = [&](std::size_t size) {
    return R"({"a":")" + std::string(size, 'x') + R"(","b":"","c":"1"})";
  };
  const std::string fits = line(kFieldBytesMax - name.size());
  EXPECT_EQ(Read(fits).size(), 1U);
  EXPECT_EQ(not_understood.fields_left_out, 2U);
  const std::string too_large = line(kFieldBytesMax - name.size() + 1);
  EXPECT_EQ(Read(too_large), (Headers{{"lb.label.b", ""}, {"lb.label.c", "1"}}));
  EXPECT_EQ(not_understood.fields_left_out, 1U);
}

TEST(AgentUnderstanding, LinesArriveWithTheirTimesLevelsAndFieldsAndNoneIsLost) {
  AgentRig rig;
  Understanding asked;
  asked.parser = Parser("json");
  asked.fields = {"n"};
  asked.time = *parse::TimeParser::Make("auto", parse::Zone());
  asked.level = true;
  rig.agent_options.inputs[0].understanding =
      std::make_shared<const Understanding>(std::move(asked));
  rig.agent_options.inputs[0].labels = {{"env", "prod"}};
  std::string written;
  for (int i = 0; i < 30'000; ++i) {
    written += i % 3 == 0 ? fmt::format("line {} of no kind\n", i)
                          : fmt::format(R"({{"ts":{},"level":"warn","n":{}}})"
                                        "\n",
                                        1'789'000'000'000 + 1'000 * (i % 7), i);
  }
  rig.Append("/log/a.log", written);
  rig.Start();
  rig.Settle();
  ASSERT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), written));
  const auto& log = rig.topic().log;
  for (std::size_t i = 0; i < log.size(); ++i) {
    Headers headers(log[i].headers.begin(), log[i].headers.end());
    headers.erase("lb.span");
    headers.erase("lb.source");
    Headers expected{{"lb.label.env", "prod"}};
    if (i % 3 != 0) {
      expected.insert({{"lb.label.n", std::to_string(i)}, {"lb.level", "warn"}});
      ASSERT_EQ(log[i].timestamp_ms, 1'789'000'000'000 + 1'000 * static_cast<int>(i % 7));
    }
    ASSERT_EQ(headers, expected) << i;
  }
  EXPECT_EQ(rig.agent->Totals().counters.not_understood.lines_not_parsed, 10'000U);
  EXPECT_EQ(rig.agent->Totals().counters.not_understood.times_not_found, 10'000U);
}

TEST_F(UnderstandingTest, WhatTheContainerSaysIsTakenOverUnlessTheLineIsAsked) {
  stream = "stderr";
  piece_time = TimestampMs(kNow.value() - 5'000);
  EXPECT_EQ(Read("plain"), (Headers{{"lb.label.stream", "stderr"}}));
  EXPECT_EQ(time, piece_time);
}

TEST_F(UnderstandingTest, TheLinesOwnTimeGoesAheadOfItsContainers) {
  AskForTime("unix");
  piece_time = TimestampMs(kNow.value() - 5'000);
  Read(fmt::format("{} text", kNow.value() / 1'000 - 60));
  EXPECT_EQ(time.value() / 1'000, kNow.value() / 1'000 - 60);
  Read("no time");
  EXPECT_EQ(time, piece_time);
  EXPECT_EQ(not_understood.times_not_found, 1U);
}

TEST_F(UnderstandingTest, AContainersTimeThatCanNotBeIsKeptBeside) {
  piece_time = TimestampMs(kNow.value() + 7'200'000);
  EXPECT_TRUE(Read("plain").contains("lb.time"));
  EXPECT_EQ(time, kNow);
}

TEST_F(UnderstandingTest, ALineThatIsNoneOfItsContainerIsCounted) {
  as_is = true;
  EXPECT_EQ(Read("plain"), Headers{});
  EXPECT_EQ(not_understood.lines_not_parsed, 1U);
}

}  // namespace
}  // namespace logboom::agent
