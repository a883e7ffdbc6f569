// Logs that rotation has compressed.
#include "agent/archives.h"

#include <gtest/gtest.h>

#include "lib/record/codec.h"
#include "tests/agent/agent_rig.h"

namespace logboom::agent {
namespace {

Bytes Zstd(ByteView raw) {
  Bytes out;
  EXPECT_TRUE(record::Compressor(record::Codec::kZstd).Compress(raw, out).ok());
  return out;
}

class ArchivesTest : public testing::Test {
 protected:
  void Write(const std::string& path, ByteView bytes, std::int64_t at = 0) {
    auto opened = base.Open(path, file::OpenMode::kCreate);
    ASSERT_TRUE(opened.ok());
    ASSERT_TRUE((*opened)->PWrite(at, bytes).ok());
  }
  std::int64_t SizeOf(const std::string& path) {
    const auto stat = fs.Stat(path);
    EXPECT_TRUE(stat.ok());
    return stat.ok() ? stat->size_bytes : -1;
  }
  file::MemoryFileSystem base;
  ArchiveFileSystem fs{base};
};

TEST_F(ArchivesTest, AnyPartOfTheContentIsReadInAnyOrder) {
  const Bytes text = Lines("a", 0, 30'000);
  Write("/a.zst", Zstd(text));
  EXPECT_EQ(SizeOf("/a.zst"), static_cast<std::int64_t>(text.size()));
  auto file = fs.Open("/a.zst", file::OpenMode::kRead);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ((*file)->Stat()->size_bytes, static_cast<std::int64_t>(text.size()));
  SeededRandom random(23);
  for (int i = 0; i < 300; ++i) {
    const std::size_t at = random.Below(text.size() + 1'000);
    Bytes out(random.Below(300'000), '\0');
    const auto got = (*file)->PRead(static_cast<std::int64_t>(at), out);
    ASSERT_TRUE(got.ok());
    const ByteView expected = at < text.size() ? ByteView(text).substr(at, out.size()) : "";
    ASSERT_EQ(*got, expected.size());
    ASSERT_TRUE(ByteView(out).substr(0, *got) == expected) << at;
  }
}

TEST_F(ArchivesTest, WhatIsNoArchiveIsAsItIs) {
  Write("/text.gz", "text\n");
  Write("/a.log", Zstd("text\n"));
  EXPECT_EQ(SizeOf("/text.gz"), 5);
  EXPECT_EQ(SizeOf("/a.log"), static_cast<std::int64_t>(Zstd("text\n").size()));
  auto file = fs.Open("/text.gz", file::OpenMode::kRead);
  ASSERT_TRUE(file.ok());
  Bytes out(9, '\0');
  EXPECT_EQ(*(*file)->PRead(0, out), 5U);
  EXPECT_TRUE(fs.Open("/new.gz", file::OpenMode::kCreate).ok());
}

TEST_F(ArchivesTest, WhatItIsShowsOnceItsFirstBytesAreThere) {
  Write("/a.zst", "");
  Write("/text.gz", "");
  auto archive = fs.Open("/a.zst", file::OpenMode::kRead);
  auto text = fs.Open("/text.gz", file::OpenMode::kRead);
  ASSERT_TRUE(archive.ok() && text.ok());
  Bytes out(9, '\0');
  EXPECT_EQ(*(*archive)->PRead(0, out), 0U);
  const Bytes bytes = Zstd("text\n");
  Write("/a.zst", bytes.substr(0, 3));
  Write("/text.gz", "tex");
  EXPECT_EQ(SizeOf("/a.zst"), 0);
  EXPECT_EQ(*(*archive)->PRead(0, out), 0U);
  Write("/a.zst", bytes);
  Write("/text.gz", "text\n");
  EXPECT_EQ(SizeOf("/a.zst"), 5);
  EXPECT_EQ(SizeOf("/text.gz"), 5);
  EXPECT_EQ(*(*archive)->PRead(0, out), 5U);
  EXPECT_EQ(out.substr(0, 5), "text\n");
  EXPECT_EQ(*(*text)->PRead(0, out), 5U);
}

TEST_F(ArchivesTest, OneThatGrowsIsMeasuredOnceItRestsOrHasDoubled) {
  const Bytes part = Zstd(Lines("a", 0, 100));
  Write("/a.zst", part);
  const std::int64_t content = SizeOf("/a.zst");
  Write("/a.zst", part.substr(0, part.size() / 2), static_cast<std::int64_t>(part.size()));
  EXPECT_EQ(SizeOf("/a.zst"), content);
  EXPECT_GE(SizeOf("/a.zst"), content);  // it rested
  Write("/a.zst", part, static_cast<std::int64_t>(part.size()));
  EXPECT_EQ(SizeOf("/a.zst"), content);
  EXPECT_EQ(SizeOf("/a.zst"), 2 * content);
  const Bytes more = part + part + part + part;
  Write("/a.zst", more);
  EXPECT_EQ(SizeOf("/a.zst"), 4 * content);  // it has doubled
}

TEST_F(ArchivesTest, ABrokenOneHoldsNothing) {
  Bytes archive = Zstd(Lines("a", 0, 30'000));
  for (std::size_t i = archive.size() / 2; i < archive.size(); ++i) archive[i] ^= '\x55';
  Write("/a.zst", archive);
  EXPECT_EQ(SizeOf("/a.zst"), 0);
}

TEST_F(ArchivesTest, OfOneThatIsNotCompleteItsBeginningIsThere) {
  const Bytes text = Lines("a", 0, 30'000);
  const Bytes archive = Zstd(text);
  Write("/a.zst", archive.substr(0, archive.size() / 2));
  EXPECT_GT(SizeOf("/a.zst"), 0);
  EXPECT_LT(SizeOf("/a.zst"), static_cast<std::int64_t>(text.size()));
}

TEST_F(ArchivesTest, ItsTimeIsTheEndOfItsSecond) {
  base.SetTime(1'790'000'000'250'000'000);
  Write("/a.zst", Zstd("text\n"));
  EXPECT_EQ(fs.Stat("/a.zst")->modified_ns, 1'790'000'000'999'999'999);
}

class AgentArchives : public testing::TestWithParam<bool> {
 protected:
  // Lines that were seen and not sent, rotated and compressed while no agent ran.
  void RotateWhileDown(const std::string& archive) {
    rig.Append("/log/a.log", Lines("a", 0, 100));
    rig.Start();
    rig.Settle();
    rig.Kill();
    if (GetParam()) rig.DeleteState();
    rig.Append("/log/a.log", Lines("a", 100, 200));
    rig.Tick(5'000);
    rig.Append(archive, Zstd(rig.Content("/log/a.log")));
    rig.Remove("/log/a.log");
    rig.Append("/log/a.log", Lines("a", 200, 300));
    rig.Start();
    rig.Settle();
  }
  void ExpectAllOnce() {
    EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), Lines("a", 0, 300))) << rig.Describe();
    EXPECT_EQ(rig.Values().size(), 300U);
    EXPECT_TRUE(rig.Rows(protocol::GAP).empty()) << rig.Describe();
  }
  AgentRig rig;
};
INSTANTIATE_TEST_SUITE_P(StateLost, AgentArchives, testing::Bool());

TEST_P(AgentArchives, TheRestOfALogIsReadFromItsArchive) {
  RotateWhileDown("/log/a.log.1.zst");
  ExpectAllOnce();
}

TEST_P(AgentArchives, AlsoWhereNoPatternNamesIt) {
  rig.agent_options.inputs[0].include = {"/log/*.log"};
  RotateWhileDown("/log/a.log.1.zst");
  ExpectAllOnce();
}

TEST_P(AgentArchives, OneThatHoldsNothingNewIsNotReadAgain) {
  RotateWhileDown("/log/a.log.1.zst");
  rig.Append("/log/a.log.2.zst", Zstd(rig.Content("/log/a.log")));
  rig.Remove("/log/a.log");
  rig.Append("/log/a.log", Lines("a", 300, 400));
  rig.Settle();
  rig.Kill();
  rig.Start();
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), Lines("a", 0, 400))) << rig.Describe();
  EXPECT_EQ(rig.Values().size(), 400U);
}

TEST_P(AgentArchives, OfSeveralTheOlderComesFirst) {
  rig.Append("/log/a.log", Lines("a", 0, 100));
  rig.Start();
  rig.Settle();
  rig.Rename("/log/a.log", "/log/a.log.1");
  rig.Append("/log/a.log", Lines("a", 100, 200));
  rig.Settle();
  rig.Kill();
  if (GetParam()) rig.DeleteState();
  rig.Append("/log/a.log", Lines("a", 200, 300));
  for (const char* name : {"/log/a.log.1", "/log/a.log"}) {
    rig.Tick(5'000);
    rig.Append(fmt::format("/log/a.log.{}.zst", name[10] == '.' ? 2 : 1), Zstd(rig.Content(name)));
    rig.Remove(name);
  }
  rig.Tick(5'000);
  rig.Append("/log/a.log", Lines("a", 300, 400));
  rig.Start();
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/a.log"), Lines("a", 0, 400))) << rig.Describe();
  EXPECT_EQ(rig.Values().size(), 400U);
}

TEST_P(AgentArchives, OneThatNobodyKnewIsAFileOfItsOwn) {
  rig.Append("/log/b.log.1.zst", Zstd(Lines("b", 0, 100)));
  rig.Start();
  rig.Settle();
  EXPECT_TRUE(SameBytes(rig.BytesOf("/log/b.log.1.zst"), Lines("b", 0, 100)));
}

}  // namespace
}  // namespace logboom::agent
