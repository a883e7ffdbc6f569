// What the model of a file system adds to the seam: crashes, kills, lost syncs, a full disk.
#include "lib/file/memory_file_system.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace logboom::file {
namespace {

constexpr std::uint64_t kSeeds = 300;

std::unique_ptr<File> Open(FileSystem& fs, const std::string& path,
                           OpenMode mode = OpenMode::kCreate) {
  Result<std::unique_ptr<File>> file = fs.Open(path, mode);
  if (!file.ok()) ADD_FAILURE() << file.error().message;
  return file.ok() ? *std::move(file) : nullptr;
}

void Put(FileSystem& fs, const std::string& path, ByteView bytes) {
  EXPECT_TRUE(Open(fs, path)->PWrite(0, bytes).ok());
}

void PutSynced(FileSystem& fs, const std::string& path, ByteView bytes) {
  const std::unique_ptr<File> file = Open(fs, path);
  EXPECT_TRUE(file->PWrite(0, bytes).ok());
  EXPECT_TRUE(file->Sync().ok());
}

// "missing" where there is no such file.
std::string Get(FileSystem& fs, const std::string& path) {
  const Result<Bytes> bytes = ReadWholeFile(fs, path, 1 << 20);
  return bytes.ok() ? *bytes : "missing";
}

// Path to content of all files, and path to "/" of all directories.
using Tree = std::map<std::string, std::string>;

void AddTree(FileSystem& fs, const std::string& directory, Tree& tree) {
  const Result<std::vector<DirectoryEntry>> entries = fs.List(directory + "/");
  ASSERT_TRUE(entries.ok()) << entries.error().message;
  for (const DirectoryEntry& entry : *entries) {
    const std::string path = directory + "/" + entry.name;
    if (entry.kind == FileKind::kDirectory) {
      tree[path] = "/";
      AddTree(fs, path, tree);
    } else {
      tree[path] = Get(fs, path);
    }
  }
}

Tree TreeOf(FileSystem& fs) {
  Tree tree;
  AddTree(fs, "", tree);
  return tree;
}

// Every tree that `script` can leave behind, over many seeds.
template <typename Script>
std::set<Tree> TreesAfter(Script script) {
  std::set<Tree> trees;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    MemoryFileSystem fs;
    script(fs);
    SeededRandom random(seed);
    fs.Crash(random);
    trees.insert(TreeOf(fs));
  }
  return trees;
}

using Trees = std::set<Tree>;

TEST(MemoryFileSystemCrash, ASyncedFileWithoutItsDirectorySyncedMayBeMissing) {
  EXPECT_EQ(TreesAfter([](MemoryFileSystem& fs) { PutSynced(fs, "/f", "x"); }),
            (Trees{{}, {{"/f", "x"}}}));
}

TEST(MemoryFileSystemCrash, FileAndDirectorySyncedIsSure) {
  EXPECT_EQ(TreesAfter([](MemoryFileSystem& fs) {
              PutSynced(fs, "/f", "x");
              ASSERT_TRUE(fs.SyncDirectory("/").ok());
            }),
            (Trees{{{"/f", "x"}}}));
}

TEST(MemoryFileSystemCrash, ADirectorySyncedWithoutTheFileMayLeaveItEmptyOrZero) {
  EXPECT_EQ(TreesAfter([](MemoryFileSystem& fs) {
              Put(fs, "/f", "x");
              ASSERT_TRUE(fs.SyncDirectory("/").ok());
            }),
            (Trees{{{"/f", ""}}, {{"/f", std::string(1, '\0')}}, {{"/f", "x"}}}));
}

TEST(MemoryFileSystemCrash, DirectoriesThemselvesAreNamesToSync) {
  EXPECT_EQ(TreesAfter([](MemoryFileSystem& fs) {
              ASSERT_TRUE(fs.CreateDirectories("/a/b").ok());
              PutSynced(fs, "/a/b/f", "x");
              ASSERT_TRUE(fs.SyncDirectory("/a/b").ok());
              ASSERT_TRUE(fs.SyncDirectory("/a").ok());
            }),
            (Trees{{}, {{"/a", "/"}, {"/a/b", "/"}, {"/a/b/f", "x"}}}));
}

TEST(MemoryFileSystemCrash, CreateDurableDirectoriesSurvive) {
  EXPECT_EQ(TreesAfter([](MemoryFileSystem& fs) {
              ASSERT_TRUE(CreateDurableDirectories(fs, "/a/b").ok());
            }),
            (Trees{{{"/a", "/"}, {"/a/b", "/"}}}));
}

TEST(MemoryFileSystemCrash, CreateDurableDirectoriesMendsWhatAKilledProcessLeft) {
  EXPECT_EQ(TreesAfter([](MemoryFileSystem& fs) {
              ASSERT_TRUE(fs.CreateDirectories("/a").ok());
              ASSERT_TRUE(CreateDurableDirectories(fs, "/a/b").ok());
            }),
            (Trees{{{"/a", "/"}, {"/a/b", "/"}}}));
}

TEST(MemoryFileSystemCrash, ARenameHappensWholeOrNotAtAll) {
  EXPECT_EQ(TreesAfter([](MemoryFileSystem& fs) {
              PutSynced(fs, "/old", "1");
              PutSynced(fs, "/new", "2");
              ASSERT_TRUE(fs.SyncDirectory("/").ok());
              ASSERT_TRUE(fs.Rename("/new", "/old").ok());
            }),
            (Trees{{{"/old", "1"}, {"/new", "2"}}, {{"/old", "2"}}}));
}

TEST(MemoryFileSystemCrash, ARenameOfAnUnsyncedFileMayLeaveNoBytes) {
  const Trees trees = TreesAfter([](MemoryFileSystem& fs) {
    PutSynced(fs, "/f", "old");
    ASSERT_TRUE(fs.SyncDirectory("/").ok());
    Put(fs, "/f.tmp", "new");
    ASSERT_TRUE(fs.Rename("/f.tmp", "/f").ok());
    ASSERT_TRUE(fs.SyncDirectory("/").ok());
  });
  EXPECT_TRUE(trees.contains({{"/f", ""}}));
  EXPECT_TRUE(trees.contains({{"/f", "new"}}));
}

TEST(MemoryFileSystemCrash, ReplaceFileLeavesOldOrNewAndThenNewForSure) {
  const Trees trees = TreesAfter([](MemoryFileSystem& fs) {
    ASSERT_TRUE(ReplaceFile(fs, "/f", "old").ok());
    ASSERT_TRUE(ReplaceFile(fs, "/f", "new").ok());
  });
  EXPECT_EQ(trees, (Trees{{{"/f", "new"}}}));
}

TEST(MemoryFileSystemCrash, AMoveBetweenDirectoriesNeverLosesTheFile) {
  const auto prepare = [](MemoryFileSystem& fs) {
    ASSERT_TRUE(CreateDurableDirectories(fs, "/a").ok());
    ASSERT_TRUE(CreateDurableDirectories(fs, "/b").ok());
    PutSynced(fs, "/a/f", "x");
    ASSERT_TRUE(fs.SyncDirectory("/a").ok());
    ASSERT_TRUE(fs.Rename("/a/f", "/b/f").ok());
  };
  const Tree neither{{"/a", "/"}, {"/b", "/"}};
  Tree before = neither;
  before["/a/f"] = "x";
  Tree after = neither;
  after["/b/f"] = "x";
  Tree both = before;
  both["/b/f"] = "x";
  EXPECT_EQ(TreesAfter(prepare), (Trees{before, both, after}));
  EXPECT_EQ(TreesAfter([&](MemoryFileSystem& fs) {
              prepare(fs);
              ASSERT_TRUE(fs.SyncDirectory("/b").ok());
            }),
            (Trees{both, after}));
  EXPECT_EQ(TreesAfter([&](MemoryFileSystem& fs) {
              prepare(fs);
              ASSERT_TRUE(fs.SyncDirectory("/a").ok());
            }),
            (Trees{after}));
}

TEST(MemoryFileSystemCrash, ARemovedFileMayComeBackUntilTheDirectoryIsSynced) {
  const auto remove = [](MemoryFileSystem& fs) {
    ASSERT_TRUE(ReplaceFile(fs, "/f", "x").ok());
    ASSERT_TRUE(fs.Remove("/f").ok());
  };
  EXPECT_EQ(TreesAfter(remove), (Trees{{}, {{"/f", "x"}}}));
  EXPECT_EQ(TreesAfter([&](MemoryFileSystem& fs) {
              remove(fs);
              ASSERT_TRUE(fs.SyncDirectory("/").ok());
            }),
            (Trees{{}}));
}

TEST(MemoryFileSystemCrash, RemovingANewFileNeverTakesTheOneThatItReplaced) {
  EXPECT_EQ(TreesAfter([](MemoryFileSystem& fs) {
              PutSynced(fs, "/f", "old");
              PutSynced(fs, "/f.tmp", "new");
              ASSERT_TRUE(fs.SyncDirectory("/").ok());
              ASSERT_TRUE(fs.Rename("/f.tmp", "/f").ok());
              ASSERT_TRUE(fs.Remove("/f").ok());
            }),
            (Trees{{}, {{"/f", "new"}}, {{"/f", "old"}, {"/f.tmp", "new"}}}));
}

TEST(MemoryFileSystemCrash, LaterChangesOfNamesSurviveWithoutEarlierOnes) {
  const Trees trees = TreesAfter([](MemoryFileSystem& fs) {
    PutSynced(fs, "/1", "");
    PutSynced(fs, "/2", "");
  });
  EXPECT_EQ(trees, (Trees{{}, {{"/1", ""}}, {{"/2", ""}}, {{"/1", ""}, {"/2", ""}}}));
}

TEST(MemoryFileSystemCrash, DirectoriesMovedIntoEachOtherStayATree) {
  const Trees trees = TreesAfter([](MemoryFileSystem& fs) {
    ASSERT_TRUE(CreateDurableDirectories(fs, "/a/d").ok());
    ASSERT_TRUE(fs.Rename("/a/d", "/d").ok());
    ASSERT_TRUE(fs.Rename("/a", "/d/a").ok());
  });
  EXPECT_TRUE(trees.contains({{"/a", "/"}, {"/a/d", "/"}}));
  EXPECT_TRUE(trees.contains({{"/d", "/"}, {"/d/a", "/"}}));
}

TEST(MemoryFileSystemCrash, SyncFileSystemSavesEverything) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    MemoryFileSystem fs;
    SeededRandom random(seed);
    // Any mess of calls, failing ones included, then a sync: what is seen must be what is left.
    const auto path = [&] {
      std::string made;
      for (std::uint64_t depth = random.Below(3); depth < 3; ++depth) {
        made += fmt::format("/{}", random.Below(3));
      }
      return made;
    };
    const std::uint64_t sync_after = random.Below(60);
    for (std::uint64_t i = 0; i < 60; ++i) {
      Status status = Ok();
      switch (random.Below(7)) {
        case 0: status = fs.CreateDirectories(path()); break;
        case 1: status = fs.Rename(path(), path()); break;
        case 2: status = fs.Remove(path()); break;
        case 3: status = fs.RemoveDirectory(path()); break;
        case 4: status = fs.SyncDirectory(path()); break;
        default: {
          const Result<std::unique_ptr<File>> file = fs.Open(path(), OpenMode::kCreate);
          if (!file.ok()) break;
          ASSERT_TRUE((*file)->PWrite(static_cast<std::int64_t>(random.Below(3)), "abc").ok());
          if (random.Below(2) == 0) status = (*file)->Sync();
        }
      }
      if (i == sync_after) {
        SeededRandom crash(seed);
        fs.Crash(crash);  // and go on from a wreck
      }
    }
    ASSERT_TRUE(fs.SyncFileSystem("/").ok());
    const Tree before = TreeOf(fs);
    fs.Crash(random);
    ASSERT_EQ(TreeOf(fs), before);
  }
}

TEST(MemoryFileSystemCrash, TheSameNumbersGiveTheSameWreck) {
  const auto run = [](std::uint64_t seed) {
    MemoryFileSystem fs;
    for (int i = 0; i < 20; ++i) Put(fs, fmt::format("/{}", i), std::string(2000, 'x'));
    SeededRandom random(seed);
    fs.Crash(random);
    return TreeOf(fs);
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

TEST(MemoryFileSystemCrash, HandlesAndLocksOfAllProcessesDie) {
  MemoryFileSystem fs;
  const std::unique_ptr<MemoryFileSystem> other = fs.AnotherProcess();
  const std::unique_ptr<File> file = Open(*other, "/f");
  Result<std::unique_ptr<FileLock>> lock = fs.Lock("/lock");
  ASSERT_TRUE(fs.SyncFileSystem("/").ok());
  SeededRandom random(1);
  fs.Crash(random);
  const Status written = file->PWrite(0, "x");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, ErrorCode::kIo);
  std::string buffer(1, '\0');
  EXPECT_FALSE(file->PRead(0, buffer).ok());
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_FALSE(file->Truncate(0).ok());
  EXPECT_FALSE(file->Preallocate(1).ok());
  EXPECT_FALSE(file->DropCache().ok());
  EXPECT_FALSE(file->Stat().ok());
  const Result<std::unique_ptr<FileLock>> again = fs.Lock("/lock");
  ASSERT_TRUE(again.ok());
  lock->reset();  // the dead lock's end does not release the new one
  EXPECT_FALSE(fs.Lock("/lock").ok());
}

TEST(MemoryFileSystemCrash, IdentityStaysButForTheDeviceNumber) {
  MemoryFileSystem fs;
  ASSERT_TRUE(ReplaceFile(fs, "/f", "x").ok());
  const FileIdentity before = fs.Stat("/f")->identity;
  SeededRandom random(1);
  fs.Crash(random);
  const FileIdentity after = fs.Stat("/f")->identity;
  EXPECT_NE(after.device, before.device);
  EXPECT_EQ(after.inode, before.inode);
  EXPECT_EQ(after.birth_time_ns, before.birth_time_ns);
  EXPECT_NE(fs.FileSystemUuid("/f"), "");
}

TEST(MemoryFileSystemKill, KeepsAllThatWasWrittenAndKillsHandlesAndLocks) {
  MemoryFileSystem fs;
  const std::unique_ptr<File> file = Open(fs, "/f");
  ASSERT_TRUE(file->PWrite(0, "abc").ok());
  ASSERT_TRUE(fs.Rename("/f", "/g").ok());
  const Result<std::unique_ptr<FileLock>> lock = fs.Lock("/lock");
  fs.KillProcess();
  EXPECT_EQ(Get(fs, "/g"), "abc");
  EXPECT_EQ(Get(fs, "/f"), "missing");
  EXPECT_FALSE(file->PWrite(0, "x").ok());
  EXPECT_TRUE(fs.Lock("/lock").ok());
}

TEST(MemoryFileSystemKill, LeavesOtherProcessesAlone) {
  MemoryFileSystem agent;
  const std::unique_ptr<MemoryFileSystem> application = agent.AnotherProcess();
  const std::unique_ptr<File> log = Open(*application, "/app.log");
  const Result<std::unique_ptr<FileLock>> lock = application->Lock("/lock");
  ASSERT_TRUE(agent.Rename("/app.log", "/app.log.1").ok());
  agent.KillProcess();
  ASSERT_TRUE(log->PWrite(0, "line\n").ok());
  EXPECT_EQ(Get(agent, "/app.log.1"), "line\n");
  EXPECT_FALSE(agent.Lock("/lock").ok());
  ASSERT_TRUE(log->Truncate(0).ok());
  EXPECT_EQ(Get(agent, "/app.log.1"), "");
}

TEST(MemoryFileSystemKill, AnUnlinkedFileEndsWithItsLastHandle) {
  MemoryFileSystem fs;
  fs.SetCapacity(100);
  const std::unique_ptr<File> file = Open(fs, "/f");
  ASSERT_TRUE(file->PWrite(0, std::string(100, 'x')).ok());
  ASSERT_TRUE(fs.Remove("/f").ok());
  EXPECT_EQ(fs.SpaceOf("/")->available_bytes, 0);
  fs.KillProcess();
  EXPECT_EQ(fs.SpaceOf("/")->available_bytes, 100);
}

TEST(MemoryFileSystemSync, AFailedSyncLosesTheBytesAndASecondLies) {
  MemoryFileSystem fs;
  ASSERT_TRUE(ReplaceFile(fs, "/f", "old").ok());
  const std::unique_ptr<File> file = Open(fs, "/f", OpenMode::kReadWrite);
  ASSERT_TRUE(file->PWrite(0, "new").ok());
  fs.FailNextSync("/f");
  const Status first = file->Sync();
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().code, ErrorCode::kIo);
  EXPECT_TRUE(file->Sync().ok());
  fs.KillProcess();
  EXPECT_EQ(Get(fs, "/f"), "new") << "the page cache still shows it, to a new process too";
  ASSERT_TRUE(Open(fs, "/f", OpenMode::kRead)->DropCache().ok());
  EXPECT_EQ(Get(fs, "/f"), "old");
}

TEST(MemoryFileSystemSync, WhatWasToFailDoesNotOnceItIsHealed) {
  MemoryFileSystem fs;
  ASSERT_TRUE(ReplaceFile(fs, "/f", "old").ok());
  fs.FailNextSync("/f");
  fs.HealSyncs();
  EXPECT_TRUE(Open(fs, "/f", OpenMode::kReadWrite)->Sync().ok());
}

TEST(MemoryFileSystemSync, BytesOfAFailedSyncAreGoneAfterEveryCrash) {
  const Trees trees = TreesAfter([](MemoryFileSystem& fs) {
    ASSERT_TRUE(ReplaceFile(fs, "/f", "old").ok());
    const std::unique_ptr<File> file = Open(fs, "/f", OpenMode::kReadWrite);
    ASSERT_TRUE(file->PWrite(0, "new").ok());
    fs.FailNextSync("/f");
    ASSERT_FALSE(file->Sync().ok());
    ASSERT_TRUE(file->Sync().ok());
  });
  EXPECT_EQ(trees, (Trees{{{"/f", "old"}}}));
}

TEST(MemoryFileSystemSync, ADirectoryToo) {
  const Trees trees = TreesAfter([](MemoryFileSystem& fs) {
    PutSynced(fs, "/f", "x");
    fs.FailNextSync("/");
    ASSERT_FALSE(fs.SyncDirectory("/").ok());
    ASSERT_TRUE(fs.SyncDirectory("/").ok());
  });
  EXPECT_EQ(trees, (Trees{{}}));
}

TEST(MemoryFileSystemSync, NamesOfAFailedSyncAreGoneAfterEveryCrash) {
  const Trees trees = TreesAfter([](MemoryFileSystem& fs) {
    PutSynced(fs, "/f", "x");
    fs.FailNextSync("/");
    ASSERT_FALSE(fs.SyncDirectory("/").ok());
    ASSERT_TRUE(fs.Stat("/f").ok()) << "though seen until then";
  });
  EXPECT_EQ(trees, (Trees{{}}));
}

TEST(MemoryFileSystemSync, AMoveWhoseNewNameWasLostKeepsTheOldOne) {
  const Trees trees = TreesAfter([](MemoryFileSystem& fs) {
    ASSERT_TRUE(CreateDurableDirectories(fs, "/d").ok());
    ASSERT_TRUE(ReplaceFile(fs, "/f", "x").ok());
    ASSERT_TRUE(fs.Rename("/f", "/d/f").ok());
    fs.FailNextSync("/d");
    ASSERT_FALSE(fs.SyncDirectory("/d").ok());
    ASSERT_TRUE(fs.SyncDirectory("/").ok());
  });
  EXPECT_EQ(trees, (Trees{{{"/d", "/"}, {"/f", "x"}}}));
}

TEST(MemoryFileSystemSync, SyncFileSystemFailsForOneAndSavesTheOthers) {
  const Trees trees = TreesAfter([](MemoryFileSystem& fs) {
    ASSERT_TRUE(ReplaceFile(fs, "/bad", "old").ok());
    ASSERT_TRUE(ReplaceFile(fs, "/good", "old").ok());
    Put(fs, "/bad", "new");
    Put(fs, "/good", "new");
    fs.FailNextSync("/bad");
    ASSERT_FALSE(fs.SyncFileSystem("/").ok());
    ASSERT_TRUE(fs.SyncFileSystem("/").ok());
  });
  EXPECT_EQ(trees, (Trees{{{"/bad", "old"}, {"/good", "new"}}}));
}

TEST(MemoryFileSystemSync, AFailureWaitsForAFileThatIsNotThereYet) {
  MemoryFileSystem fs;
  fs.FailNextSync("/f.tmp");
  ASSERT_TRUE(ReplaceFile(fs, "/g", "x").ok());
  EXPECT_FALSE(ReplaceFile(fs, "/f", "x").ok());
  EXPECT_EQ(Get(fs, "/f"), "missing");
  EXPECT_TRUE(ReplaceFile(fs, "/f", "x").ok());
}

TEST(MemoryFileSystemSpace, AFullDiskTakesWhatFits) {
  MemoryFileSystem fs;
  fs.SetCapacity(5);
  const std::unique_ptr<File> file = Open(fs, "/f");
  ASSERT_TRUE(file->PWrite(0, "12345").ok()) << "at the limit";
  EXPECT_TRUE(file->PWrite(0, "abcde").ok()) << "overwriting takes nothing";
  const Status full = file->PWrite(4, "EF");
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(Get(fs, "/f"), "abcdE");
  EXPECT_EQ(fs.SpaceOf("/")->available_bytes, 0);
  ASSERT_TRUE(file->Truncate(2).ok());
  EXPECT_EQ(fs.SpaceOf("/")->available_bytes, 3);
  EXPECT_TRUE(file->PWrite(2, "123").ok());
  EXPECT_TRUE(fs.Open("/empty", OpenMode::kCreate).ok());
}

TEST(MemoryFileSystemSpace, PreallocatedBytesAreThereWhenTheDiskIsFull) {
  MemoryFileSystem fs;
  fs.SetCapacity(10);
  const std::unique_ptr<File> reserved = Open(fs, "/reserved");
  ASSERT_TRUE(reserved->Preallocate(6).ok());
  const Status too_much = Open(fs, "/b")->Preallocate(5);
  ASSERT_FALSE(too_much.ok());
  EXPECT_EQ(too_much.error().code, ErrorCode::kNoSpace);
  ASSERT_TRUE(Open(fs, "/b")->Preallocate(4).ok());
  EXPECT_FALSE(Open(fs, "/c")->PWrite(0, "x").ok());
  EXPECT_TRUE(reserved->PWrite(0, "123456").ok());
}

TEST(MemoryFileSystemSpace, RemovedAndReplacedFilesGiveTheirsBack) {
  MemoryFileSystem fs;
  fs.SetCapacity(10);
  Put(fs, "/a", "1234");
  Put(fs, "/b", "123456");
  ASSERT_TRUE(fs.Rename("/a", "/b").ok());
  EXPECT_EQ(fs.SpaceOf("/")->available_bytes, 6);
  ASSERT_TRUE(fs.Remove("/b").ok());
  EXPECT_EQ(fs.SpaceOf("/")->available_bytes, 10);
}

TEST(MemoryFileSystemSpace, ReplaceFileOnAFullDiskKeepsTheOldAndLeavesNoLeftover) {
  MemoryFileSystem fs;
  fs.SetCapacity(5);
  ASSERT_TRUE(ReplaceFile(fs, "/f", "12").ok());
  const Status full = ReplaceFile(fs, "/f", "1234");
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(TreeOf(fs), (Tree{{"/f", "12"}}));
}

TEST(MemoryFileSystemIdentity, TheNumberOfARemovedFileIsTakenAgainWithAnotherBirthTime) {
  MemoryFileSystem fs;
  Put(fs, "/a", "");
  const FileIdentity old = fs.Stat("/a")->identity;
  ASSERT_TRUE(fs.Remove("/a").ok());
  ASSERT_TRUE(fs.SyncDirectory("/").ok());
  Put(fs, "/b", "");
  const FileIdentity now = fs.Stat("/b")->identity;
  EXPECT_EQ(now.inode, old.inode);
  EXPECT_NE(now.birth_time_ns, old.birth_time_ns);
}

TEST(MemoryFileSystemIdentity, TheNumberIsNotTakenWhileTheFileIsOpenOrMayComeBack) {
  MemoryFileSystem fs;
  const std::unique_ptr<File> held = Open(fs, "/a");
  ASSERT_TRUE(ReplaceFile(fs, "/b", "").ok());
  const std::uint64_t a = fs.Stat("/a")->identity.inode;
  const std::uint64_t b = fs.Stat("/b")->identity.inode;
  ASSERT_TRUE(fs.Remove("/a").ok());
  ASSERT_TRUE(fs.SyncDirectory("/").ok());
  ASSERT_TRUE(fs.Remove("/b").ok());
  Put(fs, "/c", "");
  EXPECT_NE(fs.Stat("/c")->identity.inode, a);
  EXPECT_NE(fs.Stat("/c")->identity.inode, b);
}

TEST(MemoryFileSystemIdentity, TimesComeFromTheClockThatIsSet) {
  MemoryFileSystem fs;
  fs.SetTime(5'000);
  Put(fs, "/f", "");
  fs.SetTime(9'000);
  Put(fs, "/f", "x");
  const FileStat stat = *fs.Stat("/f");
  EXPECT_GE(stat.identity.birth_time_ns, 5'000);
  EXPECT_LT(stat.identity.birth_time_ns, 9'000);
  EXPECT_GE(stat.modified_ns, 9'000);
  EXPECT_LT(stat.modified_ns, 10'000);
}

TEST(MemoryFileSystemIdentity, TheUuidIsOneForAllAndCanBeSet) {
  MemoryFileSystem fs;
  fs.SetUuid("u");
  EXPECT_EQ(fs.FileSystemUuid("/"), "u");
  EXPECT_EQ(fs.AnotherProcess()->FileSystemUuid("/"), "u");
}

TEST(MemoryFileSystemPaths, DotsAndDoubleSlashesAreSeenThrough) {
  MemoryFileSystem fs;
  ASSERT_TRUE(fs.CreateDirectories("/a/b").ok());
  Put(fs, "/a//b/../f", "x");
  EXPECT_EQ(Get(fs, "/a/./f"), "x");
  EXPECT_FALSE(fs.Rename("/", "/x").ok());
  EXPECT_FALSE(fs.RemoveDirectory("/").ok());
  EXPECT_FALSE(fs.Remove("/").ok());
  EXPECT_FALSE(fs.Lock("/a").ok());
}

}  // namespace
}  // namespace logboom::file
