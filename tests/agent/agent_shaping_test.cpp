// Lines that an agent leaves out, and what it says of them.
#include <gtest/gtest.h>

#include "agent/shaping.h"
#include "tests/agent/agent_rig.h"

namespace logboom::agent {
namespace {

using Values = std::vector<std::string>;

class AgentShaping : public testing::Test {
 protected:
  AgentShaping() { rig.broker.values_are_bytes = false; }

  void Start() {
    rig.agent_options.inputs[0].shaping = shaping;
    rig.Start();
  }
  void Drop(const std::string& pattern) { shaping->drop.push_back(*parse::Pattern::Make(pattern)); }
  // Lines that the log says were read, and in no record.
  std::uint64_t LeftOut() {
    std::uint64_t lines = 0;
    for (const auto& record : rig.topic().log) lines += record.left_out;
    for (const auto& row : rig.topic().rows) lines += row.row.dropped();
    return lines;
  }
  std::uint64_t Counted(DropReason reason) const {
    return rig.agent->Totals().counters.lines_dropped[static_cast<std::size_t>(reason)];
  }
  bool AllAcked(const std::string& path) const {
    for (const client::FileReport& file : rig.agent->FileReports()) {
      if (file.path == path) return file.acked.value() == file.size_bytes;
    }
    return false;
  }

  std::shared_ptr<Shaping> shaping = std::make_shared<Shaping>();
  AgentRig rig;
};

TEST_F(AgentShaping, DroppedLinesAreCountedInTheSpanThatCoversThem) {
  Drop("DEBUG");
  Start();
  rig.Append("/log/a.log", "DEBUG 1\none\nDEBUG 2\ntwo\nDEBUG 3\n");
  rig.Settle();
  EXPECT_EQ(rig.Values(), (Values{"one", "two"}));
  EXPECT_EQ(LeftOut(), 3U);
  EXPECT_EQ(Counted(DropReason::kDropPattern), 3U);
  EXPECT_TRUE(AllAcked("/log/a.log"));
}

TEST_F(AgentShaping, WhereSomeAreToBeKeptAllOthersAreLeftOut) {
  shaping->keep.push_back(*parse::Pattern::Make("ERROR"));
  shaping->keep.push_back(*parse::Pattern::Make("WARN"));
  Drop("noise");
  Start();
  rig.Append("/log/a.log", "ERROR 1\nINFO\nWARN 2\nERROR noise\n");
  rig.Settle();
  EXPECT_EQ(rig.Values(), (Values{"ERROR 1", "WARN 2"}));
  EXPECT_EQ(Counted(DropReason::kNotKept), 1U);
  EXPECT_EQ(Counted(DropReason::kDropPattern), 1U);
}

TEST_F(AgentShaping, ARunWithoutRecordsIsToldWithinSecondsAndNotReadAgain) {
  Drop("DEBUG");
  Start();
  rig.Append("/log/a.log", "DEBUG 1\nDEBUG 2\n");
  rig.Run(3'000);
  EXPECT_TRUE(rig.topic().rows.empty());
  rig.Run(5'000);
  ASSERT_EQ(rig.topic().rows.size(), 1U);
  EXPECT_EQ(rig.topic().rows[0].row.dropped(), 2U);
  EXPECT_TRUE(AllAcked("/log/a.log"));
  rig.Kill();
  rig.DeleteState();
  Start();
  rig.Append("/log/a.log", "one\n");
  rig.Settle();
  EXPECT_EQ(rig.Values(), Values{"one"});
  EXPECT_EQ(LeftOut(), 2U);
}

// The row is in the broker's database alone, and is lost with it.
TEST_F(AgentShaping, WhoASourceIsStandsInItsFirstSpanThoughARowOpenedIt) {
  Drop("DEBUG");
  Start();
  rig.Append("/log/a.log", "DEBUG 1\n");
  rig.Run(10'000);
  ASSERT_EQ(rig.topic().rows.size(), 1U);
  rig.broker.Restart();
  rig.Run(5'000);
  rig.Append("/log/a.log", "one\n");
  rig.Run(2'000);
  rig.Append("/log/a.log", "two\n");
  rig.Settle();
  ASSERT_EQ(rig.topic().log.size(), 2U);
  EXPECT_TRUE(rig.topic().log[0].headers.contains("lb.source"));
  EXPECT_FALSE(rig.topic().log[1].headers.contains("lb.source"));
}

TEST_F(AgentShaping, LinesLeftOutAheadOfARecordAreInItsSpanAndNeedNoRow) {
  Drop("DEBUG");
  Start();
  rig.Append("/log/a.log", "DEBUG 1\n");
  rig.Run(2'000);
  rig.Append("/log/a.log", "DEBUG 2\none\n");
  rig.Settle();
  EXPECT_TRUE(rig.topic().rows.empty());
  EXPECT_EQ(LeftOut(), 2U);
}

TEST_F(AgentShaping, AFileThatIsGoneIsClosedBehindItsLastLinesThoughTheyAreLeftOut) {
  Drop("DEBUG");
  Start();
  rig.Append("/log/a.log", "one\nDEBUG 1\n");
  rig.Run(1'000);
  rig.Remove("/log/a.log");
  rig.Settle();
  EXPECT_EQ(rig.Rows(protocol::CLOSE).size(), 1U);
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty());
  EXPECT_EQ(LeftOut(), 1U);
}

TEST_F(AgentShaping, WhatIsTruncatedBehindLinesLeftOutIsNoGap) {
  Drop("DEBUG");
  Start();
  rig.Append("/log/a.log", "one\nDEBUG 1\n");
  rig.Run(1'000);
  rig.Truncate("/log/a.log");
  rig.Run(100);
  rig.Append("/log/a.log", "two\n");
  rig.Settle();
  EXPECT_EQ(rig.Values(), (Values{"one", "two"}));
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty());
  EXPECT_EQ(LeftOut(), 1U);
}

TEST_F(AgentShaping, OnceEndsBehindLinesLeftOut) {
  Drop("DEBUG");
  rig.agent_options.once = true;
  rig.Append("/log/a.log", "one\nDEBUG 1\n");
  Start();
  rig.Run(5'000);
  EXPECT_TRUE(rig.agent->done());
  EXPECT_EQ(LeftOut(), 1U);
}

TEST_F(AgentShaping, PartsOfALongLineGoTheWayOfTheirFirst) {
  Drop("DEBUG");
  shaping->keep.push_back(*parse::Pattern::Make("^[a-zD]"));
  rig.agent_options.inputs[0].max_line_bytes = 10;
  Start();
  rig.Append("/log/a.log", "DEBUG 78901234567890\nkept 6789DEBUG 6789012\n");
  rig.Settle();
  EXPECT_EQ(rig.Values(), (Values{"kept 6789D", "EBUG 67890", "12"}));
  EXPECT_EQ(LeftOut(), 1U);
}

TEST_F(AgentShaping, TheRestOfALineWhoseBeginningWasSentIsSentToo) {
  Drop("^[a-z]+ DEBUG");
  Start();
  rig.Append("/log/a.log", "one\na");
  rig.Run(40'000);
  EXPECT_EQ(rig.Values(), (Values{"one", "a"}));
  rig.Kill();
  rig.Append("/log/a.log", "pp DEBUG 1\napp DEBUG 2\ntwo\n");
  Start();
  rig.Settle();
  EXPECT_EQ(rig.BytesOf("/log/a.log"), "one\napp DEBUG 1\ntwo\n");
}

TEST_F(AgentShaping, AFileOutsideOfThePatternsIsStillItsInputsAfterARestart) {
  Drop("DEBUG");
  rig.agent_options.inputs[0].include = {"/log/a.log"};
  rig.agent_options.inputs[0].labels = {{"env", "prod"}};
  Start();
  rig.Append("/log/a.log", Lines("a", 0, 50));
  rig.Settle();
  rig.Kill();
  rig.Append("/log/a.log", "DEBUG 1\none\n");
  rig.CopyTruncate("/log/a.log", "/log/a.log-copy");
  Start();
  rig.Settle();
  ASSERT_EQ(rig.topic().log.size(), 51U);
  EXPECT_EQ(rig.topic().log.back().value, "one");
  EXPECT_EQ(rig.topic().log.back().headers.at("lb.label.env"), "prod");
  EXPECT_EQ(LeftOut(), 1U);
}

TEST_F(AgentShaping, EqualLinesInARowBecomeACount) {
  shaping->dedupe = true;
  Start();
  rig.Append("/log/a.log", "a\nb\nb\nb\nb\nc\nc\nb\n");
  rig.Settle();
  EXPECT_EQ(rig.Values(), (Values{"a", "b", "last line repeated 3 times", "c", "c", "b"}));
  EXPECT_EQ(rig.topic().log[2].headers.at("lb.repeated"), "3");
  EXPECT_EQ(LeftOut(), 3U);
  EXPECT_EQ(Counted(DropReason::kRepeated), 3U);
}

TEST_F(AgentShaping, ASampleIsTheSameHoweverOftenItIsRead) {
  shaping->sample = 10;
  Start();
  rig.broker.syncs_by_itself = false;
  rig.Append("/log/a.log", Lines("a", 0, 2'000));
  rig.Run(2'000);
  Values first;
  for (const auto& record : rig.topic().log) first.push_back(record.value);
  rig.broker.Restart();
  rig.broker.syncs_by_itself = true;
  rig.Settle();
  EXPECT_EQ(rig.Values(), first);
  EXPECT_NEAR(static_cast<double>(first.size()), 200.0, 60.0);
  EXPECT_EQ(LeftOut() + first.size(), 2'000U);
}

TEST_F(AgentShaping, ARateLetsItsLinesThroughAndCountsTheOthers) {
  shaping->rate_limit = {.lines_per_second = 10, .burst = 20};
  Start();
  rig.Append("/log/a.log", "first\n");
  rig.Run(2'000);
  for (int second = 0; second < 10; ++second) {
    rig.Append("/log/a.log", Lines("a", second * 100, second * 100 + 100));
    rig.Run(1'000);
  }
  rig.Settle();
  const std::size_t sent = rig.Values().size();
  EXPECT_GE(sent, 100U);
  EXPECT_LE(sent, 1U + 20U + 10U * 11U);
  EXPECT_EQ(LeftOut() + sent, 1'001U);
  EXPECT_EQ(Counted(DropReason::kRateLimit), LeftOut());
}

TEST_F(AgentShaping, LinesThatWaitedForTheBrokerHaveTheRateOfAllThatTime) {
  shaping->rate_limit = {.lines_per_second = 10, .burst = 20};
  Start();
  rig.Append("/log/a.log", "first\n");
  rig.Settle();
  rig.broker.refuses = protocol::NO_SPACE;
  for (int second = 0; second < 120; ++second) {
    rig.Append("/log/a.log", Lines("a", second * 5, second * 5 + 5));
    rig.Run(1'000);
  }
  rig.broker.refuses.reset();
  rig.Settle();
  EXPECT_EQ(rig.Values().size(), 601U);
  EXPECT_EQ(LeftOut(), 0U);
}

TEST_F(AgentShaping, WhatWasThereBeforeTheAgentIsNotLimited) {
  shaping->rate_limit = {.lines_per_second = 1, .burst = 1};
  rig.Append("/log/a.log", Lines("a", 0, 1'000));
  Start();
  rig.Settle();
  EXPECT_EQ(rig.Values().size(), 1'000U);
}

TEST_F(AgentShaping, LinesWithTimesOfTheirOwnAreLimitedByThose) {
  shaping->rate_limit = {.lines_per_second = 1, .burst = 2};
  rig.agent_options.inputs[0].container = ContainerFormat::kCri;
  std::string text;
  for (int i = 0; i < 60; ++i) {
    text += fmt::format("2026-09-21T10:00:{:02}Z stdout F slow\n", i);
  }
  for (int i = 0; i < 60; ++i) text += "2026-09-21T10:02:00Z stdout F fast\n";
  rig.Append("/log/a.log", text);
  Start();
  rig.Settle();
  const Values values = rig.Values();
  EXPECT_EQ(std::count(values.begin(), values.end(), "slow"), 60);
  EXPECT_EQ(std::count(values.begin(), values.end(), "fast"), 2);
}

TEST_F(AgentShaping, FieldsAreRedactedAsLinesAre) {
  auto understanding = std::make_shared<Understanding>();
  understanding->parser = *parse::MakeParser({.kind = "json", .pattern = ""});
  understanding->fields = {"client", "n"};
  rig.agent_options.inputs[0].understanding = understanding;
  rig.agent_options.inputs[0].labels = {{"at", "10.0.0.9"}};
  shaping->redaction = *Redaction::Make({.presets = {"ip"}, .patterns = {}, .hash_key = ""});
  Start();
  rig.Append("/log/a.log", "{\"client\":\"10.0.0.1\",\"n\":1}\n");
  rig.Settle();
  ASSERT_EQ(rig.topic().log.size(), 1U);
  const fakes::StoredRecord& record = rig.topic().log[0];
  EXPECT_EQ(record.value, "{\"client\":\"[ip]\",\"n\":1}");
  EXPECT_EQ(record.headers.at("lb.label.client"), "[ip]");
  EXPECT_EQ(record.headers.at("lb.label.n"), "1");
  EXPECT_EQ(record.headers.at("lb.label.at"), "10.0.0.9");
  EXPECT_EQ(rig.agent->Totals().counters.redacted, 1U);
}

TEST_F(AgentShaping, NoneIsLostOrDoubledOrUncountedOverKillsAtAnyTime) {
  Drop("DEBUG");
  Start();
  SeededRandom random(11);
  Values kept;
  std::uint64_t dropped = 0;
  for (int i = 0; i < 600; ++i) {
    const bool drops = random.Below(3) != 0;
    const std::string line = fmt::format("{} {}", drops ? "DEBUG" : "kept", i);
    if (!drops) kept.push_back(line);
    if (drops) ++dropped;
    rig.Append("/log/a.log", line + "\n");
    rig.Run(static_cast<std::int64_t>(random.Below(60)) * 10);
    if (random.Below(40) == 0) rig.Run(8'000);
    if (random.Below(40) == 0) rig.broker.Restart();
    if (random.Below(20) == 0) {
      rig.Kill();
      if (random.Below(2) == 0) rig.DeleteState();
      Start();
    }
  }
  rig.Settle();
  EXPECT_EQ(rig.Values(), kept) << rig.Describe();
  EXPECT_EQ(LeftOut(), dropped);
}

}  // namespace
}  // namespace logboom::agent
