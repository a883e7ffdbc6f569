// Starts in which one call of the file system fails: they say so, or all is as it was.
#include "broker/sources/sources.h"
#include "tests/broker/sources/sources_rig.h"

namespace logboom::broker {
namespace {

enum class End { kKilled, kPowerLost, kStopped, kStoreLost };

class StartErrors : public testing::TestWithParam<End> {
 protected:
  // Several segments, a checkpoint in the middle, and sources that only a side-car knows.
  void SetUp() override {
    rig_.MustOpen();
    rig_.MakeTopic({{"segment.bytes", "1048576"}, {"retention.bytes", "2000000"}});
    rig_.MustProduce({FirstSpanOf(2, 0, 100)});
    for (; end_ < 2'000; end_ += 100) {
      rig_.MustProduce({FirstSpanOf(1, end_, end_ + 100)}, 200'000);
      if (end_ == 1'000) rig_.Checkpoint();
    }
    rig_.Tick(31'000);
    rig_.Settle();
    ASSERT_GT(rig_.engine.State(rig_.where).log_start, Offset{0});
    log_end_ = rig_.engine.State(rig_.where).log_end;
  }
  void Finish() {
    if (GetParam() == End::kPowerLost) return rig_.Crash();
    if (GetParam() == End::kStopped) {
      ASSERT_TRUE(rig_.engine.engine->Close().ok());
    }
    rig_.Kill();
    if (GetParam() == End::kStoreLost) rig_.LoseStore();
  }
  Status Start() {
    RETURN_IF_ERROR(rig_.engine.Open());
    rig_.sources = std::make_unique<Sources>(*rig_.engine.engine);
    ASSIGN_OR_RETURN(rig_.report, rig_.sources->Rebuild(rig_.engine.now()));
    return Ok();
  }
  void ExpectAll() {
    EXPECT_EQ(rig_.DurableOf(1), end_);
    EXPECT_EQ(rig_.DurableOf(2), 100);
    const PartitionState state = rig_.engine.State(rig_.where);
    EXPECT_EQ(state.log_end, log_end_);
    for (Offset from = state.log_start; from < log_end_;) {
      const auto fetched = rig_.engine.engine->Fetch(rig_.where, from, 1U << 20U);
      ASSERT_TRUE(fetched.ok()) << fetched.error().message;
      ASSERT_TRUE(fetched->unreadable.empty()) << fetched->unreadable[0].reason;
      ASSERT_GT(fetched->next_offset, from);
      from = fetched->next_offset;
    }
  }

  SourcesRig rig_;
  std::int64_t end_ = 0;
  Offset log_end_;
};

TEST_P(StartErrors, AreToldOrCostNothing) {
  std::size_t faults = 0;
  int told = 0;
  for (std::uint64_t call = 0;; ++call) {
    ASSERT_NO_FATAL_FAILURE(Finish());
    rig_.engine.fs.Add({.after_calls = call});
    const Status started = Start();
    rig_.engine.fs.Heal();
    const std::vector<file::InjectedFault> all = rig_.engine.fs.faults();
    if (all.size() == faults) break;
    const file::InjectedFault& fault = all.back();
    SCOPED_TRACE(fmt::format("call {}: {} {}", call, file::CallKindName(fault.kind), fault.path));
    faults = all.size();
    if (started.ok()) {
      ASSERT_NO_FATAL_FAILURE(ExpectAll());
    } else {
      ++told;
      EXPECT_NE(started.error().message.find("injected fault"), std::string::npos);
      ASSERT_NO_FATAL_FAILURE(rig_.Kill());
      ASSERT_NO_FATAL_FAILURE(rig_.MustOpen());
      ASSERT_NO_FATAL_FAILURE(ExpectAll());
    }
  }
  EXPECT_GT(told, 10);
}

INSTANTIATE_TEST_SUITE_P(EveryEnd, StartErrors,
                         testing::Values(End::kKilled, End::kPowerLost, End::kStopped,
                                         End::kStoreLost));

}  // namespace
}  // namespace logboom::broker
