// Two disks in memory: a file system of its own below one directory.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "lib/base/random.h"
#include "lib/file/memory_file_system.h"

namespace logboom::broker {

// For tests. `mount` is there on the second disk from the start.
class TwoDisks final : public file::FileSystem, public file::HardLinks {
 public:
  explicit TwoDisks(std::string mount) : mount_(std::move(mount)) {
    SeededRandom random(1);
    second.Crash(random);  // it comes back as another device
    [[maybe_unused]] const Status made = second.CreateDirectories(mount_);
  }

  Result<std::unique_ptr<file::File>> Open(const std::string& path, file::OpenMode mode) override {
    return At(path).Open(path, mode);
  }
  Status Rename(const std::string& from, const std::string& to) override {
    return At(from).Rename(from, to);
  }
  Status Link(const std::string& from, const std::string& to) override {
    if (&At(from) != &At(to)) return Fail(ErrorCode::kIo, "link {} to {}: another disk", from, to);
    return At(from).Link(from, to);
  }
  Status Remove(const std::string& path) override { return At(path).Remove(path); }
  Status RemoveDirectory(const std::string& path) override {
    return At(path).RemoveDirectory(path);
  }
  Status CreateDirectories(const std::string& path) override {
    return At(path).CreateDirectories(path);
  }
  Status SyncDirectory(const std::string& path) override { return At(path).SyncDirectory(path); }
  Status SyncFileSystem(const std::string& path) override { return At(path).SyncFileSystem(path); }
  Result<std::vector<file::DirectoryEntry>> List(const std::string& path) override {
    return At(path).List(path);
  }
  Result<file::FileStat> Stat(const std::string& path) override { return At(path).Stat(path); }
  Result<std::unique_ptr<file::FileLock>> Lock(const std::string& path) override {
    return At(path).Lock(path);
  }
  Result<file::Space> SpaceOf(const std::string& path) override { return At(path).SpaceOf(path); }
  std::string FileSystemUuid(const std::string& path) override {
    return At(path).FileSystemUuid(path);
  }

  file::MemoryFileSystem first;
  file::MemoryFileSystem second;

 private:
  file::MemoryFileSystem& At(const std::string& path) {
    return path.starts_with(mount_) ? second : first;
  }

  std::string mount_;
};

}  // namespace logboom::broker
