#include "tests/lib/client/admin_fixture.h"

namespace logboom::client {
namespace {

TEST_F(AdminTest, ConnectTellsWhoTheBrokerIs) {
  const auto identity = admin.Connect();
  ASSERT_TRUE(identity.ok());
  EXPECT_EQ(identity->broker_name, "log-1");
  EXPECT_EQ(identity->address, kBrokerAddress);
  EXPECT_EQ(identity->cluster_id, IdOf('C'));
  EXPECT_EQ(broker.hellos[0].request.hello().program(), "logboom");
  EXPECT_FALSE(broker.hellos[0].request.hello().has_agent());
}

TEST_F(AdminTest, UnreachableBrokerIsUnavailableAfterTheTimeout) {
  network.SetFaults({.unreachable = true});
  const auto before = time.now.monotonic;
  const auto topics = admin.ListTopics();
  ASSERT_FALSE(topics.ok());
  EXPECT_EQ(topics.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(topics.error().message.find(kBrokerAddress), std::string::npos);
  EXPECT_NEAR(static_cast<double>(time.now.monotonic - before), 3'000, 200);
}

TEST_F(AdminTest, BrokerThatDoesNotAnswerTheHelloIsATimeout) {
  broker.answers_hello = false;
  const auto topics = admin.ListTopics();
  ASSERT_FALSE(topics.ok());
  EXPECT_EQ(topics.error().code, ErrorCode::kTimeout);
}

TEST_F(AdminTest, RequestThatIsNotAnsweredIsATimeout) {
  const auto topics = admin.ListTopics();
  ASSERT_FALSE(topics.ok());
  EXPECT_EQ(topics.error().code, ErrorCode::kTimeout);
}

TEST_F(AdminTest, RefusedHelloIsToldAtOnce) {
  broker.refusal = protocol::MakeError(protocol::NOT_AUTHORISED, "no such key");
  const auto before = time.now.monotonic;
  const auto topics = admin.ListTopics();
  ASSERT_FALSE(topics.ok());
  EXPECT_EQ(topics.error().code, ErrorCode::kPermission);
  EXPECT_NE(topics.error().message.find("no such key"), std::string::npos);
  EXPECT_LT(time.now.monotonic - before, 1'000);
}

TEST_F(AdminTest, BrokersWordsAndCodeAreKept) {
  AlwaysRefuse(protocol::TOPIC_EXISTS, "topic 'web' exists");
  const auto created = admin.CreateTopic({.name = "web", .partitions = 1, .config = {}});
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.error().code, ErrorCode::kExists);
  EXPECT_EQ(created.error().message, "topic 'web' exists (TOPIC_EXISTS)");
}

TEST_F(AdminTest, TopicsComeWithAllFieldsInTheOrderOfTheirNames) {
  protocol::Response response;
  for (const char* name : {"web", "db"}) {
    auto& topic = *response.mutable_metadata()->add_topics();
    topic.set_name(name);
    topic.set_topic_id(IdBytes('T'));
    (*topic.mutable_config())["retention.ms"] = "5";
    auto& partition = *topic.add_partitions();
    partition.set_index(0);
    partition.set_log_start_offset(1);
    partition.set_durable_end_offset(2);
    partition.set_log_end_offset(3);
    partition.set_size_bytes(4);
    partition.set_segments(5);
    partition.set_leader_epoch(6);
    partition.set_last_append_ms(-1);
  }
  Always(response);
  const auto topics = admin.ListTopics();
  ASSERT_TRUE(topics.ok());
  ASSERT_EQ(topics->size(), 2U);
  EXPECT_EQ((*topics)[0].name, "db");
  const TopicDescription& topic = (*topics)[1];
  EXPECT_EQ(topic.name, "web");
  EXPECT_EQ(topic.topic_id, IdOf('T'));
  EXPECT_EQ(topic.config.at("retention.ms"), "5");
  ASSERT_EQ(topic.partitions.size(), 1U);
  EXPECT_EQ(topic.partitions[0].log_start, Offset(1));
  EXPECT_EQ(topic.partitions[0].durable_end, Offset(2));
  EXPECT_EQ(topic.partitions[0].log_end, Offset(3));
  EXPECT_EQ(topic.partitions[0].size_bytes, 4);
  EXPECT_EQ(topic.partitions[0].segments, 5);
  EXPECT_EQ(topic.partitions[0].leader_epoch, LeaderEpoch(6));
  EXPECT_FALSE(topic.partitions[0].last_append);
  EXPECT_EQ(last.metadata().topics_size(), 0);
  EXPECT_FALSE(last.metadata().auto_create());
}

TEST_F(AdminTest, TopicThatIsNotThereIsNotFound) {
  protocol::Response response;
  auto& topic = *response.mutable_metadata()->add_topics();
  topic.set_name("web");
  *topic.mutable_error() = protocol::MakeError(protocol::UNKNOWN_TOPIC, "no topic 'web'");
  Always(response);
  const auto described = admin.DescribeTopic("web");
  ASSERT_FALSE(described.ok());
  EXPECT_EQ(described.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(last.metadata().topics(0), "web");
}

TEST_F(AdminTest, TopicsAreCreatedAlteredAndDeleted) {
  protocol::Response created;
  created.mutable_create_topic()->set_topic_id(IdBytes('T'));
  Always(created);
  const auto id =
      admin.CreateTopic({.name = "web", .partitions = 4, .config = {{"retention.ms", "5"}}});
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(*id, IdOf('T'));
  EXPECT_EQ(last.create_topic().partitions(), 4);
  EXPECT_EQ(last.create_topic().config().at("retention.ms"), "5");

  protocol::Response altered;
  altered.mutable_alter_topic();
  Always(altered);
  EXPECT_TRUE(admin.AlterTopic({"web", {{"retention.ms", "6"}}, 3}).ok());
  EXPECT_EQ(last.alter_topic().partitions(), 3);
  EXPECT_EQ(last.alter_topic().set().at("retention.ms"), "6");

  protocol::Response deleted;
  deleted.mutable_delete_topic();
  Always(deleted);
  EXPECT_TRUE(admin.DeleteTopic("web").ok());
  EXPECT_EQ(last.delete_topic().name(), "web");
}

TEST_F(AdminTest, BadTopicNameIsRefusedWithoutAsking) {
  const auto created = admin.CreateTopic({.name = "a/b", .partitions = 1, .config = {}});
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(broker.hellos.empty());
}

TEST_F(AdminTest, OffsetsAreFoundByTime) {
  protocol::Response response;
  response.mutable_list_offsets()->set_offset(77);
  response.mutable_list_offsets()->set_timestamp_ms(-1);
  Always(response);
  const auto found = admin.ListOffset(
      IdOf('T'), PartitionIndex(2), {.kind = OffsetQuery::Kind::kTime, .time = TimestampMs(1'000)});
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->offset, Offset(77));
  EXPECT_FALSE(found->time);
  EXPECT_EQ(last.list_offsets().position(), protocol::ListOffsetsRequest::BY_TIME);
  EXPECT_EQ(last.list_offsets().timestamp_ms(), 1'000);
  EXPECT_EQ(last.list_offsets().partition(), 2);
}

TEST_F(AdminTest, AgentComesWithTheFilesOfAllPages) {
  broker.on_asked = [this](const Asked& asked) {
    const std::uint32_t skip = asked.request.describe_agent().skip_files();
    protocol::Response response;
    auto& page = *response.mutable_describe_agent();
    page.mutable_agent()->set_agent_id("web-1");
    page.mutable_agent()->set_backlog_bytes(9);
    for (std::uint32_t i = 0; i < 2 && skip + i < 5; ++i) {
      auto& file = *page.add_files();
      file.set_path(fmt::format("/{}", skip + i));
      file.set_acked(8);
      file.set_last_line_ms(-1);
    }
    page.set_more(skip + 2 < 5);
    broker.Answer(asked, response);
  };
  const auto details = admin.DescribeAgent("web-1");
  ASSERT_TRUE(details.ok());
  EXPECT_EQ(details->agent.backlog_bytes, 9U);
  ASSERT_EQ(details->files.size(), 5U);
  EXPECT_EQ(details->files[4].path, "/4");
  EXPECT_EQ(details->files[4].acked, SourcePosition(8));
  EXPECT_FALSE(details->files[4].last_line);
}

TEST_F(AdminTest, PagesThatPromiseMoreForEverEnd) {
  protocol::Response response;
  response.mutable_describe_agent()->set_more(true);
  Always(response);
  EXPECT_TRUE(admin.DescribeAgent("web-1").ok());
  EXPECT_EQ(asked_count, 1);
}

TEST_F(AdminTest, AgentsAndStatusAreValues) {
  protocol::Response agents;
  for (const char* id : {"b", "a"}) {
    auto& agent = *agents.mutable_list_agents()->add_agents();
    agent.set_agent_id(id);
    agent.set_connected(true);
    (*agent.mutable_labels())["env"] = "prod";
  }
  Always(agents);
  const auto listed = admin.ListAgents();
  ASSERT_TRUE(listed.ok());
  EXPECT_EQ((*listed)[0].agent_id, "a");
  EXPECT_EQ((*listed)[1].labels.at("env"), "prod");

  protocol::Response status;
  status.mutable_status()->set_broker_name("log-1");
  status.mutable_status()->set_append_bytes_per_second(2.5);
  auto& condition = *status.mutable_status()->add_conditions();
  condition.set_name("disk low");
  condition.set_since_ms(7);
  Always(status);
  const auto got = admin.GetStatus();
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->broker_name, "log-1");
  EXPECT_EQ(got->append_bytes_per_second, 2.5);
  EXPECT_EQ(got->conditions.at(0).since, TimestampMs(7));
}

TEST_F(AdminTest, ReadIsAskedAgainWhereTheSessionEnds) {
  broker.on_asked = [this](const Asked& asked) {
    if (++asked_count == 1) return broker.Refuse(asked, protocol::NO_SESSION);
    protocol::Response response;
    response.mutable_metadata();
    broker.Answer(asked, response);
  };
  EXPECT_TRUE(admin.ListTopics().ok());
  EXPECT_EQ(asked_count, 2);
  EXPECT_EQ(broker.hellos.size(), 2U);
}

TEST_F(AdminTest, ReadIsNotAskedForEver) {
  AlwaysRefuse(protocol::NO_SESSION, "again");
  const auto topics = admin.ListTopics();
  ASSERT_FALSE(topics.ok());
  EXPECT_EQ(topics.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(asked_count, 4);
}

TEST_F(AdminTest, CreateIsNotAskedTwice) {
  AlwaysRefuse(protocol::NO_SESSION, "gone");
  const auto created = admin.CreateTopic({.name = "web", .partitions = 1, .config = {}});
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(created.error().message.find("may or may not"), std::string::npos);
  EXPECT_EQ(asked_count, 1);
}

}  // namespace
}  // namespace logboom::client
