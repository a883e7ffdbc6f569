#include "lib/daemon/process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "lib/daemon/clock.h"

namespace logboom::daemon {
namespace {

TEST(Process, UsageIsPlausible) {
  const ProcessUsage usage = ReadProcessUsage();
  EXPECT_GT(usage.resident_bytes, 100'000U);
  EXPECT_GE(usage.virtual_bytes, usage.resident_bytes);
  EXPECT_GE(usage.threads, 1U);
  EXPECT_GE(usage.open_descriptors, 3U);
  EXPECT_GE(usage.descriptors_max, usage.open_descriptors);
  EXPECT_GT(ResidentBytes(), 100'000U);
}

TEST(Process, FactsOfThisMachine) {
  EXPECT_EQ(ProcessNumber(), getpid());
  EXPECT_FALSE(HostName().empty());
  EXPECT_EQ(BootId().size(), 36U);
  EXPECT_EQ(BootId(), BootId());
  EXPECT_EQ(ProcessIdentity(), ProcessIdentity());
  EXPECT_TRUE(ProcessIdentity().starts_with(std::to_string(getpid()) + "-"));
}

TEST(Process, CpuTimeRises) {
  const auto before = CpuTime();
  EXPECT_GT(before.count(), 0);
  while (CpuTime() == before) {
  }
  EXPECT_GT(CpuTime(), before);
}

TEST(Process, DescriptorLimitNeverFalls) {
  const auto before = ReadProcessUsage().descriptors_max;
  EXPECT_GE(RaiseDescriptorLimit(), before);
}

TEST(Clock, BothClocksRun) {
  const Instant first = Now();
  const Instant second = Now();
  EXPECT_GT(first.wall, TimestampMs(1'600'000'000'000));
  EXPECT_GE(second.monotonic, first.monotonic);
}

}  // namespace
}  // namespace logboom::daemon
