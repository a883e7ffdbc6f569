#include "lib/client/snapshot_watch.h"

#include <gtest/gtest.h>

#include "tests/lib/client/fake_broker.h"
#include "tests/lib/client/snapshot_pages.h"

namespace logboom::client {
namespace {

class SnapshotWatchTest : public testing::Test {
 protected:
  SnapshotWatchTest() { broker.hello.set_broker_name("log-1"); }

  // Lets all that was sent arrive, both ways.
  void Pass(std::int64_t ms) {
    time.Pass(ms);
    for (int i = 0; i < 4; ++i) {
      watch.Poll(time.now);
      broker.Step();
    }
    watch.Poll(time.now);
  }

  transport::InprocNetwork network{transport::InprocWait::kReturnsAtOnce};
  FakeBroker broker{network};
  SnapshotAnswers answers{broker};
  FakeTime time;
  SeededRandom random{1};
  SnapshotWatch watch{network.MakeClient(kBrokerAddress), {}, random};
};

TEST_F(SnapshotWatchTest, GivesEachWholeSnapshotOnce) {
  broker.on_asked = std::ref(answers);
  EXPECT_FALSE(watch.identity());
  Pass(0);
  EXPECT_TRUE(watch.connected());
  EXPECT_EQ(watch.identity()->broker_name, "log-1");
  EXPECT_EQ(watch.identity()->address, kBrokerAddress);
  const auto snapshot = watch.Take();
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->time, TimestampMs(1'001));
  EXPECT_EQ(snapshot->topics.size(), 2U);
  EXPECT_FALSE(watch.Take());
  EXPECT_FALSE(watch.last_error());
}

TEST_F(SnapshotWatchTest, TakesOneEachIntervalAndKeepsTheNewest) {
  broker.on_asked = std::ref(answers);
  Pass(0);
  Pass(999);
  EXPECT_EQ(answers.taken, 1U);
  Pass(1);
  EXPECT_EQ(answers.taken, 2U);
  EXPECT_EQ(watch.Take()->time, TimestampMs(1'002));
  EXPECT_FALSE(watch.Take());
}

TEST_F(SnapshotWatchTest, SlowOneIsFollowedAtOnceAndNeverOvertaken) {
  Pass(0);
  const Asked first = broker.Take(protocol::Request::kSnapshot);
  Pass(3'000);
  EXPECT_TRUE(broker.asked.empty());
  broker.Answer(first, SnapshotPage(1, 0));
  Pass(0);
  const Asked second = broker.Take(protocol::Request::kSnapshot);
  EXPECT_EQ(second.request.snapshot().page(), 1U);
  EXPECT_FALSE(watch.Take());
  broker.Answer(second, SnapshotPage(1, 1));
  Pass(0);
  EXPECT_TRUE(watch.Take());
  EXPECT_EQ(broker.Take(protocol::Request::kSnapshot).request.snapshot().snapshot_id(), 0U);
}

TEST_F(SnapshotWatchTest, SnapshotLostWithItsSessionIsTakenAnew) {
  Pass(0);
  broker.Answer(broker.Take(protocol::Request::kSnapshot), SnapshotPage(1, 0));
  Pass(0);
  broker.Refuse(broker.Take(protocol::Request::kSnapshot), protocol::NO_SESSION);
  Pass(0);
  EXPECT_FALSE(watch.connected());
  EXPECT_TRUE(watch.last_error());
  Pass(100);
  const Asked anew = broker.Take(protocol::Request::kSnapshot);
  EXPECT_EQ(anew.request.snapshot().snapshot_id(), 0U);
  EXPECT_EQ(anew.request.snapshot().page(), 0U);
  protocol::Response whole = SnapshotPage(2, 1);
  broker.Answer(anew, whole);
  Pass(0);
  EXPECT_EQ(watch.Take()->topics.size(), 1U);
  EXPECT_FALSE(watch.last_error());
}

TEST_F(SnapshotWatchTest, RefusalIsToldAndTriedAgainAfterTheInterval) {
  Pass(0);
  broker.Refuse(broker.Take(protocol::Request::kSnapshot), protocol::NOT_AUTHORISED, "no");
  Pass(0);
  EXPECT_TRUE(watch.connected());
  EXPECT_EQ(watch.last_error()->code, ErrorCode::kPermission);
  Pass(999);
  EXPECT_TRUE(broker.asked.empty());
  broker.on_asked = std::ref(answers);
  Pass(1);
  EXPECT_TRUE(watch.Take());
  EXPECT_FALSE(watch.last_error());
}

TEST_F(SnapshotWatchTest, SnapshotThatTheBrokerLetGoOfIsTakenAnew) {
  answers.forget_pages = 1;
  broker.on_asked = std::ref(answers);
  Pass(0);
  EXPECT_FALSE(watch.Take());
  Pass(1'000);
  EXPECT_EQ(watch.Take()->time, TimestampMs(1'002));
}

TEST_F(SnapshotWatchTest, BrokerThatNeverAnswersLosesItsSession) {
  Pass(0);
  broker.Take(protocol::Request::kSnapshot);
  for (int second = 0; second < 30; ++second) Pass(1'000);
  Pass(100);
  EXPECT_EQ(broker.hellos.size(), 2U);
  EXPECT_EQ(broker.Take(protocol::Request::kSnapshot).request.snapshot().snapshot_id(), 0U);
}

TEST_F(SnapshotWatchTest, BrokerThatIsNotThereIsTold) {
  network.SetFaults({.unreachable = true});
  Pass(0);
  EXPECT_FALSE(watch.connected());
  EXPECT_EQ(watch.last_error()->code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace logboom::client
