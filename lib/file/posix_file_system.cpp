#include "lib/file/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string_view>

#include "lib/file/posix_file.h"
#include "lib/file/posix_lock.h"
#include "lib/file/posix_stat.h"

namespace logboom::file {
namespace {

constexpr mode_t kFileMode = 0640;
constexpr mode_t kDirectoryMode = 0750;

int FlagsOf(OpenMode mode) {
  constexpr int kAlways = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  switch (mode) {
    case OpenMode::kRead: return kAlways | O_RDONLY;
    case OpenMode::kReadWrite: return kAlways | O_RDWR;
    case OpenMode::kCreate: return kAlways | O_RDWR | O_CREAT;
    case OpenMode::kCreateNew: return kAlways | O_RDWR | O_CREAT | O_EXCL;
  }
  return kAlways | O_RDONLY;
}

Descriptor OpenDescriptor(const std::string& path, int flags) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags, kFileMode);
  } while (fd < 0 && errno == EINTR);
  return Descriptor(fd);
}

bool IsDirectory(const std::string& path) {
  const Result<FileStat> stat = StatOfPath(path);
  return stat.ok() && stat->kind == FileKind::kDirectory;
}

FileKind KindOfEntry(int directory, const dirent& entry) {
  if (entry.d_type == DT_REG) return FileKind::kRegular;
  if (entry.d_type == DT_DIR) return FileKind::kDirectory;
  if (entry.d_type != DT_UNKNOWN) return FileKind::kOther;
  struct stat stat = {};
  if (::fstatat(directory, entry.d_name, &stat, AT_SYMLINK_NOFOLLOW) != 0) return FileKind::kOther;
  if (S_ISREG(stat.st_mode)) return FileKind::kRegular;
  return S_ISDIR(stat.st_mode) ? FileKind::kDirectory : FileKind::kOther;
}

}  // namespace

Result<std::unique_ptr<File>> PosixFileSystem::Open(const std::string& path, OpenMode mode) {
  Descriptor fd = OpenDescriptor(path, FlagsOf(mode));
  if (!fd.open()) return ErrnoError(errno, "open " + path);
  return std::unique_ptr<File>(std::make_unique<PosixFile>(std::move(fd), path));
}

Status PosixFileSystem::Rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return Ok();
  return ErrnoError(errno, fmt::format("rename {} to {}", from, to));
}

Status PosixFileSystem::Link(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return Ok();
  return ErrnoError(errno, fmt::format("link {} to {}", from, to));
}

Status PosixFileSystem::Remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return ErrnoError(errno, "remove " + path);
  return Ok();
}

Status PosixFileSystem::RemoveDirectory(const std::string& path) {
  if (::rmdir(path.c_str()) != 0) return ErrnoError(errno, "remove directory " + path);
  return Ok();
}

Status PosixFileSystem::CreateDirectories(const std::string& path) {
  if (::mkdir(path.c_str(), kDirectoryMode) == 0) return Ok();
  if (errno == ENOENT) {
    const std::string parent = ParentDirectory(path);
    if (parent != path) {
      RETURN_IF_ERROR(CreateDirectories(parent));
      if (::mkdir(path.c_str(), kDirectoryMode) == 0) return Ok();
    } else {
      errno = ENOENT;
    }
  }
  const int error = errno;
  if (error == EEXIST && IsDirectory(path)) return Ok();
  return ErrnoError(error, "create directory " + path);
}

Status PosixFileSystem::SyncDirectory(const std::string& path) {
  const Descriptor fd = OpenDescriptor(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!fd.open() && (errno == EMFILE || errno == ENFILE)) return SyncWithoutDescriptor(path);
  if (!fd.open() || ::fsync(fd.get()) != 0) return ErrnoError(errno, "sync directory " + path);
  return Ok();
}

// Names that were made must not stay unsure because connections hold all descriptors: whole file
// systems are synced by one that is there already.
Status PosixFileSystem::SyncWithoutDescriptor(const std::string& path) {
  const int error = errno;
  ASSIGN_OR_RETURN(const FileStat stat, StatOfPath(path));
  const std::scoped_lock lock(sync_mutex_);
  const auto held = sync_descriptor_of_device_.find(stat.identity.device);
  if (held == sync_descriptor_of_device_.end() || !held->second.open()) {
    return ErrnoError(error, "sync directory " + path);
  }
  if (::syncfs(held->second.get()) == 0) return Ok();
  return ErrnoError(errno, "sync the file system of " + path);
}

Result<int> PosixFileSystem::SyncDescriptorFor(const std::string& path) {
  ASSIGN_OR_RETURN(const FileStat stat, StatOfPath(path));
  const std::scoped_lock lock(sync_mutex_);
  Descriptor& held = sync_descriptor_of_device_[stat.identity.device];
  if (!held.open()) held = OpenDescriptor(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (!held.open()) return ErrnoError(errno, "open " + path);
  return held.get();
}

Status PosixFileSystem::SyncFileSystem(const std::string& path) {
  ASSIGN_OR_RETURN(const int fd, SyncDescriptorFor(path));
  if (::syncfs(fd) != 0) return ErrnoError(errno, "sync the file system of " + path);
  return Ok();
}

Result<std::vector<DirectoryEntry>> PosixFileSystem::List(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), &::closedir);
  if (directory == nullptr) return ErrnoError(errno, "list " + path);
  std::vector<DirectoryEntry> entries;
  errno = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    entries.push_back({std::string(name), KindOfEntry(::dirfd(directory.get()), *entry)});
    errno = 0;
  }
  if (errno != 0) return ErrnoError(errno, "list " + path);
  std::sort(entries.begin(), entries.end(),
            [](const DirectoryEntry& a, const DirectoryEntry& b) { return a.name < b.name; });
  return entries;
}

Result<FileStat> PosixFileSystem::Stat(const std::string& path) { return StatOfPath(path); }

Result<std::unique_ptr<FileLock>> PosixFileSystem::Lock(const std::string& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<FileLock> lock, TakePosixLock(path));
  RETURN_IF_ERROR(SyncDescriptorFor(ParentDirectory(path)));
  return lock;
}

Result<Space> PosixFileSystem::SpaceOf(const std::string& path) {
  struct statvfs raw = {};
  if (::statvfs(path.c_str(), &raw) != 0) return ErrnoError(errno, "free space of " + path);
  return Space{.total_bytes = static_cast<std::int64_t>(raw.f_blocks * raw.f_frsize),
               .available_bytes = static_cast<std::int64_t>(raw.f_bavail * raw.f_frsize)};
}

std::string PosixFileSystem::FileSystemUuid(const std::string& path) {
  const Result<FileStat> stat = StatOfPath(path);
  return stat.ok() ? uuids_.OfDevice(stat->identity.device) : std::string();
}

}  // namespace logboom::file
