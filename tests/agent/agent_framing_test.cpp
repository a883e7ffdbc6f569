// What an agent makes of its files' bytes: events, encodings, line ends.
#include <gtest/gtest.h>

#include "tests/agent/agent_rig.h"

namespace logboom::agent {
namespace {

using Values = std::vector<std::string>;

class AgentEvents : public testing::Test {
 protected:
  AgentEvents() { rig.agent_options.inputs[0].multiline = FoldKind::kIndented; }
  AgentRig rig;
};

TEST_F(AgentEvents, AnEventWaitsForTheLineBehindItOrForQuiet) {
  rig.Start();
  rig.Append("/log/a.log", "one\n 1\n");
  rig.Run(800);
  EXPECT_EQ(rig.Values(), Values{});
  rig.Append("/log/a.log", " 2\ntwo\n");
  rig.Run(700);
  EXPECT_EQ(rig.Values(), Values{"one\n 1\n 2"});
  rig.Run(3'000);
  EXPECT_EQ(rig.Values(), (Values{"one\n 1\n 2", "two"}));
}

TEST_F(AgentEvents, QuietIsTheInputsOwn) {
  rig.agent_options.inputs[0].multiline_timeout = std::chrono::seconds(10);
  rig.Start();
  rig.Append("/log/a.log", "one\n 1\n");
  rig.Run(9'000);
  EXPECT_EQ(rig.Values(), Values{});
  rig.Run(3'000);
  EXPECT_EQ(rig.Values(), Values{"one\n 1"});
}

TEST_F(AgentEvents, AnUnterminatedLineStaysWhenTheEventAheadOfItIsSent) {
  rig.Start();
  rig.Append("/log/a.log", "one\n 1\nhal");
  rig.Run(5'000);
  EXPECT_EQ(rig.Values(), Values{"one\n 1"});
  rig.Append("/log/a.log", "f\n");
  rig.Run(5'000);
  EXPECT_EQ(rig.Values(), (Values{"one\n 1", "half"}));
}

TEST_F(AgentEvents, ALinePartThatWaitsLongEnoughIsSentWithItsEvent) {
  rig.agent_options.inputs[0].multiline_timeout = std::chrono::minutes(10);
  rig.Start();
  rig.Append("/log/a.log", "one\n hal");
  rig.Run(35'000);
  EXPECT_EQ(rig.Values(), Values{"one\n hal"});
  rig.Append("/log/a.log", "f\n");
  rig.Run(35'000);
  EXPECT_EQ(rig.BytesOf("/log/a.log"), "one\n half\n");
}

TEST_F(AgentEvents, TheLastEventOfAFileThatIsGoneIsSent) {
  rig.Start();
  rig.Append("/log/a.log", "one\n 1\n");
  rig.Run(500);
  EXPECT_EQ(rig.Values(), Values{});
  rig.Remove("/log/a.log");
  rig.Settle();
  EXPECT_EQ(rig.Values(), Values{"one\n 1"});
}

TEST_F(AgentEvents, TheLastEventOfARotatedFileComesAheadOfItsSuccessor) {
  rig.agent_options.inputs[0].multiline_timeout = std::chrono::seconds(30);
  rig.Start();
  rig.Append("/log/a.log", "one\n 1\n");
  rig.Run(500);
  rig.Rename("/log/a.log", "/log/a.log.1");
  rig.Append("/log/a.log", "two\nthree\n");
  rig.Run(5'000);
  EXPECT_EQ(rig.Values(), (Values{"one\n 1", "two"}));
}

TEST_F(AgentEvents, OnceSendsTheLastEventToo) {
  rig.agent_options.once = true;
  rig.Append("/log/a.log", "one\n 1\ntwo\n 2\n");
  rig.Start();
  rig.Run(2'000);
  EXPECT_EQ(rig.Values(), (Values{"one\n 1", "two\n 2"}));
  EXPECT_TRUE(rig.agent->done());
}

TEST_F(AgentEvents, NoneIsLostOrDoubledOverKillsAtAnyTime) {
  std::string written;
  rig.Start();
  SeededRandom random(5);
  for (int i = 0; i < 400; ++i) {
    const std::string line = fmt::format("{}{}\n", random.Below(3) == 0 ? "" : " ", i);
    written += line;
    rig.Append("/log/a.log", line);
    rig.Run(static_cast<std::int64_t>(random.Below(40)) * 10);
    if (random.Below(20) == 0) {
      rig.Kill();
      if (random.Below(2) == 0) rig.DeleteState();
      rig.Start();
    }
  }
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), written)) << rig.Describe();
}

std::string InUtf16(bool big, const std::string& ascii) {
  std::string units;
  for (const char c : ascii) {
    if (big) units.push_back('\0');
    units.push_back(c);
    if (!big) units.push_back('\0');
  }
  return units;
}

class AgentUtf16 : public testing::TestWithParam<bool> {};

TEST_P(AgentUtf16, TheByteOrderIsThatOfTheFileWhereverReadingGoesOn) {
  const bool big = GetParam();
  AgentRig rig;
  rig.broker.values_are_bytes = false;
  rig.agent_options.inputs[0].encoding = Encoding::kUtf16;
  rig.agent_options.inputs[0].strip_cr = true;
  rig.Start();
  rig.Append("/log/a.log", big ? "\xfe\xff" : "\xff\xfe");
  rig.Append("/log/a.log", InUtf16(big, "one\r\ntwo\r\nth"));
  rig.Run(2'000);
  EXPECT_EQ(rig.Values(), (Values{"one", "two"}));
  rig.Kill();
  rig.DeleteState();
  rig.Append("/log/a.log", InUtf16(big, "ree\r\n"));
  rig.Start();
  rig.Settle();
  EXPECT_EQ(rig.Values(), (Values{"one", "two", "three"}));
}

INSTANTIATE_TEST_SUITE_P(ByteOrder, AgentUtf16, testing::Bool());

}  // namespace
}  // namespace logboom::agent
