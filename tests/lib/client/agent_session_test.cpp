// How a session begins, lives and ends, as an agent sees it.
#include <random>

#include "tests/lib/client/agent_link_fixture.h"

namespace logboom::client {
namespace {

TEST_F(AgentLinkTest, NoSessionForgetsEverythingAndSaysHelloAgain) {
  Connect();
  ASSERT_TRUE(Produce("one"));
  ASSERT_TRUE(Produce("two"));
  const Asked one = broker.Take(protocol::Request::kProduce);
  const Asked two = broker.Take(protocol::Request::kProduce);
  broker.Refuse(one, protocol::NO_SESSION);
  Poll();
  EXPECT_FALSE(link.connected());
  ASSERT_EQ(events.lost.size(), 1U);
  EXPECT_EQ(link.credit_bytes(), 0U);

  // The first retry comes within 0.1 s.
  Pass(100);
  Pass(0);
  EXPECT_TRUE(link.connected());
  EXPECT_EQ(events.started.size(), 2U);
  EXPECT_EQ(link.credit_bytes(), 1U << 20U);

  // A late answer of the old session: to nobody, and its credit is not the new session's.
  protocol::Response late = Durable();
  late.set_credit_granted_bytes(1U << 30U);
  broker.Answer(two, late);
  Poll();
  EXPECT_TRUE(outcomes.empty());
  EXPECT_EQ(link.credit_bytes(), 1U << 20U);
}

TEST_F(AgentLinkTest, ErrorsThatEndTheSessionDoSo) {
  for (const auto code : {protocol::CREDIT_EXCEEDED, protocol::SHUTTING_DOWN,
                          protocol::STORAGE_FAILED, protocol::NOT_PRIMARY}) {
    while (!link.connected()) Pass(30'000);
    const auto lost = events.lost.size();
    ASSERT_TRUE(Produce("batch"));
    broker.Refuse(broker.Take(protocol::Request::kProduce), code);
    Poll();
    EXPECT_FALSE(link.connected()) << code;
    EXPECT_EQ(events.lost.size(), lost + 1);
    EXPECT_TRUE(outcomes.empty());
  }
}

TEST_F(AgentLinkTest, AGoodbyeGoesBehindTheLastReportAndIsTheEnd) {
  Connect();
  link.Report(AgentReport());
  EXPECT_FALSE(link.SayGoodbye());
  EXPECT_FALSE(link.SayGoodbye());
  broker.Take(protocol::Request::kAgentReport);
  const Asked goodbye = broker.Take(protocol::Request::kGoodbye);
  EXPECT_TRUE(broker.asked.empty()) << "it is said once";
  protocol::Response response;
  response.mutable_goodbye();
  broker.Answer(goodbye, response);
  Poll();
  EXPECT_TRUE(link.SayGoodbye());
  EXPECT_FALSE(link.connected());
  const auto hellos = broker.hellos.size();
  Pass(60'000);
  EXPECT_EQ(broker.hellos.size(), hellos);
  EXPECT_TRUE(events.lost.empty());
}

TEST_F(AgentLinkTest, WithoutASessionThereIsNobodyToSayGoodbyeTo) {
  EXPECT_TRUE(link.SayGoodbye());
  Pass(60'000);
  EXPECT_TRUE(broker.hellos.empty());
}

TEST_F(AgentLinkTest, ASessionThatEndsUnderAGoodbyeIsGoodEnough) {
  Connect();
  EXPECT_FALSE(link.SayGoodbye());
  broker.Refuse(broker.Take(protocol::Request::kGoodbye), protocol::NO_SESSION);
  Poll();
  EXPECT_TRUE(link.SayGoodbye());
  EXPECT_TRUE(events.lost.empty());
}

TEST_F(AgentLinkTest, LostConnectionIsFoundByTheNextKeepAlive) {
  Connect();
  ASSERT_TRUE(Produce("vanishes"));
  network.Cut(kBrokerAddress);
  time.Pass(5'000);
  Poll();
  broker.answers_keep_alive = false;
  broker.Step();
  ASSERT_EQ(broker.keep_alives.size(), 1U);
  broker.Refuse(broker.keep_alives[0], protocol::NO_SESSION);
  Poll();
  EXPECT_FALSE(link.connected());
  EXPECT_EQ(events.lost.size(), 1U);
}

TEST_F(AgentLinkTest, QuietSessionIsKeptAliveEveryFiveSeconds) {
  Connect();
  Pass(4'999);
  EXPECT_EQ(broker.keep_alives.size(), 0U);
  Pass(1);
  EXPECT_EQ(broker.keep_alives.size(), 1U);
  Pass(4'999);
  EXPECT_EQ(broker.keep_alives.size(), 1U);
  Pass(1);
  EXPECT_EQ(broker.keep_alives.size(), 2U);
  EXPECT_TRUE(link.connected());
}

TEST_F(AgentLinkTest, SilentBrokerIsGivenUpAfterFifteenSeconds) {
  Connect();
  network.SetFaults({.black_hole = true});
  // The first keep-alive is the first that deserved an answer.
  Pass(5'000);
  for (int i = 0; i < 14; ++i) Pass(1'000);
  EXPECT_TRUE(link.connected());
  Pass(1'000);
  EXPECT_FALSE(link.connected());
  ASSERT_EQ(events.lost.size(), 1U);
  EXPECT_EQ(events.lost[0].code, ErrorCode::kTimeout);

  network.SetFaults({});
  Pass(100);
  Pass(0);
  EXPECT_TRUE(link.connected());
}

TEST_F(AgentLinkTest, APauseOfTheAgentItselfIsNotTheBrokersSilence) {
  Connect();
  Pass(60'000);
  Pass(0);
  EXPECT_TRUE(link.connected());
  EXPECT_TRUE(events.lost.empty());
}

// A broker that is killed with a hello in its hands comes back on a connection that looks the same.
TEST_F(AgentLinkTest, UnansweredHelloIsSaidAgainAfterASecondAndTwiceAsLongEachTime) {
  broker.answers_hello = false;
  Pass(0);
  ASSERT_EQ(broker.hellos.size(), 1U);
  for (const std::int64_t pause_ms : {1'000, 2'000, 4'000}) {
    const std::size_t said = broker.hellos.size();
    Pass(pause_ms - 1);
    EXPECT_EQ(broker.hellos.size(), said);
    Pass(1);
    EXPECT_EQ(broker.hellos.size(), said + 1);
    EXPECT_EQ(broker.hellos.back().peer.key, broker.hellos.front().peer.key);
  }
  // Only the newest one's answer names the session that stands.
  broker.AcceptHello(broker.hellos[0]);
  Poll();
  EXPECT_FALSE(link.connected());
  broker.AcceptHello(broker.hellos.back());
  Poll();
  EXPECT_TRUE(link.connected());
  EXPECT_EQ(events.started.size(), 1U);
}

TEST_F(AgentLinkTest, BrokerThatTakesTenSecondsForAHelloIsConnectedToAllTheSame) {
  broker.answers_hello = false;
  std::deque<std::pair<int, Asked>> under_way;  // with the second at which it is answered
  for (int second = 0; second < 120 && !link.connected(); ++second) {
    while (!under_way.empty() && under_way.front().first <= second) {
      broker.AcceptHello(under_way.front().second);
      under_way.pop_front();
    }
    const std::size_t said = broker.hellos.size();
    Pass(1'000);
    if (broker.hellos.size() > said) under_way.emplace_back(second + 10, broker.hellos.back());
  }
  EXPECT_TRUE(link.connected());
}

TEST_F(AgentLinkTest, UnansweredHelloIsSaidOnANewConnectionAfterFifteenSeconds) {
  broker.answers_hello = false;
  Pass(0);
  Pass(14'999);
  const std::size_t said = broker.hellos.size();
  broker.answers_hello = true;
  Pass(1);
  Pass(100);
  Pass(0);
  ASSERT_EQ(broker.hellos.size(), said + 1);
  EXPECT_NE(broker.hellos[0].peer.key, broker.hellos.back().peer.key);
  EXPECT_TRUE(link.connected());

  // The answer to the first one, much too late.
  broker.AcceptHello(broker.hellos[0]);
  Poll();
  EXPECT_EQ(events.started.size(), 1U);
}

TEST_F(AgentLinkTest, ASessionThatAwaitsAnAnswerAsksEverySecondWhetherItStands) {
  Connect();
  ASSERT_TRUE(Produce("batch"));
  Pass(999);
  EXPECT_EQ(broker.keep_alives.size(), 0U);
  Pass(1);
  EXPECT_EQ(broker.keep_alives.size(), 1U);
  Pass(1'000);
  EXPECT_EQ(broker.keep_alives.size(), 2U);
  broker.Answer(broker.Take(protocol::Request::kProduce), Durable());
  Poll();
  Pass(4'999);
  EXPECT_EQ(broker.keep_alives.size(), 2U);
  EXPECT_TRUE(link.connected());
}

TEST_F(AgentLinkTest, UnreachableBrokerIsTriedUntilItIsThere) {
  network.SetFaults({.unreachable = true});
  for (int i = 0; i < 50; ++i) Pass(1'000);
  EXPECT_FALSE(link.connected());
  network.SetFaults({});
  Pass(100);
  EXPECT_TRUE(link.connected());
  EXPECT_TRUE(events.lost.empty());
}

TEST_F(AgentLinkTest, FencedEndsTheLinkForGood) {
  Connect();
  ASSERT_TRUE(Produce("batch"));
  List();
  broker.Refuse(broker.Take(protocol::Request::kProduce), protocol::FENCED, "by process 43");
  Poll();
  ASSERT_EQ(events.fenced.size(), 1U);
  EXPECT_NE(events.fenced[0].message.find("by process 43"), std::string::npos);
  EXPECT_FALSE(link.connected());
  EXPECT_TRUE(outcomes.empty());
  ASSERT_EQ(listings.size(), 1U);
  EXPECT_FALSE(listings[0].ok());
  for (int i = 0; i < 10; ++i) Pass(30'000);
  EXPECT_EQ(broker.hellos.size(), 1U);
  EXPECT_EQ(events.fenced.size(), 1U);
}

TEST_F(AgentLinkTest, FencedUnaskedEndsTheLinkToo) {
  Connect();
  protocol::Response fenced;
  *fenced.mutable_error() = protocol::MakeError(protocol::FENCED, "by process 43");
  broker.Send(broker.hellos[0].peer, fenced);
  Poll();
  EXPECT_EQ(events.fenced.size(), 1U);
}

TEST_F(AgentLinkTest, FencedOfAnOldSessionIsALateAnswer) {
  Connect();
  ASSERT_TRUE(Produce("old"));
  const Asked old = broker.Take(protocol::Request::kProduce);
  link.SetTopics({"web", "db"});
  Pass(0);
  Pass(0);
  ASSERT_EQ(events.started.size(), 2U);
  broker.Refuse(old, protocol::FENCED);
  Poll();
  EXPECT_TRUE(events.fenced.empty());
  EXPECT_TRUE(link.connected());
}

TEST_F(AgentLinkTest, FencedHelloEndsTheLink) {
  broker.refusal = protocol::MakeError(protocol::FENCED, "a newer process holds the id");
  Pass(0);
  EXPECT_EQ(events.fenced.size(), 1U);
}

TEST_F(AgentLinkTest, IdInUseIsToldAndHelloSaidEveryFiveSeconds) {
  broker.refusal = protocol::MakeError(protocol::AGENT_ID_IN_USE, "also runs on web-2");
  Pass(0);
  ASSERT_EQ(events.in_use.size(), 1U);
  EXPECT_NE(events.in_use[0].message.find("web-2"), std::string::npos);
  EXPECT_FALSE(Produce("batch"));
  Pass(4'999);
  EXPECT_EQ(broker.hellos.size(), 1U);
  Pass(1);
  EXPECT_EQ(broker.hellos.size(), 2U);
  broker.refusal.reset();
  Pass(5'000);
  Pass(0);
  EXPECT_TRUE(link.connected());
  EXPECT_TRUE(events.lost.empty());
}

TEST_F(AgentLinkTest, NewTopicsAreSaidInANewHelloAtOnce) {
  Connect();
  link.SetTopics({"web", "db"});
  Pass(0);
  Pass(0);
  ASSERT_EQ(broker.hellos.size(), 2U);
  EXPECT_EQ(broker.hellos[1].request.hello().agent().topics_size(), 2);
  EXPECT_EQ(events.lost.size(), 1U);
  EXPECT_EQ(events.started.size(), 2U);
  link.SetTopics({"web", "db"});
  Pass(0);
  EXPECT_EQ(broker.hellos.size(), 2U);
}

TEST_F(AgentLinkTest, NonsenseFromTheBrokerIsIgnored) {
  Connect();
  protocol::Response response;
  response.set_request_id(999);
  broker.Send(broker.hellos[0].peer, response);
  ASSERT_TRUE(Produce("batch"));
  broker.Answer(broker.Take(protocol::Request::kProduce), Durable());
  Poll();
  EXPECT_EQ(outcomes.size(), 1U);
}

TEST_F(AgentLinkTest, ApiThatTheBrokerLacksIsRefusedHere) {
  auto& api = *broker.hello.add_apis();
  api.set_api(protocol::Request::kProduce);
  api.set_min(2);
  api.set_max(3);
  Connect();
  ASSERT_TRUE(Produce("batch"));
  Pass(0);
  EXPECT_TRUE(broker.asked.empty());
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].kind, ProduceOutcome::Kind::kRefused);
  EXPECT_EQ(outcomes[0].error->code, ErrorCode::kUnsupported);
}

// Whatever the network does, each produce is answered at most once, and none on behalf of another
// session.
TEST_F(AgentLinkTest, SurvivesARandomNetwork) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  SeededRandom dice(seed);
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  for (int i = 0; i < 3'000; ++i) {
    Poll();
    if (dice.Below(3) == 0 &&
        link.Produce(kTopic, kPartition, {}, transport::Payload(std::string("x")),
                     [&, epoch = events.started.size()](const ProduceOutcome&) {
                       EXPECT_EQ(epoch, events.started.size());
                       ++answered;
                     })) {
      ++sent;
    }
    broker.Step();
    if (!broker.asked.empty() && dice.Below(2) == 0) {
      const Asked asked = broker.Take(protocol::Request::kProduce);
      if (asked.request.session() == broker.session()) {
        broker.Answer(asked, Durable());
      } else {
        broker.Refuse(asked, protocol::NO_SESSION);
      }
    }
    if (dice.Below(50) == 0) network.Cut(kBrokerAddress);
    network.SetFaults({.unreachable = dice.Below(20) == 0, .black_hole = dice.Below(20) == 0});
    time.Pass(static_cast<std::int64_t>(dice.Below(1'000)));
  }
  network.SetFaults({});
  for (int i = 0; i < 100 && !link.connected(); ++i) Pass(30'000);
  EXPECT_TRUE(link.connected());
  EXPECT_GT(answered, 0U);
  EXPECT_LE(answered, sent);
}

}  // namespace
}  // namespace logboom::client
