// A topic gets more partitions: everybody who has to do with it goes on, or notices.
#include "tests/broker/server/groups_rig.h"

namespace logboom::broker {
namespace {

class PartitionsAddedTest : public GroupsTest {
 protected:
  Reply Alter(std::int32_t partitions) {
    protocol::Request request;
    request.mutable_alter_topic()->set_name("web");
    request.mutable_alter_topic()->set_partitions(partitions);
    return admin_.Ask(std::move(request));
  }
  // Of an agent that says hello now.
  std::int32_t PartitionOf(const std::string& agent_id) {
    TestClient agent(rig_);
    const Reply reply = agent.Started(agent.Ask(agent.AgentHello(agent_id, "boot", {"web"})));
    EXPECT_TRUE(reply.ok());
    return reply.ok() ? reply.response.hello().agent_topics(0).partition() : -1;
  }
};

TEST_F(PartitionsAddedTest, AreInTheMetadataAndTakeRecords) {
  Append(0, 3);
  EXPECT_EQ(Alter(3).code(), protocol::INVALID_REQUEST) << "never fewer";
  EXPECT_EQ(Alter(kTopicPartitionsMax + 1).code(), protocol::INVALID_REQUEST);
  ASSERT_TRUE(Alter(6).ok());
  protocol::Request request;
  request.mutable_metadata()->add_topics("web");
  const Reply reply = admin_.Ask(std::move(request));
  ASSERT_EQ(reply.response.metadata().topics(0).partitions_size(), 6);
  EXPECT_EQ(reply.response.metadata().topics(0).topic_id(), web_) << "it is the same topic";
  EXPECT_EQ(reply.response.metadata().topics(0).partitions(0).durable_end_offset(), 3);
  Append(5, 2);
  protocol::Request snapshot;
  snapshot.mutable_snapshot();
  const Reply taken = admin_.Ask(std::move(snapshot));
  ASSERT_EQ(taken.response.snapshot().topics(0).partitions_size(), 6);
  EXPECT_EQ(taken.response.snapshot().topics(0).partitions(5).durable_end_offset(), 2);
}

TEST_F(PartitionsAddedTest, AreAssignedToTheMembersOfGroups) {
  TestMember member(rig_, "m");
  ASSERT_TRUE(member.Join({"web"}).ok());
  EXPECT_EQ(member.partitions().size(), 4U);
  ASSERT_TRUE(Alter(6).ok());
  rig_.Turns(3);
  ASSERT_TRUE(member.Heartbeat().ok());
  ASSERT_TRUE(member.Heartbeat().ok());
  EXPECT_EQ(member.partitions(), (std::set<std::int32_t>{0, 1, 2, 3, 4, 5}));
  Append(5, 1);
  EXPECT_EQ(member.Commit(web_, 5, 1), protocol::OK);
}

TEST_F(PartitionsAddedTest, AgentsStayWhereTheyAreAndNewOnesGoWhereTheFewestAre) {
  std::map<std::string, std::int32_t> before;
  for (int i = 0; i < 8; ++i) {
    const std::string id = "agent-" + std::to_string(i);
    before[id] = PartitionOf(id);
  }
  ASSERT_TRUE(Alter(6).ok());
  for (const auto& [id, partition] : before) EXPECT_EQ(PartitionOf(id), partition) << id;
  std::set<std::int32_t> fresh;
  for (int i = 0; i < 4; ++i) fresh.insert(PartitionOf("fresh-" + std::to_string(i)));
  EXPECT_EQ(fresh, (std::set<std::int32_t>{4, 5}));
}

}  // namespace
}  // namespace logboom::broker
