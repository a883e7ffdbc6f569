// The clients over real sockets on loopback, in real time.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>

#include "lib/client/admin.h"
#include "lib/client/agent_link.h"
#include "lib/transport/zmq_transport.h"
#include "tests/lib/client/fake_broker.h"

namespace logboom::client {
namespace {

using namespace std::chrono_literals;

Instant Now() {
  const auto ms = [](auto since) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
  };
  return {.wall = TimestampMs(ms(std::chrono::system_clock::now().time_since_epoch())),
          .monotonic = MonotonicMs(ms(std::chrono::steady_clock::now().time_since_epoch()))};
}

// ZeroMQ's thread closes a listener a moment after its socket: the port may be taken for a while.
std::unique_ptr<FakeBroker> StartBroker(const std::string& address) {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (std::chrono::steady_clock::now() < deadline) {
    auto transport = transport::ListenZmq({.address = address});
    if (transport.ok()) return std::make_unique<FakeBroker>(*std::move(transport));
  }
  ADD_FAILURE() << "can't listen on " << address;
  return nullptr;
}

struct Events final : AgentLinkEvents {
  int started = 0;
  int lost = 0;
  void SessionStarted(const AgentSession& /*session*/) override { ++started; }
  void SessionLost(const Error& /*why*/) override { ++lost; }
  void Fenced(const Error& /*why*/) override { ADD_FAILURE() << "fenced"; }
  void AgentIdInUse(const Error& /*why*/) override { ADD_FAILURE() << "in use"; }
};

class ZmqSession : public testing::Test {
 protected:
  static AgentHello Hello() {
    AgentHello hello;
    hello.agent_id = "web-1";
    return hello;
  }
  void Connect() {
    link.emplace(*transport::ConnectZmq(broker->address()), Hello(), events, random);
    link->SetWantedCredit(1'000'000);
  }
  bool Until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (std::chrono::steady_clock::now() < deadline) {
      link->Poll(Now());
      if (broker) broker->Step();
      if (done()) return true;
      link->Wait(2ms, {});
    }
    return false;
  }
  bool Produce() {
    return link->Produce(IdOf('T'), PartitionIndex(0), {},
                         transport::Payload(std::string(100'000, 'x')),
                         [this](const ProduceOutcome&) { ++answered; });
  }

  std::unique_ptr<FakeBroker> broker = StartBroker("tcp://127.0.0.1:0");
  SeededRandom random{1};
  Events events;
  int answered = 0;
  std::optional<AgentLink> link;
};

TEST_F(ZmqSession, AgentProducesThroughRealSockets) {
  Connect();
  broker->on_asked = [this](const Asked& asked) {
    EXPECT_EQ(asked.payload.size(), 100'000U);
    protocol::Response response;
    response.mutable_produce();
    broker->Answer(asked, response);
  };
  ASSERT_TRUE(Until([this] { return link->connected(); }));
  ASSERT_TRUE(Produce());
  EXPECT_TRUE(Until([this] { return answered == 1; }));
}

TEST_F(ZmqSession, BrokerThatIsKilledAndStartedAgainGetsANewHello) {
  Connect();
  ASSERT_TRUE(Until([this] { return link->connected(); }));
  ASSERT_TRUE(Produce());
  const std::string address = broker->address();
  broker.reset();
  broker = StartBroker(address);
  ASSERT_TRUE(broker);
  // Whatever reaches the new broker carries a session that it does not know.
  broker->answers_keep_alive = false;
  ASSERT_TRUE(Until([this] {
    while (!broker->keep_alives.empty()) {
      broker->Refuse(broker->keep_alives.front(), protocol::NO_SESSION);
      broker->keep_alives.pop_front();
    }
    return events.started == 2;
  }));
  EXPECT_EQ(events.lost, 1);
  EXPECT_EQ(answered, 0);
}

TEST_F(ZmqSession, AdminSaysWithinItsTimeoutThatNobodyIsThere) {
  const std::string address = broker->address();
  broker.reset();
  Admin admin(*transport::ConnectZmq(address), {.timeout = 300ms}, Now, random);
  const auto start = std::chrono::steady_clock::now();
  const auto topics = admin.ListTopics();
  ASSERT_FALSE(topics.ok());
  EXPECT_EQ(topics.error().code, ErrorCode::kUnavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

}  // namespace
}  // namespace logboom::client
