#include "lib/file/posix_stat.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>

namespace logboom::file {
namespace {

constexpr unsigned kWanted = STATX_BASIC_STATS | STATX_BTIME;

std::int64_t Nanoseconds(const statx_timestamp& time) {
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

FileKind KindOfMode(unsigned mode) {
  if (S_ISREG(mode)) return FileKind::kRegular;
  return S_ISDIR(mode) ? FileKind::kDirectory : FileKind::kOther;
}

FileStat FromStatx(const struct statx& from) {
  FileStat stat;
  stat.identity.device = makedev(from.stx_dev_major, from.stx_dev_minor);
  stat.identity.inode = from.stx_ino;
  if ((from.stx_mask & STATX_BTIME) != 0) stat.identity.birth_time_ns = Nanoseconds(from.stx_btime);
  stat.kind = KindOfMode(from.stx_mode);
  stat.size_bytes = static_cast<std::int64_t>(from.stx_size);
  stat.modified_ns = Nanoseconds(from.stx_mtime);
  stat.link_count = from.stx_nlink;
  return stat;
}

}  // namespace

Result<FileStat> StatOfPath(const std::string& path) {
  struct statx raw = {};
  if (::statx(AT_FDCWD, path.c_str(), 0, kWanted, &raw) != 0) {
    return ErrnoError(errno, "stat " + path);
  }
  return FromStatx(raw);
}

Result<FileStat> StatOfDescriptor(int fd, const std::string& path) {
  struct statx raw = {};
  if (::statx(fd, "", AT_EMPTY_PATH, kWanted, &raw) != 0) {
    return ErrnoError(errno, "stat " + path);
  }
  return FromStatx(raw);
}

}  // namespace logboom::file
