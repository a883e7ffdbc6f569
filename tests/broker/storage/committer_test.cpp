#include "broker/storage/committer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <thread>

#include "lib/file/memory_file_system.h"

namespace logboom::broker {
namespace {

// Counts its syncs, and may fail or wait in them.
class CountedFile final : public file::File {
 public:
  explicit CountedFile(std::function<Status()> on_sync = [] { return Ok(); })
      : on_sync_(std::move(on_sync)) {}
  int syncs() const { return syncs_; }

  Result<std::size_t> PRead(std::int64_t, std::span<char>) const override { return std::size_t{0}; }
  Status PWrite(std::int64_t, ByteView) override { return Ok(); }
  Status Sync() override {
    ++syncs_;
    return on_sync_();
  }
  Status Truncate(std::int64_t) override { return Ok(); }
  Status Preallocate(std::int64_t) override { return Ok(); }
  Status DropCache() override { return Ok(); }
  Result<file::FileStat> Stat() const override { return file::FileStat{}; }

 private:
  std::function<Status()> on_sync_;
  std::atomic<int> syncs_ = 0;
};

// Waits for the wake-up instead of sleeping.
class WakeUps {
 public:
  std::function<void()> Callback() {
    return [this] {
      const std::scoped_lock lock(mutex_);
      ++count_;
      changed_.notify_all();
    };
  }
  void WaitFor(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

CommitGroup GroupOf(std::uint64_t id, std::vector<std::shared_ptr<CountedFile>> files) {
  CommitGroup group{.id = id, .work = {}};
  for (const auto& file : files) {
    group.work.push_back({.files = {file}, .directories = {}, .covers = Offset(1)});
  }
  return group;
}

TEST(ThreadCommitter, SyncsEachFileOnceAndWakesUp) {
  file::MemoryFileSystem fs;
  WakeUps wake_ups;
  const auto committer = MakeThreadCommitter(fs, "/", SyncMethod::kFdatasync, wake_ups.Callback());
  std::vector<std::shared_ptr<CountedFile>> files;
  for (int i = 0; i < 20; ++i) files.push_back(std::make_shared<CountedFile>());
  files.push_back(files.front());
  EXPECT_FALSE(committer->TakeDone());
  committer->Submit(GroupOf(7, files));
  wake_ups.WaitFor(1);
  const std::optional<CommitDone> done = committer->TakeDone();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->id, 7U);
  EXPECT_TRUE(done->status.ok());
  EXPECT_GE(done->duration_us, 0);
  for (const auto& file : files) EXPECT_EQ(file->syncs(), 1);
}

TEST(ThreadCommitter, SyncsUpToFourFilesSideBySide) {
  file::MemoryFileSystem fs;
  WakeUps wake_ups;
  const auto committer = MakeThreadCommitter(fs, "/", SyncMethod::kFdatasync, wake_ups.Callback());
  // None of the four ends before all have begun.
  std::latch all_begun(4);
  std::vector<std::shared_ptr<CountedFile>> files;
  for (int i = 0; i < 4; ++i) {
    files.push_back(std::make_shared<CountedFile>([&]() -> Status {
      all_begun.arrive_and_wait();
      return Ok();
    }));
  }
  committer->Submit(GroupOf(1, files));
  wake_ups.WaitFor(1);
  EXPECT_TRUE(committer->TakeDone()->status.ok());
}

TEST(ThreadCommitter, AnswersGroupsInOrder) {
  file::MemoryFileSystem fs;
  WakeUps wake_ups;
  const auto committer = MakeThreadCommitter(fs, "/", SyncMethod::kFdatasync, wake_ups.Callback());
  for (std::uint64_t id = 1; id <= 50; ++id) {
    committer->Submit(
        GroupOf(id, {std::make_shared<CountedFile>(), std::make_shared<CountedFile>()}));
  }
  wake_ups.WaitFor(50);
  for (std::uint64_t id = 1; id <= 50; ++id) EXPECT_EQ(committer->TakeDone()->id, id);
}

TEST(ThreadCommitter, AFailedSyncIsFinal) {
  file::MemoryFileSystem fs;
  WakeUps wake_ups;
  const auto committer = MakeThreadCommitter(fs, "/", SyncMethod::kFdatasync, wake_ups.Callback());
  const auto bad =
      std::make_shared<CountedFile>([]() -> Status { return Fail(ErrorCode::kIo, "bad disk"); });
  const auto good = std::make_shared<CountedFile>();
  committer->Submit(GroupOf(1, {bad, std::make_shared<CountedFile>()}));
  committer->Submit(GroupOf(2, {bad, good}));
  wake_ups.WaitFor(2);
  EXPECT_EQ(committer->TakeDone()->status.error().message, "bad disk");
  EXPECT_EQ(committer->TakeDone()->status.error().message, "bad disk");
  EXPECT_EQ(bad->syncs(), 1);
  EXPECT_EQ(good->syncs(), 0);
}

TEST(ThreadCommitter, DestructionWaitsForTheGroupUnderWay) {
  file::MemoryFileSystem fs;
  std::latch begun(1);
  std::latch go(1);
  const auto slow = std::make_shared<CountedFile>([&]() -> Status {
    begun.count_down();
    go.wait();
    return Ok();
  });
  auto committer = MakeThreadCommitter(fs, "/", SyncMethod::kFdatasync, {});
  committer->Submit(GroupOf(1, {slow}));
  begun.wait();
  std::jthread destroyer([&] { committer.reset(); });
  go.count_down();
  destroyer.join();
  EXPECT_EQ(slow->syncs(), 1);
}

// The loop never waits for a disk.
TEST(ThreadCommitter, TakesGroupsWhileAnotherIsUnderWay) {
  file::MemoryFileSystem fs;
  WakeUps wake_ups;
  const auto committer = MakeThreadCommitter(fs, "/", SyncMethod::kFdatasync, wake_ups.Callback());
  std::latch begun(2);
  std::latch go(1);
  const auto wait = [&]() -> Status {
    begun.count_down();
    go.wait();
    return Ok();
  };
  committer->Submit(
      GroupOf(1, {std::make_shared<CountedFile>(wait), std::make_shared<CountedFile>(wait)}));
  begun.wait();
  committer->Submit(GroupOf(2, {std::make_shared<CountedFile>()}));
  EXPECT_FALSE(committer->TakeDone());
  go.count_down();
  wake_ups.WaitFor(2);
  EXPECT_EQ(committer->TakeDone()->id, 1U);
  EXPECT_EQ(committer->TakeDone()->id, 2U);
}

TEST(ThreadCommitter, OfSeveralFilesTheOneThatFailsCounts) {
  for (int bad = 0; bad < 6; ++bad) {
    file::MemoryFileSystem fs;
    WakeUps wake_ups;
    const auto committer =
        MakeThreadCommitter(fs, "/", SyncMethod::kFdatasync, wake_ups.Callback());
    std::vector<std::shared_ptr<CountedFile>> files;
    for (int i = 0; i < 6; ++i) {
      files.push_back(std::make_shared<CountedFile>([fails = i == bad]() -> Status {
        return fails ? Status(Fail(ErrorCode::kIo, "bad disk")) : Ok();
      }));
    }
    committer->Submit(GroupOf(1, files));
    wake_ups.WaitFor(1);
    EXPECT_FALSE(committer->TakeDone()->status.ok());
    for (const auto& file : files) EXPECT_EQ(file->syncs(), 1) << "each is tried once";
  }
}

class EveryCommitter : public ::testing::TestWithParam<SyncMethod> {};

TEST_P(EveryCommitter, MakesBytesAndNamesDurable) {
  SeededRandom random(3);
  file::MemoryFileSystem fs;
  ASSERT_TRUE(file::CreateDurableDirectories(fs, "/d").ok());
  std::shared_ptr<file::File> file = *fs.Open("/d/file", file::OpenMode::kCreate);
  ASSERT_TRUE(file->PWrite(0, "bytes").ok());
  const auto committer = MakeInlineCommitter(fs, "/d", GetParam());
  committer->Submit(
      {.id = 1, .work = {{.files = {file}, .directories = {"/d"}, .covers = Offset(1)}}});
  ASSERT_TRUE(committer->TakeDone()->status.ok());
  fs.Crash(random);
  EXPECT_EQ(*file::ReadWholeFile(fs, "/d/file", 100), "bytes");
}

TEST_P(EveryCommitter, AFailedSyncIsFinalInline) {
  file::MemoryFileSystem fs;
  ASSERT_TRUE(file::CreateDurableDirectories(fs, "/d").ok());
  std::shared_ptr<file::File> file = *fs.Open("/d/file", file::OpenMode::kCreate);
  ASSERT_TRUE(file->PWrite(0, "bytes").ok());
  fs.FailNextSync("/d/file");
  const auto committer = MakeInlineCommitter(fs, "/d", GetParam());
  for (std::uint64_t id = 1; id <= 2; ++id) {
    committer->Submit({.id = id, .work = {{.files = {file}, .directories = {}, .covers = {}}}});
    EXPECT_FALSE(committer->TakeDone()->status.ok());
  }
}

TEST_P(EveryCommitter, NamesAloneAreMadeDurableToo) {
  SeededRandom random(3);
  file::MemoryFileSystem fs;
  ASSERT_TRUE(file::CreateDurableDirectories(fs, "/d").ok());
  ASSERT_TRUE(fs.Open("/d/file", file::OpenMode::kCreate).ok());
  WakeUps wake_ups;
  const auto committer = MakeThreadCommitter(fs, "/d", GetParam(), wake_ups.Callback());
  committer->Submit({.id = 1, .work = {{.files = {}, .directories = {"/d"}, .covers = Offset(1)}}});
  wake_ups.WaitFor(1);
  EXPECT_TRUE(committer->TakeDone()->status.ok());
  fs.Crash(random);
  EXPECT_TRUE(fs.Stat("/d/file").ok());
}

TEST_P(EveryCommitter, ADirectoryThatCantBeSyncedIsTold) {
  file::MemoryFileSystem fs;
  ASSERT_TRUE(file::CreateDurableDirectories(fs, "/d").ok());
  ASSERT_TRUE(fs.Open("/d/file", file::OpenMode::kCreate).ok());
  fs.FailNextSync("/d");
  const auto committer = MakeInlineCommitter(fs, "/d", GetParam());
  committer->Submit({.id = 1, .work = {{.files = {}, .directories = {"/d"}, .covers = Offset(1)}}});
  EXPECT_FALSE(committer->TakeDone()->status.ok());
}

TEST_P(EveryCommitter, AGroupWithoutWorkSyncsNothing) {
  file::MemoryFileSystem fs;
  ASSERT_TRUE(file::CreateDurableDirectories(fs, "/d").ok());
  const auto file = *fs.Open("/d/file", file::OpenMode::kCreate);
  ASSERT_TRUE(file->PWrite(0, "bytes").ok());
  fs.FailNextSync("/d/file");
  const auto committer = MakeInlineCommitter(fs, "/d", GetParam());
  committer->Submit({.id = 1, .work = {}});
  EXPECT_TRUE(committer->TakeDone()->status.ok());
}

INSTANTIATE_TEST_SUITE_P(Methods, EveryCommitter,
                         ::testing::Values(SyncMethod::kFdatasync, SyncMethod::kSyncfs));

}  // namespace
}  // namespace logboom::broker
