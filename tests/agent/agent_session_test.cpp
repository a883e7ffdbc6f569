// Sessions, conflicts, refusals, and the two ways to begin and to end.
#include <gtest/gtest.h>

#include "tests/agent/agent_rig.h"

namespace logboom::agent {
namespace {

using Strings = std::vector<std::string>;

std::string Numbers(int from, int to) {
  std::string lines;
  for (int i = from; i < to; ++i) lines += fmt::format("number {:08}\n", i);
  return lines;
}

TEST(AgentSession, AnAgentThatHasNotMetItsBrokerSaysSoOnce) {
  AgentRig rig;
  rig.network.SetFaults({.unreachable = true});
  rig.Start();
  rig.Run(2'900);
  EXPECT_TRUE(rig.notices.empty());
  rig.Run(60'000);
  ASSERT_EQ(rig.notices.size(), 1U);
  EXPECT_NE(rig.notices[0].text.find("trying again, files wait"), std::string::npos)
      << rig.notices[0].text;
  rig.network.SetFaults({});
  rig.Run(60'000);
  EXPECT_TRUE(rig.Said("connected to broker"));
}

TEST(AgentSession, NothingIsLostOrDoubledWhenConnectionsAreCut) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    AgentRig rig({.seed = seed});
    SeededRandom random(seed);
    rig.Start();
    int written = 0;
    for (int round = 0; round < 40; ++round) {
      const int more = static_cast<int>(random.Below(3'000));
      rig.Append("/log/a.log", Numbers(written, written + more));
      written += more;
      rig.broker.syncs_by_itself = random.Below(3) > 0;
      if (random.Below(4) == 0) rig.network.CutAfter(kBrokerAddress, random.Below(20));
      if (random.Below(8) == 0) rig.broker.Restart();
      if (random.Below(8) == 0) rig.broker.false_conflicts = 1;
      rig.Run(static_cast<std::int64_t>(random.Below(3'000)));
    }
    rig.broker.syncs_by_itself = true;
    rig.Run(60'000);
    ASSERT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), Numbers(0, written)));
  }
}

TEST(AgentSession, AConflictIsCutAnewFromWhatTheBrokerHas) {
  AgentRig rig;
  rig.Start();
  rig.Run(1'000);
  rig.broker.false_conflicts = 2;
  rig.Append("/log/a.log", Numbers(0, 100'000));
  rig.Append("/log/b.log", Numbers(0, 100));
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), Numbers(0, 100'000)));
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/b.log"), Numbers(0, 100)));
  EXPECT_GE(rig.broker.conflicts(), 2U);
}

TEST(AgentSession, ARefusalIsSaidOnceAndTriedAgainWithoutSkipping) {
  AgentRig rig;
  rig.broker.refuses = protocol::NO_SPACE;
  rig.Append("/log/a.log", "1\n");
  rig.Start();
  rig.Run(60'000);
  EXPECT_LT(rig.broker.produces(), 30U);
  EXPECT_GT(rig.broker.produces(), 5U);
  int said = 0;
  for (const Notice& notice : rig.notices) said += notice.text.find("refuses") != std::string::npos;
  EXPECT_EQ(said, 1);
  rig.broker.refuses.reset();
  rig.Run(10'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "1\n"));
}

TEST(AgentSession, ARefusalForGoodIsTriedAgainSlowly) {
  AgentRig rig;
  rig.broker.refuses = protocol::NOT_AUTHORISED;
  rig.Append("/log/a.log", "1\n");
  rig.Start();
  rig.Run(300'000);
  EXPECT_LT(rig.broker.produces(), 30U);
  rig.broker.refuses.reset();
  rig.Run(40'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "1\n"));
}

TEST(AgentSession, ATopicThatWasMadeAnewIsFilledFromTheStart) {
  AgentRig rig;
  rig.Append("/log/a.log", "1\n");
  rig.Start();
  rig.Run(2'000);
  rig.broker.RemakeTopic(kTopic);
  rig.Append("/log/a.log", "2\n");
  rig.Run(120'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "1\n2\n"));
}

TEST(AgentSession, AFencedAgentSaysSo) {
  AgentRig rig;
  rig.broker.refuses_hello = protocol::FENCED;
  rig.Start();
  rig.Run(1'000);
  EXPECT_TRUE(rig.agent->fenced());
}

TEST(AgentSession, AnIdInUseIsSaidAndNoDataIsSent) {
  AgentRig rig;
  rig.broker.refuses_hello = protocol::AGENT_ID_IN_USE;
  rig.Append("/log/a.log", "1\n");
  rig.Start();
  rig.Run(31'000);
  EXPECT_EQ(rig.broker.produces(), 0U);
  rig.broker.refuses_hello.reset();
  rig.Run(10'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "1\n"));
}

TEST(AgentSession, OneFileIntoTwoTopicsHasTwoPositions) {
  AgentRig rig;
  rig.agent_options.inputs = {AgentRig::Input({"/log/a.log"}), AgentRig::Input({"/log/*"})};
  rig.agent_options.inputs[1].name = "other";
  rig.agent_options.inputs[1].topic = "other";
  rig.Append("/log/a.log", "1\n2\n");
  rig.Start();
  rig.Run(2'000);
  EXPECT_EQ(rig.Values(), (Strings{"1", "2"}));
  EXPECT_EQ(rig.Values("other"), (Strings{"1", "2"}));
  EXPECT_NE(rig.topic().sources.begin()->first, rig.topic("other").sources.begin()->first);
}

TEST(AgentSession, TwoInputsOfOneFileAndTopicReadItOnceAndSaySo) {
  AgentRig rig;
  rig.agent_options.inputs = {AgentRig::Input({"/log/a.log"}), AgentRig::Input({"/log/*"})};
  rig.agent_options.inputs[1].name = "other";
  rig.Append("/log/a.log", "1\n");
  rig.Start();
  rig.Run(30'000);
  EXPECT_EQ(rig.Values(), (Strings{"1"}));
  int said = 0;
  for (const Notice& notice : rig.notices) said += notice.text.find("inputs") != std::string::npos;
  EXPECT_EQ(said, 1);
}

TEST(AgentSession, TheSamePatternTwiceForOneTopicIsRefused) {
  AgentRig rig;
  rig.agent_options.inputs = {AgentRig::Input({"/log/*"}), AgentRig::Input({"/log/*"})};
  rig.agent_options.inputs[1].name = "other";
  MemoryCheckpoint checkpoint;
  const auto made =
      Agent::Make(rig.agent_options,
                  {.fs = rig.fs, .watch = nullptr, .checkpoint = checkpoint, .random = rig.random});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::kInvalid);
}

TEST(AgentSession, LabelsOfAnInputAreHeadersOfItsRecords) {
  AgentRig rig;
  rig.agent_options.inputs[0].labels = {{"env", "prod"}, {"team", "red"}};
  rig.Append("/log/a.log", "1\n2\n");
  rig.Start();
  rig.Run(2'000);
  ASSERT_EQ(rig.topic().log.size(), 2U);
  for (const auto& record : rig.topic().log) {
    EXPECT_EQ(record.headers.at("lb.label.env"), "prod");
    EXPECT_EQ(record.headers.at("lb.label.team"), "red");
  }
}

TEST(AgentFromEnd, OldFilesBeginAtTheirEndAndNewOnesAtTheirStart) {
  AgentRig rig;
  rig.agent_options.inputs = {AgentRig::Input({"/log/*.log"}, StartFrom::kEnd)};
  rig.Append("/log/old.log", "old\n");
  rig.Start();
  rig.Run(2'000);
  ASSERT_EQ(rig.Rows(protocol::PROGRESS).size(), 1U);
  EXPECT_EQ(rig.Rows(protocol::PROGRESS)[0].row.begin(), 4);
  EXPECT_EQ(rig.Rows(protocol::PROGRESS)[0].row.end(), 4);
  rig.Append("/log/old.log", "appended\n");
  rig.Append("/log/new.log", "new\n");
  rig.Run(2'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/old.log"), "appended\n"));
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/new.log"), "new\n"));
  // And again without state: neither is new.
  rig.Kill();
  rig.DeleteState();
  rig.Append("/log/old.log", "more\n");
  rig.Append("/log/third.log", "third\n");
  rig.Start();
  rig.Run(2'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/old.log"), "appended\nmore\n"));
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/new.log"), "new\n"));
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/third.log"), "third\n"));
}

TEST(AgentIgnoreOlder, OldFilesBeginAtTheirEndWheneverTheyAreFound) {
  AgentRig rig;
  rig.agent_options.inputs[0].ignore_older = std::chrono::hours(1);
  rig.Append("/log/old.log", "old\n");
  rig.Append("/log/moved", "moved\n");
  rig.Tick(3'660'000);
  rig.Append("/log/young.log", "young\n");
  rig.Start();
  rig.Run(2'000);
  rig.Rename("/log/moved", "/log/moved.log");
  rig.Run(2'000);
  EXPECT_EQ(rig.Values(), std::vector<std::string>{"young"});
  rig.Append("/log/old.log", "appended\n");
  rig.Append("/log/moved.log", "appended too\n");
  rig.Run(2'000);
  EXPECT_EQ(rig.BytesOf("/log/old.log"), "appended\n");
  EXPECT_EQ(rig.BytesOf("/log/moved.log"), "appended too\n");
  // What is known is read on, however old it has become; what it holds anew is no old file's.
  rig.Kill();
  rig.DeleteState();
  rig.Append("/log/old.log", "more\n");
  rig.Truncate("/log/moved.log");
  rig.Append("/log/moved.log", "anew\n");
  rig.Tick(7'200'000);
  rig.Start();
  rig.Settle();
  EXPECT_EQ(rig.BytesOf("/log/old.log"), "appended\nmore\n");
  EXPECT_EQ(rig.BytesOf("/log/young.log"), "young\n");
}

TEST(AgentOpenFiles, ManyTakeTurnsWithFewDescriptors) {
  AgentRig rig;
  rig.agent_options.open_files_max = 10;
  for (int i = 0; i < 100; ++i) {
    rig.Append(fmt::format("/log/{}.log", i), Numbers(i * 10, i * 10 + (i == 7 ? 50'000 : 10)));
  }
  rig.Start();
  for (int i = 0; i < 6'000; ++i) {
    rig.Tick();
    ASSERT_LE(rig.agent->Totals().open_files, 10U);
    if (i % 10 == 0) rig.Append("/log/5.log", fmt::format("{:07}\n", i));
    if (i == 3'000) rig.Append("/log/99.log", "late\n");
  }
  rig.Settle();
  for (int i = 0; i < 100; ++i) {
    const std::string path = fmt::format("/log/{}.log", i);
    ASSERT_TRUE(SameBytes(rig.BytesOf(path), rig.Content(path))) << path;
  }
}

TEST(AgentOnce, ReadsToTheEndAsFoundAndIsDone) {
  AgentRig rig;
  rig.agent_options.once = true;
  rig.agent_options.inputs = {AgentRig::Input({"/log/*.log"})};
  rig.Append("/log/a.log", "1\n2\nrest");
  rig.Append("/log/b.log", Numbers(0, 50'000));
  rig.Append("/log/c.log", "");
  rig.Start();
  rig.Append("/log/a.log", "too late\n");
  for (int i = 0; i < 1'000 && !rig.agent->done(); ++i) rig.Tick();
  ASSERT_TRUE(rig.agent->done());
  EXPECT_EQ(rig.agent->Totals().counters.records_acked, 50'003U);
  EXPECT_EQ(rig.agent->Totals().counters.bytes_acked, 8 + Numbers(0, 50'000).size());
  EXPECT_EQ(rig.agent->Totals().files, 3U);
  EXPECT_TRUE(rig.agent->Missing().empty());
  ASSERT_EQ(rig.Values().size(), 50'003U);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/b.log"), Numbers(0, 50'000)));
  // The next run goes on there.
  rig.Kill();
  rig.Start();
  for (int i = 0; i < 1'000 && !rig.agent->done(); ++i) rig.Tick();
  ASSERT_TRUE(rig.agent->done());
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "1\n2\nresttoo late\n"));
}

TEST(AgentOnce, MissingInputsAreNamed) {
  AgentRig rig;
  rig.agent_options.once = true;
  rig.agent_options.inputs = {AgentRig::Input({"/log/a.log", "/log/none.log", "/none/*.log"})};
  rig.Append("/log/a.log", "1\n");
  rig.Start();
  for (int i = 0; i < 1'000 && !rig.agent->done(); ++i) rig.Tick();
  ASSERT_TRUE(rig.agent->done());
  EXPECT_EQ(rig.agent->Missing(),
            (Strings{"/log/none.log: no such file", "/none/*.log: no such file"}));
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "1\n"));
}

TEST(AgentReport, TellsOfEveryFile) {
  AgentRig rig;
  rig.Append("/log/a.log", "1\nrest");
  rig.Start();
  rig.Run(6'000);
  ASSERT_FALSE(rig.broker.reports().empty());
  const auto& report = rig.broker.reports().back();
  ASSERT_EQ(report.files_size(), 1);
  EXPECT_EQ(report.files(0).path(), "/log/a.log");
  EXPECT_EQ(report.files(0).size_bytes(), 6);
  EXPECT_EQ(report.files(0).acked(), 2);
  EXPECT_EQ(report.bytes_acked(), 2U);
}

TEST(AgentIdle, AnIdleAgentSleeps) {
  AgentRig rig;
  for (int i = 0; i < 50; ++i) rig.Append(fmt::format("/log/{}.log", i), "1\n");
  rig.Start();
  rig.Run(30'000);
  int steps = 0;
  const MonotonicMs until = rig.now.monotonic + 60'000;
  while (rig.now.monotonic < until) {
    const auto wait = rig.agent->UntilDue(rig.now);
    ASSERT_GT(wait.count(), 0);
    rig.Tick(wait.count());
    ++steps;
  }
  EXPECT_LT(steps, 200);
}

// Two processes of one agent overlap for a moment: what the older one has sent since the newer one
// looked at the file is no sign that the file was emptied.
TEST(AgentTwice, WhatTheOtherSentSinceTheFileWasLookedAtIsNotSentAgain) {
  AgentRig rig({.watched = false});
  rig.Append("/log/a.log", "1\n");
  rig.Start();
  rig.Run(2'000);
  rig.Kill();
  rig.Start();
  const auto file = rig.fs.Open("/log/a.log", file::OpenMode::kReadWrite);
  ASSERT_TRUE((*file)->PWrite(2, "2\n").ok());
  fakes::StoredSource& source = rig.topic().sources.begin()->second;
  source.bytes += "2\n";
  source.appended = source.durable = 4;
  source.window = record::HashBytes(source.bytes);
  source.ends.push_back({4, source.window});
  rig.Append("/log/a.log", "3\n");
  rig.Settle();
  EXPECT_EQ(rig.Values(), (std::vector<std::string>{"1", "3"})) << rig.Describe();
}

// Which of two files is the older one was known before the clock was set back, and looks otherwise
// since: neither may wait for the other then.
TEST(AgentClock, FilesOfOneLogAreReadThoughItIsSetBackAsTheyAreRotated) {
  AgentRig rig({.watched = false});
  rig.Append("/log/a.log", "1\n");
  rig.Start();
  rig.Run(2'000);
  rig.broker.refuses = protocol::NO_SPACE;
  rig.Truncate("/log/a.log");
  rig.Run(2'000);
  rig.Append("/log/a.log", "2\n");
  rig.now.wall += -300'000;
  rig.Rename("/log/a.log", "/log/a.log.1");
  rig.fs.SetTime(rig.now.wall.value() * 1'000'000);
  rig.Append("/log/a.log", "3\n");
  rig.Run(5'000);
  rig.broker.refuses.reset();
  rig.Settle();
  EXPECT_EQ(rig.Values(), (std::vector<std::string>{"1", "2", "3"})) << rig.Describe();
}

// By its time the file was written to after its copy was made.
TEST(AgentClock, ACopyGoesOnWithAFileThatWasWrittenBeforeTheClockWasSetBack) {
  AgentRig rig;
  rig.Append("/log/a.log", "1\n");
  rig.now.wall += -10'000;
  rig.fs.SetTime(rig.now.wall.value() * 1'000'000);
  rig.network.SetFaults({.unreachable = true});
  rig.Start();
  rig.CopyTruncate("/log/a.log", "/log/a.log.1");
  rig.Run(2'000);
  rig.network.SetFaults({});
  rig.Settle();
  EXPECT_EQ(rig.Values(), (std::vector<std::string>{"1"})) << rig.Describe();
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty()) << rig.Describe();
}

TEST(AgentSession, AClockThatIsFarFromTheBrokersIsToldOfOnceAndAgainWhenItIsNot) {
  AgentRig rig;
  std::int64_t skew_ms = 5'010;
  rig.broker.wall_clock = [&] { return rig.now.wall - skew_ms; };
  rig.Append("/log/a.log", "one\n");
  rig.Start();
  rig.Run(100'000);
  const auto said = [&rig](std::string_view text) {
    return std::count_if(rig.notices.begin(), rig.notices.end(), [text](const Notice& notice) {
      return notice.text.find(text) != std::string::npos;
    });
  };
  EXPECT_EQ(said("clock is 5.0 s ahead of"), 1);
  ASSERT_TRUE(rig.agent->Totals().clock_skew.has_value());
  EXPECT_NEAR(static_cast<double>(rig.agent->Totals().clock_skew->count()), 5'010.0, 10.0);
  skew_ms = 4'980;
  rig.Run(100'000);
  EXPECT_EQ(said("agree again"), 1);
  skew_ms = -7'200'000;
  rig.Run(100'000);
  EXPECT_EQ(said("clock is 7200.0 s behind"), 1);
  rig.broker.wall_clock = {};
  rig.Run(100'000);
  EXPECT_EQ(said("agree again"), 1);
}

TEST(AgentSession, OfABrokerThatDoesNotTellItsTimeNothingIsKnown) {
  AgentRig rig;
  rig.Append("/log/a.log", "one\n");
  rig.Start();
  rig.Run(100'000);
  EXPECT_FALSE(rig.agent->Totals().clock_skew.has_value());
}

TEST(AgentSession, LinesThatMayNotWaitAreLookedForAsOften) {
  AgentRig rig;
  rig.agent_options.linger = std::chrono::milliseconds(0);
  rig.Start();
  rig.Append("/log/a.log", "first\n");
  rig.Settle();
  for (int i = 0; i < 20; ++i) {
    rig.Append("/log/a.log", fmt::format("line {}\n", i));
    rig.Run(20);
    EXPECT_EQ(rig.Values().size(), static_cast<std::size_t>(i) + 2);
  }
}

}  // namespace
}  // namespace logboom::agent
