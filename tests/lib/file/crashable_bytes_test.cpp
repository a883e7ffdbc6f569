#include "lib/file/crashable_bytes.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace logboom::file {
namespace {

constexpr std::uint64_t kSeeds = 2'000;

// Every outcome that `make` can be left with, over many seeds.
template <typename Make>
std::set<Bytes> Outcomes(Make make) {
  std::set<Bytes> outcomes;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    CrashableBytes bytes = make();
    SeededRandom random(seed);
    bytes.Crash(random);
    outcomes.insert(bytes.seen());
  }
  return outcomes;
}

CrashableBytes Synced(ByteView content) {
  CrashableBytes bytes;
  bytes.Write(0, content);
  bytes.Sync();
  return bytes;
}

TEST(CrashableBytes, SyncedBytesSurvive) {
  EXPECT_EQ(Outcomes([] { return Synced("abc"); }), std::set<Bytes>{"abc"});
}

TEST(CrashableBytes, AnOverwriteWithinASectorIsKeptDroppedOrZeroed) {
  const std::set<Bytes> outcomes = Outcomes([] {
    CrashableBytes bytes = Synced("abc");
    bytes.Write(1, "X");
    return bytes;
  });
  EXPECT_EQ(outcomes, (std::set<Bytes>{"abc", "aXc", std::string("a\0c", 3)}));
}

TEST(CrashableBytes, AnAppendedByteAndTheSizeGoTheirOwnWays) {
  const std::set<Bytes> outcomes = Outcomes([] {
    CrashableBytes bytes = Synced("a");
    bytes.Write(1, "b");
    return bytes;
  });
  EXPECT_EQ(outcomes, (std::set<Bytes>{"a", "ab", std::string("a\0", 2)}));
}

TEST(CrashableBytes, LongWritesTearAtSectors) {
  const std::string old(2048, 'o');
  const std::string neu(2048, 'n');
  const std::set<Bytes> outcomes = Outcomes([&] {
    CrashableBytes bytes = Synced(old);
    bytes.Write(0, neu);
    return bytes;
  });
  std::set<Bytes> expected{old, neu, std::string(2048, '\0')};
  for (std::size_t cut = 512; cut < 2048; cut += 512) {
    expected.insert(neu.substr(0, cut) + old.substr(cut));
    expected.insert(old.substr(0, cut) + neu.substr(cut));
  }
  EXPECT_EQ(outcomes, expected);
}

TEST(CrashableBytes, TheSizeMayStopAnywhereWithinAnAppend) {
  const std::set<Bytes> outcomes = Outcomes([] {
    CrashableBytes bytes;
    bytes.Write(0, "abcd");
    return bytes;
  });
  for (std::size_t size = 0; size <= 4; ++size) {
    EXPECT_TRUE(outcomes.contains(std::string("abcd").substr(0, size))) << size;
    EXPECT_TRUE(outcomes.contains(std::string(size, '\0'))) << size;
  }
}

TEST(CrashableBytes, UnsyncedTruncationIsKeptOrNot) {
  const std::set<Bytes> outcomes = Outcomes([] {
    CrashableBytes bytes = Synced("abcd");
    bytes.Truncate(2);
    return bytes;
  });
  EXPECT_EQ(outcomes, (std::set<Bytes>{"ab", "abcd"}));
}

TEST(CrashableBytes, BytesCutOffDoNotComeBackBehindAKeptTruncation) {
  const std::set<Bytes> outcomes = Outcomes([] {
    CrashableBytes bytes = Synced("abcd");
    bytes.Truncate(2);
    bytes.Truncate(4);
    return bytes;
  });
  EXPECT_EQ(outcomes, (std::set<Bytes>{"ab", "abcd", std::string("ab\0\0", 4)}));
}

TEST(CrashableBytes, LaterWritesSurviveWithoutEarlierOnes) {
  const std::set<Bytes> outcomes = Outcomes([] {
    CrashableBytes bytes = Synced("..");
    bytes.Write(0, "1");
    bytes.Write(1, "2");
    return bytes;
  });
  for (const char* expected : {"..", "1.", ".2", "12"}) {
    EXPECT_TRUE(outcomes.contains(expected)) << expected;
  }
}

TEST(CrashableBytes, EveryByteIsOldOrNewOrZero) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    const std::string old(3000, 'o');
    CrashableBytes bytes = Synced(old);
    for (int i = 0; i < 5; ++i) {
      const auto position = static_cast<std::int64_t>(random.Below(4000));
      bytes.Write(position, std::string(1 + random.Below(2000), 'n'));
    }
    const std::int64_t size_before = bytes.size_bytes();
    bytes.Crash(random);
    EXPECT_EQ(bytes.seen().find_first_not_of(std::string("on\0", 3)), std::string::npos);
    EXPECT_GE(bytes.size_bytes(), 3000);
    EXPECT_LE(bytes.size_bytes(), size_before);
  }
}

TEST(CrashableBytes, AFailedSyncLosesTheBytesThoughTheyStayVisible) {
  CrashableBytes bytes = Synced("old");
  bytes.Write(0, "new");
  bytes.LoseUnsynced();
  EXPECT_EQ(bytes.seen(), "new");
  bytes.Sync();  // says yes, and saves nothing
  EXPECT_EQ(bytes.seen(), "new");
  bytes.DropCache();
  EXPECT_EQ(bytes.seen(), "old");
}

TEST(CrashableBytes, AfterAFailedSyncOnlyTheSizeMayGrow) {
  const std::set<Bytes> outcomes = Outcomes([] {
    CrashableBytes bytes = Synced("a");
    bytes.Write(1, "b");
    bytes.LoseUnsynced();
    return bytes;
  });
  EXPECT_EQ(outcomes, (std::set<Bytes>{"a", std::string("a\0", 2)}));
}

TEST(CrashableBytes, WritesAfterAFailedSyncAreSavedByTheNext) {
  CrashableBytes bytes = Synced("....");
  bytes.Write(0, "1");
  bytes.LoseUnsynced();
  bytes.Write(3, "4");
  bytes.Sync();
  SeededRandom random(1);
  bytes.Crash(random);
  EXPECT_EQ(bytes.seen(), "...4");
}

TEST(CrashableBytes, DropCacheKeepsDirtyBytes) {
  CrashableBytes bytes = Synced("ab");
  bytes.Write(1, "X");
  bytes.DropCache();
  EXPECT_EQ(bytes.seen(), "aX");
}

}  // namespace
}  // namespace logboom::file
