// How sessions begin, what keeps them, and what ends them.
#include "tests/broker/server/server_rig.h"

namespace logboom::broker {
namespace {

class SessionTest : public testing::Test {
 protected:
  ServerRig rig_;
  TestClient client_{rig_};
};

TEST_F(SessionTest, HelloTellsWhoTheBrokerIs) {
  const Reply reply = client_.Hello();
  ASSERT_TRUE(reply.ok());
  const protocol::HelloResponse& hello = reply.response.hello();
  EXPECT_EQ(hello.session().size(), Uuid::kSize);
  EXPECT_EQ(hello.broker_name(), "broker-1");
  EXPECT_EQ(hello.program_version(), "1.2.3");
  EXPECT_EQ(hello.cluster_id(), Bytes(rig_.engine().engine->cluster_id().bytes()));
  EXPECT_EQ(hello.restore_count(), 3U);
  EXPECT_EQ(hello.batch_bytes_max(), record::kBatchBytesMax);
  EXPECT_EQ(hello.apis_size(), static_cast<int>(protocol::SupportedApis().size()));
  EXPECT_EQ(hello.time_ms(), rig_.now().wall.value());
  EXPECT_EQ(hello.agent_topics_size(), 0);
  EXPECT_EQ(reply.response.credit_granted_bytes(), client_.want_credit);
  EXPECT_EQ(rig_.server->session_count(), 1U);
}

TEST_F(SessionTest, NothingIsServedWithoutASession) {
  EXPECT_EQ(client_.Ask(TestClient::KeepAlive()).code(), protocol::NO_SESSION);
  EXPECT_TRUE(client_.Ask(TestClient::KeepAlive()).response.error().retriable());
  client_.session = Bytes(16, 'x');
  EXPECT_EQ(client_.Ask(TestClient::KeepAlive()).code(), protocol::NO_SESSION);
  client_.session = "short";
  EXPECT_EQ(client_.Ask(TestClient::KeepAlive()).code(), protocol::NO_SESSION);
  client_.Hello();
  EXPECT_TRUE(client_.Ask(TestClient::KeepAlive()).ok());
}

TEST_F(SessionTest, ASessionBelongsToItsConnection) {
  client_.Hello();
  client_.Reconnect();
  EXPECT_EQ(client_.Ask(TestClient::KeepAlive()).code(), protocol::NO_SESSION);
  TestClient thief(rig_);
  thief.session = client_.session;
  EXPECT_EQ(thief.Ask(TestClient::KeepAlive()).code(), protocol::NO_SESSION);
}

TEST_F(SessionTest, ASecondHelloOfAConnectionEndsItsFirstSession) {
  client_.Hello();
  const Bytes first = client_.session;
  client_.Hello();
  EXPECT_NE(client_.session, first);
  EXPECT_EQ(rig_.server->session_count(), 1U);
  client_.session = first;
  EXPECT_EQ(client_.Ask(TestClient::KeepAlive()).code(), protocol::NO_SESSION);
}

TEST_F(SessionTest, AGoodbyeIsAnsweredAndEndsTheSession) {
  client_.Hello();
  protocol::Request goodbye;
  goodbye.mutable_goodbye();
  EXPECT_TRUE(client_.Ask(goodbye).response.has_goodbye());
  EXPECT_EQ(rig_.server->session_count(), 0U);
  EXPECT_EQ(client_.Ask(TestClient::KeepAlive()).code(), protocol::NO_SESSION);
}

TEST_F(SessionTest, ASilentSessionEndsAndKeepAlivesKeepIt) {
  client_.Hello();
  for (int i = 0; i < 10; ++i) {
    rig_.Turn(5'000);
    ASSERT_TRUE(client_.Ask(TestClient::KeepAlive()).ok());
  }
  rig_.Turn(29'000);
  EXPECT_EQ(rig_.server->session_count(), 1U);
  rig_.Turn(2'001);
  EXPECT_EQ(rig_.server->session_count(), 0U);
  EXPECT_EQ(client_.Ask(TestClient::KeepAlive()).code(), protocol::NO_SESSION);
}

TEST_F(SessionTest, NonsenseIsAnsweredAndHarmsNobody) {
  client_.Hello();
  for (const Bytes& envelope : {Bytes("\xFF\xFF\xFF", 3), Bytes("hello"), Bytes(1'000, '\0')}) {
    client_.SendRaw({envelope, {}});
    rig_.Turn();
    const auto unasked = client_.TakeUnasked();
    ASSERT_EQ(unasked.size(), 1U);
    EXPECT_EQ(unasked[0].error().code(), protocol::INVALID_REQUEST);
  }
  EXPECT_TRUE(client_.Ask(TestClient::KeepAlive()).ok());
}

TEST_F(SessionTest, EveryCutOfEveryEnvelopeIsSurvived) {
  client_.HelloAs("a");
  std::vector<protocol::Request> requests = {
      client_.AgentHello("a"), client_.SpanRequest({FirstSpanOf(1, 0, 10)}),
      client_.FetchRequest(0), client_.ProgressRequest({FirstRowOf(1, RowKind::kGap, 0, 5)}),
      client_.ListSources(),   TestClient::KeepAlive(),
  };
  SeededRandom random(4);
  for (protocol::Request& request : requests) {
    request.set_session(client_.session);
    request.set_request_id(77);
    request.set_version(1);
    const Bytes whole = protocol::Encode(request);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      Bytes changed = whole.substr(0, size);
      if (size > 0) changed[random.Below(size)] = static_cast<char>(random.Below(256));
      client_.SendRaw({changed, {}});
      rig_.Turn();
      client_.ReceiveAll();
    }
  }
  TestClient other(rig_);
  EXPECT_TRUE(other.Hello().ok());
}

TEST_F(SessionTest, AnUnknownApiIsUnsupported) {
  client_.Hello();
  EXPECT_EQ(client_.Ask({}).code(), protocol::UNSUPPORTED);
}

TEST_F(SessionTest, AnUnknownVersionIsUnsupportedAndToldTheRange) {
  client_.Hello();
  for (const std::uint32_t version : {2U, 99U}) {
    protocol::Request request = TestClient::KeepAlive();
    request.set_version(version);
    const Reply reply = client_.Ask(std::move(request));
    EXPECT_EQ(reply.code(), protocol::UNSUPPORTED);
    EXPECT_EQ(reply.response.error().supported().api(),
              static_cast<std::uint32_t>(protocol::Request::kKeepAlive));
    EXPECT_EQ(reply.response.error().supported().min(), 1U);
    EXPECT_EQ(reply.response.error().supported().max(), 1U);
    EXPECT_FALSE(reply.response.error().retriable());
  }
}

TEST_F(SessionTest, AHelloWithoutACommonVersionIsUnsupportedAndToldTheRange) {
  protocol::Request request = client_.HelloRequest();
  for (protocol::VersionRange& range : *request.mutable_hello()->mutable_apis()) {
    range.set_min(5);
    range.set_max(6);
  }
  const Reply reply = client_.Ask(std::move(request));
  EXPECT_EQ(reply.code(), protocol::UNSUPPORTED);
  EXPECT_EQ(reply.response.error().supported().api(),
            static_cast<std::uint32_t>(protocol::Request::kHello));
  EXPECT_EQ(reply.response.error().supported().max(), 1U);
  EXPECT_EQ(rig_.server->session_count(), 0U);
}

// ---- credit

TEST_F(SessionTest, MoreThanTheCreditEndsTheSession) {
  client_.want_credit = 10'000;
  client_.Hello();
  client_.UseTopic("web");
  ASSERT_EQ(client_.credit_granted(), 10'000U);
  EXPECT_EQ(client_.Ask(client_.ProduceRequest(), PlainBatch({Bytes(10'000, 'x')})).code(),
            protocol::CREDIT_EXCEEDED);
  EXPECT_EQ(rig_.server->session_count(), 0U);
  EXPECT_EQ(client_.Ask(TestClient::KeepAlive()).code(), protocol::NO_SESSION);
}

TEST_F(SessionTest, CreditIsGrantedAnewOnceABatchIsDurable) {
  client_.want_credit = 10'000;
  client_.Hello();
  client_.UseTopic("web");
  const Bytes batch = PlainBatch({Bytes(5'000, 'x')});
  rig_.engine().commits.Hold();
  const std::uint64_t id = client_.Send(client_.ProduceRequest(), batch);
  rig_.Turns(3);
  EXPECT_EQ(client_.credit_granted(), 10'000U);
  rig_.engine().commits.Release();
  EXPECT_TRUE(client_.Await(id).ok());
  EXPECT_EQ(client_.credit_granted(), 10'000U + batch.size());
}

TEST_F(SessionTest, CreditOfBatchesWithoutAnswerComesBackUnasked) {
  client_.want_credit = 10'000;
  client_.Hello();
  client_.UseTopic("web");
  const Bytes batch = PlainBatch({Bytes(5'000, 'x')});
  for (int i = 1; i <= 20; ++i) {
    client_.Send(client_.ProduceRequest(protocol::NONE), batch);
    rig_.Turns(2);
    EXPECT_EQ(client_.TakeUnasked().size(), 1U);
    EXPECT_EQ(client_.credit_granted(), 10'000U + static_cast<std::uint64_t>(i) * batch.size());
  }
  EXPECT_EQ(rig_.server->session_count(), 1U);
}

TEST_F(SessionTest, RefusedBatchesGiveTheirCreditBack) {
  client_.want_credit = 10'000;
  client_.Hello();
  client_.UseTopic("web");
  std::uint64_t refused = 0;
  auto expect_refused = [&](protocol::Request request, const Bytes& payload) {
    EXPECT_FALSE(client_.Ask(std::move(request), payload).ok());
    refused += payload.size();
    EXPECT_EQ(client_.credit_granted(), 10'000U + refused);
  };
  const Bytes batch = PlainBatch({Bytes(2'000, 'x')});
  protocol::Request nowhere = client_.ProduceRequest();
  nowhere.mutable_produce()->set_topic_id(Bytes(16, 'n'));
  expect_refused(nowhere, batch);
  protocol::Request partition = client_.ProduceRequest();
  partition.mutable_produce()->set_partition(1);
  expect_refused(partition, batch);
  expect_refused(client_.ProduceRequest(), Bytes(3'000, 'g'));
  expect_refused(client_.SpanRequest({FirstSpanOf(1, 0, 9)}), batch);  // no agent
  expect_refused(client_.ProduceRequest(), PlainBatch({"x"}, "lb.span"));
  protocol::Request version = client_.ProduceRequest();
  version.set_version(9);
  expect_refused(version, batch);
  protocol::Request acks = client_.ProduceRequest();
  acks.mutable_produce()->set_acks(static_cast<protocol::Acks>(7));
  expect_refused(acks, batch);
  EXPECT_TRUE(client_.Ask(TestClient::KeepAlive(), batch).ok()) << "a payload where none belongs";
  refused += batch.size();
  EXPECT_TRUE(client_.Ask(TestClient::KeepAlive()).ok());
  EXPECT_EQ(client_.credit_granted(), 10'000U + refused);
}

TEST(SessionCredit, GoesToWhoWaitsOnceOthersGiveItBack) {
  ServerOptions options;
  options.credit = {
      .budget_bytes = 4U << 20U, .session_bytes_max = 4U << 20U, .grant_bytes_min = 2U << 20U};
  ServerRig rig(options);
  TestClient first(rig);
  TestClient second(rig);
  TestClient third(rig);
  first.want_credit = second.want_credit = third.want_credit = 2U << 20U;
  first.Hello();
  second.Hello();
  third.Hello();
  EXPECT_EQ(third.credit_granted(), 0U);
  first.want_credit = 0;
  first.Ask(TestClient::KeepAlive());
  EXPECT_EQ(first.credit_granted(), 0U);
  rig.Turn();
  EXPECT_EQ(third.TakeUnasked().size(), 1U);
  EXPECT_EQ(third.credit_granted(), 2U << 20U);
}

// ---- slow peers

TEST_F(SessionTest, AnswersWaitForASlowPeerAndArriveInOrder) {
  client_.Hello();
  transport::InprocFaults faults;
  faults.queue_messages_max = 4;
  rig_.network.SetFaults(faults);
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 30; ++i) {
    ids.push_back(client_.Send(TestClient::KeepAlive()));
    rig_.Turn();
  }
  for (const std::uint64_t id : ids) {
    EXPECT_TRUE(client_.Await(id).ok());
  }
  EXPECT_EQ(rig_.server->session_count(), 1U);
}

TEST_F(SessionTest, APeerThatReadsNothingLosesItsSessionAtTheLimit) {
  client_.Hello();
  transport::InprocFaults faults;
  faults.queue_messages_max = 1;
  rig_.network.SetFaults(faults);
  std::size_t sent = 0;
  while (rig_.server->session_count() == 1 && sent < 1'000) {
    client_.Send(TestClient::KeepAlive());
    rig_.Turn();
    ++sent;
  }
  // One under way, the queue at its limit, and the one that was too much.
  EXPECT_EQ(sent, 1 + kQueuedMessagesMax + 1);
  rig_.network.SetFaults({});
  EXPECT_EQ(client_.Ask(TestClient::KeepAlive()).code(), protocol::NO_SESSION);
}

TEST_F(SessionTest, APeerThatIsGoneLosesItsSessionWithTheNextAnswer) {
  client_.Hello();
  client_.UseTopic("web");
  rig_.engine().commits.Hold();
  client_.Send(client_.ProduceRequest(), PlainBatch({"x"}));
  rig_.Turns(2);
  client_.Reconnect();
  rig_.engine().commits.Release();
  rig_.Turns(3);
  EXPECT_EQ(rig_.server->session_count(), 0U);
}

// ---- the end

TEST_F(SessionTest, AnEndingBrokerTakesNothingNewAndAnswersWhatIsUnderWay) {
  client_.Hello();
  client_.UseTopic("web");
  rig_.engine().commits.Hold();
  const std::uint64_t under_way = client_.Send(client_.ProduceRequest(), PlainBatch({"x"}));
  rig_.Turns(2);
  rig_.server->StartShutdown();
  EXPECT_FALSE(rig_.server->quiet());
  EXPECT_EQ(client_.Ask(client_.ProduceRequest(), PlainBatch({"y"})).code(),
            protocol::SHUTTING_DOWN);
  EXPECT_EQ(client_.Ask(client_.FetchRequest(0)).code(), protocol::SHUTTING_DOWN);
  protocol::Request create;
  create.mutable_create_topic()->set_name("late");
  create.mutable_create_topic()->set_partitions(1);
  EXPECT_EQ(client_.Ask(std::move(create)).code(), protocol::SHUTTING_DOWN);
  TestClient late(rig_);
  EXPECT_EQ(late.Ask(late.HelloRequest()).code(), protocol::SHUTTING_DOWN);
  rig_.engine().commits.Release();
  EXPECT_TRUE(client_.Await(under_way).ok());
  EXPECT_TRUE(rig_.server->quiet());
}

TEST_F(SessionTest, AfterAFailedSyncClientsHearOfIt) {
  client_.Hello();
  client_.UseTopic("web");
  rig_.engine().fs.Add({.kind = file::CallKind::kSync, .path_part = ".log"});
  EXPECT_EQ(client_.Ask(client_.ProduceRequest(), PlainBatch({"x"})).code(),
            protocol::STORAGE_FAILED);
  EXPECT_EQ(client_.Ask(client_.ProduceRequest(), PlainBatch({"y"})).code(),
            protocol::STORAGE_FAILED);
  EXPECT_EQ(client_.Ask(client_.ProduceRequest(protocol::WRITTEN), PlainBatch({"y"})).code(),
            protocol::STORAGE_FAILED);
}

TEST_F(SessionTest, TheLoopSleepsNoLongerThanTheNextThingThatIsDue) {
  client_.Hello();
  client_.UseTopic("web");
  EXPECT_EQ(rig_.server->NextTimeout(rig_.now()), std::chrono::milliseconds{250});
  client_.Send(client_.FetchRequest(0, 100));
  rig_.Turn();
  EXPECT_EQ(rig_.server->NextTimeout(rig_.now()), std::chrono::milliseconds{100});
  rig_.Turn(60);
  EXPECT_EQ(rig_.server->NextTimeout(rig_.now()), std::chrono::milliseconds{40});
  rig_.Turn(60);
  EXPECT_EQ(rig_.server->NextTimeout(rig_.now()), std::chrono::milliseconds{250});
}

}  // namespace
}  // namespace logboom::broker
