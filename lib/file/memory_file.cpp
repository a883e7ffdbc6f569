#include "lib/file/memory_file.h"

#include <algorithm>
#include <cerrno>

namespace logboom::file {

using Guard = std::scoped_lock<std::mutex>;

MemoryFile::~MemoryFile() {
  const Guard guard(disk_->mutex);
  disk_->CloseHandle(handle_);
}

Result<const MemoryHandle*> MemoryFile::Alive(const std::string& what) const {
  const MemoryHandle* handle = disk_->FindHandle(handle_);
  if (handle == nullptr) return Fail(ErrorCode::kIo, "{}: opened before a crash", what);
  return handle;
}

Result<const MemoryHandle*> MemoryFile::Writable(const std::string& what) const {
  if (access_ == Access::kReadOnly) return ErrnoError(EBADF, what);
  return Alive(what);
}

Result<std::size_t> MemoryFile::PRead(std::int64_t position, std::span<char> out) const {
  if (position < 0) return Fail(ErrorCode::kInvalid, "read {}: position {}", path_, position);
  const Guard guard(disk_->mutex);
  const std::string what = fmt::format("read {} at {}", path_, position);
  ASSIGN_OR_RETURN(const MemoryHandle* handle, Alive(what));
  if (handle->node->directory()) return ErrnoError(EISDIR, what);
  const Bytes& bytes = handle->node->bytes.seen();
  const std::size_t from = std::min(static_cast<std::size_t>(position), bytes.size());
  return ByteView(bytes).substr(from).copy(out.data(), out.size());
}

Status MemoryFile::PWrite(std::int64_t position, ByteView bytes) {
  if (position < 0) return Fail(ErrorCode::kInvalid, "write {}: position {}", path_, position);
  const Guard guard(disk_->mutex);
  const std::string what = fmt::format("write {} at {}", path_, position);
  ASSIGN_OR_RETURN(const MemoryHandle* handle, Writable(what));
  return disk_->Write(*handle->node, position, bytes, what);
}

Status MemoryFile::Sync() {
  const Guard guard(disk_->mutex);
  const std::string what = "sync " + path_;
  ASSIGN_OR_RETURN(const MemoryHandle* handle, Alive(what));
  return disk_->SyncNode(*handle->node, handle->path, what);
}

Status MemoryFile::Truncate(std::int64_t size_bytes) {
  if (size_bytes < 0) return Fail(ErrorCode::kInvalid, "truncate {}: size {}", path_, size_bytes);
  const Guard guard(disk_->mutex);
  ASSIGN_OR_RETURN(const MemoryHandle* handle,
                   Writable(fmt::format("truncate {} to {} bytes", path_, size_bytes)));
  disk_->Truncate(*handle->node, size_bytes);
  return Ok();
}

Status MemoryFile::Preallocate(std::int64_t size_bytes) {
  if (size_bytes < 0)
    return Fail(ErrorCode::kInvalid, "preallocate {}: size {}", path_, size_bytes);
  const Guard guard(disk_->mutex);
  const std::string what = fmt::format("preallocate {} bytes for {}", size_bytes, path_);
  ASSIGN_OR_RETURN(const MemoryHandle* handle, Writable(what));
  return disk_->Preallocate(*handle->node, size_bytes, what);
}

Status MemoryFile::DropCache() {
  const Guard guard(disk_->mutex);
  ASSIGN_OR_RETURN(const MemoryHandle* handle, Alive("drop cached pages of " + path_));
  handle->node->bytes.DropCache();
  return Ok();
}

Result<FileStat> MemoryFile::Stat() const {
  const Guard guard(disk_->mutex);
  ASSIGN_OR_RETURN(const MemoryHandle* handle, Alive("stat " + path_));
  return disk_->StatOf(*handle->node);
}

MemoryLock::~MemoryLock() {
  const Guard guard(disk_->mutex);
  disk_->CloseHandle(handle_);
}

}  // namespace logboom::file
