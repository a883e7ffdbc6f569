// What a hello of an agent waits for, and in which partition it is told to write.
#include "broker/sources/sources.h"
#include "tests/broker/sources/sources_rig.h"

namespace logboom::broker {
namespace {

using Kind = SourceOutcome::Kind;

class SettleAgentTest : public testing::Test {
 protected:
  void SetUp() override {
    rig_.MustOpen();
    rig_.MakeTopic();
  }
  PartitionIndex PartitionOf(const std::string& agent) {
    return rig_.sources->agents().Find(agent)->partitions.at(rig_.where.topic_id);
  }
  SourcesRig rig_;
};

TEST_F(SettleAgentTest, AnAgentIsSettledOnceAllItsBytesAreDurable) {
  auto settled = rig_.SettleAgent("a");
  rig_.Settle();
  ASSERT_TRUE(settled->has_value() && (**settled).ok());
  rig_.engine.commits.Hold();
  rig_.Produce({FirstSpanOf(1, 0, 100)});
  rig_.Tick();
  settled = rig_.SettleAgent("a");
  for (int i = 0; i < 5; ++i) rig_.Tick();
  EXPECT_FALSE(settled->has_value());
  rig_.engine.commits.Release();
  rig_.Settle();
  ASSERT_TRUE(settled->has_value());
  EXPECT_TRUE((**settled).ok());
  EXPECT_EQ(rig_.DurableOf(1), 100);
}

TEST_F(SettleAgentTest, AnAgentIsSettledOnlyBehindItsRows) {
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  rig_.SettleAgent("a");
  rig_.Settle();
  for (const bool checkpoint_due : {false, true}) {
    const std::int64_t at = rig_.DurableOf(1);
    rig_.engine.writes.Hold();
    if (checkpoint_due) {
      // The checkpoint waits for a row under way, and the next row for the checkpoint.
      rig_.Progress({FirstRowOf(2, RowKind::kProgress, 10, 20)});
      rig_.Tick(2'500);
    }
    auto row = rig_.Progress({RowOf(1, RowKind::kProgress, at, at + 80)});
    auto settled = rig_.SettleAgent("a");
    rig_.Tick();
    EXPECT_FALSE(settled->has_value());
    for (int i = 0; i < 20; ++i) {
      rig_.engine.writes.Let(1);
      rig_.Tick();
      EXPECT_TRUE(!settled->has_value() || row->has_value())
          << "the positions of a hello do not move any more";
    }
    rig_.engine.writes.Release();
    rig_.Settle();
    ASSERT_TRUE(settled->has_value() && row->has_value());
    EXPECT_EQ(rig_.DurableOf(1), at + 80);
  }
}

TEST_F(SettleAgentTest, AnAgentKeepsItsPartition) {
  ASSERT_TRUE(rig_.engine.CreateTopic("many", 4).ok());
  rig_.where = rig_.engine.Where("many");
  std::map<std::string, PartitionIndex> named;
  for (const char* agent : {"a", "b", "c", "d"}) {
    rig_.SettleAgent(agent);
    rig_.Settle();
    named[agent] = rig_.sources->agents().Find(agent)->partitions.at(rig_.where.topic_id);
  }
  std::set<PartitionIndex> distinct;
  for (const auto& [agent, partition] : named) distinct.insert(partition);
  EXPECT_EQ(distinct.size(), 4U);
  rig_.Reopen();
  for (const auto& [agent, partition] : named) {
    rig_.SettleAgent(agent);
    rig_.Settle();
    EXPECT_EQ(rig_.sources->agents().Find(agent)->partitions.at(rig_.where.topic_id), partition);
  }
}

TEST_F(SettleAgentTest, AfterALostStoreAnAgentFindsItsPartitionByItsSpans) {
  ASSERT_TRUE(rig_.engine.CreateTopic("many", 4).ok());
  rig_.where = {rig_.engine.Where("many").topic_id, PartitionIndex{2}};
  rig_.MustProduce({FirstSpanOf(1, 0, 100)});
  rig_.Crash();
  rig_.LoseStore();
  rig_.MustOpen();
  rig_.SettleAgent("a");
  rig_.Settle();
  EXPECT_EQ(rig_.sources->agents().Find("a")->partitions.at(rig_.where.topic_id),
            PartitionIndex{2});
}

TEST_F(SettleAgentTest, EpochsRiseOverRestarts) {
  rig_.SettleAgent("a");
  rig_.Settle();
  const std::uint64_t epoch = rig_.sources->agents().Find("a")->epoch;
  rig_.Reopen();
  rig_.engine.time_ms -= 1'000'000;
  rig_.SettleAgent("a");
  EXPECT_GT(rig_.sources->agents().Find("a")->epoch, epoch);
}

TEST_F(SettleAgentTest, ATopicThatIsGoneIsPassedOver) {
  auto settled = rig_.SettleAgent("a", {IdOf(77), rig_.where.topic_id});
  rig_.Settle();
  ASSERT_TRUE(settled->has_value() && (**settled).ok());
  EXPECT_EQ(rig_.sources->agents().Find("a")->partitions,
            (std::map<Uuid, PartitionIndex>{{rig_.where.topic_id, PartitionIndex{0}}}));
}

// A store that came back from before may know of more partitions than there are.
TEST_F(SettleAgentTest, APartitionThatIsNotThereIsNamedAnew) {
  Agent agent;
  agent.claim.agent_id = "a";
  agent.partitions[rig_.where.topic_id] = PartitionIndex{1};
  MetadataTransaction rows;
  rows.Put(Table::kAgent, "a", EncodeAgentRow(agent));
  Source source;
  source.where = {rig_.where.topic_id, PartitionIndex{1}};
  source.source_id = IdOf(5);
  source.identity = IdentityOf("b");
  rows.Put(Table::kSource, SourceRowKey(source.where.topic_id, source.source_id),
           EncodeSourceRow(source, SourcePosition{10}, WindowAt(10)));
  rig_.Crash();
  ASSERT_TRUE(rig_.engine.store.Apply(rows).ok());
  rig_.MustOpen();
  ASSERT_EQ(PartitionOf("a"), PartitionIndex{1});
  for (const char* id : {"a", "b"}) {
    rig_.SettleAgent(id);
    rig_.Settle();
    EXPECT_EQ(PartitionOf(id), PartitionIndex{0}) << id;
  }
}

TEST_F(SettleAgentTest, AFailedSyncSettlesNobody) {
  rig_.SettleAgent("a");
  rig_.Settle();
  rig_.engine.commits.Hold();
  rig_.Produce({FirstSpanOf(1, 0, 100)});
  auto settled = rig_.SettleAgent("a");
  rig_.engine.fs.Add({.kind = file::CallKind::kSync, .path_part = ".log"});
  rig_.Tick();
  rig_.engine.commits.Release();
  for (int i = 0; i < 5; ++i) rig_.Tick();
  ASSERT_TRUE(settled->has_value() && !(**settled).ok());
  EXPECT_EQ((**settled).error().code, ErrorCode::kIo);
}

TEST_F(SettleAgentTest, BytesOfATopicThatIsDeletedMeanwhileAreNotWaitedFor) {
  ASSERT_TRUE(rig_.engine.CreateTopic("other").ok());
  const Uuid other = rig_.engine.Where("other").topic_id;
  rig_.SettleAgent("a", {rig_.where.topic_id, other});
  rig_.Settle();
  rig_.engine.writes.Hold();
  std::optional<Status> deleted;
  rig_.engine.engine->DeleteTopic("web", [&](const Status& status) { deleted = status; });
  auto produced = rig_.Produce({FirstSpanOf(1, 0, 100)});
  auto settled = rig_.SettleAgent("a", {other});
  rig_.engine.writes.Release();
  rig_.Settle();
  ASSERT_TRUE(deleted && deleted->ok());
  ASSERT_TRUE(produced->has_value() && settled->has_value());
  EXPECT_EQ((**produced).kind, Kind::kFailed);
  EXPECT_TRUE((**settled).ok()) << (**settled).error().message;
}

}  // namespace
}  // namespace logboom::broker
