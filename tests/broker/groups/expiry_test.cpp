// Groups that sleep, and when they are forgotten.
#include "broker/groups/group_sleep.h"
#include "broker/groups/groups.h"
#include "broker/groups/limits.h"
#include "tests/broker/groups/fake_group_log.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;
constexpr std::int64_t kRetentionMs = 10 * kHourMs;

class GroupExpiryTest : public testing::Test {
 protected:
  GroupExpiryTest() {
    log_.Make(1, 2);
    Pass(0);
  }
  Instant Now() const {
    return {TimestampMs{1'700'000'000'000 + wall_ms_}, MonotonicMs{1'000 + monotonic_ms_}};
  }
  void Pass(std::int64_t ms) {
    for (const std::int64_t end = monotonic_ms_ + ms; monotonic_ms_ < end;) {
      monotonic_ms_ += kMinuteMs;
      wall_ms_ += kMinuteMs;
      Turn();
    }
    Turn();
  }
  void Turn() {
    groups_->Tick(Now());
    log_.Finish();
  }
  void Commit(const std::string& group, const std::string& member_id = {}) {
    CommitRequest request{group, member_id, 1'000, {}};
    request.offsets.push_back({PartitionOf(1, 0), Offset{5}, LeaderEpoch{-1}, {}});
    if (!member_id.empty()) request.generation = 1;
    ASSERT_TRUE(groups_->Commit(request, Now(), [](const CommitOutcome& outcome) {
      EXPECT_FALSE(outcome[0]) << outcome[0]->message;
    }));
    log_.Finish();
  }
  void Restart() {
    groups_ = std::make_unique<Groups>(log_, GroupOptions{kRetentionMs});
    ASSERT_TRUE(groups_->Load(RowsOf(store_, Table::kCommittedOffset)).ok());
    groups_->LoadSleep(RowsOf(store_, Table::kGroupSleep));
    Turn();
  }
  bool Known(const std::string& group) const {
    return groups_->CommittedOf(group, PartitionOf(1, 0)).has_value();
  }
  std::optional<std::int64_t> ExpiresIn(const std::string& group) {
    return groups_->Describe(group, Now().wall)->expires_in_ms;
  }

  MemoryStore store_;
  FakeGroupLog log_{store_};
  std::unique_ptr<Groups> groups_ = std::make_unique<Groups>(log_, GroupOptions{kRetentionMs});
  std::int64_t wall_ms_ = 0;
  std::int64_t monotonic_ms_ = 0;
};

TEST_F(GroupExpiryTest, AGroupIsForgottenForGoodWhenItHasSleptForSoLong) {
  Commit("g");
  Pass(kRetentionMs - kMinuteMs);
  EXPECT_TRUE(Known("g"));
  EXPECT_EQ(ExpiresIn("g"), kMinuteMs);
  EXPECT_EQ(groups_->counters().groups_expired, 0U);
  Pass(kMinuteMs);
  EXPECT_FALSE(Known("g"));
  EXPECT_EQ(groups_->group_count(), 0U);
  EXPECT_EQ(groups_->counters().groups_expired, 1U);
  EXPECT_EQ(groups_->counters().offsets_expired, 1U);
  EXPECT_TRUE(store_.Load()->empty());
}

TEST_F(GroupExpiryTest, AMemberKeepsItsGroupAwakeAlsoIfItCommitsNothing) {
  Commit("g");
  Pass(kRetentionMs - kMinuteMs);
  ASSERT_TRUE(groups_->Join("g", FactsOf("m", {"t1"}, 100 * kRetentionMs), Now()));
  EXPECT_EQ(ExpiresIn("g"), std::nullopt);
  Pass(2 * kRetentionMs);
  EXPECT_TRUE(Known("g"));
  EXPECT_TRUE(RowsOf(store_, Table::kGroupSleep).empty()) << "its sleep of before is over";
  ASSERT_TRUE(groups_->Leave("g", "m"));
  Pass(kRetentionMs - kMinuteMs);
  EXPECT_TRUE(Known("g")) << "counted from when the last one left";
  Pass(kMinuteMs);
  EXPECT_FALSE(Known("g"));
}

TEST_F(GroupExpiryTest, ACommitOfNobodyWakesItUp) {
  Commit("g");
  Pass(kRetentionMs - kMinuteMs);
  Commit("g");
  Pass(kRetentionMs - kMinuteMs);
  EXPECT_TRUE(Known("g"));
}

TEST_F(GroupExpiryTest, AClockThatJumpsExpiresNothing) {
  Commit("g");
  wall_ms_ += 1'000 * kRetentionMs;
  Turn();
  Pass(kHourMs);
  EXPECT_EQ(ExpiresIn("g"), kRetentionMs - kHourMs);
  Restart();
  EXPECT_TRUE(Known("g"));
}

TEST_F(GroupExpiryTest, ABrokerThatStoodStillCountsNothingButAStep) {
  Commit("g");
  monotonic_ms_ += 1'000 * kRetentionMs;
  Turn();
  EXPECT_EQ(ExpiresIn("g"), kRetentionMs - 2 * kMinuteMs);
}

TEST_F(GroupExpiryTest, SleepGoesOnBehindARestart) {
  Commit("g");
  Pass(3 * kHourMs + 30 * kMinuteMs);
  monotonic_ms_ = 0;  // another boot
  wall_ms_ += 50 * kHourMs;
  Restart();
  EXPECT_EQ(ExpiresIn("g"), kRetentionMs - 3 * kHourMs) << "what was not stored, and the time in "
                                                           "which no broker ran, do not count";
  Pass(7 * kHourMs);
  EXPECT_FALSE(Known("g"));
}

TEST_F(GroupExpiryTest, ARowThatIsOlderThanACommitCountsForNothing) {
  Commit("g");
  Pass(kHourMs);
  const auto rows = RowsOf(store_, Table::kGroupSleep);
  ASSERT_EQ(rows.size(), 1U);
  wall_ms_ += 1;
  Commit("g");
  Restart();
  EXPECT_EQ(ExpiresIn("g"), kRetentionMs);
  EXPECT_TRUE(RowsOf(store_, Table::kGroupSleep).empty());
}

TEST_F(GroupExpiryTest, RowsOfNoGroupAndRowsThatMakeNoSenseGo) {
  MetadataTransaction put;
  put.Put(Table::kGroupSleep, "gone", EncodeGroupSleep({"gone", 5, Now().wall}));
  put.Put(Table::kGroupSleep, "g", "?");
  ASSERT_TRUE(store_.Apply(put).ok());
  Restart();
  EXPECT_TRUE(store_.Load()->empty());
}

TEST_F(GroupExpiryTest, WhatCouldNotBeRemovedIsTriedAgain) {
  Commit("g");
  Pass(kRetentionMs - kMinuteMs);
  store_.Fail(Fail(ErrorCode::kNoSpace, "full"));
  Pass(5 * kMinuteMs);
  EXPECT_TRUE(Known("g"));
  store_.Fail(std::nullopt);
  Pass(kMinuteMs);
  EXPECT_FALSE(Known("g"));
  EXPECT_EQ(groups_->counters().groups_expired, 1U);
}

TEST_F(GroupExpiryTest, AtMostSoManyAreForgottenAtATime) {
  for (std::size_t i = 0; i <= kExpiredGroupsMax; ++i) Commit(fmt::format("g{}", i));
  Pass(kRetentionMs);
  EXPECT_EQ(groups_->group_count(), 1U);
  Pass(kMinuteMs);
  EXPECT_EQ(groups_->group_count(), 0U);
}

TEST_F(GroupExpiryTest, WithoutARetentionNothingIsForgotten) {
  groups_ = std::make_unique<Groups>(log_, GroupOptions{0});
  Commit("g");
  Pass(10 * kRetentionMs);
  EXPECT_TRUE(Known("g"));
  EXPECT_EQ(ExpiresIn("g"), std::nullopt);
}

}  // namespace
}  // namespace logboom::broker
