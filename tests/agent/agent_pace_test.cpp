// An agent that may take only so much of its machine: what it does not read waits, and nothing is
// lost by it.
#include <gtest/gtest.h>

#include "agent/reading_pace.h"
#include "tests/agent/agent_rig.h"

namespace logboom::agent {
namespace {

constexpr std::int64_t kSecond = 1'000;

TEST(TokenBucket, WithoutARateItIsOpen) {
  TokenBucket bucket(0, 0);
  bucket.Take(1'000'000, MonotonicMs(1));
  EXPECT_TRUE(bucket.Open(MonotonicMs(1)));
  EXPECT_EQ(bucket.opens_at(), MonotonicMs());
}

TEST(TokenBucket, ABurstAndThenTheRate) {
  TokenBucket bucket(100, 100);
  const MonotonicMs start(5'000);
  EXPECT_TRUE(bucket.Open(start));
  bucket.Take(99, start);
  EXPECT_TRUE(bucket.Open(start));
  bucket.Take(1, start);
  EXPECT_FALSE(bucket.Open(start));
  EXPECT_EQ(bucket.opens_at(), start + 1);
  EXPECT_TRUE(bucket.Open(start + 1));
}

TEST(TokenBucket, WhatWasTakenTooMuchIsWaitedFor) {
  TokenBucket bucket(100, 100);
  const MonotonicMs start(5'000);
  bucket.Take(1'100, start);
  EXPECT_FALSE(bucket.Open(start + 10 * kSecond));
  EXPECT_EQ(bucket.opens_at(), start + (10 * kSecond + 1));
  EXPECT_TRUE(bucket.Open(start + (10 * kSecond + 1)));
}

TEST(TokenBucket, ALongRestSavesUpNoMoreThanABurst) {
  TokenBucket bucket(100, 50);
  EXPECT_TRUE(bucket.Open(MonotonicMs(1)));
  const MonotonicMs later(INT64_MAX / 2);
  EXPECT_TRUE(bucket.Open(later));
  bucket.Take(50, later);
  EXPECT_FALSE(bucket.Open(later));
}

TEST(AgentPace, FilesAreReadAsFastAsIsAllowedAndNoFaster) {
  AgentRig rig;
  constexpr std::int64_t kRate = 500'000;
  rig.agent_options.throttle = kRate;
  const std::string written = Lines("a", 0, 150'000);
  rig.Append("/log/a.log", written);
  rig.Start();
  for (std::int64_t second = 1; second <= 8; ++second) {
    rig.Run(kSecond);
    const auto read = static_cast<std::int64_t>(rig.agent->Totals().counters.bytes_read);
    EXPECT_LE(read, kRate * (second + 1) + static_cast<std::int64_t>(kReadBytes));
    EXPECT_GE(read, kRate * (second - 1));
  }
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), written));
}

TEST(AgentPace, WhileItWaitsItSleeps) {
  AgentRig rig;
  rig.agent_options.throttle = 100'000;
  rig.Append("/log/a.log", Lines("a", 0, 100'000));
  rig.Start();
  rig.Run(kSecond);
  int awake = 0;
  for (int tick = 0; tick < 500; ++tick) {
    rig.Tick();
    if (rig.agent->UntilDue(rig.now).count() == 0) ++awake;
  }
  EXPECT_LT(awake, 20);
}

TEST(AgentPace, TopicsTakeTurnsWithWhatMayBeRead) {
  AgentRig rig;
  rig.agent_options.throttle = 200'000;
  InputOptions other = AgentRig::Input({"/log/*.txt"});
  other.name = "other";
  other.topic = "other";
  rig.agent_options.inputs.push_back(other);
  rig.Append("/log/a.log", Lines("a", 0, 200'000));
  rig.Append("/log/b.txt", Lines("b", 0, 200'000));
  rig.Start();
  rig.Run(25 * kSecond);
  const auto a = rig.BytesOf("/log/a.log").size();
  const auto b = rig.BytesOf("/log/b.txt", "other").size();
  EXPECT_GE(a, 2'000'000U);
  EXPECT_GE(b, 2'000'000U);
}

TEST(AgentPace, AnInputWithARateOfItsOwnHoldsNobodyUp) {
  AgentRig rig;
  InputOptions other = AgentRig::Input({"/log/*.txt"});
  other.name = "other";
  rig.agent_options.inputs.push_back(other);
  rig.agent_options.inputs[0].throttle = 100'000;
  rig.Append("/log/a.log", Lines("a", 0, 100'000));
  rig.Append("/log/b.txt", Lines("b", 0, 100'000));
  rig.Start();
  rig.Run(5 * kSecond);
  EXPECT_EQ(rig.StateOf("/log/a.log"), "reading");
  EXPECT_LE(rig.BytesOf("/log/a.log").size(), 600'000U + kReadBytes);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/b.txt"), Lines("b", 0, 100'000)));
  EXPECT_GT(rig.agent->UntilDue(rig.now).count(), 0);
}

TEST(AgentPace, ReadingRestsWhereTheProcessTookItsShareOfTheCpu) {
  AgentRig rig;
  rig.agent_options.cpu_max_percent = 10;
  // A byte takes a tenth of a microsecond: 100 ms of CPU are a megabyte.
  rig.cpu_time = [&rig] {
    return std::chrono::microseconds(rig.agent->Totals().counters.bytes_read / 10);
  };
  const std::string written = Lines("a", 0, 200'000);
  rig.Append("/log/a.log", written);
  rig.Start();
  rig.Run(3 * kSecond);
  const std::uint64_t read = rig.agent->Totals().counters.bytes_read;
  EXPECT_GE(read, 2'000'000U);
  // Beside the share: what was saved up, and the step that was one too many.
  EXPECT_LE(read, 3'000'000U + 100'000U + kReadBytes * kBatchesPerStepMax);
  EXPECT_GT(rig.agent->UntilDue(rig.now).count(), 0);
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), written));
}

// As a daemon drives it: nobody calls before it is due.
TEST(AgentPace, ItIsDueAgainAsSoonAsItMayRead) {
  AgentRig rig;
  rig.agent_options.cpu_max_percent = 10;
  rig.cpu_time = [&rig] {
    return std::chrono::microseconds(rig.agent->Totals().counters.bytes_read / 250);
  };
  const std::string written = Lines("a", 0, 690'000);
  rig.Append("/log/a.log", written);
  rig.Start();
  const MonotonicMs start = rig.now.monotonic;
  while (rig.agent->Totals().counters.bytes_acked < written.size()) {
    rig.Tick(std::clamp<std::int64_t>(rig.agent->UntilDue(rig.now).count(), 1, kSecond));
    for (int answers = 0; answers < 4; ++answers) rig.Tick(0);
    ASSERT_LT(rig.now.monotonic - start, 10 * kSecond);
  }
  // 80 ms of CPU, a tenth of the time.
  EXPECT_LT(rig.now.monotonic - start, 2 * kSecond);
}

TEST(AgentPace, AProcessThatIsTooLargeSendsOneBatchAtATimeAndSaysSoOnce) {
  AgentRig rig;
  rig.agent_options.memory_max = kMemoryMaxMin;
  std::uint64_t memory = static_cast<std::uint64_t>(kMemoryMaxMin) + 1;
  rig.memory_bytes = [&memory] { return memory; };
  rig.broker.syncs_by_itself = false;
  const std::string written = Lines("a", 0, 200'000);
  rig.Append("/log/a.log", written);
  rig.Start();
  rig.Run(3 * kSecond);
  EXPECT_EQ(rig.broker.produces(), 1U);
  EXPECT_GT(rig.agent->UntilDue(rig.now).count(), 0);
  rig.broker.Sync();
  rig.Run(3 * kSecond);
  EXPECT_EQ(rig.broker.produces(), 2U);
  memory = static_cast<std::uint64_t>(kMemoryMaxMin);
  rig.Run(3 * kSecond);
  EXPECT_GT(rig.broker.produces(), 3U);
  rig.broker.syncs_by_itself = true;
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), written));
  const auto said = std::count_if(rig.notices.begin(), rig.notices.end(), [](const Notice& notice) {
    return notice.text.find("agent.memory_max") != std::string::npos;
  });
  EXPECT_EQ(said, 1);
}

TEST(AgentPace, WhatBatchesTookIsGivenBackOnceThereIsNothingToDo) {
  AgentRig rig;
  std::string written = Lines("a", 0, 1'000);
  rig.Append("/log/a.log", written);
  rig.Start();
  rig.Run(3 * kSecond);
  rig.memory_returns = 0;
  // Lines come, and so do reports; no rest is long enough.
  for (int lines = 0; lines < 30; ++lines) {
    const std::string more = Lines("b", lines, lines + 1);
    written += more;
    rig.Append("/log/a.log", more);
    rig.Run(kRestAfter.count() / 10);
  }
  EXPECT_EQ(rig.memory_returns, 0);
  rig.Run(kRestAfter.count() + kSecond);
  EXPECT_EQ(rig.memory_returns, 1);
  // A report of ten thousand files takes much, and comes now and then.
  rig.Run(3 * kQuietReportInterval.count());
  EXPECT_EQ(rig.memory_returns, 1 + 3);
  const std::string more = Lines("c", 0, 1'000);
  written += more;
  rig.Append("/log/a.log", more);
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), written));
}

}  // namespace
}  // namespace logboom::agent
