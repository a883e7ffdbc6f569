// The broker comes back from a backup: what it has acked since is not there any more.
#include <gtest/gtest.h>

#include "tests/agent/agent_rig.h"

namespace logboom::agent {
namespace {

constexpr std::string_view kLost = "broker lost acked data";
// Until a renamed file counts as ended, and is closed.
constexpr std::int64_t kUntilClosed = 320'000;

class AgentRestored : public ::testing::Test {
 protected:
  void SetUp() override {
    rig_.Append("/log/a.log", "1\n2\n");
    rig_.Start();
    rig_.Run(2'000);
    backup_ = rig_.broker.Backup();
  }
  void Restore() {
    rig_.broker.Restore(backup_);
    rig_.Run(60'000);
  }

  AgentRig rig_;
  std::map<std::string, fakes::StoredTopic> backup_;
};

TEST_F(AgentRestored, WhatStandsInItsFileIsSentAgain) {
  rig_.Append("/log/a.log", "3\n4\n");
  rig_.Run(2'000);
  Restore();
  rig_.Append("/log/a.log", "5\n");
  rig_.Run(5'000);
  EXPECT_TRUE(SameBytes(rig_.BytesOf("/log/a.log"), "1\n2\n3\n4\n5\n"));
  EXPECT_TRUE(rig_.Rows(protocol::GAP).empty());
  EXPECT_TRUE(rig_.Said("was restored from a backup"));
}

TEST_F(AgentRestored, AFileThatWasRotatedAndEndedSinceIsReadAgain) {
  rig_.Append("/log/a.log", "3\n");
  rig_.Rename("/log/a.log", "/log/a.log-old");
  rig_.Append("/log/a.log", "4\n");
  rig_.Run(kUntilClosed);
  ASSERT_FALSE(rig_.Rows(protocol::CLOSE).empty());
  Restore();
  EXPECT_EQ(rig_.Values(), (std::vector<std::string>{"1", "2", "3", "4"})) << rig_.Describe();
  EXPECT_TRUE(rig_.Rows(protocol::GAP).empty());
}

// The broker that comes back lacks the bytes behind which the file was to be closed.
TEST_F(AgentRestored, ACloseThatWasNotTakenYetComesBehindWhatIsSentAgain) {
  rig_.Append("/log/a.log", "3\n4\n");
  rig_.Run(2'000);
  rig_.Rename("/log/a.log", "/log/a.log-old");
  rig_.broker.refuses_rows = protocol::NO_SPACE;
  rig_.Run(kUntilClosed);
  rig_.broker.refuses_rows.reset();
  Restore();
  EXPECT_EQ(rig_.Values(), (std::vector<std::string>{"1", "2", "3", "4"})) << rig_.Describe();
  EXPECT_EQ(rig_.topic().sources.size(), 1U) << rig_.Describe();
  EXPECT_TRUE(rig_.Rows(protocol::GAP).empty());
  rig_.Run(kUntilClosed);
  ASSERT_EQ(rig_.Rows(protocol::CLOSE).size(), 1U) << rig_.Describe();
  EXPECT_EQ(rig_.Rows(protocol::CLOSE)[0].row.begin(), 8);
}

// A gap that was not taken yet neither: where the rest stands is looked for once more.
TEST_F(AgentRestored, AGapThatWasNotTakenYetIsWeighedAnew) {
  rig_.Append("/log/a.log", "3\n4\n");
  rig_.Run(2'000);
  rig_.broker.refuses_rows = protocol::NO_SPACE;
  rig_.broker.refuses = protocol::NO_SPACE;
  rig_.Append("/log/a.log", "5\n");
  rig_.Run(2'000);
  rig_.Truncate("/log/a.log");
  rig_.Run(60'000);
  ASSERT_TRUE(rig_.Said("noted as a gap"));
  rig_.Append("/log/a.log-20260102", "1\n2\n3\n4\n5\n");
  rig_.broker.refuses_rows.reset();
  rig_.broker.refuses.reset();
  Restore();
  EXPECT_EQ(rig_.Values(), (std::vector<std::string>{"1", "2", "3", "4", "5"})) << rig_.Describe();
  EXPECT_TRUE(rig_.Rows(protocol::GAP).empty());
}

TEST_F(AgentRestored, AFileThatBeganAndEndedSinceIsReadAgain) {
  rig_.Append("/log/b.log", "x\ny\n");
  rig_.Run(2'000);
  rig_.Rename("/log/b.log", "/log/b.log-old");
  rig_.Run(kUntilClosed);
  ASSERT_FALSE(rig_.Rows(protocol::CLOSE).empty());
  Restore();
  std::vector<std::string> values = rig_.Values();
  std::sort(values.begin(), values.end());
  EXPECT_EQ(values, (std::vector<std::string>{"1", "2", "x", "y"})) << rig_.Describe();
  EXPECT_TRUE(rig_.Rows(protocol::GAP).empty());
}

TEST_F(AgentRestored, WhatIsInNoFileAnyMoreBecomesAGap) {
  rig_.Append("/log/a.log", "3\n");
  rig_.Append("/log/b.log", "x\ny\n");
  rig_.Run(2'000);
  rig_.Remove("/log/a.log");
  rig_.Remove("/log/b.log");
  rig_.Run(kUntilClosed);
  ASSERT_TRUE(rig_.Rows(protocol::GAP).empty());
  Restore();
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> gaps;
  for (const fakes::StoredRow& row : rig_.Rows(protocol::GAP)) {
    EXPECT_EQ(row.row.reason(), kLost);
    gaps[row.path] = {row.row.begin(), row.row.end()};
  }
  ASSERT_EQ(gaps.size(), 2U) << rig_.Describe();
  EXPECT_EQ(gaps.at("/log/a.log"), (std::pair<std::int64_t, std::int64_t>{4, 6}));
  EXPECT_EQ(gaps.at("/log/b.log"), (std::pair<std::int64_t, std::int64_t>{0, 4}));
  EXPECT_EQ(rig_.Values(), (std::vector<std::string>{"1", "2"}));
}

// The source that had ended is open again; what stands in its file is another one's, and longer
// than what was hashed of the first.
TEST_F(AgentRestored, WhatIsTruncatedMeanwhileIsNoGapOfASourceThatEndedBeforeIt) {
  rig_.Truncate("/log/a.log");
  rig_.Run(30'000);
  rig_.Kill();
  rig_.broker.Restore(backup_);
  rig_.broker.refuses_hello = protocol::BUSY;
  rig_.Append("/log/a.log", "another 1\nanother 2\n");
  rig_.Start();
  rig_.Run(2'000);
  rig_.Truncate("/log/a.log");
  rig_.Run(2'000);
  rig_.broker.refuses_hello.reset();
  rig_.Run(60'000);
  const auto gaps = rig_.Rows(protocol::GAP);
  ASSERT_EQ(gaps.size(), 1U) << rig_.Describe();
  EXPECT_EQ(gaps[0].row.begin(), 0) << rig_.Describe();
  EXPECT_EQ(gaps[0].row.end(), 20);
}

// All of its bytes are in the backup, and that it has ended is not: what its log goes on in waits.
TEST_F(AgentRestored, ASourceThatWasTruncatedEndsOnceMore) {
  rig_.Truncate("/log/a.log");
  rig_.Run(30'000);
  ASSERT_EQ(rig_.Rows(protocol::CLOSE).size(), 1U);
  Restore();
  EXPECT_EQ(rig_.Rows(protocol::CLOSE).size(), 1U) << rig_.Describe();
  rig_.Rename("/log/a.log", "/log/a.log.1");
  rig_.Append("/log/a.log", "3\n");
  rig_.Run(5'000);
  EXPECT_EQ(rig_.Values(), (std::vector<std::string>{"1", "2", "3"})) << rig_.Describe();
  EXPECT_TRUE(rig_.Rows(protocol::GAP).empty());
}

// That the first of two had ended was known to the database alone. Which id is the lower one is up
// to the seed.
TEST(AgentBrokerForgot, OfTwoSourcesThatAFileBeginsWithTheLongerOneIsIts) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    AgentRig rig({.seed = seed});
    rig.Append("/log/a.log", "same\n");
    rig.Start();
    rig.Run(2'000);
    rig.Truncate("/log/a.log");
    rig.Run(30'000);
    rig.Append("/log/a.log", "same\nother\n");
    rig.Run(2'000);
    rig.Kill();
    rig.DeleteState();
    ASSERT_EQ(rig.topic().sources.size(), 2U);
    for (auto& [id, source] : rig.topic().sources) source.final = false;
    rig.Start();
    rig.Append("/log/a.log", "more\n");
    rig.Run(60'000);
    EXPECT_EQ(rig.Values(), (std::vector<std::string>{"same", "same", "other", "more"}))
        << rig.Describe();
    EXPECT_TRUE(rig.Rows(protocol::GAP).empty());
  }
}

TEST_F(AgentRestored, AnotherRestoreIsNothingNew) {
  rig_.Append("/log/a.log", "3\n");
  rig_.Run(2'000);
  Restore();
  rig_.Append("/log/a.log", "4\n");
  rig_.Run(2'000);
  Restore();
  EXPECT_TRUE(SameBytes(rig_.BytesOf("/log/a.log"), "1\n2\n3\n4\n"));
}

// The machine goes back in time, files and state alike: what its files still hold of what was sent
// comes twice, and nothing new is taken for something old.
TEST(AgentRolledBack, NothingThatIsWrittenThenIsLost) {
  AgentRig rig;
  rig.Append("/log/a.log", "1\n2\n");
  rig.Start();
  rig.Run(2'000);
  rig.Append("/log/a.log", "3\n4\n");
  rig.Run(2'000);
  rig.Kill();
  rig.Truncate("/log/a.log", 4);
  rig.Append("/log/a.log", "other 3\n");
  rig.Start();
  rig.Run(30'000);
  rig.Append("/log/a.log", "other 4\n");
  rig.Run(30'000);
  const std::vector<std::string> values = rig.Values();
  for (const char* line : {"1", "2", "3", "4", "other 3", "other 4"}) {
    EXPECT_NE(std::find(values.begin(), values.end(), line), values.end()) << line << "\n"
                                                                           << rig.Describe();
  }
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty());
}

}  // namespace
}  // namespace logboom::agent
