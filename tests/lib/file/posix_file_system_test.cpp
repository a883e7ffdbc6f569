// What only the operating system's files do.
#include "lib/file/posix_file_system.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "tests/lib/file/temp_directory.h"

namespace logboom::file {
namespace {

unsigned ModeOf(const std::string& path) {
  struct stat stat = {};
  EXPECT_EQ(::stat(path.c_str(), &stat), 0);
  return stat.st_mode & 0777U;
}

// Runs `body` as an ordinary user in a child; root may do anything. Returns its exit status.
template <typename Body>
int AsNobody(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) ::_exit(99);
    ::_exit(body() ? 0 : 1);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WEXITSTATUS(status);
}

TEST(PosixFileSystem, FilesAndDirectoriesAreClosedToOthers) {
  TempDirectory temp;
  PosixFileSystem fs;
  const mode_t umask_before = ::umask(0);
  ASSERT_TRUE(fs.Open(temp / "f", OpenMode::kCreate).ok());
  ASSERT_TRUE(fs.CreateDirectories(temp / "d/e").ok());
  ::umask(umask_before);
  EXPECT_EQ(ModeOf(temp / "f"), 0640U);
  EXPECT_EQ(ModeOf(temp / "d"), 0750U);
  EXPECT_EQ(ModeOf(temp / "d/e"), 0750U);
}

TEST(PosixFileSystem, ADirectoryIsSyncedWithoutADescriptorWhereALockIsHeld) {
  TempDirectory temp;
  PosixFileSystem fs;
  ASSERT_TRUE(fs.CreateDirectories(temp / "d").ok());
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  for (const bool locked : {false, true}) {
    std::unique_ptr<FileLock> lock;
    if (locked) lock = *fs.Lock(temp / "lock");
    const rlimit none = {0, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const Result<std::unique_ptr<File>> file = fs.Open(temp / "f", OpenMode::kCreate);
    const Status synced = fs.SyncDirectory(temp / "d");
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(file.error().code, ErrorCode::kLimit);
    EXPECT_EQ(synced.ok(), locked);
  }
}

TEST(PosixFileSystem, UnreadableFileIsAPermissionError) {
  TempDirectory temp;
  PosixFileSystem fs;
  ASSERT_EQ(::chmod(temp.path().c_str(), 0755), 0);
  ASSERT_TRUE(fs.Open(temp / "f", OpenMode::kCreate).ok());
  ASSERT_EQ(::chmod((temp / "f").c_str(), 0), 0);
  EXPECT_EQ(AsNobody([&] {
              const Result<std::unique_ptr<File>> file = fs.Open(temp / "f", OpenMode::kRead);
              return !file.ok() && file.error().code == ErrorCode::kPermission;
            }),
            0);
}

TEST(PosixFileSystem, OpeningAFifoWithoutAWriterDoesNotWait) {
  TempDirectory temp;
  PosixFileSystem fs;
  ASSERT_EQ(::mkfifo((temp / "fifo").c_str(), 0600), 0);
  const Result<std::unique_ptr<File>> file = fs.Open(temp / "fifo", OpenMode::kRead);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ((*file)->Stat()->kind, FileKind::kOther);
  std::string buffer(1, '\0');
  EXPECT_FALSE((*file)->PRead(0, buffer).ok());
}

TEST(PosixFileSystem, StatFollowsLinksAndListDoesNot) {
  TempDirectory temp;
  PosixFileSystem fs;
  ASSERT_TRUE(ReplaceFile(fs, temp / "f", "abc").ok());
  ASSERT_EQ(::symlink("f", (temp / "link").c_str()), 0);
  EXPECT_EQ(fs.Stat(temp / "link")->identity, fs.Stat(temp / "f")->identity);
  const Result<std::vector<DirectoryEntry>> entries = fs.List(temp.path());
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ((*entries)[1].name, "link");
  EXPECT_EQ((*entries)[1].kind, FileKind::kOther);
}

TEST(PosixFileSystem, HardLinksAreCounted) {
  TempDirectory temp;
  PosixFileSystem fs;
  ASSERT_TRUE(ReplaceFile(fs, temp / "f", "abc").ok());
  ASSERT_EQ(::link((temp / "f").c_str(), (temp / "g").c_str()), 0);
  EXPECT_EQ(fs.Stat(temp / "f")->link_count, 2U);
}

TEST(PosixFileSystem, IdentityMatchesStatAndKeepsItsBirthTime) {
  TempDirectory temp;
  PosixFileSystem fs;
  ASSERT_TRUE(ReplaceFile(fs, temp / "f", "abc").ok());
  struct stat raw = {};
  ASSERT_EQ(::stat((temp / "f").c_str(), &raw), 0);
  const FileIdentity before = fs.Stat(temp / "f")->identity;
  EXPECT_EQ(before.device, raw.st_dev);
  EXPECT_EQ(before.inode, raw.st_ino);
  ASSERT_TRUE((*fs.Open(temp / "f", OpenMode::kReadWrite))->PWrite(3, "def").ok());
  EXPECT_EQ(fs.Stat(temp / "f")->identity, before);
}

TEST(PosixFileSystem, PreallocationTakesDiskBlocks) {
  TempDirectory temp;
  PosixFileSystem fs;
  const Result<std::unique_ptr<File>> file = fs.Open(temp / "f", OpenMode::kCreate);
  ASSERT_TRUE((*file)->Preallocate(1 << 20).ok());
  struct stat raw = {};
  ASSERT_EQ(::stat((temp / "f").c_str(), &raw), 0);
  EXPECT_EQ(raw.st_size, 0);
  EXPECT_GE(raw.st_blocks * 512, 1 << 20);
}

TEST(PosixFileSystem, ReadsFilesThatDoNotKnowTheirSize) {
  PosixFileSystem fs;
  const Result<Bytes> bytes = ReadWholeFile(fs, "/proc/self/status", 1 << 20);
  ASSERT_TRUE(bytes.ok());
  EXPECT_NE(bytes->find("Pid:"), std::string::npos);
}

TEST(PosixFileSystem, OneReadGoesOnWhereTheKernelReturnsLess) {
  PosixFileSystem fs;  // the kernel gives out files of /proc by the page
  const Result<std::unique_ptr<File>> file = fs.Open("/proc/self/smaps", OpenMode::kRead);
  ASSERT_TRUE(file.ok());
  std::string buffer(1 << 20, '\0');
  const Result<std::size_t> count = (*file)->PRead(0, buffer);
  ASSERT_TRUE(count.ok());
  EXPECT_GT(*count, 8192U);
}

TEST(PosixFileSystem, WritingToAFullDeviceIsNoSpace) {
  PosixFileSystem fs;
  const Result<std::unique_ptr<File>> full = fs.Open("/dev/full", OpenMode::kReadWrite);
  ASSERT_TRUE(full.ok());
  const Status written = (*full)->PWrite(0, "x");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(written.error().message, "write /dev/full at 0: No space left on device");
}

TEST(PosixFileSystem, SignalsDoNotBreakReadsAndWrites) {
  TempDirectory temp;
  PosixFileSystem fs;
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  struct sigaction before = {};
  ASSERT_EQ(::sigaction(SIGALRM, &action, &before), 0);  // without SA_RESTART
  const itimerval every_100_us = {{0, 100}, {0, 100}};
  ASSERT_EQ(::setitimer(ITIMER_REAL, &every_100_us, nullptr), 0);
  const Result<std::unique_ptr<File>> file = fs.Open(temp / "f", OpenMode::kCreate);
  const std::string bytes(8 << 20, 'x');
  const bool written = (*file)->PWrite(0, bytes).ok();
  const Result<Bytes> read = ReadWholeFile(fs, temp / "f", bytes.size());
  const itimerval never = {};
  ::setitimer(ITIMER_REAL, &never, nullptr);
  ::sigaction(SIGALRM, &before, nullptr);
  EXPECT_TRUE(written);
  EXPECT_TRUE(read.ok() && *read == bytes);
}

TEST(PosixFileSystem, DescriptorsDoNotPassToChildPrograms) {
  TempDirectory temp;
  PosixFileSystem fs;
  const Result<std::unique_ptr<File>> file = fs.Open(temp / "kept-open", OpenMode::kCreate);
  const Result<std::unique_ptr<FileLock>> lock = fs.Lock(temp / "kept-locked");
  ASSERT_TRUE(file.ok() && lock.ok() && fs.SyncFileSystem(temp.path()).ok());
  FILE* child = ::popen("ls -l /proc/self/fd", "r");
  ASSERT_NE(child, nullptr);
  std::string listing;
  char buffer[4096];
  while (const std::size_t count = std::fread(buffer, 1, sizeof(buffer), child)) {
    listing.append(buffer, count);
  }
  ::pclose(child);
  EXPECT_NE(listing.find("/proc/"), std::string::npos);
  EXPECT_EQ(listing.find(temp.path()), std::string::npos) << listing;
}

TEST(PosixLock, TheLoserIsToldWhoHoldsIt) {
  TempDirectory temp;
  PosixFileSystem fs;
  int ready[2];
  int done[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(done), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(done[1]);  // so that the child ends with its parent, come what may
    const Result<std::unique_ptr<FileLock>> lock = fs.Lock(temp / "lock");
    char byte = lock.ok() ? 'y' : 'n';
    if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
    while (::read(done[0], &byte, 1) > 0) continue;
    ::_exit(0);  // killed processes run no destructors either
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  const Result<std::unique_ptr<FileLock>> lost = fs.Lock(temp / "lock");
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().message, fmt::format("lock {}: held by process {}", temp / "lock", child));
  ::close(done[1]);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(fs.Lock(temp / "lock").ok()) << "the death of the holder releases it";
  for (const int fd : {ready[0], ready[1], done[0]}) ::close(fd);
}

TEST(PosixLock, TheProcessIdIsInTheFileWhileHeld) {
  TempDirectory temp;
  PosixFileSystem fs;
  Result<std::unique_ptr<FileLock>> lock = fs.Lock(temp / "lock");
  EXPECT_EQ(*ReadWholeFile(fs, temp / "lock", 100), fmt::format("{}\n", ::getpid()));
  lock->reset();
  EXPECT_EQ(*ReadWholeFile(fs, temp / "lock", 100), "");
}

TEST(FileSystemUuids, TheLinkToTheDeviceGivesTheName) {
  TempDirectory temp;
  struct stat raw = {};
  ASSERT_EQ(::stat(temp.path().c_str(), &raw), 0);
  const std::string node = temp / "node";
  if (::mknod(node.c_str(), S_IFBLK | 0600, raw.st_dev) != 0) {
    std::cout << "NOT RUN: only root may make device nodes\n";
    return;
  }
  PosixFileSystem fs(temp / "by-uuid");
  EXPECT_EQ(fs.FileSystemUuid(temp.path()), "") << "no such directory";
  ASSERT_TRUE(fs.CreateDirectories(temp / "by-uuid").ok());
  ASSERT_EQ(::symlink("../missing", (temp / "by-uuid/dangling").c_str()), 0);
  EXPECT_EQ(fs.FileSystemUuid(temp.path()), "");
  ASSERT_EQ(::symlink("../node", (temp / "by-uuid/0a1b-2c3d").c_str()), 0);
  EXPECT_EQ(fs.FileSystemUuid(temp.path()), "0a1b-2c3d") << "a new link is seen";
  ASSERT_TRUE(fs.Rename(temp / "by-uuid/0a1b-2c3d", temp / "by-uuid/ffff-0000").ok());
  EXPECT_EQ(fs.FileSystemUuid(temp.path()), "ffff-0000") << "as is a disk that was made anew";
}

}  // namespace
}  // namespace logboom::file
