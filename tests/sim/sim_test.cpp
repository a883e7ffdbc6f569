// The whole of Logboom on simulated machines, from seeds.
//
//   LOGBOOM_SIM_SEED=N sim_test    runs that seed alone
//   LOGBOOM_SIM_SEEDS=N            so many (default 20)
//   LOGBOOM_SIM_FIRST=N            from this one on (default 1)
//   LOGBOOM_SIM_TRACE=1            prints every event as it happens
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <map>

#include "tests/sim/world.h"

namespace logboom::sim {
namespace {

std::uint64_t NumberFrom(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Totals {
  FaultCounts faults;
  std::int64_t simulated_ms = 0;
  std::uint64_t lines = 0;
  std::uint64_t gaps = 0;
  std::uint64_t batches_read = 0;
  std::uint64_t segments_rewritten = 0;
  std::uint64_t records_compacted = 0;

  void Add(const Outcome& outcome) {
    faults.Add(outcome.faults);
    simulated_ms += outcome.simulated_ms;
    lines += outcome.lines;
    gaps += outcome.gaps;
    batches_read += outcome.batches_read;
    segments_rewritten += outcome.segments_rewritten;
    records_compacted += outcome.records_compacted;
  }
};

void RunOne(std::uint64_t seed, Totals& totals) {
  SCOPED_TRACE(fmt::format("LOGBOOM_SIM_SEED={}", seed));
  const Outcome outcome = RunSeed(seed);
  totals.Add(outcome);
  EXPECT_EQ(outcome.failure, "") << "again: LOGBOOM_SIM_SEED=" << seed
                                 << " sim_test --gtest_filter='Sim.SeedsHoldAllInvariants'";
}

TEST(Sim, SeedsHoldAllInvariants) {
  const bool one = std::getenv("LOGBOOM_SIM_SEED") != nullptr;
  const std::uint64_t first =
      one ? NumberFrom("LOGBOOM_SIM_SEED", 0) : NumberFrom("LOGBOOM_SIM_FIRST", 1);
  const std::uint64_t count = one ? 1 : NumberFrom("LOGBOOM_SIM_SEEDS", 20);
  const auto begin = std::chrono::steady_clock::now();
  Totals totals;
  for (std::uint64_t i = 0; i < count && !HasFailure(); ++i) RunOne(first + i, totals);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  fmt::print("{} seeds from {} in {:.1f} s: {:.1f} simulated hours, {:.0f} a minute\n", count,
             first, took.count(), static_cast<double>(totals.simulated_ms) / 3.6e6,
             static_cast<double>(totals.simulated_ms) / 3.6e6 / took.count() * 60);
  fmt::print(
      "{} lines arrived, {} gaps, {} batches read, {} segments rewritten, {} records compacted\n",
      totals.lines, totals.gaps, totals.batches_read, totals.segments_rewritten,
      totals.records_compacted);
  fmt::print("faults: {}\n", totals.faults.ToString());
}

TEST(Sim, ASeedGivesTheSameRun) {
  for (std::uint64_t seed = 1'000'001; seed < 1'000'006; ++seed) {
    const Outcome first = RunSeed(seed);
    const Outcome second = RunSeed(seed);
    EXPECT_EQ(first.trace_hash, second.trace_hash) << "seed " << seed;
    EXPECT_NE(first.trace_hash, RunSeed(seed + 100).trace_hash);
  }
}

}  // namespace
}  // namespace logboom::sim
