#include "exporters/prometheus/snapshot_metrics.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace logboom::exporter {
namespace {

client::Snapshot SmallSnapshot() {
  client::Snapshot snapshot;
  snapshot.status.broker_name = "b1";
  snapshot.status.program_version = "1.2.3";
  client::TopicDescription topic;
  topic.name = "web";
  topic.partitions.push_back({.index = PartitionIndex(0),
                              .log_start = Offset(10),
                              .durable_end = Offset(90),
                              .log_end = Offset(95),
                              .size_bytes = 4'096,
                              .segments = 1,
                              .leader_epoch = LeaderEpoch(0),
                              .last_append = TimestampMs(1'790'000'000'250)});
  topic.partitions.push_back({.index = PartitionIndex(1),
                              .log_start = Offset(0),
                              .durable_end = Offset(0),
                              .log_end = Offset(0),
                              .size_bytes = 0,
                              .segments = 1,
                              .leader_epoch = LeaderEpoch(0),
                              .last_append = std::nullopt});
  snapshot.topics.push_back(std::move(topic));
  client::AgentDescription agent;
  agent.agent_id = "web-1";
  agent.host = "web-1.example.com";
  agent.program_version = "1.2.2";
  agent.connected = false;
  agent.last_seen = TimestampMs(1'790'000'000'000);
  agent.backlog_bytes = 77;
  snapshot.agents.push_back(std::move(agent));
  return snapshot;
}

BrokerReading Answered(std::string broker, client::Snapshot snapshot) {
  return {.broker = std::move(broker),
          .address = "tcp://x:1",
          .snapshot = std::move(snapshot),
          .took = std::chrono::microseconds{2'500}};
}

BrokerReading Silent(std::string broker) {
  return {.broker = std::move(broker),
          .address = "tcp://y:1",
          .snapshot = Fail(ErrorCode::kTimeout, "no answer"),
          .took = std::chrono::microseconds{4'000'000}};
}

std::string Written(const std::vector<BrokerReading>& readings) {
  Exposition out;
  WriteSnapshotMetrics(readings, {}, out);
  return out.Take();
}

bool Has(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(SnapshotMetrics, APartitionEndsWhereReadersEnd) {
  const std::string text = Written({Answered("b1", SmallSnapshot())});
  const std::string labels = R"({broker="b1",topic="web",partition="0"})";
  EXPECT_TRUE(Has(text, "logboom_partition_log_start_offset" + labels + " 10")) << text;
  EXPECT_TRUE(Has(text, "logboom_partition_log_end_offset" + labels + " 90")) << text;
  EXPECT_TRUE(Has(text, "logboom_partition_bytes" + labels + " 4096")) << text;
  EXPECT_TRUE(
      Has(text, "logboom_partition_last_append_timestamp_seconds" + labels + " 1790000000.25"))
      << text;
  EXPECT_TRUE(Has(text, R"(logboom_topic_partitions{broker="b1",topic="web"} 2)")) << text;
}

TEST(SnapshotMetrics, APartitionThatNeverHadARecordHasNoTimeOfTheLast) {
  const std::string text = Written({Answered("b1", SmallSnapshot())});
  EXPECT_EQ(text.find("last_append_timestamp_seconds{broker=\"b1\",topic=\"web\",partition=\"1\"}"),
            std::string::npos);
}

TEST(SnapshotMetrics, ADeadAgentStaysVisible) {
  const std::string text = Written({Answered("b1", SmallSnapshot())});
  const std::string labels = R"({broker="b1",agent="web-1"})";
  EXPECT_TRUE(Has(text, "logboom_agent_up" + labels + " 0")) << text;
  EXPECT_TRUE(Has(text, "logboom_agent_last_seen_timestamp_seconds" + labels + " 1790000000"))
      << text;
  EXPECT_TRUE(Has(text, "logboom_agent_reported_backlog_bytes" + labels + " 77")) << text;
  EXPECT_NE(text.find(R"(host="web-1.example.com",version="1.2.2"} 1)"), std::string::npos) << text;
}

TEST(SnapshotMetrics, ABrokerThatIsDownTakesNothingFromTheOthers) {
  const std::string text = Written({Silent("tcp://y:1"), Answered("b1", SmallSnapshot())});
  EXPECT_TRUE(Has(text, R"(logboom_up{broker="tcp://y:1"} 0)")) << text;
  EXPECT_TRUE(Has(text, R"(logboom_up{broker="b1"} 1)")) << text;
  EXPECT_TRUE(Has(text, R"(logboom_exporter_snapshot_duration_seconds{broker="b1"} 0.0025)"))
      << text;
  EXPECT_NE(text.find("logboom_partition_bytes{broker=\"b1\""), std::string::npos) << text;
}

TEST(SnapshotMetrics, EachFamilyStandsInOnePiece) {
  const std::string text =
      Written({Answered("b1", SmallSnapshot()), Answered("b2", SmallSnapshot())});
  std::size_t headers = 0;
  for (std::size_t at = text.find("# TYPE logboom_partition_bytes "); at != std::string::npos;
       at = text.find("# TYPE logboom_partition_bytes ", at + 1)) {
    ++headers;
  }
  EXPECT_EQ(headers, 1U);
}

}  // namespace
}  // namespace logboom::exporter
