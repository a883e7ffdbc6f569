// All groups together: what they commit, and what is left after a restart.
#include "broker/groups/groups.h"

#include "broker/groups/limits.h"
#include "tests/broker/groups/fake_group_log.h"

namespace logboom::broker {
namespace {

class GroupsRoomTest : public testing::Test {
 protected:
  GroupsRoomTest() { log_.Make(1, 2); }
  // How it ended; nothing while it has not.
  using Ended = std::shared_ptr<std::optional<CommitOutcome>>;
  Ended Commit(const std::string& group, std::int64_t offset, std::int32_t partition = 0,
               std::int64_t at_ms = 0) {
    auto ended = std::make_shared<std::optional<CommitOutcome>>();
    CommitRequest request{group, {}, 0, {}};
    request.offsets.push_back({PartitionOf(1, partition), Offset{offset}, LeaderEpoch{-1}, {}});
    EXPECT_TRUE(groups_->Commit(std::move(request), At(at_ms),
                                [ended](CommitOutcome outcome) { *ended = std::move(outcome); }));
    return ended;
  }
  void MustCommit(const std::string& group, std::int64_t offset, std::int32_t partition = 0,
                  std::int64_t at_ms = 0) {
    const Ended ended = Commit(group, offset, partition, at_ms);
    log_.Finish();
    ASSERT_TRUE(*ended);
    ASSERT_FALSE((**ended)[0]) << (**ended)[0]->message;
  }
  std::int64_t CommittedOf(const std::string& group, std::int32_t partition = 0) const {
    auto committed = groups_->CommittedOf(group, PartitionOf(1, partition));
    return committed ? committed->offset.value() : -1;
  }
  void Restart() {
    log_.under_way.clear();
    groups_ = std::make_unique<Groups>(log_);
    auto loaded = groups_->Load(*store_.Load());
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    notes_ = *loaded;
  }
  GroupPartition Described(std::int64_t at_ms, std::size_t index = 0) {
    auto group = groups_->Describe("g", At(at_ms).wall);
    EXPECT_TRUE(group);
    return group ? group->partitions.at(index) : GroupPartition{};
  }

  MemoryStore store_;
  FakeGroupLog log_{store_};
  std::unique_ptr<Groups> groups_ = std::make_unique<Groups>(log_);
  std::vector<std::string> notes_;
};

TEST_F(GroupsRoomTest, AnOffsetIsThereOnceItsTransactionHasEnded) {
  const auto ended = Commit("g", 5);
  EXPECT_FALSE(*ended);
  EXPECT_EQ(CommittedOf("g"), -1);
  EXPECT_FALSE(groups_->Describe("g", At(0).wall)) << "there is no such group yet";
  log_.Finish();
  ASSERT_TRUE(*ended);
  EXPECT_EQ(CommittedOf("g"), 5);
  Restart();
  EXPECT_EQ(CommittedOf("g"), 5);
}

TEST_F(GroupsRoomTest, AGroupsFirstCommitAsksForACopySoon) {
  Commit("g", 5);
  EXPECT_TRUE(log_.under_way.back().first.renew_copy_soon);
  log_.Finish();
  Commit("g", 6);
  EXPECT_FALSE(log_.under_way.back().first.renew_copy_soon);
  Commit("h", 1);
  EXPECT_TRUE(log_.under_way.back().first.renew_copy_soon);
}

TEST_F(GroupsRoomTest, TheLastOfSeveralCommitsUnderWayCounts) {
  Commit("g", 5);
  Commit("g", 3);
  log_.Finish(1);
  EXPECT_EQ(CommittedOf("g"), 5);
  log_.Finish(1);
  EXPECT_EQ(CommittedOf("g"), 3);
}

TEST_F(GroupsRoomTest, AGroupThatCouldNotBeStoredIsNone) {
  store_.Fail(Fail(ErrorCode::kNoSpace, "full"));
  const auto ended = Commit("g", 5);
  log_.Finish();
  EXPECT_EQ((**ended)[0]->code, GroupFaultCode::kStore);
  EXPECT_EQ((**ended)[0]->store, ErrorCode::kNoSpace);
  EXPECT_EQ(groups_->group_count(), 0U);
}

TEST_F(GroupsRoomTest, ACommitBehindADeletionStands) {
  MustCommit("g", 5);
  std::optional<Status> deleted;
  ASSERT_TRUE(groups_->Delete("g", [&](Status status) { deleted = std::move(status); }));
  const auto again = Commit("g", 7);
  log_.Finish(1);
  ASSERT_TRUE(deleted && deleted->ok());
  EXPECT_EQ(CommittedOf("g"), -1);
  log_.Finish();
  EXPECT_EQ(CommittedOf("g"), 7);
  Restart();
  EXPECT_EQ(CommittedOf("g"), 7);
}

TEST_F(GroupsRoomTest, ADeletionTakesCommitsAheadOfItAlong) {
  Commit("g", 5);
  std::optional<Status> deleted;
  ASSERT_TRUE(groups_->Delete("g", [&](Status status) { deleted = std::move(status); }));
  log_.Finish();
  ASSERT_TRUE(deleted && deleted->ok());
  EXPECT_EQ(groups_->group_count(), 0U);
  Restart();
  EXPECT_EQ(groups_->group_count(), 0U);
}

TEST_F(GroupsRoomTest, ADeletionThatFailedChangesNothing) {
  MustCommit("g", 5);
  store_.Fail(Fail(ErrorCode::kNoSpace, "full"));
  std::optional<Status> deleted;
  ASSERT_TRUE(groups_->Delete("g", [&](Status status) { deleted = std::move(status); }));
  log_.Finish();
  EXPECT_FALSE(deleted->ok());
  EXPECT_EQ(CommittedOf("g"), 5);
}

TEST_F(GroupsRoomTest, ACommitWhoseTopicGoesMeanwhileIsNone) {
  const auto ended = Commit("g", 5);
  log_.Delete(1);
  groups_->ForgetTopic(TopicIdOf(1));
  log_.Finish();
  EXPECT_EQ((**ended)[0]->code, GroupFaultCode::kUnknownPartition);
  EXPECT_EQ(groups_->group_count(), 0U);
  EXPECT_TRUE(store_.Load()->empty());
}

TEST_F(GroupsRoomTest, RowsOfTopicsThatAreGoneGoAtTheStart) {
  MustCommit("g", 5);
  log_.Delete(1);
  Restart();
  EXPECT_EQ(groups_->group_count(), 0U);
  log_.Finish();
  EXPECT_TRUE(store_.Load()->empty());
}

TEST_F(GroupsRoomTest, OffsetsBehindTheEndGoBackToItAndSaySo) {
  MustCommit("g", 90);
  MustCommit("g", 40, 1);
  log_.bounds[PartitionOf(1, 0)] = {Offset{10}, Offset{60}};
  Restart();
  EXPECT_EQ(CommittedOf("g"), 60);
  EXPECT_EQ(CommittedOf("g", 1), 40);
  ASSERT_EQ(notes_.size(), 1U);
  EXPECT_NE(notes_[0].find("'t1', partition 0 up to offset 90"), std::string::npos) << notes_[0];
  log_.Finish();
  Restart();
  EXPECT_TRUE(notes_.empty());
}

TEST_F(GroupsRoomTest, OffsetsThatCouldNotBeStoredAtTheStartAreStoredLater) {
  MustCommit("g", 90);
  log_.bounds[PartitionOf(1, 0)] = {Offset{0}, Offset{60}};
  store_.Fail(Fail(ErrorCode::kNoSpace, "full"));
  Restart();
  log_.Finish();
  groups_->Tick(At(0));
  log_.Finish();
  store_.Fail(std::nullopt);
  groups_->Tick(At(1'000));
  log_.Finish();
  groups_->Tick(At(2'000));
  EXPECT_TRUE(log_.under_way.empty()) << "once is enough";
  log_.bounds.clear();  // it grows past 90
  Restart();
  EXPECT_EQ(CommittedOf("g"), 60);
}

TEST_F(GroupsRoomTest, WhatIsStoredLaterIsNeverOlderThanACommit) {
  MustCommit("g", 90);
  MustCommit("h", 90);
  log_.bounds[PartitionOf(1, 0)] = {Offset{0}, Offset{60}};
  store_.Fail(Fail(ErrorCode::kNoSpace, "full"));
  Restart();
  log_.Finish();
  store_.Fail(std::nullopt);
  log_.bounds.clear();
  const auto ended = Commit("g", 70);
  ASSERT_TRUE(groups_->Delete("h", [](const Status&) {}));
  groups_->Tick(At(0));
  log_.Finish();
  ASSERT_TRUE(*ended);
  groups_->Tick(At(1'000));
  log_.Finish();
  Restart();
  EXPECT_EQ(CommittedOf("g"), 70);
  EXPECT_EQ(CommittedOf("h"), -1);
}

TEST_F(GroupsRoomTest, RowsThatMakeNoSenseStopTheStart) {
  store_.Clear();
  MetadataTransaction put;
  put.Put(Table::kCommittedOffset, "key", "value");
  ASSERT_TRUE(store_.Apply(put).ok());
  EXPECT_FALSE(Groups(log_).Load(*store_.Load()).ok());
}

TEST_F(GroupsRoomTest, TakesAsManyGroupsAsTheLimit) {
  for (std::size_t i = 0; i < kGroupsMax; ++i) Commit(fmt::format("g{}", i), 1);
  log_.Finish();
  ASSERT_EQ(groups_->group_count(), kGroupsMax);
  CommitRequest request{"one more", {}, 0, {}};
  auto refused = groups_->Commit(request, At(0), [](const CommitOutcome&) { FAIL(); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, GroupFaultCode::kInvalid);
  EXPECT_FALSE(groups_->Join("one more", FactsOf("m"), At(0)));
  EXPECT_TRUE(groups_->Join("g7", FactsOf("m"), At(0)));
}

TEST_F(GroupsRoomTest, AllGroupsTogetherTakeAsManyMembersAsTheLimit) {
  for (std::size_t i = 0; i < kAllMembersMax; ++i) {
    const std::string id = fmt::format("m{}", i);
    ASSERT_TRUE(groups_->Join(fmt::format("g{}", i % 2'000), FactsOf(id, {"none"}), At(0)));
  }
  const auto refused = groups_->Join("one more", FactsOf("m"), At(0));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, GroupFaultCode::kInvalid);
  EXPECT_EQ(groups_->group_count(), 2'000U) << "and no group is left of it";
  EXPECT_TRUE(groups_->Join("g1", FactsOf("m1", {"t1"}), At(0))) << "who is in may stay";
}

TEST_F(GroupsRoomTest, WhatRetentionTookUnreadIsCounted) {
  MustCommit("g", 10);
  log_.bounds[PartitionOf(1, 0)] = {Offset{30}, Offset{100}};
  EXPECT_EQ(Described(0).skipped_records, 20);
  EXPECT_EQ(Described(0).lag_records, 70);
  MustCommit("g", 50);
  EXPECT_EQ(Described(0).skipped_records, 20) << "what is gone stays gone";
  log_.bounds[PartitionOf(1, 0)] = {Offset{55}, Offset{100}};
  EXPECT_EQ(Described(0).skipped_records, 25);
}

TEST_F(GroupsRoomTest, TheLogIsAskedOnceForEachCommittedOffset) {
  log_.append_times[{PartitionOf(1, 0), Offset{10}}] = At(0).wall;
  log_.append_times[{PartitionOf(1, 0), Offset{30}}] = At(500).wall;
  MustCommit("g", 10);
  EXPECT_EQ(Described(1'000).lag_ms, 1'000);
  EXPECT_EQ(Described(2'000).lag_ms, 2'000);
  EXPECT_EQ(log_.lookups, 1);
  log_.bounds[PartitionOf(1, 0)] = {Offset{30}, Offset{100}};
  EXPECT_EQ(Described(2'000).lag_ms, 1'500) << "by the first record that is there";
  EXPECT_EQ(log_.lookups, 2);
  MustCommit("g", 100);
  EXPECT_EQ(Described(2'000).lag_ms, 0);
  EXPECT_EQ(log_.lookups, 2) << "at the end nothing waits";
  MustCommit("g", 11);
  log_.bounds.clear();
  EXPECT_EQ(Described(2'000).lag_ms, std::nullopt) << "unknown";
  Described(3'000);
  EXPECT_EQ(log_.lookups, 3);
}

TEST_F(GroupsRoomTest, ResetIsNoRewind) {
  MustCommit("g", 90);
  bool done = false;
  ASSERT_TRUE(groups_->Reset("g", {{PartitionOf(1, 0), Offset{5}, LeaderEpoch{7}, "note"}}, At(0),
                             [&](const CommitOutcome& outcome) { done = !outcome[0]; }));
  log_.Finish();
  ASSERT_TRUE(done);
  EXPECT_EQ(CommittedOf("g"), 5);
  EXPECT_EQ(Described(120'000).status, LagStatus::kOk);
  MustCommit("g", 4);
  EXPECT_EQ(Described(120'000).status, LagStatus::kRewind);
}

TEST_F(GroupsRoomTest, ABrokerThatStoodStillTakesNobodyForSilent) {
  groups_->Tick(At(0));
  ASSERT_TRUE(groups_->Join("g", FactsOf("a"), At(0)));
  groups_->Tick(At(60'000));
  EXPECT_EQ(groups_->member_count(), 1U);
  for (std::int64_t ms = 61'000; ms <= 75'000; ms += 500) groups_->Tick(At(ms));
  EXPECT_EQ(groups_->member_count(), 1U);
  for (std::int64_t ms = 75'500; ms <= 76'000; ms += 500) groups_->Tick(At(ms));
  EXPECT_EQ(groups_->group_count(), 0U) << "and a group without members and offsets is none";
}

}  // namespace
}  // namespace logboom::broker
