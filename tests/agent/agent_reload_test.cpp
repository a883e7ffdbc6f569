// Another configuration in the same process: nothing is lost or doubled by it.
#include <gtest/gtest.h>

#include "tests/agent/agent_rig.h"

namespace logboom::agent {
namespace {

TEST(AgentReload, ReadsOnWhereItWas) {
  AgentRig rig;
  rig.Append("/log/a.log", Lines("a", 0, 1'000));
  rig.Start();
  rig.Run(1'000);
  rig.Append("/log/a.log", Lines("a", 1'000, 2'000));
  rig.Reload();
  rig.Append("/log/a.log", Lines("a", 2'000, 3'000));
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), Lines("a", 0, 3'000)));
  EXPECT_EQ(rig.topic().sources.size(), 1U);
}

TEST(AgentReload, AnUnlinkedFileIsReadToItsEnd) {
  AgentRig rig;
  rig.agent_options.throttle = 100'000;
  const std::string written = Lines("a", 0, 100'000);
  rig.Append("/log/a.log", written);
  rig.Start();
  rig.Run(1'000);
  rig.Remove("/log/a.log");
  rig.Run(1'000);
  rig.agent_options.throttle = 0;
  rig.Reload();
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), written));
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty()) << rig.Describe();
  EXPECT_EQ(rig.topic().sources.size(), 1U);
}

// Between the last look of the agent before and the first of the one after.
TEST(AgentReload, AFileThatIsUnlinkedMeanwhileIsReadToItsEnd) {
  AgentRig rig;
  rig.agent_options.throttle = 100'000;
  const std::string written = Lines("a", 0, 100'000);
  rig.Append("/log/a.log", written);
  rig.Start();
  rig.Run(1'000);
  rig.agent_options.throttle = 0;
  rig.Reload([&rig] {
    ASSERT_TRUE(rig.fs.Remove("/log/a.log").ok());
    rig.Append("/log/a.log", "the next\n");
  });
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), written + "the next\n")) << rig.Describe();
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty()) << rig.Describe();
}

TEST(AgentReload, WithoutABrokerAnUnlinkedFileThatNobodyHasHeardOfIsKept) {
  AgentRig rig;
  rig.network.SetFaults({.unreachable = true});
  rig.Append("/log/a.log", Lines("a", 0, 100));
  rig.Start();
  rig.Run(1'000);
  rig.Remove("/log/a.log");
  rig.Run(1'000);
  rig.Reload();
  rig.Run(1'000);
  rig.network.SetFaults({});
  rig.Settle();
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), Lines("a", 0, 100))) << rig.Describe();
}

TEST(AgentReload, AnInputThatIsNewIsRead) {
  AgentRig rig;
  rig.Append("/log/a.log", "a\n");
  rig.Append("/log/b.txt", "b\n");
  rig.Start();
  rig.Run(1'000);
  InputOptions other = AgentRig::Input({"/log/*.txt"});
  other.name = "other";
  other.topic = "other";
  rig.agent_options.inputs.push_back(other);
  rig.Reload();
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/b.txt", "other"), "b\n"));
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "a\n"));
}

// Of two of one topic, so that the topic's sources are all listed.
class RemovedInput : public testing::Test {
 protected:
  RemovedInput() {
    InputOptions other = AgentRig::Input({"/log/*.txt"});
    other.name = "other";
    rig.agent_options.inputs.push_back(other);
    rig.Append("/log/a.log", "a\n");
    rig.Append("/log/b.txt", Lines("b", 0, 100));
    rig.Start();
    rig.Run(2'000);
  }
  void RemoveIt() {
    rig.agent_options.inputs.pop_back();
    rig.Reload();
    rig.Run(1'000);
  }
  fakes::StoredSource& SourceOfB() {
    for (auto& [id, source] : rig.topic().sources) {
      if (source.identity.path == "/log/b.txt") return source;
    }
    ADD_FAILURE() << "no source";
    return rig.topic().sources.begin()->second;
  }

  AgentRig rig;
};

TEST_F(RemovedInput, ReadsNoMoreAndLeavesItsSourcesAsTheyAre) {
  RemoveIt();
  rig.Append("/log/b.txt", Lines("b", 100, 200));
  rig.Append("/log/a.log", "more\n");
  rig.Run(400'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/b.txt"), Lines("b", 0, 100)));
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "a\nmore\n"));
  rig.Remove("/log/b.txt");
  rig.Run(400'000);
  EXPECT_FALSE(SourceOfB().final);
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty()) << rig.Describe();
}

TEST_F(RemovedInput, GoesOnWhereItWasWhenItComesBack) {
  const InputOptions other = rig.agent_options.inputs.back();
  RemoveIt();
  rig.Append("/log/b.txt", Lines("b", 100, 200));
  rig.Run(5'000);
  rig.agent_options.inputs.push_back(other);
  rig.Reload();
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/b.txt"), Lines("b", 0, 200)));
  EXPECT_EQ(rig.topic().sources.size(), 2U);
}

// Moved by its owner, who told the agent so: it is known again by its bytes.
TEST_F(RemovedInput, ItsFileThatMovedToWhereAnotherReadsIsReadOn) {
  rig.Append("/log/new", "");
  rig.Remove("/log/new");
  rig.agent_options.inputs.back() = AgentRig::Input({"/moved/*"});
  ASSERT_TRUE(rig.fs.CreateDirectories("/moved").ok());
  rig.Copy("/log/b.txt", "/moved/b.txt");
  rig.Remove("/log/b.txt");
  rig.Append("/moved/b.txt", Lines("b", 100, 200));
  rig.Kill();
  rig.Start();
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/b.txt"), Lines("b", 0, 200))) << rig.Describe();
}

TEST(AgentReload, WhatIsCountedAndSaidOnceGoesOn) {
  AgentRig rig;
  rig.Append("/log/a.log", "a\n");
  rig.Append("/log/b.log", std::string("b\0c\n", 4));
  rig.Start();
  rig.Run(1'000);
  rig.Reload();
  rig.Append("/log/a.log", "more\n");
  rig.Settle();
  EXPECT_EQ(rig.agent->Totals().counters.records_acked, 2U);
  const auto said = std::count_if(rig.notices.begin(), rig.notices.end(), [](const Notice& notice) {
    return notice.text.find("no text") != std::string::npos;
  });
  EXPECT_EQ(said, 1);
}

TEST(AgentReload, WhatCantBeIsFoundBeforeAnythingStops) {
  AgentRig rig;
  EXPECT_TRUE(Agent::Check(rig.agent_options).ok());
  rig.agent_options.inputs.push_back(rig.agent_options.inputs.front());
  rig.agent_options.inputs.back().name = "twice";
  EXPECT_FALSE(Agent::Check(rig.agent_options).ok());
}

class AgentReloadRandom : public testing::TestWithParam<std::uint64_t> {};

// Lines, rotations and reloads as they come, with a broker that is there or not.
TEST_P(AgentReloadRandom, EveryLineArrivesOnce) {
  AgentRig rig({.seed = GetParam()});
  SeededRandom random(GetParam());
  rig.agent_options.inputs[0].include = {"/log/*.log"};
  rig.Start();
  std::string written;
  int rotations = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string lines = Lines("a", i * 10, i * 10 + 10);
    written += lines;
    rig.Append("/log/a.log", lines);
    rig.Run(static_cast<std::int64_t>(random.Below(50)) * 10);
    const auto what = random.Below(20);
    if (what < 2) rig.Run(500);  // it is found, whatever becomes of it
    if (what == 0) rig.Remove("/log/a.log");
    if (what == 1) {
      rig.Rename("/log/a.log", fmt::format("/log/a.{}", ++rotations));
    }
    if (random.Below(30) == 0) rig.network.SetFaults({.unreachable = random.Below(2) == 0});
    if (random.Below(15) == 0) rig.Reload();
  }
  rig.network.SetFaults({});
  rig.Settle();
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), written)) << rig.Describe();
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty()) << rig.Describe();
}

INSTANTIATE_TEST_SUITE_P(Seeds, AgentReloadRandom, testing::Range<std::uint64_t>(1, 21));

// The broker has closed its source, and the agent that asked for it never heard of that: the file
// is known by that source, and not by a longer one that it had before it was emptied.
TEST(AgentReload, AnUnlinkedFileWhoseSourceWasClosedMeanwhileIsNotReadAgain) {
  AgentRig rig;
  rig.Append("/log/a.log", Lines("a", 0, 1'000));
  rig.Start();
  rig.Settle();
  rig.CopyTruncate("/log/a.log", "/log/a.log.1");
  rig.Settle();
  rig.Append("/log/a.log", Lines("a", 1'000, 1'010));
  rig.Settle();
  rig.Remove("/log/a.log");
  rig.Run(1'000);
  rig.Reload([&rig] {
    for (auto& [id, source] : rig.topic().sources) source.final = true;
  });
  rig.Settle();
  EXPECT_EQ(rig.Values().size(), 1'010U) << rig.Describe();
}

}  // namespace
}  // namespace logboom::agent
