#include "lib/file/directory_watch.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>

#include "lib/file/posix_file_system.h"
#include "tests/lib/file/temp_directory.h"

namespace logboom::file {
namespace {

using Changes = std::vector<Change>;

class Inotify : public ::testing::Test {
 protected:
  void SetUp() override {
    Result<std::unique_ptr<DirectoryWatch>> made = MakeInotifyWatch();
    ASSERT_TRUE(made.ok()) << made.error().message;
    watch_ = std::move(*made);
  }

  // Collects changes until `wanted` is among them; waits on the descriptor, ten seconds at most.
  bool Sees(const Change& wanted) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (true) {
      for (Change& change : watch_->Take()) AppendFolded(seen_, std::move(change));
      if (std::find(seen_.begin(), seen_.end(), wanted) != seen_.end()) return true;
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      pollfd waiting = {watch_->descriptor(), POLLIN, 0};
      if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0)
        return false;
    }
  }
  bool Readable() const {
    pollfd now = {watch_->descriptor(), POLLIN, 0};
    return ::poll(&now, 1, 0) == 1;
  }
  int KernelWatches() const {
    std::ifstream file(fmt::format("/proc/self/fdinfo/{}", watch_->descriptor()));
    int watches = 0;
    for (std::string line; std::getline(file, line);) watches += line.starts_with("inotify wd:");
    return watches;
  }
  void Write(const std::string& path) { std::ofstream(path, std::ios::app) << "line\n"; }

  TempDirectory temp_;
  PosixFileSystem fs_;
  std::unique_ptr<DirectoryWatch> watch_;
  Changes seen_;
};

TEST_F(Inotify, TellsWhatHappensToNames) {
  ASSERT_TRUE(watch_->Add(temp_.path()).ok());
  Write(temp_ / "f");
  EXPECT_TRUE(Sees({ChangeKind::kAppeared, temp_.path(), "f"}));
  EXPECT_TRUE(Sees({ChangeKind::kWritten, temp_.path(), "f"}));
  ASSERT_TRUE(fs_.Rename(temp_ / "f", temp_ / "f.1").ok());
  EXPECT_TRUE(Sees({ChangeKind::kVanished, temp_.path(), "f"}));
  EXPECT_TRUE(Sees({ChangeKind::kAppeared, temp_.path(), "f.1"}));
  ASSERT_TRUE(fs_.Remove(temp_ / "f.1").ok());
  EXPECT_TRUE(Sees({ChangeKind::kVanished, temp_.path(), "f.1"}));
}

TEST_F(Inotify, TellsWritesTruncationsAndModes) {
  Write(temp_ / "f");
  ASSERT_TRUE(watch_->Add(temp_.path()).ok());
  const Change written{ChangeKind::kWritten, temp_.path(), "f"};
  const Result<std::unique_ptr<File>> file = fs_.Open(temp_ / "f", OpenMode::kReadWrite);
  ASSERT_TRUE((*file)->PWrite(5, "x").ok());
  EXPECT_TRUE(Sees(written));
  seen_.clear();
  ASSERT_TRUE((*file)->Truncate(0).ok());
  EXPECT_TRUE(Sees(written));
  seen_.clear();
  ASSERT_EQ(::chmod((temp_ / "f").c_str(), 0600), 0);
  EXPECT_TRUE(Sees(written));
}

TEST_F(Inotify, QuietDirectoriesGiveNothingAndDoNotWait) {
  ASSERT_TRUE(watch_->Add(temp_.path()).ok());
  EXPECT_FALSE(Readable());
  EXPECT_EQ(watch_->Take(), Changes{});
}

TEST_F(Inotify, ADirectorysOwnAttributesAreNotTold) {
  ASSERT_TRUE(watch_->Add(temp_.path()).ok());
  ASSERT_EQ(::chmod(temp_.path().c_str(), 0755), 0);
  EXPECT_TRUE(Readable());
  EXPECT_EQ(watch_->Take(), Changes{});
}

TEST_F(Inotify, EqualNeighboursAreFolded) {
  Write(temp_ / "f");
  ASSERT_TRUE(watch_->Add(temp_.path()).ok());
  for (int i = 0; i < 100; ++i) Write(temp_ / "f");
  EXPECT_EQ(watch_->Take(), (Changes{{ChangeKind::kWritten, temp_.path(), "f"}}));
}

TEST_F(Inotify, WatchingTwiceIsOneWatch) {
  ASSERT_TRUE(watch_->Add(temp_.path()).ok());
  ASSERT_TRUE(watch_->Add(temp_.path()).ok());
  ASSERT_EQ(::mkdir((temp_ / "d").c_str(), 0700), 0);
  EXPECT_EQ(watch_->Take(), (Changes{{ChangeKind::kAppeared, temp_.path(), "d"}}));
  EXPECT_EQ(KernelWatches(), 1);
  watch_->Remove(temp_.path());
  EXPECT_EQ(KernelWatches(), 0);
  ASSERT_EQ(::mkdir((temp_ / "e").c_str(), 0700), 0);
  EXPECT_EQ(watch_->Take(), Changes{});
}

TEST_F(Inotify, EachPathOfALinkedDirectoryIsToldAndRemovedByItself) {
  ASSERT_TRUE(fs_.CreateDirectories(temp_ / "d").ok());
  ASSERT_EQ(::symlink("d", (temp_ / "link").c_str()), 0);
  ASSERT_TRUE(watch_->Add(temp_ / "d").ok());
  ASSERT_TRUE(watch_->Add(temp_ / "link").ok());
  Write(temp_ / "d/f");
  EXPECT_TRUE(Sees({ChangeKind::kAppeared, temp_ / "d", "f"}));
  EXPECT_TRUE(Sees({ChangeKind::kAppeared, temp_ / "link", "f"}));
  watch_->Remove(temp_ / "d");
  Write(temp_ / "d/g");
  EXPECT_TRUE(Sees({ChangeKind::kAppeared, temp_ / "link", "g"}));
  EXPECT_EQ(std::count(seen_.begin(), seen_.end(), Change{ChangeKind::kAppeared, temp_ / "d", "g"}),
            0);
}

TEST_F(Inotify, ARemovedDirectoryIsGoneOnceAndCanBeWatchedAgain) {
  ASSERT_TRUE(fs_.CreateDirectories(temp_ / "d").ok());
  ASSERT_TRUE(watch_->Add(temp_ / "d").ok());
  ASSERT_TRUE(fs_.RemoveDirectory(temp_ / "d").ok());
  ASSERT_TRUE(fs_.CreateDirectories(temp_ / "d").ok());
  EXPECT_EQ(watch_->Take(), (Changes{{ChangeKind::kGone, temp_ / "d", ""}}));
  ASSERT_TRUE(watch_->Add(temp_ / "d").ok());
  Write(temp_ / "d/f");
  EXPECT_TRUE(Sees({ChangeKind::kAppeared, temp_ / "d", "f"}));
}

TEST_F(Inotify, AMovedDirectoryIsGoneAndNoLongerWatched) {
  ASSERT_TRUE(fs_.CreateDirectories(temp_ / "d").ok());
  ASSERT_TRUE(watch_->Add(temp_ / "d").ok());
  ASSERT_TRUE(fs_.Rename(temp_ / "d", temp_ / "e").ok());
  EXPECT_TRUE(Sees({ChangeKind::kGone, temp_ / "d", ""}));
  Write(temp_ / "e/f");
  EXPECT_EQ(watch_->Take(), Changes{});
  EXPECT_EQ(KernelWatches(), 0);
}

TEST_F(Inotify, AddingAPathThatWasReplacedFollowsTheNewDirectory) {
  ASSERT_TRUE(fs_.CreateDirectories(temp_ / "d").ok());
  ASSERT_TRUE(watch_->Add(temp_ / "d").ok());
  ASSERT_TRUE(fs_.Rename(temp_ / "d", temp_ / "old").ok());
  ASSERT_TRUE(fs_.CreateDirectories(temp_ / "d").ok());
  ASSERT_TRUE(watch_->Add(temp_ / "d").ok());  // before the move was taken
  Write(temp_ / "old/stale");
  Write(temp_ / "d/fresh");
  EXPECT_TRUE(Sees({ChangeKind::kAppeared, temp_ / "d", "fresh"}));
  for (const Change& change : seen_) {
    EXPECT_NE(change.kind, ChangeKind::kGone);
    EXPECT_NE(change.name, "stale");
  }
}

TEST_F(Inotify, OnlyDirectoriesThatExistCanBeWatched) {
  Write(temp_ / "f");
  const Status missing = watch_->Add(temp_ / "missing");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(missing.error().message, "watch " + temp_ / "missing" + ": No such file or directory");
  EXPECT_FALSE(watch_->Add(temp_ / "f").ok());
  watch_->Remove(temp_ / "never added");
}

TEST_F(Inotify, AFullQueueIsAnOverflow) {
  std::ifstream file("/proc/sys/fs/inotify/max_queued_events");
  std::size_t queued_max = 0;
  ASSERT_TRUE(file >> queued_max);
  ASSERT_LE(queued_max, 1'000'000U);
  Write(temp_ / "a");
  Write(temp_ / "b");
  ASSERT_TRUE(watch_->Add(temp_.path()).ok());
  const Result<std::unique_ptr<File>> a = fs_.Open(temp_ / "a", OpenMode::kReadWrite);
  const Result<std::unique_ptr<File>> b = fs_.Open(temp_ / "b", OpenMode::kReadWrite);
  for (std::size_t i = 0; i <= queued_max / 2; ++i) {  // in turns, or the kernel folds them
    ASSERT_TRUE((*a)->PWrite(0, "x").ok());
    ASSERT_TRUE((*b)->PWrite(0, "x").ok());
  }
  EXPECT_TRUE(Sees({ChangeKind::kOverflow, "", ""}));
  seen_.clear();
  Write(temp_ / "c");
  EXPECT_TRUE(Sees({ChangeKind::kAppeared, temp_.path(), "c"})) << "and life goes on";
}

// In a child with a user namespace of its own, whose limits may be set without touching the
// system's.
TEST_F(Inotify, UsedUpWatchesAreALimit) {
  enum Outcome { kAsExpected, kWrong, kCannotTry };
  // The system call itself: sanitizers give a child of fork() a thread, and then it may not part.
  const auto child = static_cast<pid_t>(
      ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (child < 0) {
    std::cout << "NOT RUN: no user namespaces here\n";
    return;
  }
  if (child == 0) {
    if (!(std::ofstream("/proc/sys/user/max_inotify_watches") << 0 << std::flush))
      ::_exit(kCannotTry);
    const Result<std::unique_ptr<DirectoryWatch>> watch = MakeInotifyWatch();
    const Status added = watch.ok() ? (*watch)->Add(temp_.path()) : watch.error();
    const bool told = !added.ok() && added.error().code == ErrorCode::kLimit &&
                      added.error().message.find("max_user_watches") != std::string::npos;
    ::_exit(told ? kAsExpected : kWrong);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WEXITSTATUS(status) == kCannotTry) {
    std::cout << "NOT RUN: no user namespaces here\n";
    return;
  }
  EXPECT_EQ(WEXITSTATUS(status), kAsExpected);
}

TEST(ManualWatch, RecordsOnlyWhatIsWatched) {
  ManualWatch watch;
  ASSERT_TRUE(watch.Add("/d").ok());
  ASSERT_TRUE(watch.Add("/d").ok());
  watch.Notify({ChangeKind::kWritten, "/d", "f"});
  watch.Notify({ChangeKind::kWritten, "/d", "f"});
  watch.Notify({ChangeKind::kWritten, "/e", "f"});
  watch.Notify({ChangeKind::kOverflow, "", ""});
  EXPECT_EQ(watch.Take(),
            (Changes{{ChangeKind::kWritten, "/d", "f"}, {ChangeKind::kOverflow, "", ""}}));
  EXPECT_EQ(watch.Take(), Changes{});
  watch.Remove("/d");
  watch.Notify({ChangeKind::kWritten, "/d", "f"});
  EXPECT_EQ(watch.Take(), Changes{});
  EXPECT_EQ(watch.descriptor(), -1);
}

TEST(ManualWatch, AGoneDirectoryIsNoLongerWatched) {
  ManualWatch watch;
  ASSERT_TRUE(watch.Add("/d").ok());
  watch.Notify({ChangeKind::kGone, "/d", ""});
  EXPECT_FALSE(watch.Watches("/d"));
  EXPECT_EQ(watch.Take(), (Changes{{ChangeKind::kGone, "/d", ""}}));
}

TEST(ManualWatch, RefusesOnePastItsLimit) {
  ManualWatch watch;
  watch.SetWatchesMax(1);
  ASSERT_TRUE(watch.Add("/d").ok());
  ASSERT_TRUE(watch.Add("/d").ok());
  const Status refused = watch.Add("/e");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kLimit);
}

}  // namespace
}  // namespace logboom::file
