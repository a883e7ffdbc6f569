// The hello of an agent: who holds an id, what is made, and when it is answered.
#include "tests/broker/server/server_rig.h"

namespace logboom::broker {
namespace {

class HelloTest : public testing::Test {
 protected:
  ServerRig rig_;
  TestClient client_{rig_};
};

TEST_F(HelloTest, MakesTheTopicsAndNamesTheirPartitions) {
  const Reply reply =
      client_.Started(client_.Ask(client_.AgentHello("web-1", "boot-1", {"web", "app"})));
  ASSERT_TRUE(reply.ok());
  const protocol::HelloResponse& hello = reply.response.hello();
  EXPECT_GT(hello.agent_epoch(), 0U);
  ASSERT_EQ(hello.agent_topics_size(), 2);
  for (int i = 0; i < 2; ++i) {
    const protocol::AgentTopic& entry = hello.agent_topics(i);
    EXPECT_EQ(entry.name(), i == 0 ? "web" : "app");
    EXPECT_FALSE(entry.has_error());
    const Topic* topic = rig_.engine().engine->FindTopic(entry.name());
    ASSERT_NE(topic, nullptr);
    EXPECT_EQ(entry.topic_id(), Bytes(topic->topic_id.bytes()));
    EXPECT_EQ(entry.partition(), 0);
    EXPECT_EQ(entry.log_tag(), record::LogTag(rig_.engine().engine->cluster_id(), topic->topic_id));
  }
}

TEST_F(HelloTest, ATopicThatCannotBeHadLeavesTheOthers) {
  const Reply reply =
      client_.Ask(client_.AgentHello("web-1", "boot-1", {"no/name", "__internal", "web"}));
  ASSERT_TRUE(reply.ok());
  const auto& topics = reply.response.hello().agent_topics();
  ASSERT_EQ(topics.size(), 3);
  EXPECT_TRUE(topics[0].has_error());
  EXPECT_TRUE(topics[1].has_error());
  EXPECT_FALSE(topics[2].has_error());
  EXPECT_EQ(rig_.engine().engine->Topics().size(), 1U);
}

TEST(HelloAutoCreate, MakesNoTopicWhereThatIsOff) {
  ServerOptions options;
  options.auto_create_topics = false;
  ServerRig rig(options);
  TestClient client(rig);
  const Reply reply = client.Ask(client.AgentHello("web-1"));
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply.response.hello().agent_topics(0).error().code(), protocol::UNKNOWN_TOPIC);
  EXPECT_TRUE(rig.engine().engine->Topics().empty());
}

TEST_F(HelloTest, TwoAgentsThatMakeOneTopicTogetherBothHaveIt) {
  TestClient other(rig_);
  rig_.engine().writes.Hold();
  const std::uint64_t first = client_.Send(client_.AgentHello("a"));
  const std::uint64_t second = other.Send(other.AgentHello("b"));
  rig_.Turns(3);
  rig_.engine().writes.Release();
  const Reply one = client_.Await(first);
  const Reply two = other.Await(second);
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_FALSE(one.response.hello().agent_topics(0).has_error());
  EXPECT_FALSE(two.response.hello().agent_topics(0).has_error());
  EXPECT_EQ(one.response.hello().agent_topics(0).topic_id(),
            two.response.hello().agent_topics(0).topic_id());
}

TEST_F(HelloTest, AsManyTopicsAsTheLimitAndNoMore) {
  std::vector<std::string> topics(protocol::kHelloTopicsMax, "no/name");
  EXPECT_TRUE(client_.Ask(client_.AgentHello("a", "boot-1", topics)).ok());
  topics.emplace_back("one-more");
  EXPECT_EQ(client_.Ask(client_.AgentHello("a", "boot-1", topics)).code(),
            protocol::INVALID_REQUEST);
  EXPECT_EQ(rig_.server->session_count(), 0U);
}

TEST_F(HelloTest, ABadAgentIdIsRefused) {
  for (const std::string& id : {std::string(), std::string("with space"), std::string(256, 'a'),
                                std::string("caf\xC3\xA9")}) {
    EXPECT_EQ(client_.Ask(client_.AgentHello(id)).code(), protocol::INVALID_NAME) << id;
  }
  EXPECT_EQ(rig_.server->session_count(), 0U);
  EXPECT_TRUE(client_.Ask(client_.AgentHello(std::string(255, 'a'))).ok());
}

TEST_F(HelloTest, IsAnsweredOnlyOnceAllBytesOfTheAgentAreDurable) {
  client_.HelloAs("web-1");
  rig_.engine().commits.Hold();
  client_.SendSpans({FirstSpanOf(1, 0, 100)});
  rig_.Turns(2);
  TestClient next(rig_);
  const std::uint64_t hello = next.Send(next.AgentHello("web-1"));
  rig_.Turns(5);
  EXPECT_FALSE(next.Take(hello).has_value());
  rig_.engine().commits.Release();
  const Reply reply = next.Started(next.Await(hello));
  ASSERT_TRUE(reply.ok());
  const Reply sources = next.Ask(next.ListSources());
  ASSERT_EQ(sources.response.list_sources().sources_size(), 1);
  EXPECT_EQ(sources.response.list_sources().sources(0).durable(), 100);
}

TEST_F(HelloTest, IsAnsweredOnlyOnceItsEpochIsStored) {
  client_.HelloAs("web-1");
  rig_.engine().writes.Hold();
  const std::uint64_t hello = client_.Send(client_.AgentHello("web-1"));
  rig_.Turns(5);
  EXPECT_FALSE(client_.Take(hello).has_value());
  rig_.engine().writes.Release();
  EXPECT_TRUE(client_.Await(hello).ok());
}

TEST_F(HelloTest, TheOldSessionIsFencedFromTheReceiptOfTheNewHelloOn) {
  client_.HelloAs("web-1");
  rig_.engine().commits.Hold();
  client_.SendSpans({FirstSpanOf(1, 0, 100)});
  rig_.Turns(2);
  TestClient next(rig_);
  const std::uint64_t hello = next.Send(next.AgentHello("web-1"));
  rig_.Turn();
  const Reply fenced = client_.Await(client_.SendSpans({SpanOf(1, 100, 200)}));
  EXPECT_EQ(fenced.code(), protocol::FENCED);
  EXPECT_FALSE(fenced.response.error().retriable());
  EXPECT_EQ(client_.Ask(client_.ProgressRequest({RowOf(1, RowKind::kGap, 100, 150)})).code(),
            protocol::FENCED);
  EXPECT_EQ(client_.Ask(client_.ListSources()).code(), protocol::FENCED);
  EXPECT_FALSE(next.Take(hello).has_value()) << "that one is not even answered yet";
  rig_.engine().commits.Release();
  EXPECT_TRUE(next.Started(next.Await(hello)).ok());
  EXPECT_TRUE(next.Await(next.SendSpans({SpanOf(1, 100, 200)})).ok());
}

TEST_F(HelloTest, OfTwoHellosAtOnceTheNewerIsServed) {
  client_.HelloAs("web-1");
  TestClient older(rig_);
  TestClient newer(rig_);
  rig_.engine().commits.Hold();
  client_.SendSpans({FirstSpanOf(1, 0, 100)});
  rig_.Turns(2);
  const std::uint64_t first = older.Send(older.AgentHello("web-1"));
  rig_.Turn();
  const std::uint64_t second = newer.Send(newer.AgentHello("web-1"));
  rig_.Turn();
  rig_.engine().commits.Release();
  EXPECT_EQ(older.Await(first).code(), protocol::FENCED);
  EXPECT_TRUE(newer.Await(second).ok());
}

TEST_F(HelloTest, AnotherMachineIsToldWhoHasTheIdUntilThatOneIsSilentFor30Seconds) {
  client_.HelloAs("web-1", "boot-1");
  TestClient clone(rig_);
  Reply refused = clone.Ask(clone.AgentHello("web-1", "boot-2"));
  EXPECT_EQ(refused.code(), protocol::AGENT_ID_IN_USE);
  EXPECT_TRUE(refused.response.error().retriable());
  EXPECT_NE(refused.response.error().message().find("host-1"), std::string::npos);
  EXPECT_TRUE(client_.Await(client_.SendSpans({FirstSpanOf(1, 0, 100)})).ok())
      << "the holder goes on";
  for (int i = 0; i < 5; ++i) {
    rig_.Turn(5'000);
    EXPECT_EQ(clone.Ask(clone.AgentHello("web-1", "boot-2")).code(), protocol::AGENT_ID_IN_USE);
  }
  rig_.Turn(5'001);
  EXPECT_TRUE(clone.HelloAs("web-1", "boot-2").ok());
  EXPECT_NE(client_.Await(client_.SendSpans({SpanOf(1, 100, 200)})).code(), protocol::OK);
}

TEST_F(HelloTest, TheSameMachineComesBackAtOnce) {
  client_.HelloAs("web-1");
  client_.Reconnect();
  EXPECT_TRUE(client_.HelloAs("web-1").ok());
  EXPECT_TRUE(client_.Await(client_.SendSpans({FirstSpanOf(1, 0, 100)})).ok());
}

TEST_F(HelloTest, EpochsRiseWithEveryHelloAndOverRestarts) {
  std::uint64_t last = 0;
  for (int i = 0; i < 4; ++i) {
    const std::uint64_t epoch = client_.HelloAs("web-1").response.hello().agent_epoch();
    EXPECT_GT(epoch, last);
    last = epoch;
    if (i == 1) {
      rig_.Crash();
      rig_.Open();
    }
  }
}

TEST_F(HelloTest, AClientThatLeavesWhileItsHelloIsUnderWayHarmsNobody) {
  rig_.engine().writes.Hold();
  client_.Send(client_.AgentHello("web-1"));
  rig_.Turns(2);
  client_.Reconnect();
  const std::uint64_t again = client_.Send(client_.AgentHello("web-1"));
  rig_.Turns(2);
  rig_.engine().writes.Release();
  EXPECT_TRUE(client_.Await(again).ok());
}

}  // namespace
}  // namespace logboom::broker
