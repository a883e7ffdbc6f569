// The operating system's file systems.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/file/descriptor.h"
#include "lib/file/file_system.h"
#include "lib/file/file_system_uuids.h"
#include "lib/file/trees.h"

namespace logboom::file {

// Owned by main or by a test; outlives nothing: files and locks made by it may live on. Safe to
// call from several threads. Errors are errno's, as ErrorCode, with the call and the path. Files
// are made with mode 0640, directories with 0750, less the umask; descriptors do not pass to child
// programs. What a crash leaves is up to the kernel: see file_system.h for what may be relied on.
class PosixFileSystem final : public FileSystem, public HardLinks {
 public:
  // Another place for the UUID links is for tests.
  explicit PosixFileSystem(std::string uuid_links = "/dev/disk/by-uuid")
      : uuids_(std::move(uuid_links)) {}

  // Never waits, not even on a FIFO without a writer. Any kind of file is opened: look at
  // Stat().kind.
  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Link(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status RemoveDirectory(const std::string& path) override;
  Status CreateDirectories(const std::string& path) override;
  // Where there is no descriptor left it syncs the whole file system, if Lock or SyncFileSystem was
  // called for that before.
  Status SyncDirectory(const std::string& path) override;
  // Reports write-back errors since the first call for that file system: call it once at start,
  // before the first write that it shall vouch for.
  Status SyncFileSystem(const std::string& path) override;
  // Symbolic links are kOther: Stat() tells what they lead to.
  Result<std::vector<DirectoryEntry>> List(const std::string& path) override;
  Result<FileStat> Stat(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override;
  Result<Space> SpaceOf(const std::string& path) override;
  std::string FileSystemUuid(const std::string& path) override;

 private:
  Result<int> SyncDescriptorFor(const std::string& path);
  Status SyncWithoutDescriptor(const std::string& path);

  FileSystemUuids uuids_;
  // syncfs tells an error once to each descriptor that was open when it happened, and to a new one
  // only if nobody else has been told. So one is held for each file system that is synced.
  std::mutex sync_mutex_;
  std::unordered_map<std::uint64_t, Descriptor> sync_descriptor_of_device_;
};

}  // namespace logboom::file
