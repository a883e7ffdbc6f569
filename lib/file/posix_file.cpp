#include "lib/file/posix_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "lib/file/posix_stat.h"

namespace logboom::file {

Result<std::size_t> PosixFile::PRead(std::int64_t position, std::span<char> out) const {
  if (position < 0) return Fail(ErrorCode::kInvalid, "read {}: position {}", path_, position);
  std::size_t done = 0;
  while (done < out.size()) {
    const std::int64_t at = position + static_cast<std::int64_t>(done);
    const ssize_t count = ::pread(fd_.get(), out.data() + done, out.size() - done, at);
    if (count == 0) break;
    if (count < 0) {
      if (errno == EINTR) continue;
      return ErrnoError(errno, fmt::format("read {} at {}", path_, at));
    }
    done += static_cast<std::size_t>(count);
  }
  return done;
}

Status PosixFile::PWrite(std::int64_t position, ByteView bytes) {
  if (position < 0) return Fail(ErrorCode::kInvalid, "write {}: position {}", path_, position);
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd_.get(), bytes.data(), bytes.size(), position);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      return ErrnoError(count < 0 ? errno : EIO, fmt::format("write {} at {}", path_, position));
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
    position += count;
  }
  return Ok();
}

Status PosixFile::Sync() {
  // No second try, not even on EINTR: whatever made the first one fail may have cost the bytes.
  if (::fdatasync(fd_.get()) != 0) return ErrnoError(errno, "sync " + path_);
  return Ok();
}

Status PosixFile::Truncate(std::int64_t size_bytes) {
  if (size_bytes < 0) return Fail(ErrorCode::kInvalid, "truncate {}: size {}", path_, size_bytes);
  while (::ftruncate(fd_.get(), size_bytes) != 0) {
    if (errno != EINTR) {
      return ErrnoError(errno, fmt::format("truncate {} to {} bytes", path_, size_bytes));
    }
  }
  return Ok();
}

Status PosixFile::Preallocate(std::int64_t size_bytes) {
  if (size_bytes < 0)
    return Fail(ErrorCode::kInvalid, "preallocate {}: size {}", path_, size_bytes);
  if (size_bytes == 0) return Ok();
  while (::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, 0, size_bytes) != 0) {
    if (errno == EOPNOTSUPP || errno == ENOSYS) return Ok();
    if (errno != EINTR) {
      return ErrnoError(errno, fmt::format("preallocate {} bytes for {}", size_bytes, path_));
    }
  }
  return Ok();
}

Status PosixFile::DropCache() {
  // Length 0 means the whole file. Returns the error instead of setting errno.
  const int error = ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED);
  if (error != 0) return ErrnoError(error, "drop cached pages of " + path_);
  return Ok();
}

Result<FileStat> PosixFile::Stat() const { return StatOfDescriptor(fd_.get(), path_); }

}  // namespace logboom::file
