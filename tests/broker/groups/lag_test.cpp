#include "broker/groups/lag.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "broker/groups/description.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;

LogBounds Log(std::int64_t start, std::int64_t end) { return {Offset{start}, Offset{end}}; }

TEST(Lag, CountsWhatIsThereToBeRead) {
  struct Case {
    std::int64_t committed, start, end, lag, skipped;
  };
  for (const Case& one : std::vector<Case>{
           {0, 0, 0, 0, 0},
           {0, 0, 9, 9, 0},
           {9, 0, 9, 0, 0},
           {4, 2, 9, 5, 0},
           {1, 4, 9, 5, 3},   // retention was quicker
           {1, 9, 9, 0, 8},   // and took them all
           {12, 0, 9, 0, 0},  // never negative
       }) {
    SCOPED_TRACE(fmt::format("{} in [{}, {})", one.committed, one.start, one.end));
    EXPECT_EQ(LagRecords(Offset{one.committed}, Log(one.start, one.end)), one.lag);
    EXPECT_EQ(SkippedRecords(Offset{one.committed}, Log(one.start, one.end)), one.skipped);
  }
}

TEST(Lag, InTimeIsHowLongTheNextRecordHasWaited) {
  const TimestampMs now{10'000};
  EXPECT_EQ(LagMs(Offset{3}, Log(0, 9), TimestampMs{4'000}, now), 6'000);
  EXPECT_EQ(LagMs(Offset{9}, Log(0, 9), std::nullopt, now), 0) << "nothing waits at the end";
  EXPECT_EQ(LagMs(Offset{3}, Log(0, 9), std::nullopt, now), std::nullopt);
  EXPECT_EQ(LagMs(Offset{3}, Log(0, 9), TimestampMs{11'000}, now), 0) << "the clock went back";
  EXPECT_EQ(NextUnread(Offset{3}, Log(5, 9)), Offset{5});
}

// A commit, and the end of the log at that time.
struct Commit {
  std::int64_t at_ms;
  std::int64_t offset;
  std::int64_t end;
};

std::vector<Commit> Each(std::int64_t interval_ms, int count, std::int64_t offset_step,
                         std::int64_t end_step, std::int64_t lag = 5) {
  std::vector<Commit> commits;
  for (int i = 0; i < count; ++i) {
    commits.push_back({i * interval_ms, i * offset_step, i * end_step + lag});
  }
  return commits;
}

struct StatusCase {
  std::string name;
  std::vector<Commit> commits;
  std::int64_t now_ms;
  std::int64_t end;  // now
  std::optional<std::int64_t> lag_ms;
  LagStatus expected;
};

void PrintTo(const StatusCase& one, std::ostream* out) { *out << one.name; }

class LagStatusRules : public testing::TestWithParam<StatusCase> {};

TEST_P(LagStatusRules, FollowTheCommits) {
  const StatusCase& one = GetParam();
  CommitHistory history;
  for (const Commit& commit : one.commits) {
    history.Add(Offset{commit.offset}, Log(0, commit.end), TimestampMs{commit.at_ms});
  }
  const Offset committed{one.commits.empty() ? 0 : one.commits.back().offset};
  EXPECT_EQ(
      history.StatusAt(TimestampMs{one.now_ms}, LagRecords(committed, Log(0, one.end)), one.lag_ms),
      one.expected);
}

std::vector<Commit> Rewound() {
  auto commits = Each(kMinute, 12, 10, 10);
  commits.push_back({12 * kMinute, 20, 116});
  return commits;
}

std::vector<Commit> RewoundAndBack() {
  auto commits = Rewound();
  commits.push_back({13 * kMinute, 112, 116});
  return commits;
}

std::vector<Commit> OnceCaughtUp() {
  auto commits = Each(2 * kMinute, 8, 10, 20);
  commits[5].end = commits[5].offset;
  return commits;
}

INSTANTIATE_TEST_SUITE_P(
    Table, LagStatusRules,
    testing::Values(
        StatusCase{"NothingCommitted", {}, 0, 9, kHour, LagStatus::kUnknown},
        StatusCase{"AtTheEnd", {{0, 9, 9}}, kHour, 9, 0, LagStatus::kOk},
        // Burrow's lag stays what it was at the last commit; ours is that of now.
        StatusCase{
            "NoLagAtTheLastCommitAndNoneSince", {{0, 9, 9}}, kHour, 50, kHour, LagStatus::kStop},
        StatusCase{"SilentForLessThanTheWindow",
                   {{0, 4, 9}},
                   10 * kMinute,
                   9,
                   10 * kMinute,
                   LagStatus::kOk},
        StatusCase{"SilentForLongerThanTheWindow",
                   {{0, 4, 9}},
                   10 * kMinute + 1,
                   9,
                   10 * kMinute,
                   LagStatus::kStop},
        StatusCase{"SilentForLessThanItsCommitsSpan", Each(kHour, 5, 10, 20), 8 * kHour, 90,
                   4 * kHour, LagStatus::kWarn},
        StatusCase{"SilentForLongerThanItsCommitsSpan", Each(kHour, 5, 10, 20), 8 * kHour + 1, 90,
                   4 * kHour, LagStatus::kStop},
        // A slow topic's reader is no stopped one because a record has just come.
        StatusCase{"ARecordHasJustComeAfterALongSilence",
                   {{0, 9, 9}},
                   20 * kHour,
                   10,
                   kMinute,
                   LagStatus::kOk},
        StatusCase{"ThatRecordWaitsForTooLong",
                   {{0, 9, 9}},
                   20 * kHour,
                   10,
                   kMinute + 1,
                   LagStatus::kStop},
        StatusCase{"TimeUnknownCountsAsTooLong",
                   {{0, 9, 9}},
                   20 * kHour,
                   10,
                   std::nullopt,
                   LagStatus::kStop},
        StatusCase{"WentBack", Rewound(), 12 * kMinute, 130, 10 * kMinute, LagStatus::kRewind},
        StatusCase{"WentBackAndReachedTheOldPlace", RewoundAndBack(), 13 * kMinute, 130,
                   2 * kMinute, LagStatus::kOk},
        StatusCase{"WentBackAndStopped", Rewound(), 40 * kMinute, 130, 30 * kMinute,
                   LagStatus::kStop},
        StatusCase{"SameOffsetOverTheWindow", Each(kMinute, 12, 0, 10), 11 * kMinute, 120,
                   11 * kMinute, LagStatus::kStall},
        StatusCase{"SameOffsetForLessThanTheWindow", Each(kMinute, 9, 0, 10), 9 * kMinute, 90,
                   9 * kMinute, LagStatus::kOk},
        StatusCase{"CommitsEverySecondAreJudgedByTenMinutesToo", Each(1'000, 599, 0, 1), 599'000,
                   604, 9 * kMinute, LagStatus::kOk},
        StatusCase{"AndStallAfterThem", Each(1'000, 680, 0, 1), 680'000, 700, 11 * kMinute,
                   LagStatus::kStall},
        StatusCase{"LagRisesOverTheWindow", Each(kMinute, 12, 10, 20), 11 * kMinute, 230,
                   5 * kMinute, LagStatus::kWarn},
        StatusCase{"LagStaysOverTheWindow", Each(kMinute, 12, 10, 10, 145), 11 * kMinute, 255,
                   5 * kMinute, LagStatus::kWarn},
        StatusCase{"LagStaysAndIsYoung", Each(kMinute, 12, 10, 10, 145), 11 * kMinute, 255, kMinute,
                   LagStatus::kOk},
        StatusCase{
            "LagFallsOnce",
            {{0, 0, 10}, {5 * kMinute, 10, 30}, {10 * kMinute, 30, 45}, {15 * kMinute, 35, 60}},
            15 * kMinute,
            60,
            5 * kMinute,
            LagStatus::kOk},
        StatusCase{"CaughtUpWithinTheWindow", OnceCaughtUp(), 14 * kMinute, 150, 5 * kMinute,
                   LagStatus::kOk}),
    [](const testing::TestParamInfo<StatusCase>& one) { return one.param.name; });

TEST(CommitHistory, ACommitOfTheLastRunSparesUntilMoreIsKnown) {
  CommitHistory history;
  history.Add(Offset{4}, std::nullopt, TimestampMs{0});
  for (int i = 1; i < 6; ++i) {
    history.Add(Offset{4}, Log(0, 9), TimestampMs{i * 3 * kMinute});
  }
  EXPECT_EQ(history.StatusAt(TimestampMs{15 * kMinute}, 5, 15 * kMinute), LagStatus::kOk);
  EXPECT_EQ(history.StatusAt(TimestampMs{kHour}, 5, kHour), LagStatus::kStop);
}

TEST(CommitHistory, AClockThatWasSetBackBeginsAnew) {
  CommitHistory history;
  history.Add(Offset{4}, Log(0, 9), TimestampMs{1'000 * kHour});
  for (int i = 0; i < 6; ++i) {
    history.Add(Offset{4}, Log(0, 9), TimestampMs{i * 3 * kMinute});
  }
  EXPECT_EQ(history.StatusAt(TimestampMs{15 * kMinute}, 5, 15 * kMinute), LagStatus::kStall);
  EXPECT_EQ(history.StatusAt(TimestampMs{kHour}, 5, kHour), LagStatus::kStop);
}

TEST(CommitHistory, WhatAnAdministratorMovedIsNoRewind) {
  CommitHistory history;
  history.Add(Offset{9}, Log(0, 9), TimestampMs{0});
  history.Clear();
  history.Add(Offset{0}, Log(0, 9), TimestampMs{1'000});
  EXPECT_EQ(history.StatusAt(TimestampMs{5 * kMinute}, 9, kHour), LagStatus::kOk);
}

GroupPartition Partition(LagStatus status, std::optional<std::int64_t> records,
                         std::optional<std::int64_t> ms) {
  GroupPartition one;
  one.status = status;
  one.lag_records = records;
  one.lag_ms = ms;
  return one;
}

TEST(LagSummary, IsTheWorstTheSumAndTheLongest) {
  const LagStatus in_order[] = {LagStatus::kUnknown, LagStatus::kOk,   LagStatus::kWarn,
                                LagStatus::kStall,   LagStatus::kStop, LagStatus::kRewind};
  std::vector<GroupPartition> partitions;
  EXPECT_EQ(Summarise(partitions).status, LagStatus::kUnknown);
  for (const LagStatus status : in_order) {
    partitions.insert(partitions.begin(), Partition(status, 2, 5));
    EXPECT_EQ(Summarise(partitions).status, status);
  }
  EXPECT_EQ(Summarise(partitions).records, 12);
  partitions = {Partition(LagStatus::kUnknown, std::nullopt, std::nullopt)};
  EXPECT_EQ(Summarise(partitions).records, 0);
  EXPECT_EQ(Summarise(partitions).ms, std::nullopt) << "what is not known is no zero";
  partitions.push_back(Partition(LagStatus::kOk, 3, 0));
  EXPECT_EQ(Summarise(partitions).ms, 0);
  partitions.push_back(Partition(LagStatus::kOk, 3, 70));
  EXPECT_EQ(Summarise(partitions).ms, 70);
}

}  // namespace
}  // namespace logboom::broker
