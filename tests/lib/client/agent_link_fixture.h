// An agent's link between a fake agent and a fake broker, and a clock that a test moves by hand.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/client/agent_link.h"
#include "tests/lib/client/fake_broker.h"
#include "tests/lib/client/waits.h"

namespace logboom::client {

inline const Uuid kTopic = IdOf('T');
inline constexpr PartitionIndex kPartition{3};

struct Events final : AgentLinkEvents {
  std::vector<AgentSession> started;
  std::vector<Error> lost;
  std::vector<Error> fenced;
  std::vector<Error> in_use;
  void SessionStarted(const AgentSession& session) override { started.push_back(session); }
  void SessionLost(const Error& why) override { lost.push_back(why); }
  void Fenced(const Error& why) override { fenced.push_back(why); }
  void AgentIdInUse(const Error& why) override { in_use.push_back(why); }
};

class AgentLinkTest : public testing::Test {
 protected:
  AgentLinkTest() {
    broker.hello.set_broker_name("log-1");
    broker.hello.set_agent_epoch(7);
    broker.hello.set_cluster_id(IdBytes('C'));
    broker.hello.set_batch_bytes_max(1'000'000);
    link.SetWantedCredit(1'000'000);
  }

  static AgentHello Hello() {
    return {.agent_id = "web-1",
            .host = "web-1.example.com",
            .boot_id = "boot",
            .process_id = "42",
            .topics = {"web"},
            .labels = {{"env", "prod"}},
            .program_version = "0.1.0"};
  }

  void Poll() { link.Poll(time.now); }
  void Pass(std::int64_t ms) {
    time.Pass(ms);
    Poll();
    broker.Step();
    Poll();
  }
  void Connect() {
    Pass(0);
    ASSERT_TRUE(link.connected());
  }

  bool Produce(const std::string& batch, std::vector<ProduceSpan> spans = {}) {
    return link.Produce(kTopic, kPartition, spans, transport::Payload(batch),
                        [this](ProduceOutcome outcome) { outcomes.push_back(std::move(outcome)); });
  }

  static protocol::Response Durable() {
    protocol::Response response;
    response.mutable_produce()->set_base_offset(5);
    return response;
  }

  void List(bool with_final = false) {
    link.ListSources(kTopic, with_final, [this](Result<std::vector<KnownSource>> sources) {
      listings.push_back(std::move(sources));
    });
  }

  transport::InprocNetwork network{transport::InprocWait::kReturnsAtOnce};
  FakeBroker broker{network};
  FakeTime time;
  SeededRandom random{1};
  Events events;
  Waits waits;
  AgentLink link{std::make_unique<NotedTransport>(network.MakeClient(kBrokerAddress), waits),
                 Hello(), events, random};
  std::vector<ProduceOutcome> outcomes;
  std::vector<Result<std::vector<KnownSource>>> listings;
};

}  // namespace logboom::client
