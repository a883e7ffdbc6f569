// A file system in memory: a pessimistic model of what a real one may leave behind.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/file/file_system.h"
#include "lib/file/memory_disk.h"
#include "lib/file/trees.h"

namespace logboom::file {

// For tests and the simulator. Stands for one process; AnotherProcess() is a second one on the same
// disk, which lives until the last of them and of their files is gone. Safe to call from several
// threads. Everything it does follows from the calls and the numbers given to Crash(). Begins with
// an empty root.
//
// It grants no more than file_system.h promises. Names need SyncDirectory, even if the file is
// synced. The inode number of a removed file goes to the next one made, as soon as no crash can
// bring the old one back. There are no links of either kind, and no permissions.
class MemoryFileSystem final : public FileSystem, public HardLinks {
 public:
  MemoryFileSystem();
  ~MemoryFileSystem() override;
  MemoryFileSystem(const MemoryFileSystem&) = delete;
  MemoryFileSystem& operator=(const MemoryFileSystem&) = delete;

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Link(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status RemoveDirectory(const std::string& path) override;
  Status CreateDirectories(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Status SyncFileSystem(const std::string& path) override;
  Result<std::vector<DirectoryEntry>> List(const std::string& path) override;
  Result<FileStat> Stat(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override;
  Result<Space> SpaceOf(const std::string& path) override;
  std::string FileSystemUuid(const std::string& path) override;

  // The same disk, seen by another process: an application that writes logs, a second broker.
  std::unique_ptr<MemoryFileSystem> AnotherProcess();

  // kill -9: nothing that was written is lost; this process's files fail with kIo from now on, and
  // its locks are free. The object then stands for the process started next.
  void KillProcess();

  // Power loss, to all processes. Each change that was not synced is kept, dropped, torn at 512
  // bytes or zero-filled, the size of the file by its own luck; each change of a name is kept or
  // not. The same disk comes back under another device number.
  void Crash(Random& random);

  // The next sync of this file or directory, or of the file system while it is there, fails with
  // kIo and loses what was not synced, as kernels do: it stays readable until DropCache() or a
  // crash, and a second sync succeeds without saving it.
  void FailNextSync(const std::string& path);
  // What FailNextSync has named and nobody has synced yet will not fail.
  void HealSyncs();

  // Bytes written or preallocated beyond this are kNoSpace; what fits is written. Names take no
  // room.
  void SetCapacity(std::int64_t bytes);

  // Wall clock for birth and modification times; each use steps it by a nanosecond.
  void SetTime(std::int64_t ns);

  void SetUuid(const std::string& uuid);

 private:
  MemoryFileSystem(std::shared_ptr<MemoryDisk> disk, ProcessNumber process);

  std::shared_ptr<MemoryDisk> disk_;
  ProcessNumber process_;
};

}  // namespace logboom::file
