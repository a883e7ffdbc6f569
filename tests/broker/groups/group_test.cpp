// Members of one group, and how partitions move between them.
#include "broker/groups/group.h"

#include "broker/groups/limits.h"
#include "tests/broker/groups/fake_group_log.h"

namespace logboom::broker {
namespace {

using Partitions = std::vector<TopicPartition>;

class GroupTest : public testing::Test {
 protected:
  GroupTest() { log_.Make(1, 2); }
  static Partitions Of(std::initializer_list<std::int32_t> numbers) {
    Partitions partitions;
    for (const std::int32_t number : numbers) partitions.push_back(PartitionOf(1, number));
    return partitions;
  }
  Partitions Join(const std::string& id, std::int64_t at_ms = 0) {
    EXPECT_TRUE(group_.Join(FactsOf(id), log_, At(at_ms)));
    return group_.TakeAssignment(id);
  }
  // A member that has heard the generation of now.
  Partitions Beat(const std::string& id, const Partitions& owned, std::int64_t at_ms = 0) {
    return BeatAs(id, group_.generation(), owned, at_ms);
  }
  Partitions BeatAs(const std::string& id, std::uint64_t generation, const Partitions& owned,
                    std::int64_t at_ms = 0) {
    EXPECT_TRUE(group_.Heartbeat(id, generation, {owned.begin(), owned.end()}, At(at_ms)));
    return group_.TakeAssignment(id);
  }
  Partitions JoinAs(const std::string& instance, const std::string& id, std::int64_t at_ms = 0) {
    MemberFacts facts = FactsOf(id);
    facts.instance_id = instance;
    EXPECT_TRUE(group_.Join(std::move(facts), log_, At(at_ms)));
    return group_.TakeAssignment(id);
  }
  GroupFaultCode CommitFault(const std::string& id, std::uint64_t generation) {
    auto checked = group_.CheckCommit(id, generation, PartitionOf(1, 1));
    EXPECT_FALSE(checked);
    return checked.error().code;
  }

  MemoryStore store_;
  FakeGroupLog log_{store_};
  std::set<TopicPartition> waiting_;
  Group group_{[this](const TopicPartition& where) { return waiting_.contains(where); }};
};

TEST_F(GroupTest, AHeartbeatThatCrossedTheAnswerGivesNothingBack) {
  Join("a");
  const std::uint64_t before = group_.generation();
  Join("b");
  EXPECT_EQ(BeatAs("a", before, Of({0, 1})), Of({0}));
  // Sent before the answer above was heard, by a member that has not begun to read 1 yet.
  EXPECT_EQ(BeatAs("a", before, Of({0})), Of({0}));
  EXPECT_EQ(Beat("b", {}), Partitions{}) << "a may be reading it";
  Beat("a", Of({0}));
  EXPECT_EQ(Beat("b", {}), Of({1}));
}

TEST_F(GroupTest, AnOwnerWhoWasNotToldKeepsWhatComesBackToIt) {
  Join("a");
  const std::uint64_t heard = group_.generation();
  Join("b");
  ASSERT_TRUE(group_.Leave("b", log_));
  EXPECT_EQ(Beat("a", Of({0, 1})), Of({0, 1}));
  EXPECT_TRUE(group_.CheckCommit("a", heard, PartitionOf(1, 1))) << "it never lost it";
}

TEST_F(GroupTest, AnOwnerWhoWasToldMustGiveItBackFirst) {
  Join("a");
  Join("b");
  const std::uint64_t heard = group_.generation();
  EXPECT_EQ(Beat("a", Of({0, 1})), Of({0}));
  ASSERT_TRUE(group_.Leave("b", log_));
  EXPECT_EQ(Beat("a", Of({0, 1})), Of({0})) << "it is stopping what it read of 1";
  EXPECT_EQ(group_.state(), GroupState::kRebalancing);
  EXPECT_EQ(Beat("a", Of({0})), Of({0, 1}));
  EXPECT_EQ(CommitFault("a", heard), GroupFaultCode::kStaleGeneration);
  EXPECT_TRUE(group_.CheckCommit("a", group_.generation(), PartitionOf(1, 1)));
}

TEST_F(GroupTest, ACommitNeedsTheGenerationOfTheGrant) {
  Join("a");
  EXPECT_EQ(CommitFault("b", 1), GroupFaultCode::kUnknownMember);
  Join("b");
  const std::uint64_t before = group_.generation();
  EXPECT_EQ(CommitFault("b", before), GroupFaultCode::kStaleGeneration) << "a owns it";
  Beat("a", Of({0, 1}));
  Beat("a", Of({0}));
  EXPECT_EQ(CommitFault("b", before), GroupFaultCode::kStaleGeneration)
      << "b owns it, and has not heard that it does";
  EXPECT_TRUE(group_.CheckCommit("b", group_.generation(), PartitionOf(1, 1)));
  EXPECT_EQ(CommitFault("b", group_.generation() + 1), GroupFaultCode::kStaleGeneration)
      << "nobody has heard of that one";
}

TEST_F(GroupTest, SilenceIsCountedFromTheLastSignOfLife) {
  Join("a", 0);
  Join("b", 0);
  Beat("a", Of({0, 1}), 10'000);
  group_.Heard("b", At(1));
  EXPECT_FALSE(group_.PutOutLost(log_, At(15'001)));
  EXPECT_TRUE(group_.PutOutLost(log_, At(15'002)));
  EXPECT_EQ(group_.members().size(), 1U);
  group_.ForgiveSilence(5'000);
  EXPECT_FALSE(group_.PutOutLost(log_, At(30'000)));
  EXPECT_TRUE(group_.PutOutLost(log_, At(30'001)));
  EXPECT_EQ(group_.state(), GroupState::kEmpty);
  EXPECT_TRUE(group_.owners().empty());
}

TEST_F(GroupTest, OtherWishesAssignAnewAndTheSameDoNot) {
  log_.Make(2, 1);
  Join("a");
  const std::uint64_t before = group_.generation();
  Join("a");
  EXPECT_EQ(group_.generation(), before);
  ASSERT_TRUE(group_.Join(FactsOf("a", {"t2"}), log_, At(0)));
  EXPECT_GT(group_.generation(), before);
  EXPECT_EQ(group_.TakeAssignment("a"), Partitions{PartitionOf(2, 0)});
  EXPECT_EQ(group_.state(), GroupState::kRebalancing) << "it reads t1 still";
  Beat("a", {PartitionOf(2, 0)});
  EXPECT_EQ(group_.state(), GroupState::kStable);
}

TEST_F(GroupTest, FollowsTopics) {
  Join("a");
  log_.Make(1, 3);
  group_.TopicsChanged(log_);
  EXPECT_EQ(Beat("a", Of({0, 1})), Of({0, 1, 2}));
  log_.Delete(1);
  group_.TopicsChanged(log_);
  EXPECT_EQ(Beat("a", Of({0, 1, 2})), Partitions{});
  Beat("a", {});
  EXPECT_EQ(group_.state(), GroupState::kStable);
}

TEST_F(GroupTest, WhatMustWaitIsGrantedLater) {
  waiting_ = {PartitionOf(1, 1)};
  EXPECT_EQ(Join("a"), Of({0}));
  EXPECT_EQ(group_.state(), GroupState::kRebalancing);
  const std::uint64_t before = group_.generation();
  group_.GrantFree();
  EXPECT_EQ(group_.generation(), before) << "nothing has changed";
  waiting_.clear();
  group_.GrantFree();
  EXPECT_GT(group_.generation(), before);
  EXPECT_EQ(Beat("a", Of({0})), Of({0, 1}));
}

TEST_F(GroupTest, DealsOutAsMostOfItsMembersAsk) {
  const auto join = [this](const std::string& id, std::optional<Assignor> assignor) {
    MemberFacts facts = FactsOf(id);
    facts.assignor = assignor;
    EXPECT_TRUE(group_.Join(std::move(facts), log_, At(0)));
    return group_.assignor();
  };
  EXPECT_EQ(join("a", std::nullopt), kDefaultAssignor);
  EXPECT_EQ(join("b", Assignor::kRange), Assignor::kRange) << "a takes any";
  EXPECT_EQ(join("c", Assignor::kSticky), Assignor::kRange) << "as many: it stays";
  EXPECT_EQ(join("d", Assignor::kSticky), Assignor::kSticky);
  EXPECT_EQ(join("d", Assignor::kRange), Assignor::kRange) << "d has changed its mind";
  ASSERT_TRUE(group_.Leave("b", log_));
  ASSERT_TRUE(group_.Leave("d", log_));
  EXPECT_EQ(group_.assignor(), Assignor::kSticky);
}

// a has 0, b has 1; the range of the first of three members would be 0 again, but of b nothing.
TEST_F(GroupTest, StickyMovesNothingThatNeedNotMoveAndRangeDealsOutAnew) {
  for (const Assignor assignor : {Assignor::kSticky, Assignor::kRange}) {
    Group group([](const TopicPartition&) { return false; });
    const auto join = [&](const std::string& id) {
      MemberFacts facts = FactsOf(id);
      facts.assignor = assignor;
      ASSERT_TRUE(group.Join(std::move(facts), log_, At(0)));
    };
    join("b");
    join("c");
    ASSERT_TRUE(group.Heartbeat("b", group.generation(), {}, At(0)));
    join("a");
    const auto& target = group.members().at("b").target;
    EXPECT_EQ(target.contains(PartitionOf(1, 0)), assignor == Assignor::kSticky);
  }
}

// While a has not given back what b shall get, b goes: nobody but a should read it then.
TEST_F(GroupTest, StickyLeavesWithItsOwnerWhatWasOnItsWayToOneThatLeft) {
  log_.Make(1, 6);
  Join("a");
  Join("b");
  Join("c");
  ASSERT_TRUE(group_.Leave("b", log_));
  ASSERT_TRUE(group_.Leave("c", log_));
  EXPECT_EQ(Beat("a", Of({0, 1, 2, 3, 4, 5})), Of({0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(group_.state(), GroupState::kStable);
}

// ---- static members

TEST_F(GroupTest, AnInstanceThatComesBackGetsWhatItHadAndTheOneBeforeIsFenced) {
  log_.Make(1, 4);
  JoinAs("i", "a");
  Join("b");
  Beat("a", Of({0, 1, 2, 3}));
  Beat("a", Of({0, 1}));
  EXPECT_EQ(Beat("b", {}), Of({2, 3}));
  const std::uint64_t before = group_.generation();
  EXPECT_EQ(JoinAs("i", "a2"), Of({0, 1}));
  EXPECT_EQ(Beat("b", Of({2, 3})), Of({2, 3}));
  EXPECT_EQ(group_.state(), GroupState::kStable);
  EXPECT_EQ(group_.members().size(), 2U);
  const auto fenced = group_.CheckInstance("a", "i");
  ASSERT_FALSE(fenced);
  EXPECT_EQ(fenced.error().code, GroupFaultCode::kFenced);
  EXPECT_TRUE(group_.CheckInstance("a2", "i"));
  EXPECT_TRUE(group_.CheckInstance("b", ""));
  EXPECT_EQ(CommitFault("a", before), GroupFaultCode::kUnknownMember);
  EXPECT_EQ(CommitFault("a2", before), GroupFaultCode::kStaleGeneration)
      << "a grant of its own, that nobody has heard of before";
}

TEST_F(GroupTest, AnInstanceThatLeavesIsWaitedFor) {
  JoinAs("i", "a", 0);
  Join("b", 0);
  Beat("a", Of({0, 1}));
  Beat("a", Of({0}));
  ASSERT_TRUE(group_.Leave("a", log_));
  EXPECT_EQ(Beat("b", Of({1}), 15'000), Of({1}));
  EXPECT_EQ(group_.state(), GroupState::kStable);
  EXPECT_FALSE(group_.Heartbeat("a", group_.generation(), {}, At(15'000))) << "it has left";
  EXPECT_EQ(CommitFault("a", group_.generation()), GroupFaultCode::kUnknownMember);
  EXPECT_FALSE(group_.PutOutLost(log_, At(15'000)));
  EXPECT_TRUE(group_.PutOutLost(log_, At(15'001)));
  EXPECT_EQ(Beat("b", Of({1}), 15'001), Of({0, 1}));
  EXPECT_EQ(JoinAs("i", "a2", 15'001), Partitions{}) << "too late: as a new one";
}

TEST_F(GroupTest, AnInstanceThatIsAwayGivesBackAtOnceWhatItMust) {
  JoinAs("i", "a");
  ASSERT_TRUE(group_.Leave("a", log_));
  EXPECT_EQ(Join("b"), Of({1})) << "nobody reads it";
  EXPECT_EQ(JoinAs("i", "a"), Of({0})) << "under the same member id";
  EXPECT_EQ(group_.state(), GroupState::kStable);
}

TEST_F(GroupTest, WhoTakesOverWaitsForTheCommitThatIsUnderWay) {
  JoinAs("i", "a");
  waiting_ = {PartitionOf(1, 1)};
  EXPECT_EQ(JoinAs("i", "a2"), Of({0}));
  waiting_.clear();
  group_.GrantFree();
  EXPECT_EQ(Beat("a2", Of({0})), Of({0, 1}));
}

TEST_F(GroupTest, AMemberCanNotBecomeAnInstance) {
  Join("a");
  MemberFacts facts = FactsOf("a");
  facts.instance_id = std::string("i");
  const auto refused = group_.Join(std::move(facts), log_, At(0));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, GroupFaultCode::kInvalid);
}

TEST_F(GroupTest, InstancesKeepTheirPlaceInTheOrderOfRanges) {
  const auto join = [this](const std::string& instance, const std::string& id) {
    MemberFacts facts = FactsOf(id);
    facts.instance_id = instance;
    facts.assignor = Assignor::kRange;
    EXPECT_TRUE(group_.Join(std::move(facts), log_, At(0)));
  };
  join("i", "x");
  join("j", "y");
  join("i", "z");  // behind y now, as member ids go
  group_.TopicsChanged(log_);
  EXPECT_EQ(group_.members().at("z").target, std::set<TopicPartition>{PartitionOf(1, 0)});
}

// ---- limits

TEST_F(GroupTest, WhoNeverGivesBackIsPutOut) {
  Join("a", 0);
  Join("b", 0);
  EXPECT_EQ(Beat("a", Of({0, 1}), 1'000), Of({0})) << "told that it must give 1 back";
  for (std::int64_t ms = 2'000; ms <= 61'000; ms += 1'000) {
    Beat("a", Of({0, 1}), ms);
    Beat("b", {}, ms);
    ASSERT_FALSE(group_.PutOutLost(log_, At(ms))) << ms;
  }
  EXPECT_TRUE(group_.PutOutLost(log_, At(61'001)));
  EXPECT_EQ(Beat("b", {}, 61'001), Of({0, 1}));
}

TEST_F(GroupTest, TakesAsManyMembersAsTheLimit) {
  for (std::size_t i = 0; i < kGroupMembersMax; ++i) {
    ASSERT_TRUE(group_.Join(FactsOf(fmt::format("m{}", i)), log_, At(0)));
  }
  auto refused = group_.Join(FactsOf("one more"), log_, At(0));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, GroupFaultCode::kInvalid);
  EXPECT_TRUE(group_.Join(FactsOf("m7"), log_, At(0))) << "who is in may stay";
}

}  // namespace
}  // namespace logboom::broker
