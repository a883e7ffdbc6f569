// The FileSystem seam: everything that Logboom does with a disk goes through it. Three kinds:
// PosixFileSystem (posix_file_system.h), MemoryFileSystem (memory_file_system.h: a pessimistic
// model of what a crash may leave) and FaultyFileSystem (faulty_file_system.h: fails calls by plan
// or by seed).
//
// What a crash leaves (power loss; a killed process loses nothing that was written):
//   bytes   only those before the last successful Sync() of the file are sure; unsynced writes may
//           be kept, lost, torn or zeroed one by one, and size and data separately;
//   names   creations, renames and removals need SyncDirectory() of the directory;
//   sync    one that fails loses the dirty bytes for good: the kernel marks them clean, and a
//           second Sync() would lie. Never retry one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"

namespace logboom::file {

// Which file it is, whatever its name. Birth time and file-system id are zero / empty where the
// file system does not tell. Device numbers change over a reboot: never decide by them alone.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t birth_time_ns = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

enum class FileKind { kRegular, kDirectory, kOther };

struct FileStat {
  FileIdentity identity;
  FileKind kind = FileKind::kRegular;
  std::int64_t size_bytes = 0;
  std::int64_t modified_ns = 0;  // wall clock, since 1970
  std::uint64_t link_count = 1;  // 0: unlinked, held open
};

// An open file. Destruction closes it; sync before, since a failed write-back is told only to
// handles that were open when it failed, and one opened later may sync with success. PRead, Sync
// and Stat may be called from several threads at a time; writes come from one thread.
class File {
 public:
  virtual ~File() = default;
  // Reads up to out.size() bytes at `position`; fewer only at the end of the file; 0 at or past it.
  virtual Result<std::size_t> PRead(std::int64_t position, std::span<char> out) const = 0;
  // Writes all of `bytes` at `position`, or fails (then any prefix may be written).
  virtual Status PWrite(std::int64_t position, ByteView bytes) = 0;
  // fdatasync: after success all bytes written before the call, and the size, survive a crash.
  virtual Status Sync() = 0;
  virtual Status Truncate(std::int64_t size_bytes) = 0;
  // Reserves disk blocks up to `size_bytes` and keeps the file's size (FALLOC_FL_KEEP_SIZE). A file
  // system that cannot do it succeeds without doing anything.
  virtual Status Preallocate(std::int64_t size_bytes) = 0;
  // Drops clean cached pages, so that the next read comes from the device.
  virtual Status DropCache() = 0;
  virtual Result<FileStat> Stat() const = 0;
};

enum class OpenMode {
  kRead,       // must exist
  kReadWrite,  // must exist
  kCreate,     // read-write, made if missing
  kCreateNew,  // read-write, must not exist
};

// Held while alive; released by destruction or the death of the process.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

struct Space {
  std::int64_t total_bytes = 0;
  std::int64_t available_bytes = 0;  // to an ordinary user
};

struct DirectoryEntry {
  std::string name;  // without the directory
  FileKind kind = FileKind::kRegular;
};

// Safe to call from several threads. Paths are as the operating system takes them. Error messages
// name the call and the path.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) = 0;
  // Replaces `to` if it is there.
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  virtual Status Remove(const std::string& path) = 0;             // a file
  virtual Status RemoveDirectory(const std::string& path) = 0;    // an empty one
  virtual Status CreateDirectories(const std::string& path) = 0;  // with parents; mode 0750
  virtual Status SyncDirectory(const std::string& path) = 0;
  // syncfs of the file system that holds `path`.
  virtual Status SyncFileSystem(const std::string& path) = 0;
  // Sorted by name, without "." and "..".
  virtual Result<std::vector<DirectoryEntry>> List(const std::string& path) = 0;
  virtual Result<FileStat> Stat(const std::string& path) = 0;  // follows symbolic links
  // An exclusive lock (OFD lock) on a file that is made if missing; kBusy where another holds it.
  virtual Result<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;
  virtual Result<Space> SpaceOf(const std::string& path) = 0;
  // The file system's UUID as text, where the system tells (Linux: /dev/disk/by-uuid); else empty.
  virtual std::string FileSystemUuid(const std::string& path) = 0;
};

// The whole of a file; kLimit where it is larger than `size_max`.
Result<Bytes> ReadWholeFile(FileSystem& fs, const std::string& path, std::size_t size_max);

// Replaces `path` by `bytes` so that after a crash it holds the old bytes or the new ones, whole:
// `path`.tmp written and synced, renamed, the directory synced.
Status ReplaceFile(FileSystem& fs, const std::string& path, ByteView bytes);

// Makes the directory and its missing parents, and syncs the parent of each new one, so that all of
// them survive a crash. CreateDirectories alone promises nothing.
Status CreateDurableDirectories(FileSystem& fs, const std::string& path);

// "/a" of "/a/b" and of "/a/b/"; "/" of "/a" and of "/"; "." of "a".
std::string ParentDirectory(const std::string& path);

}  // namespace logboom::file
