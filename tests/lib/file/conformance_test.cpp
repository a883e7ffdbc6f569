// What every FileSystem does alike; each kind runs through all of it.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "lib/file/file_system.h"
#include "lib/file/memory_file_system.h"
#include "lib/file/posix_file_system.h"
#include "lib/file/trees.h"
#include "tests/lib/file/temp_directory.h"

namespace logboom::file {
namespace {

// A file system and an empty directory in it.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual FileSystem& fs() = 0;
  virtual std::string root() = 0;
};

class PosixSubject final : public Subject {
 public:
  FileSystem& fs() override { return fs_; }
  std::string root() override { return directory_.path(); }

 private:
  TempDirectory directory_;
  PosixFileSystem fs_;
};

class MemorySubject final : public Subject {
 public:
  FileSystem& fs() override { return fs_; }
  std::string root() override { return ""; }

 private:
  MemoryFileSystem fs_;
};

struct Kind {
  const char* name;
  std::function<std::unique_ptr<Subject>()> make;
};

class Conformance : public ::testing::TestWithParam<Kind> {
 protected:
  std::string Path(const std::string& name) { return subject_->root() + "/" + name; }
  std::unique_ptr<File> Open(const std::string& name, OpenMode mode) {
    Result<std::unique_ptr<File>> file = fs_.Open(Path(name), mode);
    if (!file.ok()) ADD_FAILURE() << file.error().message;
    return file.ok() ? std::move(*file) : nullptr;
  }
  void Put(const std::string& name, ByteView bytes) {
    const std::unique_ptr<File> file = Open(name, OpenMode::kCreate);
    ASSERT_TRUE(file->Truncate(0).ok());
    ASSERT_TRUE(file->PWrite(0, bytes).ok());
  }
  std::string Get(const std::string& name) {
    const Result<Bytes> bytes = ReadWholeFile(fs_, Path(name), 1 << 20);
    return bytes.ok() ? *bytes : "error: " + bytes.error().message;
  }
  std::vector<std::string> NamesIn(const std::string& name) {
    std::vector<std::string> names;
    const Result<std::vector<DirectoryEntry>> entries = fs_.List(Path(name));
    if (!entries.ok()) ADD_FAILURE() << entries.error().message;
    if (entries.ok()) {
      for (const DirectoryEntry& entry : *entries) names.push_back(entry.name);
    }
    return names;
  }

  std::unique_ptr<Subject> subject_ = GetParam().make();
  FileSystem& fs_ = subject_->fs();
};

template <typename T>
ErrorCode CodeOf(const Result<T>& result) {
  EXPECT_FALSE(result.ok());
  return result.ok() ? ErrorCode::kCancelled : result.error().code;
}

using Names = std::vector<std::string>;

TEST_P(Conformance, ReadsBackWhatWasWritten) {
  const std::unique_ptr<File> file = Open("f", OpenMode::kCreateNew);
  ASSERT_TRUE(file->PWrite(0, "hello world").ok());
  std::string buffer(5, '\0');
  EXPECT_EQ(*file->PRead(6, buffer), 5U);
  EXPECT_EQ(buffer, "world");
}

TEST_P(Conformance, ReadsAreShortOnlyAtTheEnd) {
  Put("f", "0123456789");
  const std::unique_ptr<File> file = Open("f", OpenMode::kRead);
  std::string buffer(8, '\0');
  EXPECT_EQ(*file->PRead(2, buffer), 8U);
  EXPECT_EQ(*file->PRead(3, buffer), 7U);
  EXPECT_EQ(*file->PRead(10, buffer), 0U);
  EXPECT_EQ(*file->PRead(1'000'000, buffer), 0U);
  EXPECT_EQ(*file->PRead(0, std::span<char>()), 0U);
}

TEST_P(Conformance, NegativePositionsAndSizesAreInvalid) {
  const std::unique_ptr<File> file = Open("f", OpenMode::kCreate);
  std::string buffer(1, '\0');
  EXPECT_EQ(CodeOf(file->PRead(-1, buffer)), ErrorCode::kInvalid);
  EXPECT_EQ(CodeOf(file->PWrite(-1, "x")), ErrorCode::kInvalid);
  EXPECT_EQ(CodeOf(file->Truncate(-1)), ErrorCode::kInvalid);
  EXPECT_EQ(CodeOf(file->Preallocate(-1)), ErrorCode::kInvalid);
}

TEST_P(Conformance, WritePastTheEndLeavesZeros) {
  const std::unique_ptr<File> file = Open("f", OpenMode::kCreate);
  ASSERT_TRUE(file->PWrite(3, "x").ok());
  EXPECT_EQ(Get("f"), std::string("\0\0\0x", 4));
  ASSERT_TRUE(file->PWrite(5, "").ok());
  EXPECT_EQ(Get("f").size(), 4U) << "writing nothing does not extend";
}

TEST_P(Conformance, TruncateCutsAndExtendsWithZeros) {
  Put("f", "abcdef");
  const std::unique_ptr<File> file = Open("f", OpenMode::kReadWrite);
  ASSERT_TRUE(file->Truncate(2).ok());
  ASSERT_TRUE(file->Truncate(4).ok());
  EXPECT_EQ(Get("f"), std::string("ab\0\0", 4));
  EXPECT_EQ(file->Stat()->size_bytes, 4);
}

TEST_P(Conformance, PreallocationKeepsTheSize) {
  const std::unique_ptr<File> file = Open("f", OpenMode::kCreate);
  ASSERT_TRUE(file->PWrite(0, "abc").ok());
  ASSERT_TRUE(file->Preallocate(1 << 16).ok());
  ASSERT_TRUE(file->Preallocate(0).ok());
  EXPECT_EQ(file->Stat()->size_bytes, 3);
  EXPECT_EQ(Get("f"), "abc");
}

TEST_P(Conformance, SyncAndDropCacheKeepTheBytes) {
  const std::unique_ptr<File> file = Open("f", OpenMode::kCreate);
  ASSERT_TRUE(file->PWrite(0, "abc").ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(file->PWrite(3, "def").ok());
  ASSERT_TRUE(file->DropCache().ok());
  EXPECT_EQ(Get("f"), "abcdef");
}

TEST_P(Conformance, OpenModesMakeOrFindOrRefuse) {
  EXPECT_EQ(CodeOf(fs_.Open(Path("f"), OpenMode::kRead)), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(fs_.Open(Path("f"), OpenMode::kReadWrite)), ErrorCode::kNotFound);
  Put("f", "abc");
  EXPECT_EQ(CodeOf(fs_.Open(Path("f"), OpenMode::kCreateNew)), ErrorCode::kExists);
  EXPECT_NE(Open("f", OpenMode::kCreate), nullptr);
  EXPECT_EQ(Get("f"), "abc") << "opening does not truncate";
  EXPECT_EQ(CodeOf(fs_.Open(Path("no/f"), OpenMode::kCreate)), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(fs_.Open(Path("f/g"), OpenMode::kCreate)), ErrorCode::kNotFound);
}

TEST_P(Conformance, ErrorsNameTheCallAndThePath) {
  const Result<std::unique_ptr<File>> file = fs_.Open(Path("missing"), OpenMode::kRead);
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().message, "open " + Path("missing") + ": No such file or directory");
}

TEST_P(Conformance, FilesOpenedForReadingRefuseWrites) {
  Put("f", "abc");
  const std::unique_ptr<File> file = Open("f", OpenMode::kRead);
  EXPECT_EQ(CodeOf(file->PWrite(0, "x")), ErrorCode::kIo);
  EXPECT_EQ(CodeOf(file->Truncate(0)), ErrorCode::kIo);
  EXPECT_EQ(CodeOf(file->Preallocate(10)), ErrorCode::kIo);
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_EQ(Get("f"), "abc");
}

TEST_P(Conformance, DirectoriesAreNotReadOrWrittenAsFiles) {
  ASSERT_TRUE(fs_.CreateDirectories(Path("d")).ok());
  const std::unique_ptr<File> file = Open("d", OpenMode::kRead);
  std::string buffer(1, '\0');
  EXPECT_EQ(CodeOf(file->PRead(0, buffer)), ErrorCode::kIo);
  EXPECT_EQ(file->Stat()->kind, FileKind::kDirectory);
  EXPECT_EQ(CodeOf(fs_.Open(Path("d"), OpenMode::kReadWrite)), ErrorCode::kIo);
  EXPECT_EQ(CodeOf(fs_.Open(Path("d"), OpenMode::kCreate)), ErrorCode::kIo);
  EXPECT_EQ(CodeOf(fs_.Open(Path("d"), OpenMode::kCreateNew)), ErrorCode::kExists);
}

TEST_P(Conformance, RenameKeepsTheInodeAndReplacesTheTarget) {
  Put("a", "new");
  Put("b", "old");
  const FileIdentity identity = fs_.Stat(Path("a"))->identity;
  const std::unique_ptr<File> old = Open("b", OpenMode::kRead);
  ASSERT_TRUE(fs_.Rename(Path("a"), Path("b")).ok());
  EXPECT_EQ(NamesIn("."), Names{"b"});
  EXPECT_EQ(Get("b"), "new");
  EXPECT_EQ(fs_.Stat(Path("b"))->identity, identity);
  EXPECT_EQ(old->Stat()->link_count, 0U);
  std::string buffer(3, '\0');
  EXPECT_EQ(*old->PRead(0, buffer), 3U);
  EXPECT_EQ(buffer, "old");
}

TEST_P(Conformance, RenameMovesBetweenDirectories) {
  ASSERT_TRUE(fs_.CreateDirectories(Path("d")).ok());
  Put("a", "x");
  ASSERT_TRUE(fs_.Rename(Path("a"), Path("d/b")).ok());
  EXPECT_EQ(NamesIn("."), Names{"d"});
  EXPECT_EQ(Get("d/b"), "x");
}

TEST_P(Conformance, RenameRefusesWhatCannotBe) {
  ASSERT_TRUE(fs_.CreateDirectories(Path("d/e")).ok());
  Put("a", "x");
  EXPECT_EQ(CodeOf(fs_.Rename(Path("missing"), Path("b"))), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(fs_.Rename(Path("a"), Path("no/b"))), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(fs_.Rename(Path("a"), Path("d"))), ErrorCode::kIo);
  EXPECT_EQ(CodeOf(fs_.Rename(Path("d"), Path("a"))), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(fs_.Rename(Path("d"), Path("d/e/f"))), ErrorCode::kIo);
  ASSERT_TRUE(fs_.CreateDirectories(Path("g")).ok());
  EXPECT_EQ(CodeOf(fs_.Rename(Path("g"), Path("d"))), ErrorCode::kExists);
  ASSERT_TRUE(fs_.Rename(Path("d"), Path("g")).ok()) << "an empty directory is replaced";
  EXPECT_EQ(NamesIn("g"), Names{"e"});
  ASSERT_TRUE(fs_.Rename(Path("a"), Path("a")).ok());
  EXPECT_EQ(Get("a"), "x");
}

TEST_P(Conformance, ALinkIsTheSameFileUntilItsLastNameGoes) {
  ASSERT_TRUE(fs_.CreateDirectories(Path("d")).ok());
  Put("a", "x");
  ASSERT_TRUE(Link(fs_, Path("a"), Path("d/b")).ok());
  EXPECT_EQ(fs_.Stat(Path("a"))->identity, fs_.Stat(Path("d/b"))->identity);
  EXPECT_EQ(fs_.Stat(Path("a"))->link_count, 2U);
  ASSERT_TRUE(Open("a", OpenMode::kReadWrite)->PWrite(1, "y").ok());
  ASSERT_TRUE(fs_.Remove(Path("a")).ok());
  EXPECT_EQ(Get("d/b"), "xy");
  EXPECT_EQ(CodeOf(Link(fs_, Path("missing"), Path("c"))), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(Link(fs_, Path("d/b"), Path("no/c"))), ErrorCode::kNotFound);
  Put("c", "z");
  EXPECT_EQ(CodeOf(Link(fs_, Path("d/b"), Path("c"))), ErrorCode::kExists);
  EXPECT_EQ(CodeOf(Link(fs_, Path("d"), Path("e"))), ErrorCode::kPermission);
}

TEST_P(Conformance, ATreeIsRemovedWithAllBelowIt) {
  ASSERT_TRUE(fs_.CreateDirectories(Path("d/e/f")).ok());
  Put("d/e/g", "x");
  ASSERT_TRUE(RemoveTree(fs_, Path("d")).ok());
  EXPECT_EQ(NamesIn("."), Names{});
  EXPECT_TRUE(RemoveTree(fs_, Path("d")).ok()) << "it is gone already";
}

TEST_P(Conformance, RemovedFilesLiveWhileOpen) {
  Put("f", "abc");
  const std::unique_ptr<File> file = Open("f", OpenMode::kReadWrite);
  ASSERT_TRUE(fs_.Remove(Path("f")).ok());
  EXPECT_EQ(CodeOf(fs_.Stat(Path("f"))), ErrorCode::kNotFound);
  EXPECT_EQ(file->Stat()->link_count, 0U);
  ASSERT_TRUE(file->PWrite(3, "d").ok());
  std::string buffer(4, '\0');
  EXPECT_EQ(*file->PRead(0, buffer), 4U);
  EXPECT_EQ(buffer, "abcd");
}

TEST_P(Conformance, RemoveTellsFilesFromDirectories) {
  ASSERT_TRUE(fs_.CreateDirectories(Path("d")).ok());
  Put("d/f", "");
  EXPECT_EQ(CodeOf(fs_.Remove(Path("d"))), ErrorCode::kIo);
  EXPECT_EQ(CodeOf(fs_.Remove(Path("missing"))), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(fs_.RemoveDirectory(Path("d"))), ErrorCode::kExists);
  EXPECT_EQ(CodeOf(fs_.RemoveDirectory(Path("d/f"))), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(fs_.RemoveDirectory(Path("missing"))), ErrorCode::kNotFound);
  ASSERT_TRUE(fs_.Remove(Path("d/f")).ok());
  ASSERT_TRUE(fs_.RemoveDirectory(Path("d")).ok());
  EXPECT_EQ(NamesIn("."), Names{});
}

TEST_P(Conformance, CreateDirectoriesMakesParentsAndMayBeRepeated) {
  ASSERT_TRUE(fs_.CreateDirectories(Path("a/b/c/")).ok());
  ASSERT_TRUE(fs_.CreateDirectories(Path("a/b")).ok());
  EXPECT_EQ(NamesIn("a/b"), Names{"c"});
  Put("f", "");
  EXPECT_EQ(CodeOf(fs_.CreateDirectories(Path("f"))), ErrorCode::kExists);
  EXPECT_EQ(CodeOf(fs_.CreateDirectories(Path("f/g"))), ErrorCode::kNotFound);
}

TEST_P(Conformance, CreateDurableDirectoriesMakesParentsAndMayBeRepeated) {
  ASSERT_TRUE(CreateDurableDirectories(fs_, Path("a/b/c")).ok());
  ASSERT_TRUE(CreateDurableDirectories(fs_, Path("a/b/c")).ok());
  EXPECT_EQ(NamesIn("a/b"), Names{"c"});
}

TEST_P(Conformance, SyncDirectoryWantsADirectory) {
  Put("f", "");
  EXPECT_TRUE(fs_.SyncDirectory(Path(".")).ok());
  EXPECT_EQ(CodeOf(fs_.SyncDirectory(Path("f"))), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(fs_.SyncDirectory(Path("missing"))), ErrorCode::kNotFound);
}

TEST_P(Conformance, SyncFileSystemWantsAPathThatExists) {
  Put("f", "");
  EXPECT_TRUE(fs_.SyncFileSystem(Path(".")).ok());
  EXPECT_TRUE(fs_.SyncFileSystem(Path("f")).ok());
  EXPECT_EQ(CodeOf(fs_.SyncFileSystem(Path("missing"))), ErrorCode::kNotFound);
}

TEST_P(Conformance, ListIsSortedAndTellsKinds) {
  Put("b", "");
  Put("B", "");
  ASSERT_TRUE(fs_.CreateDirectories(Path("a")).ok());
  const Result<std::vector<DirectoryEntry>> entries = fs_.List(Path("."));
  ASSERT_TRUE(entries.ok());
  ASSERT_EQ(NamesIn("."), (Names{"B", "a", "b"}));
  EXPECT_EQ((*entries)[0].kind, FileKind::kRegular);
  EXPECT_EQ((*entries)[1].kind, FileKind::kDirectory);
  EXPECT_EQ(CodeOf(fs_.List(Path("missing"))), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(fs_.List(Path("b"))), ErrorCode::kNotFound);
}

TEST_P(Conformance, StatAgreesByPathAndByHandle) {
  Put("f", "abc");
  const Result<FileStat> by_path = fs_.Stat(Path("f"));
  const Result<FileStat> by_handle = Open("f", OpenMode::kRead)->Stat();
  ASSERT_TRUE(by_path.ok() && by_handle.ok());
  EXPECT_EQ(by_path->identity, by_handle->identity);
  EXPECT_EQ(by_path->size_bytes, 3);
  EXPECT_EQ(by_path->link_count, 1U);
  EXPECT_EQ(by_path->kind, FileKind::kRegular);
  EXPECT_GT(by_path->modified_ns, 0);
  EXPECT_NE(by_path->identity.inode, 0U);
  EXPECT_EQ(fs_.Stat(Path("."))->kind, FileKind::kDirectory);
}

TEST_P(Conformance, TwoFilesDifferInIdentity) {
  Put("a", "");
  Put("b", "");
  EXPECT_NE(fs_.Stat(Path("a"))->identity, fs_.Stat(Path("b"))->identity);
}

TEST_P(Conformance, LockIsExclusiveUntilItIsReleased) {
  Result<std::unique_ptr<FileLock>> first = fs_.Lock(Path("lock"));
  ASSERT_TRUE(first.ok());
  const Result<std::unique_ptr<FileLock>> second = fs_.Lock(Path("lock"));
  EXPECT_EQ(CodeOf(second), ErrorCode::kBusy);
  EXPECT_NE(second.error().message.find("held by process"), std::string::npos)
      << second.error().message;
  EXPECT_TRUE(fs_.Lock(Path("other")).ok());
  first->reset();
  EXPECT_TRUE(fs_.Lock(Path("lock")).ok());
  EXPECT_EQ(CodeOf(fs_.Lock(Path("no/lock"))), ErrorCode::kNotFound);
}

TEST_P(Conformance, SpaceIsPlausible) {
  const Result<Space> space = fs_.SpaceOf(Path("."));
  ASSERT_TRUE(space.ok());
  EXPECT_GT(space->total_bytes, 0);
  EXPECT_LE(space->available_bytes, space->total_bytes);
  EXPECT_EQ(CodeOf(fs_.SpaceOf(Path("missing"))), ErrorCode::kNotFound);
}

TEST_P(Conformance, UuidOfAMissingPathIsEmpty) {
  EXPECT_EQ(fs_.FileSystemUuid(Path("missing")), "");
}

TEST_P(Conformance, ReplaceFileReplacesAndLeavesNothingElse) {
  ASSERT_TRUE(ReplaceFile(fs_, Path("f"), "one").ok());
  ASSERT_TRUE(ReplaceFile(fs_, Path("f"), "2").ok());
  EXPECT_EQ(Get("f"), "2");
  EXPECT_EQ(NamesIn("."), Names{"f"});
}

TEST_P(Conformance, ReplaceFileIsNotConfusedByALeftover) {
  Put("f.tmp", "a longer leftover of a killed process");
  ASSERT_TRUE(ReplaceFile(fs_, Path("f"), "new").ok());
  EXPECT_EQ(Get("f"), "new");
}

TEST_P(Conformance, ReadWholeFileStopsAtItsLimit) {
  Put("f", "12345");
  EXPECT_EQ(*ReadWholeFile(fs_, Path("f"), 5), "12345");
  EXPECT_EQ(CodeOf(ReadWholeFile(fs_, Path("f"), 4)), ErrorCode::kLimit);
  EXPECT_EQ(*ReadWholeFile(fs_, Path("f"), static_cast<std::size_t>(-1)), "12345");
  Put("empty", "");
  EXPECT_EQ(*ReadWholeFile(fs_, Path("empty"), 0), "");
  EXPECT_EQ(CodeOf(ReadWholeFile(fs_, Path("missing"), 1)), ErrorCode::kNotFound);
}

TEST_P(Conformance, FilesOutliveManyHandlesAndThreads) {
  constexpr int kThreads = 4;
  constexpr int kWrites = 50;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      const std::string path = Path(std::to_string(t));
      for (int i = 0; i < kWrites; ++i) {
        const Result<std::unique_ptr<File>> file = fs_.Open(path, OpenMode::kCreate);
        ASSERT_TRUE(file.ok());
        ASSERT_TRUE((*file)->PWrite(i, "x").ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int t = 0; t < kThreads; ++t) EXPECT_EQ(Get(std::to_string(t)), std::string(kWrites, 'x'));
}

INSTANTIATE_TEST_SUITE_P(
    Every, Conformance,
    ::testing::Values(Kind{"Posix", [] { return std::make_unique<PosixSubject>(); }},
                      Kind{"Memory", [] { return std::make_unique<MemorySubject>(); }}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace logboom::file
