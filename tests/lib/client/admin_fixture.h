// An Admin and a fake broker that answers what the test says.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "lib/client/admin.h"
#include "tests/lib/client/fake_broker.h"

namespace logboom::client {

class AdminTest : public testing::Test {
 protected:
  AdminTest() {
    broker.hello.set_broker_name("log-1");
    broker.hello.set_program_version("0.1.0");
    broker.hello.set_cluster_id(IdBytes('C'));
  }

  // Each look at the clock lets the broker work and a little time pass.
  Instant Now() {
    broker.Step();
    time.Pass(50);
    return time.now;
  }

  void Always(const protocol::Response& response) {
    broker.on_asked = [this, response](const Asked& asked) {
      last = asked.request;
      ++asked_count;
      broker.Answer(asked, response);
    };
  }
  void AlwaysRefuse(protocol::ErrorCode code, const std::string& message) {
    broker.on_asked = [this, code, message](const Asked& asked) {
      ++asked_count;
      broker.Refuse(asked, code, message);
    };
  }

  transport::InprocNetwork network{transport::InprocWait::kReturnsAtOnce};
  FakeBroker broker{network};
  FakeTime time;
  SeededRandom random{1};
  protocol::Request last;
  int asked_count = 0;
  Admin admin{network.MakeClient(kBrokerAddress),
              {.identity = {.program = "logboom", .program_version = "0.1.0"}},
              [this] { return Now(); },
              random};
};

}  // namespace logboom::client
