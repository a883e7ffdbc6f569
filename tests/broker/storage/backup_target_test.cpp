// The directory of a backup: where it may be, what room it takes, and what comes into it.
#include "broker/storage/backup_target.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "broker/storage/data_directory.h"
#include "lib/file/faulty_file_system.h"
#include "lib/file/posix_file_system.h"
#include "lib/record/crc32c.h"
#include "tests/broker/storage/two_disks.h"
#include "tests/lib/file/temp_directory.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kRoomBeside = std::int64_t{16} << 20U;
constexpr std::size_t kChunk = std::size_t{1} << 20U;

class BackupTargetTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* path : {"/data", "/near"}) ASSERT_TRUE(disks_.CreateDirectories(path).ok());
  }
  static void SetFree(file::MemoryFileSystem& disk, std::int64_t bytes) {
    const file::Space space = *disk.SpaceOf("/");
    disk.SetCapacity(space.total_bytes - space.available_bytes + bytes);
  }
  // Begins with "/near" on the disk of the data, "/far" on the other one.
  static BackupTarget Prepared(file::FileSystem& fs, const std::string& directory) {
    BackupTarget target(fs, "/data", directory);
    const Status prepared = target.Prepare();
    EXPECT_TRUE(prepared.ok()) << prepared.error().message;
    return target;
  }
  static ErrorCode Refused(file::FileSystem& fs, const std::string& directory) {
    const Status prepared = BackupTarget(fs, "/data", directory).Prepare();
    EXPECT_FALSE(prepared.ok()) << directory;
    return prepared.ok() ? ErrorCode::kBusy : prepared.error().code;
  }
  PinnedFile Pinned(std::size_t size, std::optional<std::int64_t> first_bytes = std::nullopt) {
    bytes_.resize(size);
    for (std::size_t i = 0; i < size; ++i) bytes_[i] = static_cast<char>(i * 31 + i / 256);
    EXPECT_TRUE(file::ReplaceFile(disks_, "/data/pin", bytes_).ok());
    return {"/data/pin", "1-0/file", first_bytes};
  }
  Bytes Taken(const std::string& directory) {
    return *file::ReadWholeFile(disks_, directory + ".incomplete/1-0/file", 10 * kChunk);
  }

  TwoDisks disks_{"/far"};
  Bytes bytes_;
};

// Its name alone says nothing of that.
TEST(BackupTargetLinks, APlaceThatALinkMovesIntoTheDataIsRefused) {
  file::PosixFileSystem fs;
  const file::TempDirectory temp;
  const std::string data = temp / "data";
  for (const char* path : {"data/deep/place", "beside"}) {
    ASSERT_TRUE(fs.CreateDirectories(temp / path).ok());
  }
  ASSERT_EQ(::symlink("data/deep/place", (temp / "into").c_str()), 0);
  ASSERT_EQ(::symlink("beside", (temp / "out").c_str()), 0);
  const Status refused = BackupTarget(fs, data, temp / "into/one").Prepare();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid) << refused.error().message;
  const Status taken = BackupTarget(fs, data, temp / "out/one").Prepare();
  EXPECT_TRUE(taken.ok()) << taken.error().message;
}

TEST_F(BackupTargetTest, OnTheDiskOfTheDataItNeedsRoomForWhatGrowsAndTheReserve) {
  const BackupTarget target = Prepared(disks_, "/near/one");
  SetFree(disks_.second, 0);
  SetFree(disks_.first, kRoomBeside + 300 + 7000);
  EXPECT_TRUE(target.CheckRoom(1'000'000'000'000, 300, 7000).ok());
  for (const auto& [growing, reserve] : {std::pair{301, 7000}, std::pair{300, 7001}}) {
    const Status refused = target.CheckRoom(0, growing, reserve);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
    EXPECT_NE(refused.error().message.find(fmt::format("takes {} bytes, and {} are free",
                                                       kRoomBeside + growing,
                                                       kRoomBeside + 7300 - reserve)),
              std::string::npos)
        << refused.error().message;
  }
  SetFree(disks_.first, 6999);
  EXPECT_NE(target.CheckRoom(0, 0, 7000).error().message.find(", and 0 are free"),
            std::string::npos);
}

TEST_F(BackupTargetTest, OnAnotherDiskItNeedsRoomForAllOfItAndNoReserve) {
  const BackupTarget target = Prepared(disks_, "/far/one");
  SetFree(disks_.first, 0);
  SetFree(disks_.second, kRoomBeside + 300 + 5000);
  EXPECT_TRUE(target.CheckRoom(5000, 300, 1'000'000'000'000).ok());
  EXPECT_EQ(target.CheckRoom(5001, 300, 0).error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(target.CheckRoom(5000, 301, 0).error().code, ErrorCode::kNoSpace);
}

TEST_F(BackupTargetTest, WhatDoesNotChangeIsLinkedOnTheDiskOfTheDataAndElseCopied) {
  for (const bool near : {true, false}) {
    const std::string directory = near ? "/near/one" : "/far/one";
    BackupTarget target = Prepared(disks_, directory);
    ASSERT_TRUE(target.MakeDirectory("1-0").ok());
    ASSERT_TRUE(target.Take(Pinned(5000), {}).ok());
    EXPECT_EQ(target.bytes_linked(), near ? 5000 : 0);
    EXPECT_EQ(target.bytes_copied(), near ? 0 : 5000);
    EXPECT_EQ(disks_.Stat(directory + ".incomplete/1-0/file")->link_count, near ? 2U : 1U);
    ASSERT_TRUE(target.Vouch("1-0/file", {}).ok());
    EXPECT_EQ(target.bytes_copied(), near ? 5000 : 10'000);
    ASSERT_TRUE(target.Finish({}).ok());
    const auto manifest =
        ParseBackupManifest(*file::ReadWholeFile(disks_, directory + "/backup.manifest", kChunk));
    ASSERT_TRUE(manifest.ok());
    const BackupFile file{"1-0/file", 5000, record::Crc32c(bytes_)};
    EXPECT_EQ(manifest->files, (std::vector{file, file}));
    EXPECT_TRUE(target.Abandon().ok()) << "nothing is left to remove";
    EXPECT_TRUE(disks_.Stat(directory).ok());
  }
}

TEST_F(BackupTargetTest, AfterALinkThatFailedAllAreCopied) {
  file::FaultyFileSystem faulty(disks_.first);
  BackupTarget target = Prepared(faulty, "/near/one");
  ASSERT_TRUE(target.MakeDirectory("1-0").ok());
  faulty.Add({.kind = file::CallKind::kLink, .code = ErrorCode::kUnsupported});
  PinnedFile pinned = Pinned(10);
  ASSERT_TRUE(target.Take(pinned, {}).ok());
  pinned.path = "1-0/another";
  ASSERT_TRUE(target.Take(pinned, {}).ok());
  EXPECT_EQ(faulty.calls(file::CallKind::kLink), 1U);
  EXPECT_EQ(target.bytes_copied(), 20);
  EXPECT_EQ(target.bytes_linked(), 0);
}

TEST_F(BackupTargetTest, OfAFileThatGrowsTheFirstBytesAreCopied) {
  int number = 0;
  for (const std::size_t first : {std::size_t{0}, std::size_t{1}, kChunk - 1, kChunk, kChunk + 1}) {
    for (const std::size_t more : {0U, 1U}) {
      const std::string directory = fmt::format("/near/{}", number++);
      BackupTarget target = Prepared(disks_, directory);
      ASSERT_TRUE(target.MakeDirectory("1-0").ok());
      ASSERT_TRUE(target.Take(Pinned(first + more, static_cast<std::int64_t>(first)), {}).ok());
      EXPECT_EQ(Taken(directory), bytes_.substr(0, first));
      EXPECT_EQ(target.bytes_copied(), static_cast<std::int64_t>(first));
    }
  }
  BackupTarget target = Prepared(disks_, "/near/short");
  ASSERT_TRUE(target.MakeDirectory("1-0").ok());
  EXPECT_EQ(target.Take(Pinned(99, 100), {}).error().code, ErrorCode::kCorrupt);
}

TEST_F(BackupTargetTest, AStopThatIsAskedForCancelsIt) {
  std::stop_source stop;
  stop.request_stop();
  BackupTarget target = Prepared(disks_, "/near/one");
  ASSERT_TRUE(target.MakeDirectory("1-0").ok());
  for (const auto first_bytes : {std::optional<std::int64_t>(), std::optional<std::int64_t>(5)}) {
    EXPECT_EQ(target.Take(Pinned(10, first_bytes), stop.get_token()).error().code,
              ErrorCode::kCancelled);
    ASSERT_TRUE(disks_.Remove("/near/one.incomplete/1-0/file").ok());
  }
}

TEST_F(BackupTargetTest, AFileThatCantBeSyncedIsTold) {
  file::FaultyFileSystem faulty(disks_.first);
  BackupTarget target = Prepared(faulty, "/near/one");
  ASSERT_TRUE(target.MakeDirectory("1-0").ok());
  for (const auto first_bytes : {std::optional<std::int64_t>(), std::optional<std::int64_t>(5)}) {
    faulty.Add({.kind = file::CallKind::kSync, .path_part = "1-0/file"});
    EXPECT_EQ(target.Take(Pinned(10, first_bytes), {}).error().code, ErrorCode::kIo);
    ASSERT_TRUE(disks_.Remove("/near/one.incomplete/1-0/file").ok());
  }
}

TEST_F(BackupTargetTest, SlashesAtTheEndOfItsNameAreLeftOut) {
  const BackupTarget target(disks_, "/data", "/near/one//");
  EXPECT_EQ(target.path(), "/near/one.incomplete");
  BackupTarget root(disks_, "/data", "/");
  const Status refused = root.Prepare();
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.error().message.starts_with("'/':")) << refused.error().message;
}

TEST_F(BackupTargetTest, WhatIsThereAlreadyIsRefusedAndLeftAlone) {
  ASSERT_TRUE(file::ReplaceFile(disks_, "/near/file", "x").ok());
  ASSERT_TRUE(disks_.CreateDirectories("/near/old.incomplete/x").ok());
  EXPECT_EQ(Refused(disks_, "/near/file"), ErrorCode::kExists);
  EXPECT_EQ(Refused(disks_, "/near/file/one"), ErrorCode::kNotFound);
  BackupTarget target(disks_, "/data", "/near/old");
  EXPECT_EQ(target.Prepare().error().code, ErrorCode::kExists);
  EXPECT_TRUE(target.Abandon().ok());
  EXPECT_TRUE(disks_.Stat("/near/old.incomplete/x").ok());
}

// Whether it lies in the data directory is looked at as far up as that.
TEST_F(BackupTargetTest, ItLiesInAtMost256DirectoriesTheRootIncluded) {
  std::string parent = "/near";
  for (int i = 0; i < 254; ++i) parent += "/d";
  ASSERT_TRUE(disks_.CreateDirectories(parent + "/d").ok());
  Prepared(disks_, parent + "/one");
  EXPECT_EQ(Refused(disks_, parent + "/d/one"), ErrorCode::kInvalid);
}

TEST_F(BackupTargetTest, WhereItLiesMustBeKnown) {
  file::FaultyFileSystem faulty(disks_.first);
  faulty.Add({.matches =
                  [](file::CallKind kind, const std::string& path) {
                    return kind == file::CallKind::kStat && (path == "/near/.." || path == "/");
                  },
              .span = file::FaultSpan::kFromThenOn});
  EXPECT_EQ(Refused(faulty, "/near/one"), ErrorCode::kIo);
}

TEST_F(BackupTargetTest, ADataDirectoryKnowsWhetherItIsAMountOfItsOwn) {
  SeededRandom random(1);
  EXPECT_TRUE((*DataDirectory::Open(disks_, "/far", random))->own_file_system());
  EXPECT_FALSE((*DataDirectory::Open(disks_, "/far/data", random))->own_file_system());
  EXPECT_FALSE((*DataDirectory::Open(disks_, "/data", random))->own_file_system());
}

}  // namespace
}  // namespace logboom::broker
