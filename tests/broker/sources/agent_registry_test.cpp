#include "broker/sources/agent_registry.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/broker/sources/table_fixture.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kWallMs = 1'700'000'000'000;

Instant At(std::int64_t ms) { return {TimestampMs{kWallMs + ms}, MonotonicMs{1'000 + ms}}; }

AgentClaim ClaimOf(const std::string& boot, const std::string& process = "1") {
  AgentClaim claim;
  claim.agent_id = "web-1";
  claim.host = "host-of-" + boot;
  claim.boot_id = boot;
  claim.process_id = process;
  return claim;
}

class AgentRegistryTest : public testing::Test {
 protected:
  bool Claim(const std::string& boot, std::uint64_t session, std::int64_t ms) {
    return registry_.Claim(ClaimOf(boot), IdOf(session), At(ms)).ok();
  }
  bool Holds(std::uint64_t session) { return registry_.Holds("web-1", IdOf(session)); }
  AgentRegistry registry_;
};

TEST_F(AgentRegistryTest, NewestProcessOfTheSameBootTakesOverAtOnce) {
  EXPECT_TRUE(Claim("boot-1", 1, 0));
  EXPECT_TRUE(Holds(1));
  EXPECT_TRUE(Claim("boot-1", 2, 1));
  EXPECT_FALSE(Holds(1));
  EXPECT_TRUE(Holds(2));
}

TEST_F(AgentRegistryTest, AProcessThatWasTakenOverFromNeverTakesTheIdBack) {
  EXPECT_TRUE(registry_.Claim(ClaimOf("boot-1", "first"), IdOf(1), At(0)).ok());
  EXPECT_TRUE(registry_.Claim(ClaimOf("boot-1", "second"), IdOf(2), At(1)).ok());
  EXPECT_TRUE(registry_.Claim(ClaimOf("boot-1", "second"), IdOf(3), At(2)).ok()) << "reconnected";
  const auto refused = registry_.Claim(ClaimOf("boot-1", "first"), IdOf(4), At(3));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(Holds(3));

  // Nor after a restart of the broker.
  auto stored = DecodeAgentRow("web-1", EncodeAgentRow(*registry_.Find("web-1")));
  ASSERT_TRUE(stored.ok());
  registry_ = AgentRegistry();
  registry_.Restore(*stored);
  EXPECT_FALSE(registry_.Claim(ClaimOf("boot-1", "first"), IdOf(5), At(4)).ok());
  EXPECT_TRUE(registry_.Claim(ClaimOf("boot-1", "second"), IdOf(6), At(5)).ok());
  EXPECT_TRUE(registry_.Claim(ClaimOf("boot-2", "first"), IdOf(7), At(kHolderSilenceMs + 5)).ok())
      << "after a reboot numbers begin anew";
  EXPECT_TRUE(registry_.Claim(ClaimOf("boot-2", "first"), IdOf(8), At(kHolderSilenceMs + 6)).ok())
      << "and nobody of before counts";
}

TEST_F(AgentRegistryTest, ManyProcessesBeforeTakeBoundedRoom) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(registry_.Claim(ClaimOf("boot-1", std::to_string(i)), IdOf(1), At(i)).ok());
  }
  EXPECT_EQ(registry_.Find("web-1")->superseded.size(), kSupersededMax);
  EXPECT_FALSE(registry_.Claim(ClaimOf("boot-1", "98"), IdOf(2), At(200)).ok());
}

TEST_F(AgentRegistryTest, AnotherMachineWaitsForThirtySecondsOfSilence) {
  EXPECT_TRUE(Claim("boot-1", 1, 0));
  registry_.Heard("web-1", IdOf(1), At(10'000));
  const auto refused =
      registry_.Claim(ClaimOf("boot-2"), IdOf(2), At(10'000 + kHolderSilenceMs - 1));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kBusy);
  EXPECT_NE(refused.error().message.find("host-of-boot-1"), std::string::npos);
  EXPECT_NE(refused.error().message.find("agent.id"), std::string::npos);
  EXPECT_TRUE(Holds(1));
  EXPECT_TRUE(Claim("boot-2", 2, 10'000 + kHolderSilenceMs));
  EXPECT_TRUE(Holds(2));
}

TEST_F(AgentRegistryTest, AnIdWhoseAgentHasLeftIsFreeForAnyMachine) {
  EXPECT_TRUE(Claim("boot-1", 1, 0));
  registry_.Leave("web-1", IdOf(2));
  EXPECT_TRUE(Holds(1)) << "another session can't give it away";
  registry_.Leave("web-1", IdOf(1));
  EXPECT_FALSE(Holds(1));
  EXPECT_TRUE(Claim("boot-2", 3, 1));
}

TEST_F(AgentRegistryTest, ALostConnectionDoesNotGiveTheIdAway) {
  EXPECT_TRUE(Claim("boot-1", 1, 0));
  registry_.Release("web-1", IdOf(1));
  EXPECT_FALSE(Holds(1));
  EXPECT_FALSE(Claim("boot-2", 2, 5'000));
  EXPECT_TRUE(Claim("boot-1", 3, 6'000)) << "its own machine has it back at once";
}

TEST_F(AgentRegistryTest, AReleasedIdIsFreeAfterTheSilence) {
  EXPECT_TRUE(Claim("boot-1", 1, 0));
  registry_.Release("web-1", IdOf(1));
  EXPECT_TRUE(Claim("boot-2", 2, kHolderSilenceMs));
}

TEST_F(AgentRegistryTest, FirstComeAfterARestart) {
  Agent stored;
  stored.claim = ClaimOf("boot-1");
  stored.epoch = 7;
  registry_.Restore(stored);
  EXPECT_FALSE(Holds(0)) << "nobody holds it";
  EXPECT_TRUE(Claim("boot-2", 2, 0));
}

TEST_F(AgentRegistryTest, OnlyTheHolderIsHeardAndReleased) {
  EXPECT_TRUE(Claim("boot-1", 1, 0));
  EXPECT_TRUE(Claim("boot-1", 2, 1));
  registry_.Heard("web-1", IdOf(1), At(29'000));
  registry_.Release("web-1", IdOf(1));
  EXPECT_TRUE(Holds(2));
  EXPECT_TRUE(Claim("boot-2", 3, 1 + kHolderSilenceMs)) << "the fenced one's life does not count";
  registry_.Heard("nobody", IdOf(1), At(0));
  registry_.Release("nobody", IdOf(1));
  registry_.Leave("nobody", IdOf(1));
  EXPECT_FALSE(registry_.Holds("nobody", IdOf(1)));
}

TEST_F(AgentRegistryTest, EpochRisesWithEveryHelloWhateverTheClock) {
  const auto epoch = [&](std::int64_t ms) {
    return (*registry_.Claim(ClaimOf("boot-1"), IdOf(1), At(ms)))->epoch;
  };
  const std::uint64_t first = epoch(0);
  EXPECT_EQ(first, static_cast<std::uint64_t>(kWallMs));
  EXPECT_EQ(epoch(0), first + 1);
  EXPECT_EQ(epoch(-50'000), first + 2) << "the clock was set back";
  EXPECT_EQ(epoch(60'000), static_cast<std::uint64_t>(kWallMs + 60'000));
}

TEST_F(AgentRegistryTest, EpochGoesOnFromTheStoredOne) {
  Agent stored;
  stored.claim.agent_id = "web-1";
  stored.epoch = 9'000'000'000'000'000;
  registry_.Restore(stored);
  EXPECT_EQ((*registry_.Claim(ClaimOf("b"), IdOf(1), At(0)))->epoch, 9'000'000'000'000'001U);
}

TEST_F(AgentRegistryTest, ReportReplacesTheOneBeforeWithItsLastPart) {
  EXPECT_TRUE(Claim("boot-1", 1, 0));
  auto part = [](std::size_t files, std::uint64_t bytes_read) {
    AgentReport report;
    report.files.resize(files);
    report.bytes_read = bytes_read;
    return report;
  };
  EXPECT_TRUE(registry_.TakeReport("web-1", 1, true, part(2, 10)).ok());
  EXPECT_EQ(registry_.Find("web-1")->report.files.size(), 2U);
  EXPECT_TRUE(registry_.TakeReport("web-1", 2, false, part(3, 20)).ok());
  EXPECT_EQ(registry_.Find("web-1")->report.bytes_read, 10U);
  EXPECT_TRUE(registry_.TakeReport("web-1", 2, true, part(4, 30)).ok());
  EXPECT_EQ(registry_.Find("web-1")->report.files.size(), 7U);
  EXPECT_EQ(registry_.Find("web-1")->report.bytes_read, 30U);
  // A report that never ended is dropped for the next one.
  EXPECT_TRUE(registry_.TakeReport("web-1", 3, false, part(100, 1)).ok());
  EXPECT_TRUE(registry_.TakeReport("web-1", 4, true, part(1, 2)).ok());
  EXPECT_EQ(registry_.Find("web-1")->report.files.size(), 1U);
  EXPECT_EQ(registry_.TakeReport("nobody", 1, true, part(0, 0)).error().code, ErrorCode::kNotFound);
}

TEST_F(AgentRegistryTest, ReportIsBoundedInFiles) {
  EXPECT_TRUE(Claim("boot-1", 1, 0));
  auto part = [](std::size_t files) {
    AgentReport report;
    report.files.resize(files);
    return report;
  };
  EXPECT_TRUE(registry_.TakeReport("web-1", 1, false, part(kReportFilesMax - 1)).ok());
  EXPECT_TRUE(registry_.TakeReport("web-1", 1, true, part(1)).ok());
  EXPECT_EQ(registry_.Find("web-1")->report.files.size(), kReportFilesMax);
  EXPECT_TRUE(registry_.TakeReport("web-1", 2, false, part(kReportFilesMax)).ok());
  EXPECT_EQ(registry_.TakeReport("web-1", 2, false, part(1)).error().code, ErrorCode::kLimit);
  EXPECT_EQ(registry_.TakeReport("web-1", 2, true, part(1)).error().code, ErrorCode::kLimit)
      << "the rest of it does not pass for the whole";
  EXPECT_EQ(registry_.Find("web-1")->report.files.size(), kReportFilesMax) << "the one before";
  EXPECT_TRUE(registry_.TakeReport("web-1", 3, true, part(1)).ok());
}

TEST_F(AgentRegistryTest, ChoosesThePartitionWithTheFewestAgents) {
  Topic topic;
  topic.topic_id = IdOf(50);
  topic.partitions = 3;
  EXPECT_EQ(registry_.ChoosePartition(topic), PartitionIndex{0});
  for (int i = 0; i < 7; ++i) {
    Agent agent;
    agent.claim.agent_id = fmt::format("agent-{}", i);
    agent.partitions[topic.topic_id] = registry_.ChoosePartition(topic);
    EXPECT_EQ(agent.partitions[topic.topic_id], PartitionIndex{i % 3});
    registry_.Restore(agent);
  }
  registry_.ForgetTopic(topic.topic_id);
  EXPECT_EQ(registry_.ChoosePartition(topic), PartitionIndex{0});
}

Agent Sample() {
  Agent agent;
  agent.claim.agent_id = "web-1";
  agent.claim.host = "h";
  agent.epoch = 5;
  agent.last_seen = TimestampMs{6};
  agent.partitions[IdOf(1)] = PartitionIndex{2};
  agent.partitions[IdOf(3)] = PartitionIndex{4};
  agent.claim.boot_id = "b";
  agent.claim.process_id = "p";
  agent.superseded = {"o"};
  return agent;
}

TEST(AgentRow, GoesThroughTheStore) {
  const Agent agent = Sample();
  auto back = DecodeAgentRow("web-1", EncodeAgentRow(agent));
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->claim.agent_id, "web-1");
  EXPECT_EQ(back->claim.host, "h");
  EXPECT_EQ(back->epoch, 5U);
  EXPECT_EQ(back->last_seen, TimestampMs{6});
  EXPECT_EQ(back->partitions, agent.partitions);
  EXPECT_EQ(back->claim.boot_id, "b");
  EXPECT_EQ(back->claim.process_id, "p");
  EXPECT_EQ(back->superseded, agent.superseded);
  EXPECT_TRUE(back->session.nil());
}

TEST(AgentRow, LayoutIsAsDocumented) {
  EXPECT_EQ(ToHex(EncodeAgentRow(Sample())),
            "02"
            "0000000000000005"
            "0000000000000006"
            "00000001"
            "68"
            "00000002"
            "0000000000000000"
            "0000000000000001"
            "00000002"
            "0000000000000000"
            "0000000000000003"
            "00000004"
            "00000001"
            "62"
            "00000001"
            "70"
            "01"
            "00000001"
            "6f");
}

TEST(AgentRow, ThatOfTheVersionBeforeIsRead) {
  Bytes value = EncodeAgentRow(Sample());
  value[0] = 1;
  value.resize(value.size() - 16);
  const auto back = DecodeAgentRow("web-1", value);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->partitions, Sample().partitions);
  EXPECT_TRUE(back->claim.boot_id.empty());
}

// Nothing where the row is taken.
template <typename Row>
std::optional<ErrorCode> CodeOf(const Result<Row>& row) {
  return row.ok() ? std::nullopt : std::optional(row.error().code);
}

TEST(AgentRow, EveryTruncationIsRefused) {
  const Bytes value = EncodeAgentRow(Sample());
  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(CodeOf(DecodeAgentRow("web-1", value.substr(0, size))), ErrorCode::kCorrupt) << size;
  }
  EXPECT_FALSE(DecodeAgentRow("web-1", value + 'x').ok());
  Bytes newer = value;
  newer[0] = 9;
  EXPECT_EQ(DecodeAgentRow("web-1", newer).error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace logboom::broker
