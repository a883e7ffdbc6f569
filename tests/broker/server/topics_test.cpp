// Metadata, and the administration of topics.
#include "tests/broker/server/server_rig.h"

namespace logboom::broker {
namespace {

class TopicRequestsTest : public testing::Test {
 protected:
  void SetUp() override { client_.Hello(); }
  Reply Create(const std::string& name, std::int32_t partitions = 1,
               const std::map<std::string, std::string>& config = {}) {
    protocol::Request request;
    request.mutable_create_topic()->set_name(name);
    request.mutable_create_topic()->set_partitions(partitions);
    for (const auto& [key, value] : config) {
      (*request.mutable_create_topic()->mutable_config())[key] = value;
    }
    return client_.Ask(std::move(request));
  }
  Reply Alter(const std::string& name, const std::map<std::string, std::string>& set) {
    protocol::Request request;
    request.mutable_alter_topic()->set_name(name);
    for (const auto& [key, value] : set) {
      (*request.mutable_alter_topic()->mutable_set())[key] = value;
    }
    return client_.Ask(std::move(request));
  }
  Reply Delete(const std::string& name) {
    protocol::Request request;
    request.mutable_delete_topic()->set_name(name);
    return client_.Ask(std::move(request));
  }
  Reply Metadata(const std::vector<std::string>& names, bool auto_create = false) {
    protocol::Request request;
    request.mutable_metadata()->set_auto_create(auto_create);
    for (const std::string& name : names) request.mutable_metadata()->add_topics(name);
    return client_.Ask(std::move(request));
  }
  ServerRig rig_;
  TestClient client_{rig_};
};

TEST_F(TopicRequestsTest, CreateTellsTheId) {
  const Reply made = Create("web", 2, {{"retention.ms", "1000"}});
  ASSERT_TRUE(made.ok());
  const Reply reply = Metadata({"web"});
  ASSERT_EQ(reply.response.metadata().topics_size(), 1);
  const protocol::Topic& topic = reply.response.metadata().topics(0);
  EXPECT_EQ(topic.topic_id(), made.response.create_topic().topic_id());
  EXPECT_EQ(topic.config().at("retention.ms"), "1000");
  ASSERT_EQ(topic.partitions_size(), 2);
  EXPECT_EQ(topic.partitions(1).index(), 1);
  EXPECT_EQ(topic.partitions(1).durable_end_offset(), 0);
  EXPECT_EQ(topic.partitions(1).last_append_ms(), -1);
}

TEST_F(TopicRequestsTest, CreateSaysWhatIsWrong) {
  ASSERT_TRUE(Create("web").ok());
  EXPECT_EQ(Create("web").code(), protocol::TOPIC_EXISTS);
  EXPECT_EQ(Create("").code(), protocol::INVALID_NAME);
  EXPECT_EQ(Create("a/b").code(), protocol::INVALID_NAME);
  EXPECT_EQ(Create("..").code(), protocol::INVALID_NAME);
  EXPECT_EQ(Create("__groups").code(), protocol::INVALID_NAME);
  EXPECT_EQ(Create(std::string(250, 'a')).code(), protocol::INVALID_NAME);
  EXPECT_EQ(Create("app", 0).code(), protocol::INVALID_REQUEST);
  EXPECT_EQ(Create("app", kTopicPartitionsMax + 1).code(), protocol::INVALID_REQUEST);
  EXPECT_EQ(Create("app", 1, {{"nonsense", "1"}}).code(), protocol::INVALID_CONFIG);
  EXPECT_EQ(Create("app", 1, {{"segment.bytes", "7"}}).code(), protocol::INVALID_CONFIG);
  EXPECT_EQ(Create("app", 1, {{"cleanup.policy", "squash"}}).code(), protocol::INVALID_CONFIG);
  EXPECT_EQ(rig_.engine().engine->Topics().size(), 1U);
}

TEST_F(TopicRequestsTest, AlterSaysWhatIsWrong) {
  ASSERT_TRUE(Create("web", 1, {{"retention.ms", "1000"}}).ok());
  EXPECT_EQ(Alter("none", {{"retention.ms", "5"}}).code(), protocol::UNKNOWN_TOPIC);
  EXPECT_EQ(Alter("web", {{"retention.ms", "x"}}).code(), protocol::INVALID_CONFIG);
  EXPECT_EQ(Alter("web", {{"nonsense", "1"}}).code(), protocol::INVALID_CONFIG);
  EXPECT_TRUE(Alter("web", {{"retention.ms", ""}, {"segment.ms", "5000"}}).ok());
  const Reply reply = Metadata({"web"});
  const auto& config = reply.response.metadata().topics(0).config();
  EXPECT_EQ(config.size(), 1U);
  EXPECT_EQ(config.at("segment.ms"), "5000");
}

TEST_F(TopicRequestsTest, DeleteForgetsTheTopicAndItsSources) {
  TestClient agent(rig_);
  agent.HelloAs("a");
  ASSERT_TRUE(agent.Await(agent.SendSpans({FirstSpanOf(1, 0, 100)})).ok());
  EXPECT_EQ(Delete("none").code(), protocol::UNKNOWN_TOPIC);
  EXPECT_TRUE(Delete("web").ok());
  EXPECT_EQ(Delete("web").code(), protocol::UNKNOWN_TOPIC);
  EXPECT_EQ(rig_.rig.sources->table().size(), 0U);
  EXPECT_EQ(agent.Await(agent.SendSpans({SpanOf(1, 100, 200)})).code(), protocol::UNKNOWN_TOPIC);
  // The next hello makes it anew, and all that was sent is unknown.
  EXPECT_TRUE(agent.HelloAs("a").ok());
  EXPECT_EQ(agent.Ask(agent.ListSources()).response.list_sources().sources_size(), 0);
}

TEST_F(TopicRequestsTest, MetadataListsAllOrWhatIsAskedFor) {
  for (const char* name : {"b", "a", "c"}) ASSERT_TRUE(Create(name).ok());
  const Reply all = Metadata({});
  ASSERT_EQ(all.response.metadata().topics_size(), 3);
  EXPECT_EQ(all.response.metadata().topics(0).name(), "a");
  const Reply some = Metadata({"c", "none", "no/name", "c"});
  ASSERT_EQ(some.response.metadata().topics_size(), 4);
  EXPECT_EQ(some.response.metadata().topics(0).name(), "c");
  EXPECT_EQ(some.response.metadata().topics(1).name(), "none");
  EXPECT_EQ(some.response.metadata().topics(1).error().code(), protocol::UNKNOWN_TOPIC);
  EXPECT_EQ(some.response.metadata().topics(2).error().code(), protocol::INVALID_NAME);
  EXPECT_FALSE(some.response.metadata().topics(3).has_error());
}

TEST_F(TopicRequestsTest, MetadataMakesWhatIsMissing) {
  ASSERT_TRUE(Create("old").ok());
  const Reply reply = Metadata({"new", "old", "new", "__no", "newer"}, true);
  const auto& topics = reply.response.metadata().topics();
  ASSERT_EQ(topics.size(), 5);
  EXPECT_EQ(topics[0].partitions_size(), 1);
  EXPECT_EQ(topics[0].topic_id(), topics[2].topic_id());
  EXPECT_TRUE(topics[3].has_error());
  EXPECT_EQ(topics[4].partitions_size(), 1);
}

TEST_F(TopicRequestsTest, WhyATopicCouldNotBeMadeIsTold) {
  rig_.engine().store.Fail(Fail(ErrorCode::kNoSpace, "full"));
  const Reply reply = Metadata({"new"}, true);
  EXPECT_EQ(reply.response.metadata().topics(0).error().code(), protocol::NO_SPACE);
  EXPECT_TRUE(reply.response.metadata().topics(0).error().retriable());
}

TEST_F(TopicRequestsTest, ARequestTakesAsManyNamesAsTheLimit) {
  std::vector<std::string> names(protocol::kHelloTopicsMax, "none");
  EXPECT_TRUE(Metadata(names).ok());
  names.emplace_back("one-more");
  EXPECT_EQ(Metadata(names, true).code(), protocol::INVALID_REQUEST);
  EXPECT_TRUE(rig_.engine().engine->Topics().empty());
}

TEST(TopicAutoCreate, MetadataMakesNothingWhereThatIsOff) {
  ServerOptions options;
  options.auto_create_topics = false;
  ServerRig rig(options);
  TestClient client(rig);
  client.Hello();
  protocol::Request request;
  request.mutable_metadata()->add_topics("new");
  request.mutable_metadata()->set_auto_create(true);
  const Reply reply = client.Ask(std::move(request));
  EXPECT_EQ(reply.response.metadata().topics(0).error().code(), protocol::UNKNOWN_TOPIC);
  EXPECT_NE(reply.response.metadata().topics(0).error().message().find("auto_create"),
            std::string::npos);
}

}  // namespace
}  // namespace logboom::broker
