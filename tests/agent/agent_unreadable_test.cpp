// Files that can't be opened for a while: no permission, or no descriptor left.
#include <gtest/gtest.h>

#include "tests/agent/agent_rig.h"

namespace logboom::agent {
namespace {

struct Case {
  ErrorCode code = ErrorCode::kPermission;
  bool state_lost = false;
};

class AgentUnreadable : public testing::TestWithParam<Case> {
 protected:
  void Restart() {
    rig.Kill();
    if (GetParam().state_lost) rig.DeleteState();
    rig.Start();
  }
  void HalfOfWhatWasSeenIsAcked() {
    rig.Append("/log/a.log", Lines("a", 0, 100));
    rig.Start();
    rig.Settle();
    rig.broker.refuses = protocol::BUSY;
    rig.Append("/log/a.log", Lines("a", 100, 200));
    rig.Run(5'000);
    rig.broker.refuses.reset();
  }
  // Its copy cannot be opened.
  void CopyTruncate() {
    RefuseToOpen("a.log.1");
    rig.CopyTruncate("/log/a.log", "/log/a.log.1");
    rig.Append("/log/a.log", Lines("a", 200, 300));
  }
  void RefuseToOpen(const std::string& path_part) {
    rig.faults.Add({.kind = file::CallKind::kOpen,
                    .path_part = path_part,
                    .code = GetParam().code,
                    .span = file::FaultSpan::kFromThenOn});
  }
  AgentRig rig;
};

INSTANTIATE_TEST_SUITE_P(Why, AgentUnreadable,
                         testing::Values(Case{ErrorCode::kPermission, false},
                                         Case{ErrorCode::kPermission, true},
                                         Case{ErrorCode::kLimit, false},
                                         Case{ErrorCode::kLimit, true}));

TEST_P(AgentUnreadable, AtAStartTheFileIsWaitedForAndGoesOnWhereItWas) {
  HalfOfWhatWasSeenIsAcked();
  RefuseToOpen("a.log");
  Restart();
  rig.Run(60'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), Lines("a", 0, 100))) << rig.Describe();
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty()) << rig.Describe();
  rig.faults.Heal();
  rig.Run(60'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), Lines("a", 0, 200))) << rig.Describe();
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty()) << rig.Describe();
}

TEST_P(AgentUnreadable, ItsSuccessorUnderItsNameIsReadMeanwhile) {
  HalfOfWhatWasSeenIsAcked();
  rig.Kill();
  rig.Rename("/log/a.log", "/log/a.log.1");
  rig.Append("/log/a.log", Lines("a", 200, 300));
  RefuseToOpen("a.log.1");
  if (GetParam().state_lost) rig.DeleteState();
  rig.Start();
  rig.Run(60'000);
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty()) << rig.Describe();
  rig.faults.Heal();
  rig.Run(60'000);
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty()) << rig.Describe();
  std::vector<std::string> values = rig.Values();
  std::sort(values.begin(), values.end());
  std::string sorted;
  for (const std::string& value : values) sorted += value + "\n";
  EXPECT_TRUE(SameBytes(sorted, Lines("a", 0, 300))) << rig.Describe();
}

TEST_P(AgentUnreadable, ACopyThatCanNotBeReadYetIsWaitedFor) {
  HalfOfWhatWasSeenIsAcked();
  CopyTruncate();
  rig.Run(30'000);
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty()) << rig.Describe();
  rig.faults.Heal();
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), Lines("a", 0, 300))) << rig.Describe();
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty()) << rig.Describe();
}

TEST_P(AgentUnreadable, ACopyThatStaysUnreadableIsAGapAndTheLogGoesOn) {
  HalfOfWhatWasSeenIsAcked();
  CopyTruncate();
  rig.Run(90'000);
  EXPECT_EQ(rig.Rows(protocol::GAP).size(), 1U) << rig.Describe();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), Lines("a", 0, 100) + Lines("a", 200, 300)))
      << rig.Describe();
}

TEST_P(AgentUnreadable, ItsCopyIsNoFileOfItsOwn) {
  rig.Append("/log/a.log", Lines("a", 0, 100));
  rig.Start();
  rig.Settle();
  rig.Kill();
  rig.Copy("/log/a.log", "/log/a.log.1");
  rig.faults.Add({.kind = file::CallKind::kOpen,
                  .matches = [](auto, const std::string& path) { return path == "/log/a.log"; },
                  .code = GetParam().code,
                  .span = file::FaultSpan::kFromThenOn});
  Restart();
  rig.Run(30'000);
  EXPECT_EQ(rig.Values().size(), 100U) << rig.Describe();
  rig.faults.Heal();
  rig.Append("/log/a.log", Lines("a", 100, 200));
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), Lines("a", 0, 200))) << rig.Describe();
  EXPECT_EQ(rig.Values().size(), 200U) << rig.Describe();
}

}  // namespace
}  // namespace logboom::agent
