// A file system in which a log that rotation has compressed is still the log: a file named *.gz or
// *.zst that is what its name says shows the size and the bytes of what was compressed. All else is
// the base's. So the rest of a log that was compressed before it was read is found, compared and
// read like any other copy of it.
//
// Of one that is being made nothing is there before its first four bytes; of one that is not yet
// complete, what can be decompressed. One that is broken holds nothing, since nobody knows from
// where on its bytes are wrong. Its time of modification is the end of its second: who compresses a
// file gives it the time of the original, in whole seconds.
//
// The size is found by decompressing: once for each archive, and again when it has changed, though
// for one that keeps growing only when it has doubled or rested between two looks.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "lib/file/file_system.h"

namespace logboom::agent {

// One owner, one thread; its files too. `base` must outlive it.
class ArchiveFileSystem final : public file::FileSystem {
 public:
  explicit ArchiveFileSystem(file::FileSystem& base) : base_(base) {}

  Result<std::unique_ptr<file::File>> Open(const std::string& path, file::OpenMode mode) override;
  Result<file::FileStat> Stat(const std::string& path) override;

  Status Rename(const std::string& from, const std::string& to) override {
    return base_.Rename(from, to);
  }
  Status Remove(const std::string& path) override { return base_.Remove(path); }
  Status RemoveDirectory(const std::string& path) override { return base_.RemoveDirectory(path); }
  Status CreateDirectories(const std::string& path) override {
    return base_.CreateDirectories(path);
  }
  Status SyncDirectory(const std::string& path) override { return base_.SyncDirectory(path); }
  Status SyncFileSystem(const std::string& path) override { return base_.SyncFileSystem(path); }
  Result<std::vector<file::DirectoryEntry>> List(const std::string& path) override {
    return base_.List(path);
  }
  Result<std::unique_ptr<file::FileLock>> Lock(const std::string& path) override {
    return base_.Lock(path);
  }
  Result<file::Space> SpaceOf(const std::string& path) override { return base_.SpaceOf(path); }
  std::string FileSystemUuid(const std::string& path) override {
    return base_.FileSystemUuid(path);
  }

 private:
  friend class ArchiveFile;

  // What was found out of a file with an archive's name.
  struct State {
    std::int64_t bytes = -1;
    std::int64_t modified_ns = 0;
    friend bool operator==(const State&, const State&) = default;
  };
  struct Known {
    bool is_archive = false;
    State measured;  // when its content was measured
    State seen;      // at the last look
    std::int64_t content_bytes = 0;
  };
  using Key = std::tuple<std::uint64_t, std::uint64_t, std::int64_t>;

  // What is shown of an open archive whose own stat this is.
  file::FileStat StatOf(const file::File& archive, const file::FileStat& stat);
  Known& KnownOf(const file::FileStat& stat);
  static bool IsDue(Known& known, const file::FileStat& stat);
  static void Measure(const file::File& archive, const file::FileStat& stat, Known& known);
  static file::FileStat Shown(const Known& known, file::FileStat stat);

  file::FileSystem& base_;
  std::map<Key, Known> known_;
};

}  // namespace logboom::agent
