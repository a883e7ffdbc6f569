// Files that are no text are left alone; a file that is read is never dropped.
#include <gtest/gtest.h>

#include "agent/binary_files.h"
#include "tests/agent/agent_rig.h"

namespace logboom::agent {
namespace {

using namespace std::string_literals;

const std::string kBinary =
    "\x7f"
    "ELF\x02\x01\0\0\0\x03\n and a line\n"s;

TEST(BinaryFiles, ANulBetweenOtherBytesTells) {
  EXPECT_TRUE(IsBinary("a\0b"s));
  EXPECT_TRUE(IsBinary("\0a\0b\0"s));
  EXPECT_FALSE(IsBinary(""));
  EXPECT_FALSE(IsBinary("text\n"));
  EXPECT_FALSE(IsBinary("\0\0\0"s));
  EXPECT_FALSE(IsBinary("\0\0\0behind a hole\n"s));
  EXPECT_FALSE(IsBinary("ahead of room\n\0\0\0"s));
}

TEST(BinaryFiles, NamesOfLoginRecordsAndJournals) {
  for (const char* name : {"/var/log/wtmp", "/var/log/wtmp.1", "/var/log/btmp-20260101",
                           "/var/log/lastlog", "/j/system.journal", "/j/user-1000.journal~"}) {
    EXPECT_TRUE(HasBinaryName(name)) << name;
  }
  for (const char* name : {"/var/log/wtmp.log", "/wtmp/a", "/var/log/mywtmp", "/var/log/wtmp-",
                           "/var/log/journal", "/var/log/lastlogs"}) {
    EXPECT_FALSE(HasBinaryName(name)) << name;
  }
}

TEST(AgentBinary, AFileWithNulBytesIsLeftAloneAndThatIsSaidOnce) {
  AgentRig rig;
  rig.Append("/log/a.log", kBinary);
  rig.Append("/log/b.log", "text\n");
  rig.Start();
  rig.Run(3'000);
  rig.Append("/log/a.log", "more\n");
  rig.Settle();
  EXPECT_EQ(rig.Values(), std::vector<std::string>{"text"});
  EXPECT_EQ(rig.StateOf("/log/a.log"), "binary");
  EXPECT_EQ(rig.agent->Totals().backlog_bytes, 0U);
  const auto said = std::count_if(rig.notices.begin(), rig.notices.end(), [](const Notice& notice) {
    return notice.text.find("no text") != std::string::npos;
  });
  EXPECT_EQ(said, 1);
}

TEST(AgentBinary, AFileThatWasEmptyAtFirstIsLeftAloneToo) {
  AgentRig rig;
  rig.Append("/log/a.log", "");
  rig.Start();
  rig.Run(3'000);
  rig.Append("/log/a.log", kBinary);
  rig.Settle();
  EXPECT_TRUE(rig.Values().empty());
  EXPECT_TRUE(rig.topic().sources.empty());
  EXPECT_EQ(rig.StateOf("/log/a.log"), "binary");
  EXPECT_TRUE(rig.agent->drained());
}

TEST(AgentBinary, ALineAtTheLastByteOfTheHeadTellsAndOneBehindItDoesNot) {
  AgentRig rig;
  const std::string head(kBinaryHeadBytes, 'x');
  rig.Append("/log/a.log", head.substr(2) + "\0\n"s);
  rig.Append("/log/b.log", head.substr(1) + "\0\n"s);
  rig.Start();
  rig.Settle();
  EXPECT_EQ(rig.BytesOf("/log/a.log"), "");
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/b.log"), head.substr(1) + "\0\n"s));
}

TEST(AgentBinary, OnceTruncatedOrReplacedItIsLookedAtAgain) {
  AgentRig rig;
  rig.Append("/log/a.log", kBinary);
  rig.Append("/log/b.log", kBinary);
  rig.Start();
  rig.Run(3'000);
  rig.Truncate("/log/a.log");
  rig.Append("/log/a.log", "text a\n");
  rig.Remove("/log/b.log");
  rig.Append("/log/b.log", "text b\n");
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "text a\n"));
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/b.log"), "text b\n"));
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty()) << rig.Describe();
}

TEST(AgentBinary, ATextThatGetsNulBytesGoesThroughAsItIs) {
  AgentRig rig;
  rig.Append("/log/a.log", "text\n");
  rig.Start();
  rig.Run(100);  // found to be text, and not read yet
  rig.Append("/log/a.log", "nul \0 bytes\n"s);
  rig.Settle();
  rig.Append("/log/a.log", kBinary);
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "text\nnul \0 bytes\n"s + kBinary));
}

TEST(AgentBinary, AnAgentThatLostItsStateReadsOnAtNulBytes) {
  AgentRig rig;
  rig.Append("/log/a.log", "text\n");
  rig.Start();
  rig.Settle();
  rig.Kill();
  rig.DeleteState();
  rig.Append("/log/a.log", kBinary);
  rig.Start();
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "text\n" + kBinary));
}

// A program that goes on at its old position after its log was truncated.
TEST(AgentBinary, TheHoleThatATruncationLeavesIsRead) {
  AgentRig rig;
  rig.Append("/log/a.log", "before\n");
  rig.Start();
  rig.Settle();
  rig.Truncate("/log/a.log");
  rig.Append("/log/a.log", std::string(7, '\0') + "after\n");
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "before\n" + std::string(7, '\0') + "after\n"));
}

TEST(AgentBinary, WhatIsToBeReadIsRead) {
  AgentRig rig;
  rig.agent_options.inputs[0].binary = BinaryFiles::kRead;
  rig.agent_options.inputs[0].include.push_back("/log/*tmp");
  rig.Append("/log/a.log", kBinary);
  rig.Append("/log/wtmp", kBinary);
  rig.Start();
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), kBinary));
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/wtmp"), kBinary));
}

TEST(AgentBinary, UtfSixteenIsText) {
  AgentRig rig;
  rig.broker.values_are_bytes = false;
  rig.agent_options.inputs[0].encoding = Encoding::kUtf16Le;
  rig.Append("/log/a.log", "a\0b\0\n\0"s);
  rig.Start();
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), "ab\n"));
}

TEST(AgentBinary, LoginRecordsAreReadOnlyWhereTheyAreNamed) {
  AgentRig rig;
  rig.agent_options.inputs[0].include = {"/log/*", "/log/btmp"};
  rig.Append("/log/wtmp", "text\n");
  rig.Append("/log/btmp", "named\n");
  rig.Start();
  rig.Settle();
  EXPECT_EQ(rig.Values(), std::vector<std::string>{"named"});
  EXPECT_EQ(rig.StateOf("/log/wtmp"), "");
}

TEST(AgentBinary, WhatIsNamedIsReadWhateverItHolds) {
  AgentRig rig;
  rig.agent_options.inputs[0].include = {"/log/*.log", "/log/a.log"};
  rig.Append("/log/a.log", kBinary);
  rig.Append("/log/b.log", kBinary);
  rig.Start();
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), kBinary));
  EXPECT_EQ(rig.StateOf("/log/b.log"), "binary");
}

TEST(AgentBinary, RenamedWithinThePatternsItStaysLeftAlone) {
  AgentRig rig;
  rig.Append("/log/a.log", kBinary);
  rig.Start();
  rig.Run(3'000);
  rig.Rename("/log/a.log", "/log/a.log.1");
  rig.Append("/log/a.log", "text\n");
  rig.Settle();
  EXPECT_EQ(rig.StateOf("/log/a.log.1"), "binary");
  EXPECT_EQ(rig.Values(), std::vector<std::string>{"text"});
}

TEST(AgentBinary, OneReadOnceIsDoneWithoutIt) {
  AgentRig rig;
  rig.agent_options.once = true;
  rig.Append("/log/a.log", kBinary);
  rig.Append("/log/b.log", "text\n");
  rig.Start();
  rig.Run(3'000);
  EXPECT_TRUE(rig.agent->done());
  EXPECT_EQ(rig.Values(), std::vector<std::string>{"text"});
}

}  // namespace
}  // namespace logboom::agent
