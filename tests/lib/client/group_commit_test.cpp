#include "tests/lib/client/group_consumer_fixture.h"

namespace logboom::client {
namespace {

using namespace std::chrono_literals;

using GroupCommitTest = GroupConsumerTest;

// ---- commits

TEST_F(GroupCommitTest, CommitsByItselfEachIntervalAndWhatIsNewAlone) {
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

TEST_F(GroupCommitTest, CommitNowDoesNotWaitForTheInterval) {
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

TEST_F(GroupCommitTest, CommitInTheMiddleOfABatchSaysItsLeaderEpoch) {
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

TEST_F(GroupCommitTest, OnlyWhatWasHandedOutIsHandledAndNeverLessThanBefore) {
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

TEST_F(GroupCommitTest, StaleCommitIsDroppedAndThePartitionReadAnewFromItsCommit) {
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

TEST_F(GroupCommitTest, CommitThatCannotBeTakenIsToldAndNotTriedAgain) {
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

TEST_F(GroupCommitTest, CommitThatFailsForNowIsTriedAgain) {
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

TEST_F(GroupCommitTest, LeaveCommitsWaitsAndLeaves) {
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

TEST_F(GroupCommitTest, WhoLeavesSleepsUntilTheAnswerComes) {
  Join({0});
  coordinator.hold = {protocol::Request::kLeaveGroup};
  consumer->Leave();
  Pass(0);
  ASSERT_FALSE(consumer->finished());
  Pass(3'000);  // a heartbeat would be due by now
  EXPECT_GE(WaitFor(), 10ms);
}

TEST_F(GroupCommitTest, WhoCannotSendSleeps) {
  Join({0});
  network.SetFaults({.queue_messages_max = 0});
  Pass(3'000);  // heartbeat and commit are due
  EXPECT_GE(WaitFor(), 5ms);
}

TEST_F(GroupCommitTest, LeaveGoesOnInTheNextSession) {
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

TEST_F(GroupCommitTest, LeaveBeforeItJoinedIsDoneAtOnce) {
  network.SetFaults({.unreachable = true});
  Make();
  Pass(0);
  consumer->Leave();
  EXPECT_TRUE(consumer->finished());
}

TEST_F(GroupCommitTest, LeaveWhileItJoinsLeavesOnceItHas) {
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

TEST_F(GroupCommitTest, MemberThatIsForgottenWhileItLeavesHasLeft) {
  coordinator.logs[0].end = 3;
  Join({0});
  Read();
  coordinator.refuse_next[protocol::Request::kCommitOffsets] = protocol::UNKNOWN_MEMBER;
  consumer->Leave();
  Pass(0);
  EXPECT_TRUE(consumer->finished());
  EXPECT_EQ(coordinator.joins.size(), 1U);
  EXPECT_NE(consumer->failure()->message.find("comes again"), std::string::npos);
}

TEST_F(GroupCommitTest, MemberThatIsForgottenWithNothingToCommitHasLeftWell) {
  Join({0});
  consumer->CommitNow();
  Pass(0);
  coordinator.refuse_next[protocol::Request::kLeaveGroup] = protocol::UNKNOWN_MEMBER;
  consumer->Leave();
  Pass(0);
  EXPECT_TRUE(consumer->finished());
  EXPECT_FALSE(consumer->failure());
}

// ---- what goes wrong

TEST_F(GroupCommitTest, ForgottenMemberJoinsAgainAsAnotherAndDropsWhatWasNotCommitted) {
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

TEST_F(GroupCommitTest, AnswersToTheMemberThatItWasAreNobodys) {
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

TEST_F(GroupCommitTest, LostSessionGoesOnAsTheSameMember) {
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

TEST_F(GroupCommitTest, JoinThatWasLostWithItsSessionIsSaidAgain) {
  coordinator.refuse_next[protocol::Request::kJoinGroup] = protocol::NO_SESSION;
  Join({0});
  Pass(100);
  ASSERT_EQ(coordinator.joins.size(), 2U);
  EXPECT_EQ(coordinator.joins[0].member_id(), coordinator.joins[1].member_id());
  EXPECT_TRUE(consumer->joined());
}

TEST_F(GroupCommitTest, JoinThatFailsForNowIsTriedAgain) {
  coordinator.refuse_next[protocol::Request::kJoinGroup] = protocol::BUSY;
  Join({0});
  EXPECT_FALSE(consumer->joined());
  Pass(199);
  EXPECT_EQ(coordinator.joins.size(), 1U);
  Pass(1);
  EXPECT_TRUE(consumer->joined());
}

TEST_F(GroupCommitTest, RefusalThatStaysEndsIt) {
  coordinator.refuse_next[protocol::Request::kJoinGroup] = protocol::NOT_AUTHORISED;
  Join({0});
  EXPECT_TRUE(consumer->finished());
  EXPECT_EQ(consumer->failure()->code, ErrorCode::kPermission);
  Pass(5'000);
  EXPECT_EQ(coordinator.joins.size(), 1U);
}

TEST_F(GroupCommitTest, CommitThatRetentionOvertookIsToldAndReadingGoesOnAtTheStartOfTheLog) {
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

TEST_F(GroupCommitTest, CallerMayHandleTheHoleThatRetentionLeft) {
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
