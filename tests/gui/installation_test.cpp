#include "gui/core/installation.h"

#include <gtest/gtest.h>

#include "gui/core/attention.h"
#include "gui/core/limits.h"
#include "tests/gui/installations.h"

namespace logboom::gui {
namespace {

constexpr const char* kAddress = "tcp://10.0.0.11:19550";
const Error kRefused{ErrorCode::kUnavailable, "connection refused"};

LinkState LinkOf(Installation& installation, Instant now) {
  return installation.MakeFrame(now)->brokers[0].link;
}

TEST(Installation, IsPatientWithABrokerThatHasNotAnsweredYet) {
  Installation installation({kAddress});
  installation.SetConnection(0, false, {}, TestTime());
  installation.SetConnection(0, false, kRefused, TestTime(kConnectPatience.count() - 1));
  EXPECT_EQ(LinkOf(installation, TestTime()), LinkState::kConnecting);
  installation.SetConnection(0, false, kRefused, TestTime(kConnectPatience.count()));
  const auto frame = installation.MakeFrame(TestTime());
  EXPECT_EQ(frame->brokers[0].link, LinkState::kDown);
  EXPECT_EQ(frame->brokers[0].trouble, "connection refused");
  EXPECT_FALSE(frame->AnythingHeard());
}

TEST(Installation, ARefusalIsToldAtOnce) {
  Installation installation({kAddress});
  installation.SetConnection(0, false, Error{ErrorCode::kPermission, "no key"}, TestTime());
  EXPECT_EQ(LinkOf(installation, TestTime()), LinkState::kDown);
}

TEST(Installation, ALostBrokerIsDownAfterAMomentAndKeepsWhatWasKnown) {
  Installation installation({kAddress});
  installation.TakeSnapshot(0, BusySnapshot("log-a", TestTime(), 0), TestTime());
  installation.SetConnection(0, false, kRefused, TestTime(10));
  EXPECT_EQ(LinkOf(installation, TestTime(10)), LinkState::kUp);
  installation.SetConnection(0, false, kRefused, TestTime(10 + kLostPatience.count()));
  const auto frame = installation.MakeFrame(TestTime(2'000));
  EXPECT_EQ(frame->brokers[0].link, LinkState::kDown);
  EXPECT_EQ(frame->tables->topics.size(), 12U);
  EXPECT_TRUE(frame->tables->topics[0].stale);
  EXPECT_EQ(frame->totals.records_per_second, 0) << "nobody knows how fast it is now";

  installation.TakeSnapshot(0, BusySnapshot("log-a", TestTime(3'000), 3), TestTime(3'000));
  EXPECT_EQ(LinkOf(installation, TestTime(3'000)), LinkState::kUp);
}

TEST(Installation, AConnectedBrokerThatStopsAnsweringIsDown) {
  Installation installation({kAddress});
  installation.SetConnection(0, true, {}, TestTime());
  installation.TakeSnapshot(0, EmptySnapshot("log-a", TestTime()), TestTime());
  installation.SetConnection(0, true, {}, TestTime(kSilencePatience.count() - 1));
  EXPECT_EQ(LinkOf(installation, TestTime()), LinkState::kUp);
  installation.SetConnection(0, true, {}, TestTime(kSilencePatience.count()));
  EXPECT_EQ(LinkOf(installation, TestTime()), LinkState::kDown);
}

TEST(Installation, AConnectedBrokerThatGivesNoSnapshotSaysWhy) {
  Installation installation({kAddress});
  installation.SetConnection(0, true, Error{ErrorCode::kUnsupported, "no snapshots here"},
                             TestTime());
  const auto frame = installation.MakeFrame(TestTime());
  EXPECT_EQ(frame->brokers[0].trouble, "no snapshots here");
}

TEST(Installation, RetryingBeginsWithPatienceAgain) {
  Installation installation({kAddress});
  installation.SetConnection(0, false, {}, TestTime());
  installation.SetConnection(0, false, {}, TestTime(60'000));
  EXPECT_EQ(LinkOf(installation, TestTime(60'000)), LinkState::kDown);
  installation.Retry(0, TestTime(60'000));
  installation.SetConnection(0, false, {}, TestTime(60'100));
  EXPECT_EQ(LinkOf(installation, TestTime(60'100)), LinkState::kConnecting);
}

TEST(Installation, TwoBrokersOfOneNameGoByTheirAddresses) {
  Installation installation({"tcp://a:1", "tcp://b:1", "tcp://c:1"});
  installation.TakeSnapshot(0, EmptySnapshot("same", TestTime()), TestTime());
  EXPECT_EQ(installation.MakeFrame(TestTime())->brokers[0].name, "same");
  installation.TakeSnapshot(1, EmptySnapshot("same", TestTime()), TestTime());
  installation.TakeSnapshot(2, EmptySnapshot("other", TestTime()), TestTime());
  const auto frame = installation.MakeFrame(TestTime());
  EXPECT_EQ(frame->brokers[0].name, "tcp://a:1");
  EXPECT_EQ(frame->brokers[1].name, "tcp://b:1");
  EXPECT_EQ(frame->brokers[2].name, "other");
}

TEST(Installation, TimesOfABrokerWhoseClockIsWrongAreOnOurs) {
  Installation installation({kAddress});
  const Instant theirs = TestTime(-3'600'000);
  installation.TakeSnapshot(0, BusySnapshot("log-a", theirs, 0), TestTime());
  const auto frame = installation.MakeFrame(TestTime());
  EXPECT_EQ(frame->tables->topics[0].last_append, TestTime().wall - 120);
}

TEST(Installation, RatesComeFromSuccessiveSnapshots) {
  Installation installation({kAddress});
  installation.TakeSnapshot(0, BusySnapshot("log-a", TestTime(), 0), TestTime());
  EXPECT_FALSE(installation.MakeFrame(TestTime())->tables->topics[0].records_per_second);
  installation.TakeSnapshot(0, BusySnapshot("log-a", TestTime(1'000), 1), TestTime(1'000));
  const auto frame = installation.MakeFrame(TestTime(1'000));
  EXPECT_NEAR(frame->tables->topics[0].records_per_second.value_or(0), 3'912, 6);
}

TEST(Installation, NothingIsDrawnWhileNobodyAnswers) {
  LivedInstallation lived(1);
  const std::size_t points = lived.frame()->histories->records_per_second.points().size();
  lived.Live(30, 0);
  EXPECT_LE(lived.frame()->histories->records_per_second.points().size(), points + 1);
}

TEST(Attention, WorstFirstAndTheSilentLeftOut) {
  LivedInstallation lived(2);
  lived.Live(10, 1);
  const auto rows = FindAttention(*lived.frame());
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_EQ(rows[0].name, "log-b");
  EXPECT_EQ(rows[0].message, "connection refused");
  EXPECT_EQ(rows[1].name, "billing-etl");
  EXPECT_EQ(rows[2].message, "not connected");
  EXPECT_EQ(rows[3].name, "fraud");
  EXPECT_EQ(rows[4].message, "3 errors: /var/log/app/current: permission denied");
}

}  // namespace
}  // namespace logboom::gui
