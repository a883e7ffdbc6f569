#include "lib/file/faulty_file_system.h"

#include <gtest/gtest.h>

#include "lib/file/memory_file_system.h"

namespace logboom::file {
namespace {

class Faulty : public ::testing::Test {
 protected:
  std::unique_ptr<File> Open(const std::string& path) {
    Result<std::unique_ptr<File>> file = fs_.Open(path, OpenMode::kCreate);
    return file.ok() ? *std::move(file) : nullptr;
  }

  MemoryFileSystem disk_;
  FaultyFileSystem fs_{disk_};
};

TEST_F(Faulty, WithoutPlansAllGoesThroughAndIsCounted) {
  ASSERT_TRUE(ReplaceFile(fs_, "/f", "abc").ok());
  EXPECT_EQ(*ReadWholeFile(disk_, "/f", 10), "abc");
  EXPECT_EQ(fs_.calls(CallKind::kOpen), 1U);
  EXPECT_EQ(fs_.calls(CallKind::kTruncate), 1U);
  EXPECT_EQ(fs_.calls(CallKind::kWrite), 1U);
  EXPECT_EQ(fs_.calls(CallKind::kSync), 1U);
  EXPECT_EQ(fs_.calls(CallKind::kRename), 1U);
  EXPECT_EQ(fs_.calls(CallKind::kSyncDirectory), 1U);
  EXPECT_EQ(fs_.calls(), 6U);
  EXPECT_TRUE(fs_.faults().empty());
  EXPECT_EQ(fs_.FileSystemUuid("/f"), disk_.FileSystemUuid("/f"));
}

TEST_F(Faulty, EveryKindOfCallCanFail) {
  ASSERT_TRUE(fs_.CreateDirectories("/d").ok());
  const std::unique_ptr<File> file = Open("/f");
  for (std::size_t kind = 0; kind < kCallKinds; ++kind) {
    fs_.Add({.kind = static_cast<CallKind>(kind), .span = FaultSpan::kFromThenOn});
  }
  std::string buffer(1, '\0');
  EXPECT_FALSE(fs_.Open("/f", OpenMode::kRead).ok());
  EXPECT_FALSE(file->PRead(0, buffer).ok());
  EXPECT_FALSE(file->PWrite(0, "x").ok());
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_FALSE(file->Truncate(0).ok());
  EXPECT_FALSE(file->Preallocate(1).ok());
  EXPECT_FALSE(file->DropCache().ok());
  EXPECT_FALSE(file->Stat().ok());
  EXPECT_FALSE(fs_.Stat("/f").ok());
  EXPECT_FALSE(fs_.Rename("/f", "/g").ok());
  EXPECT_FALSE(fs_.Link("/f", "/g").ok());
  EXPECT_FALSE(fs_.Remove("/f").ok());
  EXPECT_FALSE(fs_.RemoveDirectory("/d").ok());
  EXPECT_FALSE(fs_.CreateDirectories("/e").ok());
  EXPECT_FALSE(fs_.SyncDirectory("/").ok());
  EXPECT_FALSE(fs_.SyncFileSystem("/").ok());
  EXPECT_FALSE(fs_.List("/").ok());
  EXPECT_FALSE(fs_.Lock("/lock").ok());
  EXPECT_FALSE(fs_.SpaceOf("/").ok());
  EXPECT_EQ(fs_.faults().size(), kCallKinds + 1);
  EXPECT_EQ(disk_.List("/")->size(), 2U) << "none of it reached the disk";
}

TEST_F(Faulty, APlanWaitsForItsKindItsPathAndItsTurn) {
  const std::unique_ptr<File> a = Open("/dir-a");
  const std::unique_ptr<File> b = Open("/dir-b");
  fs_.Add(
      {.kind = CallKind::kWrite, .path_part = "-b", .after_calls = 1, .code = ErrorCode::kNoSpace});
  EXPECT_TRUE(a->PWrite(0, "x").ok());
  EXPECT_TRUE(b->PWrite(0, "x").ok());
  EXPECT_TRUE(b->Sync().ok());
  const Status failed = b->PWrite(0, "y");
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(failed.error().message, "injected fault: write /dir-b (call 6)");
  EXPECT_TRUE(b->PWrite(0, "z").ok()) << "once";
  ASSERT_EQ(fs_.faults().size(), 1U);
  EXPECT_EQ(fs_.faults()[0].call, 6U);
  EXPECT_EQ(fs_.faults()[0].path, "/dir-b");
}

TEST_F(Faulty, AStickyPlanFailsUntilItHeals) {
  const std::unique_ptr<File> file = Open("/f");
  fs_.Add({.kind = CallKind::kSync, .span = FaultSpan::kFromThenOn});
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_FALSE(file->Sync().ok());
  fs_.Heal();
  EXPECT_TRUE(file->Sync().ok());
}

TEST_F(Faulty, APredicateDecides) {
  fs_.Add({.matches =
               [](CallKind kind, const std::string& path) {
                 return kind == CallKind::kOpen && path.size() > 3;
               },
           .span = FaultSpan::kFromThenOn});
  EXPECT_TRUE(fs_.Open("/ab", OpenMode::kCreate).ok());
  EXPECT_FALSE(fs_.Open("/abc", OpenMode::kCreate).ok());
}

TEST_F(Faulty, AShortWriteLeavesItsFirstBytes) {
  const std::unique_ptr<File> file = Open("/f");
  fs_.Add({.kind = CallKind::kWrite, .short_write_bytes = 2});
  EXPECT_FALSE(file->PWrite(0, "abc").ok());
  EXPECT_EQ(*ReadWholeFile(disk_, "/f", 10), "ab");
  fs_.Add({.kind = CallKind::kWrite, .short_write_bytes = 100});
  EXPECT_FALSE(file->PWrite(0, "xyz").ok());
  EXPECT_EQ(*ReadWholeFile(disk_, "/f", 10), "xyz");
}

TEST_F(Faulty, AFailureMayBeToldThoughAllWasDone) {
  ASSERT_TRUE(ReplaceFile(disk_, "/f", "x").ok());
  fs_.Add({.kind = CallKind::kRename, .effect = FaultEffect::kDone});
  EXPECT_FALSE(fs_.Rename("/f", "/g").ok());
  EXPECT_TRUE(disk_.Stat("/g").ok());
}

TEST_F(Faulty, SeveralPlansFailOneCallEach) {
  const std::unique_ptr<File> file = Open("/f");
  fs_.Add({.kind = CallKind::kSync, .code = ErrorCode::kIo});
  fs_.Add({.kind = CallKind::kSync, .code = ErrorCode::kNoSpace});
  EXPECT_EQ(file->Sync().error().code, ErrorCode::kIo);
  EXPECT_EQ(file->Sync().error().code, ErrorCode::kNoSpace);
  EXPECT_TRUE(file->Sync().ok());
}

TEST_F(Faulty, TheSameSeedFailsTheSameCalls) {
  const auto run = [](std::uint64_t seed) {
    MemoryFileSystem disk;
    FaultyFileSystem fs(disk);
    fs.FailAtRandom({.seed = seed, .one_in = 10, .kind = CallKind::kStat});
    std::vector<std::uint64_t> failed;
    for (int i = 0; i < 1000; ++i) {
      if (!fs.Stat("/").ok()) failed.push_back(fs.calls());
      EXPECT_TRUE(fs.List("/").ok());
    }
    EXPECT_EQ(fs.faults().size(), failed.size());
    return failed;
  };
  const std::vector<std::uint64_t> failed = run(1);
  EXPECT_GT(failed.size(), 50U);
  EXPECT_LT(failed.size(), 200U);
  EXPECT_EQ(run(1), failed);
  EXPECT_NE(run(2), failed);
}

// The sweep that every durable routine should stand: stop at each call in turn, lose power, look.
TEST_F(Faulty, ReplaceFileStoppedAtAnyCallLeavesOldOrNewWhole) {
  std::uint64_t stopped = 0;
  for (std::uint64_t call = 0;; ++call) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      SCOPED_TRACE(fmt::format("stopped at call {}, seed {}", call, seed));
      MemoryFileSystem disk;
      ASSERT_TRUE(ReplaceFile(disk, "/f", std::string(1500, 'o')).ok());
      FaultyFileSystem fs(disk);
      fs.Add({.after_calls = call, .span = FaultSpan::kFromThenOn});
      const bool done = ReplaceFile(fs, "/f", std::string(1500, 'n')).ok();
      SeededRandom random(seed);
      disk.Crash(random);
      const Bytes left = *ReadWholeFile(disk, "/f", 10'000);
      if (done) {
        ASSERT_EQ(left, std::string(1500, 'n'));
      } else {
        ASSERT_TRUE(left == std::string(1500, 'o') || left == std::string(1500, 'n'));
        ++stopped;
      }
    }
    if (stopped < 50 * (call + 1)) break;  // the whole of it went through
  }
  EXPECT_EQ(stopped, 50U * 6) << "open, truncate, write, sync, rename, sync directory";
}

}  // namespace
}  // namespace logboom::file
