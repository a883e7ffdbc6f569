// What becomes of the bytes of files: every test compares what the broker has with what was
// written.
#include <gtest/gtest.h>

#include "tests/agent/agent_rig.h"

namespace logboom::agent {
namespace {

TEST(Agent, ShipsAFileFromItsStartWithKeyTimeAndPositions) {
  AgentRig rig;
  rig.Append("/log/a.log", "one\ntwo\n");
  rig.Start();
  rig.Run(1'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "one\ntwo\n"));
  ASSERT_EQ(rig.topic().sources.size(), 1U);
  const fakes::StoredSource& source = rig.topic().sources.begin()->second;
  EXPECT_EQ(source.durable, 8);
  EXPECT_EQ(source.identity.path, "/log/a.log");
  EXPECT_EQ(source.identity.head_bytes, 8U);
  EXPECT_EQ(rig.topic().log[0].key, "host:/log/a.log");
  EXPECT_EQ(rig.topic().log[0].timestamp_ms, rig.topic().log[1].timestamp_ms);
  EXPECT_EQ(rig.StateOf("/log/a.log"), "idle");
}

TEST(Agent, ShipsWhatIsAppendedWithinTheLinger) {
  AgentRig rig;
  rig.Append("/log/a.log", "one\n");
  rig.Start();
  rig.Run(2'000);
  rig.Append("/log/a.log", "two\n");
  rig.Run(200);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "one\n"));
  rig.Run(600);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "one\ntwo\n"));
}

TEST(Agent, ANewFileIsFoundByTheWatch) {
  AgentRig rig;
  rig.Start();
  rig.Run(2'000);
  rig.Append("/log/new.log", "hello\n");
  rig.Run(1'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/new.log"), "hello\n"));
}

TEST(Agent, WithoutAWatchDirectoriesArePolledAndItIsSaidOnce) {
  AgentRig rig({.seed = 1, .watched = false});
  rig.Start();
  rig.Run(2'000);
  rig.Append("/log/new.log", "hello\n");
  rig.Run(2'000);
  rig.Append("/log/new.log", "again\n");
  rig.Run(2'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/new.log"), "hello\nagain\n"));
  EXPECT_TRUE(rig.Said("can't be watched"));
}

TEST(Agent, AnOverflowOfTheWatchMakesItLookAtEverything) {
  AgentRig rig;
  rig.Append("/log/a.log", "one\n");
  rig.Start();
  rig.Run(2'000);
  // Behind the watch's back.
  auto opened = rig.fs.Open("/log/a.log", file::OpenMode::kReadWrite);
  ASSERT_TRUE((*opened)->PWrite(4, "two\n").ok());
  rig.Tell(file::ChangeKind::kOverflow, "/");
  rig.Run(1'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "one\ntwo\n"));
}

TEST(Agent, OddBytesPassUnchanged) {
  AgentRig rig;
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  bytes += "\r\n\xef\xbb\xbf bom\n\xff\xfe\n\n\n";
  rig.Append("/log/a.log", bytes);
  rig.Start();
  rig.Run(1'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), bytes));
  EXPECT_EQ(rig.Values().back(), "");
}

TEST(Agent, ALineOfThreeMegabytesIsSentInPartsThatJoin) {
  AgentRig rig;
  const std::string line(3'000'001, 'x');
  rig.Append("/log/a.log", "before\n" + line + "\nafter\n");
  rig.Start();
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "before\n" + line + "\nafter\n"));
  EXPECT_EQ(rig.Values().size(), 6U);
  EXPECT_LE(rig.broker.batch_bytes_largest(), record::kBatchBytesMax);
}

TEST(Agent, ALongLineUncompressedFitsABatch) {
  AgentRig rig;
  rig.agent_options.codec = record::Codec::kNone;
  SeededRandom noise(7);
  std::string line;
  while (line.size() < 1'000'000) line.push_back(static_cast<char>('a' + noise.Below(26)));
  rig.Append("/log/a.log", line + "\n" + line + "\n" + line + "y\n");
  rig.Start();
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), line + "\n" + line + "\n" + line + "y\n"));
  EXPECT_LE(rig.broker.batch_bytes_largest(), record::kBatchBytesMax);
}

TEST(Agent, AnEmptyFileIsWatchedAndShippedOnceItHasLines) {
  AgentRig rig;
  rig.Append("/log/a.log", "");
  rig.Start();
  rig.Run(2'000);
  EXPECT_TRUE(rig.Values().empty());
  rig.Append("/log/a.log", "x\n");
  rig.Run(2'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "x\n"));
}

TEST(Agent, AnUnterminatedLineWaitsAndIsThenSentWithMore) {
  AgentRig rig;
  rig.Append("/log/a.log", "one\npart");
  rig.Start();
  rig.Run(20'000);
  EXPECT_EQ(rig.Values(), (std::vector<std::string>{"one"}));
  rig.Run(15'000);
  ASSERT_EQ(rig.Values(), (std::vector<std::string>{"one", "part"}));
  EXPECT_TRUE(rig.topic().log[1].more);
  rig.Append("/log/a.log", "ial\ntwo\n");
  rig.Run(2'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "one\npartial\ntwo\n"));
}

TEST(Agent, ManyFilesShareBatches) {
  AgentRig rig;
  std::map<std::string, std::string> written;
  for (int i = 0; i < 300; ++i) {
    const std::string path = fmt::format("/log/file-{:04}.log", i);
    written[path] = Lines(path, 0, 3);
    rig.Append(path, written[path]);
  }
  rig.Start();
  rig.Run(3'000);
  for (const auto& [path, bytes] : written) {
    EXPECT_TRUE(SameBytes(rig.BytesOf(path), bytes)) << path;
  }
  EXPECT_LT(rig.broker.produces(), 10U);
}

TEST(Agent, ABacklogIsShippedInLargeBatchesAndEveryFileGetsItsTurn) {
  AgentRig rig;
  const std::string large = Lines("large", 0, 200'000);
  rig.Append("/log/large.log", large);
  rig.Append("/log/small.log", "small\n");
  rig.Start();
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/large.log"), large));
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/small.log"), "small\n"));
  EXPECT_LT(rig.broker.produces(), large.size() / 500'000);
  const auto& log = rig.topic().log;
  const auto small = std::find_if(log.begin(), log.end(),
                                  [](const auto& record) { return record.value == "small"; });
  EXPECT_LT(small - log.begin(), 100'000);
}

// ---- rotation by renaming

TEST(AgentRename, TheOldFileIsReadToItsEndAndTheNewOneFromItsStart) {
  AgentRig rig;
  rig.agent_options.inputs = {AgentRig::Input({"/log/*.log"})};
  rig.Append("/log/a.log", "1\n2\n");
  rig.Start();
  rig.Run(2'000);
  rig.Append("/log/a.log", "3\n");
  rig.Rename("/log/a.log", "/log/a.log.1");
  rig.Append("/log/a.log", "new\n");
  rig.Run(100);
  rig.Append("/log/a.log.1", "late\n");
  rig.Run(3'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "1\n2\n3\nlate\nnew\n"));
  EXPECT_EQ(rig.topic().sources.size(), 2U);
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty());
}

TEST(AgentRename, ARenamedFileIsClosedOnceItHasBeenQuiet) {
  AgentRig rig;
  rig.agent_options.inputs = {AgentRig::Input({"/log/*.log"})};
  rig.Append("/log/a.log", "1\nrest");
  rig.Start();
  rig.Run(2'000);
  rig.Rename("/log/a.log", "/log/a.log.1");
  rig.Run(200'000);
  EXPECT_TRUE(rig.Rows(protocol::CLOSE).empty());
  rig.Run(150'000);
  ASSERT_EQ(rig.Rows(protocol::CLOSE).size(), 1U);
  EXPECT_EQ(rig.Rows(protocol::CLOSE)[0].row.end(), 6);
  EXPECT_EQ(rig.agent->FileReports().size(), 0U);
}

TEST(AgentRename, WithinThePatternsItStaysTheSameFile) {
  AgentRig rig;
  rig.Append("/log/a.log", "1\n");
  rig.Start();
  rig.Run(2'000);
  for (int i = 2; i < 6; ++i) {
    for (int j = i - 2; j >= 1; --j) {
      rig.Rename(fmt::format("/log/a.log.{}", j), fmt::format("/log/a.log.{}", j + 1));
    }
    rig.Rename("/log/a.log", "/log/a.log.1");
    rig.Append("/log/a.log", fmt::format("{}\n", i));
    rig.Run(2'000);
  }
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "1\n2\n3\n4\n5\n"));
  EXPECT_EQ(rig.topic().sources.size(), 5U);
}

class AgentWhileDown : public ::testing::TestWithParam<bool> {
 protected:
  void Restart() {
    if (GetParam()) rig.DeleteState();
    rig.Start();
  }
  AgentRig rig;
};

TEST_P(AgentWhileDown, NothingIsLostOrDoubledByARestart) {
  rig.Append("/log/a.log", "1\n2\n");
  rig.Append("/log/b.log", "1\n2\n");
  rig.Start();
  rig.Run(2'000);
  rig.Kill();
  rig.Append("/log/a.log", "3\n");
  Restart();
  rig.Run(3'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "1\n2\n3\n"));
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/b.log"), "1\n2\n"));
}

TEST_P(AgentWhileDown, ARenamedFileIsFoundInsideOfThePatterns) {
  rig.Append("/log/a.log", "1\n2\n");
  rig.Start();
  rig.Run(2'000);
  rig.Kill();
  rig.Append("/log/a.log", "3\n");
  rig.Rename("/log/a.log", "/log/a.log.1");
  rig.Append("/log/a.log", "new\n");
  Restart();
  rig.Run(3'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "1\n2\n3\nnew\n"));
}

TEST_P(AgentWhileDown, ARenamedFileIsFoundBesideItsOldPlace) {
  rig.agent_options.inputs = {AgentRig::Input({"/log/*.log"})};
  rig.Append("/log/a.log", "1\n2\n");
  rig.Start();
  rig.Run(2'000);
  rig.Kill();
  rig.Append("/log/a.log", "3\n");
  rig.Rename("/log/a.log", "/log/rotated");
  rig.Append("/log/a.log", "new\n");
  Restart();
  rig.Run(3'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "1\n2\n3\nnew\n"));
}

TEST_P(AgentWhileDown, CopyTruncateGoesOnInTheCopy) {
  for (const char* copy : {"/log/a.log.1", "/log/copied"}) {
    SCOPED_TRACE(copy);
    const std::string path = copy == std::string("/log/a.log.1") ? "/log/a.log" : "/log/b.log";
    const std::string lines = Lines(path, 0, 3);
    rig.Append(path, lines);
    rig.Start();
    rig.Run(2'000);
    rig.Kill();
    rig.Append(path, "3\n");
    rig.CopyTruncate(path, path == "/log/b.log" ? "/log/b.copied" : copy);
    rig.Append(path, "4\n");
    Restart();
    rig.Run(5'000);
    EXPECT_TRUE(SameBytes(rig.BytesOf(path), lines + "3\n4\n"));
    rig.Kill();
  }
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty());
}

TEST_P(AgentWhileDown, AFileThatIsGoneIsClosed) {
  rig.Append("/log/a.log", "1\n2\n");
  rig.Start();
  rig.Run(3'000);
  rig.Kill();
  rig.Remove("/log/a.log");
  rig.Append("/log/a.log", "anew\n");
  Restart();
  rig.Run(5'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "1\n2\nanew\n"));
  EXPECT_EQ(rig.Rows(protocol::CLOSE).size(), 1U);
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty());
}

TEST_P(AgentWhileDown, ACopyThatWasReadIsNotReadAgain) {
  const std::string lines = Lines("a", 0, 100);
  rig.Append("/log/a.log", lines);
  rig.Start();
  rig.Run(2'000);
  rig.CopyTruncate("/log/a.log", "/log/a.log.1");
  rig.Append("/log/a.log", "new\n");
  rig.Run(10'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), lines + "new\n"));
  rig.Kill();
  Restart();
  rig.Run(10'000);
  EXPECT_EQ(rig.Values().size(), 101U);
}

INSTANTIATE_TEST_SUITE_P(State, AgentWhileDown, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "Lost" : "Kept"; });

// ---- copies and truncation

TEST(AgentUnlink, AFileThatIsUnlinkedIsReadToItsEndAndClosed) {
  AgentRig rig;
  rig.Append("/log/a.log", "1\n");
  rig.Start();
  rig.Run(2'000);
  rig.Append("/log/a.log", "2\nrest");
  rig.Remove("/log/a.log");
  rig.Run(10'000);
  EXPECT_EQ(rig.Values(), (std::vector<std::string>{"1", "2", "rest"}));
  EXPECT_FALSE(rig.topic().log.back().more);
  ASSERT_EQ(rig.Rows(protocol::CLOSE).size(), 1U);
  EXPECT_EQ(rig.Rows(protocol::CLOSE)[0].row.end(), 8);
}

TEST(AgentUnlink, WhatIsHeldTooLongIsReleasedWithAGap) {
  AgentRig rig;
  rig.agent_options.held_deleted_age_max = std::chrono::milliseconds(60'000);
  rig.Append("/log/a.log", "1\n");
  rig.Start();
  rig.Run(2'000);
  rig.network.SetFaults({.unreachable = true});
  rig.network.Cut(kBrokerAddress);
  rig.Append("/log/a.log", "2\n");
  rig.Run(1'000);
  rig.Remove("/log/a.log");
  rig.Run(70'000);
  EXPECT_TRUE(rig.agent->FileReports().empty());
  rig.network.SetFaults({});
  rig.Run(60'000);
  ASSERT_EQ(rig.Rows(protocol::GAP).size(), 1U);
  EXPECT_EQ(rig.Rows(protocol::GAP)[0].row.end(), 4);
  EXPECT_TRUE(rig.Rows(protocol::GAP)[0].row.end_is_exact());
}

TEST(AgentIdle, AQuietFileIsClosedAndOpenedAgainWhenItChanges) {
  AgentRig rig;
  rig.Append("/log/a.log", "1\n");
  rig.Start();
  rig.Run(310'000);
  rig.Append("/log/a.log", "2\n");
  rig.Run(2'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "1\n2\n"));
  rig.Run(310'000);
  // Rotated while closed.
  rig.Append("/log/a.log", "3\n");
  rig.Rename("/log/a.log", "/log/elsewhere");
  rig.Append("/log/a.log", "4\n");
  rig.Run(10'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "1\n2\n3\n4\n"));
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty());
}

}  // namespace
}  // namespace logboom::agent
