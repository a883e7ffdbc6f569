// Compacted topics: what they take, and that they shrink by themselves.
#include "broker/engine/cleaner.h"

#include "tests/broker/engine/engine_rig.h"

namespace logboom::broker {
namespace {

class CleanerTest : public ::testing::Test {
 protected:
  void SetUp() override { rig_.cleaning.step_bytes = 200'000; }

  Result<AppendedBatch> Append(const std::optional<Bytes>& key, const Bytes& value) {
    record::BatchBuilder builder({.codec = record::Codec::kNone});
    builder.Add({.timestamp = rig_.now().wall, .key = key, .value = value, .headers = {}});
    Bytes batch(*builder.Finish());
    const auto header = record::ParseBatchHeader(batch);
    return rig_.engine->Append(rig_.Where("state"), batch.data(), *header, rig_.now());
  }
  void CreateCompacted(TopicConfig more = {}) {
    more.insert({{"cleanup.policy", "compact"}, {"segment.bytes", "1048576"}});
    ASSERT_TRUE(rig_.CreateTopic("state", 1, more).ok());
  }
  void Fill(int records) {
    for (int i = 0; i < records; ++i) {
      ASSERT_TRUE(Append(fmt::format("key {}", i % 10), Bytes(10'000, 'v')).ok());
      rig_.Tick(5);
    }
    rig_.Settle();
  }
  void Run(std::int64_t ms) {
    for (std::int64_t i = 0; i < ms; i += 100) rig_.Tick(100);
  }

  void Damage() {
    const auto log = rig_.disk.Open(kFirstLog, file::OpenMode::kReadWrite);
    ASSERT_TRUE(log.ok() && (*log)->PWrite(500, "damage").ok());
  }

  inline static const std::string kFirstLog = "/data/1-0/00000000000000000000.log";
  EngineRig rig_;
};

TEST_F(CleanerTest, ACompactedTopicShrinksByItself) {
  rig_.MustOpen();
  CreateCompacted();
  Fill(500);
  EXPECT_GT(rig_.State(rig_.Where("state")).size_bytes, 4'000'000);
  Run(60'000);
  EXPECT_GE(rig_.engine->cleaner_counters().passes, 1U);
  EXPECT_GE(rig_.engine->cleaner_counters().records_dropped, 300U);
  EXPECT_EQ(rig_.engine->cleaner_counters().failures, 0U);
  EXPECT_LT(rig_.State(rig_.Where("state")).size_bytes, 1'300'000);
  EXPECT_EQ(rig_.State(rig_.Where("state")).durable_end, Offset(500));
}

TEST_F(CleanerTest, ARestartDoesNotStartOver) {
  rig_.MustOpen();
  CreateCompacted();
  Fill(500);
  Run(60'000);
  ASSERT_GE(rig_.engine->cleaner_counters().passes, 1U);
  rig_.Crash();
  rig_.MustOpen();
  Run(60'000);
  EXPECT_EQ(rig_.engine->cleaner_counters().passes, 0U);
}

TEST_F(CleanerTest, ItsBatchesAreNotRewrittenBeside) {
  rig_.rewriting.limits.segment_bytes_min = 0;
  rig_.MustOpen();
  CreateCompacted();
  Fill(500);
  Run(60'000);
  EXPECT_EQ(rig_.engine->rewrite_counters().segments, 0U);
  EXPECT_GE(rig_.engine->cleaner_counters().passes, 1U);
}

TEST_F(CleanerTest, AnIdleTopicIsCompactedToItsEnd) {
  rig_.MustOpen();
  CreateCompacted({{"max.compaction.lag.ms", "30000"}});
  Fill(20);
  Run(120'000);
  EXPECT_GE(rig_.engine->cleaner_counters().passes, 1U);
  EXPECT_EQ(rig_.engine->cleaner_counters().records_dropped, 10U);
  EXPECT_EQ(rig_.State(rig_.Where("state")).compacted_end, Offset(20));
}

// What it has pinned is the log as of its begin, without what would take the place of dropped
// records.
TEST_F(CleanerTest, NoPassBeginsDuringABackup) {
  rig_.store.SetCopies(&rig_.fs);
  rig_.MustOpen();
  CreateCompacted();
  Fill(500);
  ASSERT_TRUE(rig_.disk.CreateDirectories("/backups").ok());
  ASSERT_TRUE(rig_.engine->StartBackup("/backups/one").ok());
  while (rig_.engine->backup().state == BackupStatus::State::kRunning) {
    EXPECT_EQ(rig_.engine->cleaner_counters().segments, 0U);
    rig_.Tick(5'000);
  }
  Run(60'000);
  EXPECT_GE(rig_.engine->cleaner_counters().passes, 1U);
}

// Damage is met once in a while, and not every few seconds; the status tells what, and since when.
TEST_F(CleanerTest, APartitionThatFailsIsLetAloneForAWhile) {
  rig_.MustOpen();
  CreateCompacted();
  Fill(500);
  EXPECT_TRUE(rig_.engine->UncompactedPartitions().empty());
  const TimestampMs begin = rig_.now().wall;
  Damage();
  Run(500'000);
  EXPECT_EQ(rig_.engine->cleaner_counters().failures, 1U);
  EXPECT_EQ(rig_.engine->cleaner_counters().records_dropped, 0U);
  EXPECT_EQ(rig_.engine->failure(), std::nullopt);
  const auto resting = rig_.engine->UncompactedPartitions();
  ASSERT_EQ(resting.size(), 1U);
  EXPECT_EQ(resting[0].topic, "state");
  EXPECT_EQ(resting[0].partition, PartitionIndex{0});
  EXPECT_TRUE(resting[0].rest.reason.starts_with(kFirstLog + " at position"))
      << resting[0].rest.reason;
  EXPECT_LE(resting[0].rest.since - begin, 30'000);
  Run(200'000);
  EXPECT_EQ(rig_.engine->cleaner_counters().failures, 2U);
}

TEST_F(CleanerTest, ATopicThatIsDeletedIsNotTold) {
  rig_.MustOpen();
  CreateCompacted();
  Fill(500);
  Damage();
  Run(60'000);
  ASSERT_EQ(rig_.engine->UncompactedPartitions().size(), 1U);
  ASSERT_TRUE(rig_.DeleteTopic("state").ok());
  EXPECT_TRUE(rig_.engine->UncompactedPartitions().empty());
}

TEST_F(CleanerTest, NothingOfACompactedTopicGoesByAge) {
  EXPECT_EQ(LogOptions({{"cleanup.policy", "compact"}, {"retention.ms", "5"}}).retention_ms, -1);
  EXPECT_EQ(LogOptions({{"cleanup.policy", "compact,delete"}, {"retention.ms", "5"}}).retention_ms,
            5);
  EXPECT_FALSE(LogOptions({{"cleanup.policy", "delete"}}).compact);
}

}  // namespace
}  // namespace logboom::broker
