// Files that are emptied, copied before or not: what stood in them is read from the copy, or told
// as a gap, and what comes next is read as another file.
#include <gtest/gtest.h>

#include "tests/agent/agent_rig.h"

namespace logboom::agent {
namespace {

void ExpectTheUnreadTailFrom(const std::string& copy) {
  AgentRig rig;
  rig.Append("/log/a.log", Lines("a", 0, 50));
  rig.Start();
  rig.Run(2'000);
  rig.Append("/log/a.log", Lines("a", 50, 60));
  rig.CopyTruncate("/log/a.log", copy);
  rig.Append("/log/a.log", Lines("a", 60, 70));
  rig.Run(10'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), Lines("a", 0, 70)));
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty());
  EXPECT_EQ(rig.Values().size(), 70U);
}

TEST(AgentCopyTruncate, TheUnreadTailIsReadFromTheCopyInsideThePatterns) {
  ExpectTheUnreadTailFrom("/log/a.log.1");
}

TEST(AgentCopyTruncate, TheUnreadTailIsReadFromTheCopyOutsideThePatterns) {
  ExpectTheUnreadTailFrom("/log/archive");
}

TEST(AgentCopyTruncate, TheCopyIsFoundThoughTheClockWasSetBack) {
  AgentRig rig;
  rig.Append("/log/a.log", "one\n");
  rig.Start();
  rig.Settle();
  rig.now.wall += -60'000;
  // Long enough for every file to be looked at again.
  rig.Run(30'000);
  rig.CopyTruncate("/log/a.log", "/log/a.log.1");
  rig.Append("/log/a.log", "two\n");
  rig.Settle();
  EXPECT_EQ(rig.Values(), std::vector<std::string>({"one", "two"}));
  EXPECT_TRUE(rig.Said("goes on in /log/a.log.1")) << rig.Describe();
}

TEST(AgentCopyTruncate, ACopyThatStandsIsNotRead) {
  AgentRig rig;
  rig.Append("/log/a.log", Lines("a", 0, 50));
  rig.Start();
  rig.Run(2'000);
  rig.Copy("/log/a.log", "/log/a.log.1");
  rig.Run(20'000);
  EXPECT_EQ(rig.StateOf("/log/a.log.1"), "copy");
  rig.Append("/log/a.log", Lines("a", 50, 60));
  rig.Run(20'000);
  EXPECT_EQ(rig.Values().size(), 60U);
  // It becomes a file of its own.
  rig.Append("/log/a.log.1", "own\n");
  rig.Run(20'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log.1"), Lines("a", 0, 50) + "own\n"));
}

TEST(AgentCopyTruncate, ACopyOfWhatWasReadIsFinishedWhenTheOriginalIsGone) {
  AgentRig rig;
  rig.Append("/log/a.log", Lines("a", 0, 50));
  rig.Start();
  rig.Run(2'000);
  rig.Copy("/log/a.log", "/log/a.log.1");
  rig.Run(10'000);
  rig.Append("/log/a.log", Lines("a", 50, 60));
  rig.Run(2'000);
  rig.Remove("/log/a.log");
  rig.Run(30'000);
  EXPECT_EQ(rig.Values().size(), 60U);
  EXPECT_EQ(rig.Rows(protocol::CLOSE).size(), 1U);
}

TEST(AgentCopyTruncate, TwoFilesOfUnlikeNamesAreTwoFilesEvenWithEqualBytes) {
  AgentRig rig;
  rig.Append("/log/a.log", Lines("x", 0, 50));
  rig.Append("/log/b.log", Lines("x", 0, 50));
  rig.Start();
  rig.Run(2'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), Lines("x", 0, 50)));
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/b.log"), Lines("x", 0, 50)));
}

// As a compressed one does: it takes the place of the original under another name.
TEST(AgentCopy, OfAFileThatWasFoundEmptyAndIsGoneIsNotRead) {
  AgentRig rig;
  rig.Start();
  rig.Append("/log/a.log", "");
  rig.Run(2'000);
  rig.Append("/log/a.log", Lines("a", 0, 50));
  rig.Run(1'000);
  rig.Rename("/log/a.log", "/log/a.log.1");
  rig.Append("/log/a.log", "");
  rig.Copy("/log/a.log.1", "/log/a.log.1.bak");
  rig.Remove("/log/a.log.1");
  rig.Settle();
  EXPECT_EQ(rig.Values().size(), 50U) << rig.Describe();
}

TEST(AgentTruncate, BytesThatNobodyHasAreAGap) {
  AgentRig rig;
  rig.Append("/log/a.log", "1\n2\n");
  rig.Start();
  rig.Run(2'000);
  rig.network.SetFaults({.unreachable = true});
  rig.network.Cut(kBrokerAddress);
  rig.Run(2'000);
  rig.Append("/log/a.log", "lost\n");
  rig.Run(200);
  rig.Truncate("/log/a.log");
  rig.Run(200);
  rig.Append("/log/a.log", "new\n");
  rig.Run(2'000);
  rig.network.SetFaults({});
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "1\n2\nnew\n"));
  ASSERT_EQ(rig.Rows(protocol::GAP).size(), 1U);
  const protocol::ProgressRow row = rig.Rows(protocol::GAP)[0].row;
  EXPECT_EQ(row.begin(), 4);
  EXPECT_EQ(row.end(), 9);
  EXPECT_FALSE(row.end_is_exact());
  EXPECT_EQ(row.reason(), "truncated");
  EXPECT_EQ(rig.Rows(protocol::CLOSE).size(), 1U);
}

// Lines of one program stay in their order, though the newer file was never seen at the log's name.
TEST(AgentTruncate, AFileThatIsRotatedUnseenComesBehindTheOneThatWasTruncated) {
  AgentRig rig;
  rig.agent_options.linger = std::chrono::milliseconds(0);
  rig.Append("/log/a.log", "1\n");
  rig.Start();
  rig.Run(2'000);
  rig.network.SetFaults({.unreachable = true});
  rig.network.Cut(kBrokerAddress);
  rig.Append("/log/a.log", "lost\n");
  rig.Run(200);
  rig.Truncate("/log/a.log");
  rig.Append("/log/a.log", "2\n");
  rig.Run(200);
  rig.Rename("/log/a.log", "/log/a.log.1");
  rig.Append("/log/a.log", "3\n");
  rig.Rename("/log/a.log.1", "/log/a.log.2");
  rig.Rename("/log/a.log", "/log/a.log.1");
  rig.Run(2'000);
  rig.network.SetFaults({});
  rig.Settle();
  EXPECT_EQ(rig.Values(), (std::vector<std::string>{"1", "2", "3"}));
}

TEST(AgentTruncate, AFileThatIsEmptiedAndFilledPastItsPositionIsRead) {
  AgentRig rig;
  rig.Append("/log/a.log", Lines("a", 0, 10));
  rig.Start();
  rig.Run(2'000);
  rig.Truncate("/log/a.log");
  rig.Append("/log/a.log", Lines("b", 0, 50));
  rig.Run(5'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), Lines("a", 0, 10) + Lines("b", 0, 50)));
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty());
}

TEST(AgentTruncate, AQuietFileThatIsWrittenAnewInStepsIsNoGap) {
  AgentRig rig;
  rig.Append("/log/a.log", Lines("a", 0, 10));
  rig.Start();
  rig.Run(310'000);  // closed
  rig.network.SetFaults({.unreachable = true});
  rig.network.Cut(kBrokerAddress);
  rig.Truncate("/log/a.log");
  rig.Append("/log/a.log", Lines("b", 0, 1));
  rig.Run(200);
  rig.Append("/log/a.log", Lines("b", 1, 50));
  rig.Run(2'000);
  rig.network.SetFaults({});
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), Lines("a", 0, 10) + Lines("b", 0, 50)));
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty()) << rig.Describe();
}

// What it held is a gap, and no part of what it holds.
class AgentEmptiedUnread : public ::testing::Test {
 protected:
  void EmptyAndWriteAnew() {
    const auto file = rig_.fs.Open("/log/a.log", file::OpenMode::kReadWrite);
    ASSERT_TRUE((*file)->Truncate(0).ok());
    ASSERT_TRUE((*file)->PWrite(0, Lines("b", 0, 10)).ok());
  }
  void ExpectOneGap() {
    rig_.Settle();
    EXPECT_TRUE(SameBytes(rig_.BytesOf("/log/a.log"), Lines("b", 0, 10)));
    rig_.Remove("/log/a.log");
    rig_.Settle();
    const auto gaps = rig_.Rows(protocol::GAP);
    ASSERT_EQ(gaps.size(), 1U) << rig_.Describe();
    EXPECT_EQ(gaps[0].row.begin(), 0);
    EXPECT_EQ(gaps[0].row.end(), static_cast<std::int64_t>(Lines("a", 0, 50).size()));
  }
  AgentRig rig_{{.watched = false}};  // no event tells before the turn does
};

TEST_F(AgentEmptiedUnread, RightAheadOfItsPlacement) {
  rig_.network.SetFaults({.unreachable = true});
  rig_.Append("/log/a.log", Lines("a", 0, 50));
  rig_.Start();
  rig_.Run(2'000);
  rig_.network.SetFaults({});
  while (!rig_.link().connected()) rig_.Tick();
  EmptyAndWriteAnew();
  ExpectOneGap();
}

// What little was seen of it begins what is written anew, too: that is no copy of what it held.
TEST_F(AgentEmptiedUnread, ThoughItBeginsAsBefore) {
  rig_.network.SetFaults({.unreachable = true});
  rig_.Append("/log/a.log", "line");
  rig_.Start();
  rig_.Run(2'000);
  rig_.Append("/log/a.log", " 1\nline 2\n");
  rig_.CopyTruncate("/log/a.log", "/log/a.log.1");
  rig_.Run(2'000);
  rig_.Append("/log/a.log", "line 3\n");
  rig_.Run(2'000);
  rig_.network.SetFaults({});
  rig_.Settle();
  rig_.Append("/log/a.log", "line 4\n");
  rig_.Settle();
  rig_.network.Cut(kBrokerAddress);
  rig_.Append("/log/a.log", "line 5\n");
  rig_.Settle();
  EXPECT_EQ(rig_.Values(),
            (std::vector<std::string>{"line 1", "line 2", "line 3", "line 4", "line 5"}))
      << rig_.Describe();
  EXPECT_TRUE(rig_.Said("goes on in /log/a.log.1 at byte 0"));
  EXPECT_EQ(rig_.topic().sources.size(), 2U) << "one for each that was written";
  EXPECT_TRUE(rig_.Rows(protocol::GAP).empty());
}

TEST_F(AgentEmptiedUnread, RightAheadOfItsFirstTurn) {
  rig_.Start();
  rig_.Run(2'000);
  rig_.Append("/log/a.log", Lines("a", 0, 50));
  while (rig_.StateOf("/log/a.log") != "reading") rig_.Tick();
  rig_.Tick();  // the look that follows its placement
  EmptyAndWriteAnew();
  ExpectOneGap();
}

// As much of it as is remembered of a file's beginning, and more.
TEST_F(AgentEmptiedUnread, ThoughItBeginsWithTheSameBanner) {
  const std::string banner = Lines("banner", 0, 80);
  rig_.network.SetFaults({.unreachable = true});
  rig_.Append("/log/a.log", banner + Lines("a", 0, 50));
  rig_.Start();
  rig_.Run(2'000);
  const auto file = rig_.fs.Open("/log/a.log", file::OpenMode::kReadWrite);
  ASSERT_TRUE((*file)->Truncate(0).ok());
  ASSERT_TRUE((*file)->PWrite(0, banner + Lines("b", 0, 90)).ok());
  rig_.Run(12'000);
  rig_.network.SetFaults({});
  rig_.Settle();
  EXPECT_TRUE(SameBytes(rig_.BytesOf("/log/a.log"), banner + Lines("b", 0, 90)));
  const auto gaps = rig_.Rows(protocol::GAP);
  ASSERT_EQ(gaps.size(), 1U) << rig_.Describe();
  EXPECT_EQ(gaps[0].row.begin(), 0);
  EXPECT_EQ(gaps[0].row.end(), static_cast<std::int64_t>((banner + Lines("a", 0, 50)).size()));
}

TEST(AgentTruncate, AFileThatIsWrittenAnewBehindTheSameBannerBeforeItIsReadIsAGap) {
  const std::string banner = Lines("banner", 0, 80);
  AgentRig rig;
  rig.Start();
  rig.Run(2'000);
  rig.Append("/log/a.log", banner + Lines("a", 0, 50));
  while (rig.StateOf("/log/a.log") != "reading") rig.Tick();
  rig.Truncate("/log/a.log");
  rig.Append("/log/a.log", banner + Lines("b", 0, 90));
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), banner + Lines("b", 0, 90)));
  const auto gaps = rig.Rows(protocol::GAP);
  ASSERT_EQ(gaps.size(), 1U) << rig.Describe();
  EXPECT_EQ(gaps[0].row.begin(), 0);
  EXPECT_EQ(gaps[0].row.end(), static_cast<std::int64_t>((banner + Lines("a", 0, 50)).size()));
}

TEST(AgentTruncate, RoomThatWasMadeAheadIsFilledInPlace) {
  AgentRig rig;
  rig.network.SetFaults({.unreachable = true});
  rig.Append("/log/a.log", Lines("a", 0, 50) + std::string(2'000, '\0'));
  rig.Start();
  rig.Run(2'000);
  const auto file = rig.fs.Open("/log/a.log", file::OpenMode::kReadWrite);
  const auto end = static_cast<std::int64_t>(Lines("a", 0, 50).size());
  ASSERT_TRUE((*file)->PWrite(end, Lines("a", 50, 60)).ok());
  rig.Run(2'000);
  rig.network.SetFaults({});
  rig.Settle();
  EXPECT_TRUE(rig.BytesOf("/log/a.log").starts_with(Lines("a", 0, 60)));
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty()) << rig.Describe();
}

// How large it was is known from its listing; what it held then is not.
TEST(AgentCopyTruncate, BetweenTheListingOfAFileAndItsOpeningItIsNoGap) {
  AgentRig rig;
  rig.network.SetFaults({.unreachable = true});
  rig.Append("/log/a.log", Lines("a", 0, 50));
  bool rotated = false;
  const auto rotate = [&rig, &rotated](file::CallKind kind, const std::string&) {
    if (kind == file::CallKind::kOpen && !std::exchange(rotated, true)) {
      rig.CopyTruncate("/log/a.log", "/log/a.log.1");
    }
    return false;
  };
  rig.faults.Add({.matches = rotate});
  rig.Start();
  rig.Append("/log/a.log", Lines("a", 50, 60));
  rig.Run(2'000);
  rig.network.SetFaults({});
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log.1"), Lines("a", 0, 50)));
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), Lines("a", 50, 60)));
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty()) << rig.Describe();
}

TEST(AgentTruncate, AFileThatIsWrittenAnewToTheSameLengthIsRead) {
  AgentRig rig;
  rig.Append("/log/a.log", "aaaa\n");
  rig.Start();
  rig.Run(2'000);
  rig.Truncate("/log/a.log");
  rig.Append("/log/a.log", "bbbb\n");
  rig.Run(5'000);
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "aaaa\nbbbb\n"));
}

}  // namespace
}  // namespace logboom::agent
