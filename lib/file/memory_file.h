// Handles over a file system in memory.
#pragma once

#include <memory>
#include <string>

#include "lib/file/file_system.h"
#include "lib/file/memory_disk.h"

namespace logboom::file {

// Keeps the disk alive. Threads as File says. After a crash, or the death of its process, every
// call fails with kIo.
class MemoryFile final : public File {
 public:
  enum class Access { kReadOnly, kReadWrite };
  MemoryFile(std::shared_ptr<MemoryDisk> disk, HandleNumber handle, std::string path, Access access)
      : disk_(std::move(disk)), handle_(handle), path_(std::move(path)), access_(access) {}
  ~MemoryFile() override;

  Result<std::size_t> PRead(std::int64_t position, std::span<char> out) const override;
  Status PWrite(std::int64_t position, ByteView bytes) override;
  Status Sync() override;
  Status Truncate(std::int64_t size_bytes) override;
  Status Preallocate(std::int64_t size_bytes) override;
  Status DropCache() override;
  Result<FileStat> Stat() const override;

 private:
  // The mutex is held. Both are errors once the handle is dead; Writable also where it only reads.
  Result<const MemoryHandle*> Alive(const std::string& what) const;
  Result<const MemoryHandle*> Writable(const std::string& what) const;

  std::shared_ptr<MemoryDisk> disk_;
  HandleNumber handle_;
  std::string path_;
  Access access_;
};

// Keeps the disk alive; releases the lock where its process has not died before.
class MemoryLock final : public FileLock {
 public:
  MemoryLock(std::shared_ptr<MemoryDisk> disk, HandleNumber handle)
      : disk_(std::move(disk)), handle_(handle) {}
  ~MemoryLock() override;

 private:
  std::shared_ptr<MemoryDisk> disk_;
  HandleNumber handle_;
};

}  // namespace logboom::file
