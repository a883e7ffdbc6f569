#include "lib/client/group_consumer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/lib/client/fake_coordinator.h"

namespace logboom::client {
namespace {

const TopicPartition kFirst{.topic = "web", .partition = PartitionIndex(0)};
const TopicPartition kSecond{.topic = "web", .partition = PartitionIndex(1)};

class GroupConsumerTest : public testing::Test {
 protected:
  void Make(GroupConsumerOptions options = {}) {
    options.group = "readers";
    options.topics = {"web"};
    consumer = std::make_unique<GroupConsumer>(network.MakeClient(kBrokerAddress),
                                               network.MakeClient(kBrokerAddress), options, random);
  }
  // Made, joined, and reading what it was given, from its start.
  void Join(std::set<int> partitions) {
    Make({.group = {}, .topics = {}, .start = StartAt::Earliest()});
    coordinator.assigned = std::move(partitions);
    Pass(0);
  }

  // Lets all that was sent arrive, both ways.
  void Pass(std::int64_t ms) {
    time.Pass(ms);
    for (int i = 0; i < 6; ++i) {
      consumer->Poll(time.now);
      broker.Step();
    }
    consumer->Poll(time.now);
  }

  // The records that wait, as "partition:offset"; other events by name. All are handled.
  std::vector<std::string> Read() {
    std::vector<std::string> words;
    while (const auto event = consumer->Next()) {
      if (const auto* batch = std::get_if<FetchedBatch>(&event->what)) {
        for (Offset at = batch->first_offset; at < batch->end_offset; ++at) {
          words.push_back(fmt::format("{}:{}", event->from.partition, at));
        }
        if (handles) consumer->Handled(event->from, batch->end_offset);
      } else if (const auto* out = std::get_if<OffsetOutOfRange>(&event->what)) {
        words.push_back(fmt::format("{}:{} not in {}..{}", event->from.partition, out->position,
                                    out->log_start, out->durable_end));
      } else {
        words.emplace_back("?");
      }
    }
    return words;
  }
  using Words = std::vector<std::string>;
  using Owned = std::vector<TopicPartition>;

  transport::InprocNetwork network{transport::InprocWait::kReturnsAtOnce};
  FakeBroker broker{network};
  FakeCoordinator coordinator{broker};
  FakeTime time;
  SeededRandom random{1};
  bool handles = true;  // Read() says so
  std::unique_ptr<GroupConsumer> consumer;
};

// ---- joining and reading

TEST_F(GroupConsumerTest, JoinsWithARandomIdAndSaysWhoItIs) {
  Make({.group = {},
        .topics = {},
        .client_id = "logboom 42",
        .host = "web-1",
        .session_timeout = std::chrono::seconds(20)});
  Pass(0);
  ASSERT_EQ(coordinator.joins.size(), 1U);
  const auto& join = coordinator.joins[0];
  EXPECT_EQ(join.group(), "readers");
  EXPECT_TRUE(Uuid::Parse(join.member_id())) << join.member_id();
  EXPECT_EQ(join.member_id(), consumer->member_id());
  EXPECT_EQ(join.client_id(), "logboom 42");
  EXPECT_EQ(join.host(), "web-1");
  ASSERT_EQ(join.topics_size(), 1);
  EXPECT_EQ(join.topics(0), "web");
  EXPECT_EQ(join.session_timeout_ms(), 20'000U);
  EXPECT_TRUE(consumer->joined());
}

TEST_F(GroupConsumerTest, ReadsWhatItOwnsFromTheCommittedOffsetOn) {
  coordinator.logs[0].end = 10;
  coordinator.logs[1].end = 10;
  coordinator.committed[0] = 7;
  Make();
  coordinator.assigned = {0};
  Pass(0);
  EXPECT_EQ(consumer->Owned(), Owned{kFirst});
  EXPECT_EQ(Read(), (Words{"0:7", "0:8", "0:9"}));
}

TEST_F(GroupConsumerTest, FetchSaysTheLeaderEpochOfTheCommit) {
  coordinator.logs[0].end = 10;
  coordinator.committed[0] = 7;
  coordinator.committed_epoch[0] = 2;
  coordinator.hold = {protocol::Request::kFetch};
  Make();
  coordinator.assigned = {0};
  Pass(0);
  ASSERT_EQ(coordinator.held.size(), 1U);
  EXPECT_EQ(coordinator.held[0].request.fetch().leader_epoch(), 2);
}

TEST_F(GroupConsumerTest, BeginsWhereTheCallerSaysWhereNothingIsCommitted) {
  coordinator.logs[0] = {.start = 2, .end = 4};
  coordinator.logs[1] = {.start = 0, .end = 3};
  coordinator.committed[1] = 2;
  Join({0, 1});
  std::vector<std::string> words = Read();
  std::ranges::sort(words);
  EXPECT_EQ(words, (Words{"0:2", "0:3", "1:2"}));
}

TEST_F(GroupConsumerTest, PlaceWhereItBeginsIsCommittedBeforeAnythingIsHandled) {
  coordinator.logs[0] = {.start = 2, .end = 4};
  Make({.group = {}, .topics = {}, .start = StartAt::Latest()});
  coordinator.assigned = {0};
  Pass(0);
  EXPECT_FALSE(consumer->all_committed());
  Pass(1'000);
  EXPECT_EQ(coordinator.committed[0], 4);
  EXPECT_TRUE(consumer->all_committed());
}

TEST_F(GroupConsumerTest, PlaceThatDoesNotExistIsNotCommitted) {
  coordinator.logs[0].end = 4;
  Make({.group = {}, .topics = {}, .start = StartAt::At(Offset(50))});
  coordinator.assigned = {0};
  Pass(0);
  EXPECT_EQ(Read(), Words{"0:50 not in 0..4"});
  Pass(1'000);
  EXPECT_TRUE(coordinator.commits.empty());
}

// ---- heartbeats

TEST_F(GroupConsumerTest, HeartbeatsSayGenerationAndWhatIsOwnedEachInterval) {
  coordinator.generation = 5;
  Join({0, 1});
  // One at once: others wait to hear that the partitions have arrived.
  ASSERT_EQ(coordinator.heartbeats.size(), 1U);
  EXPECT_EQ(coordinator.heartbeats[0].generation(), 5U);
  EXPECT_EQ(coordinator.heartbeats[0].member_id(), consumer->member_id());
  EXPECT_EQ(coordinator.heartbeats[0].owned(0).topic_id(), IdBytes('T'));
  EXPECT_EQ(coordinator.Reported(), (std::set<int>{0, 1}));
  Pass(999);
  EXPECT_EQ(coordinator.heartbeats.size(), 1U);
  Pass(1);
  EXPECT_EQ(coordinator.heartbeats.size(), 2U);
}

TEST_F(GroupConsumerTest, OneHeartbeatIsUnderWayAtATime) {
  coordinator.hold = {protocol::Request::kHeartbeat};
  Join({0});
  Pass(5'000);
  EXPECT_EQ(coordinator.held.size(), 1U);
  coordinator.AnswerHeld();
  Pass(0);
  EXPECT_EQ(coordinator.heartbeats.size(), 2U);
}

TEST_F(GroupConsumerTest, PartitionThatIsGrantedLaterIsRead) {
  coordinator.logs[1].end = 2;
  Join({0});
  coordinator.assigned = {0, 1};
  coordinator.generation = 2;
  Pass(1'000);
  EXPECT_EQ(consumer->Owned(), (Owned{kFirst, kSecond}));
  EXPECT_EQ(Read(), (Words{"1:0", "1:1"}));
  EXPECT_EQ(coordinator.Reported(), (std::set<int>{0, 1}));
}

// ---- giving back

TEST_F(GroupConsumerTest, RevokedPartitionIsCommittedThenGivenBack) {
  coordinator.logs[0].end = 3;
  Make({.group = {},
        .topics = {},
        .start = StartAt::Earliest(),
        .commit_interval = std::chrono::hours(1)});
  coordinator.assigned = {0, 1};
  Pass(0);
  EXPECT_EQ(Read().size(), 3U);
  coordinator.Append(0, 2);  // fetched, and not handed out
  Pass(0);
  coordinator.assigned = {1};
  coordinator.generation = 2;
  coordinator.hold = {protocol::Request::kCommitOffsets};
  Pass(1'000);
  EXPECT_EQ(consumer->Owned(), Owned{kSecond});
  EXPECT_EQ(Read(), Words{});
  ASSERT_FALSE(coordinator.held.empty());
  const auto& commit = coordinator.commits.back();
  EXPECT_EQ(commit.generation(), 2U);
  EXPECT_EQ(commit.member_id(), consumer->member_id());
  ASSERT_GE(commit.offsets_size(), 1);
  EXPECT_EQ(commit.offsets(0).offset(), 3);
  EXPECT_EQ(commit.offsets(0).leader_epoch(), 4);
  // Until that is durable the partition is not let go of.
  Pass(1'000);
  EXPECT_EQ(coordinator.Reported(), (std::set<int>{0, 1}));

  coordinator.hold.clear();
  const std::size_t before = coordinator.heartbeats.size();
  coordinator.AnswerHeld();
  Pass(0);
  EXPECT_EQ(coordinator.heartbeats.size(), before + 1);
  EXPECT_EQ(coordinator.Reported(), std::set<int>{1});
  EXPECT_EQ(coordinator.committed[0], 3);
}

TEST_F(GroupConsumerTest, WhatWasHandedOutAndNotHandledIsNotCommitted) {
  coordinator.logs[0].end = 3;
  coordinator.committed[0] = 1;
  Join({0});
  handles = false;
  EXPECT_EQ(Read(), (Words{"0:1", "0:2"}));
  consumer->Handled(kFirst, Offset(2));
  coordinator.assigned = {};
  coordinator.generation = 2;
  Pass(1'000);
  EXPECT_EQ(coordinator.committed[0], 2);
  EXPECT_EQ(coordinator.Reported(), std::set<int>{});
  // Too late: it is somebody else's.
  consumer->Handled(kFirst, Offset(3));
  Pass(2'000);
  EXPECT_EQ(coordinator.committed[0], 2);
}

TEST_F(GroupConsumerTest, PartitionWithNothingToCommitIsGivenBackAtOnce) {
  coordinator.logs[0].end = 3;
  coordinator.committed[0] = 3;
  Join({0});
  const std::size_t before = coordinator.heartbeats.size();
  coordinator.assigned = {};
  Pass(1'000);
  EXPECT_EQ(coordinator.heartbeats.size(), before + 2);
  EXPECT_EQ(coordinator.Reported(), std::set<int>{});
  EXPECT_TRUE(coordinator.commits.empty());
}

TEST_F(GroupConsumerTest, PartitionThatComesBackBeforeItWasGivenBackBeginsAtItsCommit) {
  coordinator.logs[0].end = 3;
  coordinator.committed[0] = 0;
  Join({0});
  handles = false;
  EXPECT_EQ(Read().size(), 3U);
  consumer->Handled(kFirst, Offset(2));
  coordinator.hold = {protocol::Request::kCommitOffsets};
  coordinator.assigned = {};
  coordinator.generation = 2;
  Pass(1'000);
  EXPECT_EQ(consumer->Owned(), Owned{});
  coordinator.hold.insert(protocol::Request::kHeartbeat);
  Pass(1'000);
  ASSERT_EQ(coordinator.held.size(), 2U);
  coordinator.AnswerOneHeld();
  Pass(0);
  EXPECT_EQ(coordinator.committed[0], 2);
  // The answer to a heartbeat that was sent before knows nothing yet of that commit.
  coordinator.assigned = {0};
  coordinator.generation = 3;
  coordinator.committed[0] = 0;
  coordinator.AnswerOneHeld();
  coordinator.committed[0] = 2;
  Pass(0);
  EXPECT_EQ(consumer->Owned(), Owned{});
  EXPECT_EQ(coordinator.Reported(), std::set<int>{});
  coordinator.AnswerHeld();
  Pass(0);
  EXPECT_EQ(consumer->Owned(), Owned{kFirst});
  EXPECT_EQ(Read(), Words{"0:2"});
}

TEST_F(GroupConsumerTest, TopicThatWasMadeAnewIsReadAnew) {
  coordinator.logs[0].end = 3;
  Join({0});
  EXPECT_EQ(Read().size(), 3U);
  Pass(1'000);
  coordinator.topic_id = 'U';
  coordinator.committed.clear();
  coordinator.ForgetFetches();
  Pass(1'000);
  EXPECT_EQ(Read(), (Words{"0:0", "0:1", "0:2"}));
  Pass(1'000);
  EXPECT_EQ(coordinator.commits.back().offsets(0).topic_id(), IdBytes('U'));
}

// ---- commits

TEST_F(GroupConsumerTest, CommitsByItselfEachIntervalAndWhatIsNewAlone) {
  coordinator.logs[0].end = 3;
  Join({0, 1});
  Read();
  Pass(1'000);
  EXPECT_EQ(coordinator.committed[0], 3);
  const std::size_t before = coordinator.commits.size();
  Pass(5'000);
  EXPECT_EQ(coordinator.commits.size(), before);
  coordinator.Append(0, 1);
  Pass(0);
  Read();
  Pass(0);
  EXPECT_EQ(coordinator.committed[0], 4);  // the interval was over long ago
  ASSERT_EQ(coordinator.commits.back().offsets_size(), 1);
  coordinator.Append(0, 1);
  Pass(0);
  Read();
  Pass(999);
  EXPECT_EQ(coordinator.committed[0], 4);
  Pass(1);
  EXPECT_EQ(coordinator.committed[0], 5);
}

TEST_F(GroupConsumerTest, CommitNowDoesNotWaitForTheInterval) {
  coordinator.logs[0].end = 3;
  coordinator.committed[0] = 0;
  Join({0});
  Read();
  EXPECT_FALSE(consumer->all_committed());
  consumer->CommitNow();
  Pass(0);
  EXPECT_EQ(coordinator.committed[0], 3);
  EXPECT_TRUE(consumer->all_committed());
  EXPECT_EQ(consumer->counters().commits, 1U);
}

TEST_F(GroupConsumerTest, CommitInTheMiddleOfABatchSaysItsLeaderEpoch) {
  coordinator.logs[0].end = 3;
  coordinator.committed[0] = 0;
  Join({0});
  handles = false;
  Read();
  coordinator.logs[0].leader_epoch = LeaderEpoch(5);
  coordinator.Append(0, 2);
  Pass(0);
  Read();
  consumer->Handled(kFirst, Offset(3));
  consumer->CommitNow();
  Pass(0);
  EXPECT_EQ(coordinator.committed_epoch[0], 4);
  consumer->Handled(kFirst, Offset(4));
  consumer->CommitNow();
  Pass(0);
  EXPECT_EQ(coordinator.committed[0], 4);
  EXPECT_EQ(coordinator.committed_epoch[0], 5);
}

TEST_F(GroupConsumerTest, OnlyWhatWasHandedOutIsHandledAndNeverLessThanBefore) {
  coordinator.logs[0].end = 3;
  coordinator.committed[0] = 1;
  Join({0});
  handles = false;
  Read();
  consumer->Handled(kFirst, Offset(4));
  consumer->Handled(kSecond, Offset(1));
  EXPECT_TRUE(consumer->all_committed());
  consumer->Handled(kFirst, Offset(3));
  consumer->Handled(kFirst, Offset(2));
  consumer->CommitNow();
  Pass(0);
  EXPECT_EQ(coordinator.committed[0], 3);
}

TEST_F(GroupConsumerTest, StaleCommitIsDroppedAndThePartitionReadAnewFromItsCommit) {
  coordinator.logs[0].end = 3;
  coordinator.committed[0] = 1;
  coordinator.committed[1] = 0;
  Join({0, 1});
  EXPECT_EQ(Read(), (Words{"0:1", "0:2"}));
  coordinator.refuse_commits[0] = protocol::STALE_GENERATION;
  coordinator.assigned = {1};
  coordinator.hold = {protocol::Request::kHeartbeat};
  Pass(1'000);
  EXPECT_EQ(consumer->Owned(), Owned{kSecond});
  EXPECT_TRUE(consumer->all_committed());
  EXPECT_TRUE(consumer->TakeRefusedCommits().empty());
  coordinator.hold.clear();
  coordinator.AnswerHeld();
  Pass(0);
  EXPECT_EQ(coordinator.Reported(), std::set<int>{1});
  EXPECT_EQ(coordinator.committed[0], 1);

  coordinator.refuse_commits.clear();
  coordinator.assigned = {0, 1};
  Pass(1'000);
  EXPECT_EQ(Read(), (Words{"0:1", "0:2"}));
}

TEST_F(GroupConsumerTest, CommitThatCannotBeTakenIsToldAndNotTriedAgain) {
  coordinator.logs[0].end = 3;
  coordinator.committed[0] = 1;
  Join({0});
  Read();
  coordinator.refuse_commits[0] = protocol::OFFSET_OUT_OF_RANGE;
  Pass(1'000);
  const auto refused = consumer->TakeRefusedCommits();
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].partition, kFirst);
  EXPECT_EQ(refused[0].offset, Offset(3));
  EXPECT_EQ(refused[0].error.message, "no (OFFSET_OUT_OF_RANGE)");
  EXPECT_TRUE(consumer->TakeRefusedCommits().empty());
  Pass(2'000);
  EXPECT_EQ(coordinator.commits.size(), 1U);
  EXPECT_EQ(consumer->Owned(), Owned{kFirst});
}

TEST_F(GroupConsumerTest, CommitThatFailsForNowIsTriedAgain) {
  coordinator.logs[0].end = 3;
  coordinator.committed[0] = 1;
  Join({0});
  Read();
  coordinator.refuse_commits[0] = protocol::NO_SPACE;
  consumer->CommitNow();
  Pass(0);
  EXPECT_FALSE(consumer->all_committed());
  coordinator.refuse_commits.clear();
  Pass(1'000);
  EXPECT_EQ(coordinator.committed[0], 3);
}

// ---- leaving

TEST_F(GroupConsumerTest, LeaveCommitsWaitsAndLeaves) {
  coordinator.logs[0].end = 3;
  coordinator.committed[0] = 0;
  Join({0});
  Read();
  coordinator.hold = {protocol::Request::kCommitOffsets};
  consumer->Leave();
  Pass(0);
  EXPECT_EQ(coordinator.commits.back().offsets(0).offset(), 3);
  EXPECT_TRUE(coordinator.leaves.empty());
  EXPECT_FALSE(consumer->finished());
  coordinator.hold.clear();
  coordinator.AnswerHeld();
  Pass(0);
  ASSERT_EQ(coordinator.leaves.size(), 1U);
  EXPECT_EQ(coordinator.leaves[0].member_id(), consumer->member_id());
  EXPECT_TRUE(consumer->finished());
  EXPECT_FALSE(consumer->failure());
  EXPECT_EQ(coordinator.committed[0], 3);
  Pass(5'000);
  EXPECT_EQ(coordinator.joins.size(), 1U);
}

TEST_F(GroupConsumerTest, LeaveGoesOnInTheNextSession) {
  coordinator.logs[0].end = 3;
  coordinator.committed[0] = 0;
  Join({0});
  Read();
  coordinator.refuse_next[protocol::Request::kCommitOffsets] = protocol::NO_SESSION;
  consumer->Leave();
  Pass(0);
  Pass(100);
  EXPECT_TRUE(consumer->finished());
  EXPECT_EQ(coordinator.committed[0], 3);
  EXPECT_EQ(coordinator.leaves.size(), 1U);
}

TEST_F(GroupConsumerTest, LeaveBeforeItJoinedIsDoneAtOnce) {
  network.SetFaults({.unreachable = true});
  Make();
  Pass(0);
  consumer->Leave();
  EXPECT_TRUE(consumer->finished());
}

TEST_F(GroupConsumerTest, LeaveWhileItJoinsLeavesOnceItHas) {
  coordinator.hold = {protocol::Request::kJoinGroup};
  Join({0});
  consumer->Leave();
  EXPECT_FALSE(consumer->finished());
  coordinator.AnswerHeld();
  Pass(0);
  EXPECT_EQ(coordinator.leaves.size(), 1U);
  EXPECT_TRUE(consumer->finished());
  EXPECT_EQ(consumer->Owned(), Owned{});
}

TEST_F(GroupConsumerTest, MemberThatIsForgottenWhileItLeavesHasLeft) {
  coordinator.logs[0].end = 3;
  Join({0});
  Read();
  coordinator.refuse_next[protocol::Request::kCommitOffsets] = protocol::UNKNOWN_MEMBER;
  consumer->Leave();
  Pass(0);
  EXPECT_TRUE(consumer->finished());
  EXPECT_EQ(coordinator.joins.size(), 1U);
}

// ---- what goes wrong

TEST_F(GroupConsumerTest, ForgottenMemberJoinsAgainAsAnotherAndDropsWhatWasNotCommitted) {
  coordinator.logs[0].end = 3;
  coordinator.committed[0] = 1;
  Join({0});
  EXPECT_EQ(Read(), (Words{"0:1", "0:2"}));
  const std::string before = consumer->member_id();
  coordinator.refuse_next[protocol::Request::kHeartbeat] = protocol::UNKNOWN_MEMBER;
  coordinator.refuse_next[protocol::Request::kCommitOffsets] = protocol::UNKNOWN_MEMBER;
  Pass(1'000);
  EXPECT_NE(consumer->member_id(), before);
  ASSERT_EQ(coordinator.joins.size(), 2U);
  EXPECT_EQ(coordinator.joins[1].member_id(), consumer->member_id());
  EXPECT_EQ(consumer->counters().rejoins, 1U);
  EXPECT_EQ(coordinator.committed[0], 1);
  EXPECT_EQ(Read(), (Words{"0:1", "0:2"}));
  Pass(1'000);
  EXPECT_EQ(coordinator.committed[0], 3);
}

TEST_F(GroupConsumerTest, AnswersToTheMemberThatItWasAreNobodys) {
  coordinator.logs[0].end = 3;
  coordinator.committed[0] = 1;
  Join({0});
  Read();
  coordinator.hold = {protocol::Request::kHeartbeat};
  coordinator.refuse_next[protocol::Request::kCommitOffsets] = protocol::UNKNOWN_MEMBER;
  Pass(1'000);
  EXPECT_EQ(coordinator.joins.size(), 2U);
  coordinator.hold.clear();
  coordinator.refuse_next[protocol::Request::kHeartbeat] = protocol::UNKNOWN_MEMBER;
  coordinator.AnswerHeld();
  Pass(0);
  coordinator.refuse_next.clear();
  Pass(1'000);
  EXPECT_LE(coordinator.joins.size(), 3U);
  EXPECT_TRUE(consumer->joined());
}

TEST_F(GroupConsumerTest, LostSessionGoesOnAsTheSameMember) {
  coordinator.logs[0].end = 3;
  coordinator.committed[0] = 1;
  Join({0});
  Read();
  const std::string before = consumer->member_id();
  coordinator.refuse_next[protocol::Request::kHeartbeat] = protocol::NO_SESSION;
  coordinator.hold = {protocol::Request::kCommitOffsets};
  Pass(1'000);
  EXPECT_FALSE(consumer->connected());
  EXPECT_TRUE(consumer->last_error());
  EXPECT_EQ(coordinator.committed[0], 1);
  coordinator.hold.clear();
  Pass(100);
  Pass(0);
  EXPECT_TRUE(consumer->connected());
  EXPECT_EQ(consumer->member_id(), before);
  EXPECT_EQ(coordinator.joins.size(), 1U);
  EXPECT_EQ(coordinator.Reported(), std::set<int>{0});
  Pass(1'000);
  EXPECT_EQ(coordinator.committed[0], 3);
  coordinator.Append(0, 1);
  Pass(0);
  EXPECT_EQ(Read(), Words{"0:3"});
}

TEST_F(GroupConsumerTest, JoinThatWasLostWithItsSessionIsSaidAgain) {
  coordinator.refuse_next[protocol::Request::kJoinGroup] = protocol::NO_SESSION;
  Join({0});
  Pass(100);
  ASSERT_EQ(coordinator.joins.size(), 2U);
  EXPECT_EQ(coordinator.joins[0].member_id(), coordinator.joins[1].member_id());
  EXPECT_TRUE(consumer->joined());
}

TEST_F(GroupConsumerTest, JoinThatFailsForNowIsTriedAgain) {
  coordinator.refuse_next[protocol::Request::kJoinGroup] = protocol::BUSY;
  Join({0});
  EXPECT_FALSE(consumer->joined());
  Pass(199);
  EXPECT_EQ(coordinator.joins.size(), 1U);
  Pass(1);
  EXPECT_TRUE(consumer->joined());
}

TEST_F(GroupConsumerTest, RefusalThatStaysEndsIt) {
  coordinator.refuse_next[protocol::Request::kJoinGroup] = protocol::NOT_AUTHORISED;
  Join({0});
  EXPECT_TRUE(consumer->finished());
  EXPECT_EQ(consumer->failure()->code, ErrorCode::kPermission);
  Pass(5'000);
  EXPECT_EQ(coordinator.joins.size(), 1U);
}

TEST_F(GroupConsumerTest, CommitThatRetentionOvertookIsToldAndReadingGoesOnAtTheStartOfTheLog) {
  coordinator.logs[0] = {.start = 6, .end = 8};
  coordinator.committed[0] = 2;
  Join({0});
  EXPECT_EQ(Read(), Words{"0:2 not in 6..8"});
  EXPECT_EQ(coordinator.committed[0], 2);
  Pass(0);
  EXPECT_EQ(Read(), (Words{"0:6", "0:7"}));
  Pass(1'000);
  EXPECT_EQ(coordinator.committed[0], 8);
}

TEST_F(GroupConsumerTest, CallerMayHandleTheHoleThatRetentionLeft) {
  coordinator.logs[0] = {.start = 6, .end = 6};
  coordinator.committed[0] = 2;
  Join({0});
  EXPECT_EQ(Read(), Words{"0:2 not in 6..6"});
  consumer->Handled(kFirst, Offset(6));
  Pass(1'000);
  EXPECT_EQ(coordinator.committed[0], 6);
}

}  // namespace
}  // namespace logboom::client
