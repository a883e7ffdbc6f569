#include "tests/lib/client/group_consumer_fixture.h"

namespace logboom::client {
namespace {

// ---- joining and reading

TEST_F(GroupConsumerTest, JoinsWithARandomIdAndSaysWhoItIs) {
  Make({.group = {},
        .topics = {},
        .client_id = "logboom 42",
        .host = "web-1",
        .session_timeout = std::chrono::seconds(20),
        .assignor = "range"});
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
  EXPECT_EQ(join.assignor(), "range");
  EXPECT_TRUE(consumer->joined());
}

TEST_F(GroupConsumerTest, SaysItsInstanceIdInAllThatItSays) {
  Make({.group = {}, .topics = {}, .instance_id = "rack-7"});
  coordinator.assigned = {0};
  coordinator.Append(0, 1);
  Pass(0);
  Read();
  consumer->Handled(kFirst, Offset(1));
  Pass(1'000);
  consumer->Leave();
  Pass(0);
  ASSERT_FALSE(coordinator.heartbeats.empty());
  ASSERT_FALSE(coordinator.commits.empty());
  ASSERT_FALSE(coordinator.leaves.empty());
  EXPECT_EQ(coordinator.joins[0].instance_id(), "rack-7");
  EXPECT_EQ(coordinator.heartbeats[0].instance_id(), "rack-7");
  EXPECT_EQ(coordinator.commits[0].instance_id(), "rack-7");
  EXPECT_EQ(coordinator.leaves[0].instance_id(), "rack-7");
}

TEST_F(GroupConsumerTest, EndsWhenAnotherReaderTakesItsInstanceOver) {
  Make({.group = {}, .topics = {}, .instance_id = "rack-7"});
  coordinator.assigned = {0};
  Pass(0);
  coordinator.refuse_next[protocol::Request::kHeartbeat] = protocol::FENCED;
  Pass(1'000);
  ASSERT_TRUE(consumer->failure());
  EXPECT_EQ(consumer->failure()->code, ErrorCode::kBusy);
  EXPECT_EQ(coordinator.joins.size(), 1U) << "it does not take it back";
  EXPECT_TRUE(consumer->Owned().empty());
}

TEST_F(GroupConsumerTest, IsSettledWhenTheBrokerSaysSoAndNothingIsOnItsWay) {
  coordinator.settled = false;
  Make();
  coordinator.assigned = {0, 1};
  Pass(0);
  EXPECT_FALSE(consumer->settled());
  const std::size_t beats = coordinator.heartbeats.size();
  coordinator.settled = true;
  Pass(250);
  EXPECT_GT(coordinator.heartbeats.size(), beats) << "it asks more often while it is not";
  EXPECT_TRUE(consumer->settled());
  coordinator.hold = {protocol::Request::kHeartbeat};
  coordinator.assigned = {0};
  Pass(1'000);
  coordinator.AnswerHeld();
  consumer->Poll(time.now);
  EXPECT_FALSE(consumer->settled()) << "the other one is to be given back first";
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

TEST_F(GroupConsumerTest, PlaceWhereItBeginsIsCommittedBeforeAnythingIsRead) {
  coordinator.logs[0] = {.start = 2, .end = 4};
  coordinator.hold = {protocol::Request::kCommitOffsets};
  Join({0});
  ASSERT_EQ(coordinator.commits.size(), 1U);  // at once
  EXPECT_EQ(Read(), Words{});
  coordinator.AnswerHeld();
  EXPECT_EQ(coordinator.committed[0], 2);
  Pass(0);
  EXPECT_EQ(Read(), (Words{"0:2", "0:3"}));
}

TEST_F(GroupConsumerTest, ReadingBeginsThoughTheBrokerCanNotCommitThePlace) {
  coordinator.logs[0].end = 2;
  coordinator.refuse_commits[0] = protocol::NO_SPACE;
  Join({0});
  EXPECT_EQ(Read(), (Words{"0:0", "0:1"}));
  coordinator.refuse_commits.clear();
  Pass(1'000);
  EXPECT_EQ(coordinator.committed[0], 2);
}

TEST_F(GroupConsumerTest, ReadingBeginsAfterTheSessionWasLostDuringThatCommit) {
  coordinator.logs[0].end = 2;
  coordinator.refuse_next[protocol::Request::kCommitOffsets] = protocol::NO_SESSION;
  Make({.group = {}, .topics = {}, .start = StartAt::Earliest()});
  coordinator.assigned = {0};
  while (coordinator.commits.empty()) {
    consumer->Poll(time.now);
    broker.Step();
  }
  EXPECT_EQ(Read(), Words{});
  for (int i = 0; i < 5; ++i) Pass(1'000);
  EXPECT_EQ(coordinator.committed[0], 0);
  EXPECT_EQ(Read(), (Words{"0:0", "0:1"}));
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

}  // namespace
}  // namespace logboom::client
