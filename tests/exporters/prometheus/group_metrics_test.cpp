#include "exporters/prometheus/group_metrics.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace logboom::exporter {
namespace {

using client::GroupDescription;
using client::GroupPartition;
using client::LagStatus;

GroupPartition Partition(const std::string& topic, std::int32_t index, std::int64_t committed,
                         std::int64_t lag_records, std::int64_t lag_ms) {
  GroupPartition partition;
  partition.topic = topic;
  partition.partition = PartitionIndex(index);
  partition.committed = Offset(committed);
  partition.commit_time = TimestampMs(1'000 + index);
  partition.lag_records = lag_records;
  partition.lag_ms = lag_ms;
  partition.status = LagStatus::kOk;
  return partition;
}

GroupDescription Group(const std::string& name, std::vector<GroupPartition> partitions) {
  GroupDescription group;
  group.summary.group = name;
  group.summary.members = 2;
  group.summary.status = LagStatus::kStop;
  group.partitions = std::move(partitions);
  return group;
}

std::string Written(const std::vector<GroupDescription>& groups, std::int64_t partitions_max) {
  Exposition out;
  WriteGroups({{"b1", groups}}, partitions_max, out);
  return out.Take();
}

bool Has(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(GroupMetrics, EachPartitionHasOffsetAndLagInRecordsAndSeconds) {
  const std::string text = Written({Group("g", {Partition("t", 3, 70, 30, 1'500)})}, 10);
  const std::string labels = R"({broker="b1",group="g",topic="t",partition="3"})";
  EXPECT_TRUE(Has(text, "logboom_consumer_group_committed_offset" + labels + " 70")) << text;
  EXPECT_TRUE(Has(text, "logboom_consumer_group_lag_records" + labels + " 30")) << text;
  EXPECT_TRUE(Has(text, "logboom_consumer_group_lag_seconds" + labels + " 1.5")) << text;
  EXPECT_TRUE(Has(text, "logboom_consumer_group_partition_status" + labels + " 1")) << text;
}

TEST(GroupMetrics, AGroupHasMembersStatusAndItsLastCommit) {
  const std::string text =
      Written({Group("g", {Partition("t", 0, 1, 0, 0), Partition("t", 1, 1, 0, 0)})}, 10);
  const std::string labels = R"({broker="b1",group="g"})";
  EXPECT_TRUE(Has(text, "logboom_consumer_group_members" + labels + " 2")) << text;
  EXPECT_TRUE(Has(text, "logboom_consumer_group_status" + labels + " 3")) << text;
  EXPECT_TRUE(Has(text, "logboom_consumer_group_last_commit_timestamp_seconds" + labels + " 1.001"))
      << text;
}

TEST(GroupMetrics, WhatIsNotKnownHasNoSample) {
  GroupPartition owned;
  owned.topic = "t";
  const std::string text = Written({Group("g", {owned})}, 10);
  EXPECT_EQ(text.find("lag_records{"), std::string::npos) << text;
  EXPECT_EQ(text.find("lag_seconds{"), std::string::npos) << text;
  EXPECT_EQ(text.find("committed_offset{"), std::string::npos) << text;
  EXPECT_EQ(text.find("last_commit"), std::string::npos) << text;
}

TEST(GroupMetrics, AtTheLimitThereIsASampleForEachPartition) {
  const std::string text =
      Written({Group("g", {Partition("t", 0, 5, 1, 10), Partition("t", 1, 5, 2, 20)})}, 2);
  EXPECT_NE(text.find("partition=\"1\""), std::string::npos) << text;
  EXPECT_TRUE(Has(
      text, R"(logboom_exporter_series_dropped{family="logboom_consumer_group_lag_records"} 0)"))
      << text;
}

TEST(GroupMetrics, OnePastTheLimitThereIsOneForEachTopicAndItSaysSo) {
  const std::string text =
      Written({Group("g", {Partition("t", 0, 5, 1, 10), Partition("t", 1, 5, 2, 20),
                           Partition("u", 0, 5, 7, 1'000)})},
              2);
  EXPECT_EQ(text.find("partition=\""), std::string::npos) << text;
  EXPECT_TRUE(Has(text, R"(logboom_consumer_group_lag_records{broker="b1",group="g",topic="t"} 3)"))
      << text;
  EXPECT_TRUE(
      Has(text, R"(logboom_consumer_group_lag_seconds{broker="b1",group="g",topic="t"} 0.02)"))
      << text;
  EXPECT_TRUE(Has(text, R"(logboom_consumer_group_lag_seconds{broker="b1",group="g",topic="u"} 1)"))
      << text;
  EXPECT_TRUE(Has(
      text, R"(logboom_exporter_series_dropped{family="logboom_consumer_group_lag_records"} 3)"))
      << text;
}

TEST(GroupMetrics, StatusesAreBurrowsNumbers) {
  EXPECT_EQ(StatusCode(LagStatus::kUnknown), 0);
  EXPECT_EQ(StatusCode(LagStatus::kOk), 1);
  EXPECT_EQ(StatusCode(LagStatus::kWarn), 2);
  EXPECT_EQ(StatusCode(LagStatus::kStop), 4);
  EXPECT_EQ(StatusCode(LagStatus::kStall), 5);
  EXPECT_EQ(StatusCode(LagStatus::kRewind), 6);
  EXPECT_EQ(GroupStatusCode(LagStatus::kWarn), 2);
  for (const LagStatus worse : {LagStatus::kStop, LagStatus::kStall, LagStatus::kRewind}) {
    EXPECT_EQ(GroupStatusCode(worse), 3);
  }
}

}  // namespace
}  // namespace logboom::exporter
