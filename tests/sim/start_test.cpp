// How a broker starts, on the simulator's machine.
#include <gtest/gtest.h>

#include "lib/client/admin.h"
#include "lib/client/producer.h"
#include "tests/sim/sim_broker.h"

namespace logboom::sim {
namespace {

class StartTest : public testing::Test {
 protected:
  StartTest() { broker_.Start(); }

  // Each look at the clock lets the broker work, and a little time pass.
  client::Clock Clock() {
    return [this] {
      if (broker_.up()) broker_.Poll();
      stage_.clocks.Pass(10);
      return broker_.now();
    };
  }
  client::Admin Connection() {
    return client::Admin(stage_.network.MakeClient(kBrokerAddress), {}, Clock(), random_);
  }

  Stage stage_{SimOptions{}};
  SimBroker broker_{stage_};
  SeededRandom random_{1};
};

// The database is of a time when the log was longer: what it says of the group goes back to the
// end of the log. Were somebody served before that is stored, the log could grow past the old
// place, and a crash would bring that place back: the group would pass over records that it never
// read.
TEST_F(StartTest, NobodyIsServedBeforeWhatWasCorrectedIsStored) {
  {
    client::Producer producer(stage_.network.MakeClient(kBrokerAddress), {}, random_,
                              [](const client::Delivery&) {});
    ASSERT_TRUE(
        producer
            .Send("t",
                  {.key = {}, .value = "line", .headers = {}, .partition = {}, .timestamp = {}},
                  broker_.now())
            .ok());
    ASSERT_TRUE(producer.Flush(Clock(), std::chrono::milliseconds{10'000}).ok());
    client::Admin admin = Connection();
    ASSERT_TRUE(admin
                    .ResetOffsets({.group = "g",
                                   .topic = "t",
                                   .partition = {},
                                   .target = {client::ResetTarget::Kind::kLatest, 0},
                                   .mode = client::ResetMode::kExecute})
                    .ok());
    broker_.TakeSnapshot();
    ASSERT_TRUE(admin.DeleteTopic("t").ok());
  }
  broker_.Kill();
  ASSERT_TRUE(broker_.RestoreDatabase());
  broker_.HoldTransactions(true);
  broker_.Start();
  ASSERT_TRUE(broker_.up()) << broker_.last_words();

  client::Admin admin = Connection();
  EXPECT_FALSE(admin.Connect().ok()) << "nothing is answered before the correction is stored";
  broker_.HoldTransactions(false);
  ASSERT_TRUE(admin.Connect().ok());
  const auto group = admin.DescribeGroup("g");
  ASSERT_TRUE(group.ok()) << group.error().message;
  EXPECT_EQ(group->partitions.at(0).committed, Offset(0));
}

}  // namespace
}  // namespace logboom::sim
