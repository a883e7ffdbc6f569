#include "lib/file/file_system.h"

#include <algorithm>

namespace logboom::file {
namespace {

Status WriteSynced(FileSystem& fs, const std::string& path, ByteView bytes) {
  ASSIGN_OR_RETURN(const std::unique_ptr<File> file, fs.Open(path, OpenMode::kCreate));
  RETURN_IF_ERROR(file->Truncate(0));
  RETURN_IF_ERROR(file->PWrite(0, bytes));
  return file->Sync();
}

}  // namespace

Result<Bytes> ReadWholeFile(FileSystem& fs, const std::string& path, std::size_t size_max) {
  ASSIGN_OR_RETURN(const std::unique_ptr<File> file, fs.Open(path, OpenMode::kRead));
  ASSIGN_OR_RETURN(const FileStat stat, file->Stat());
  // Files of /proc say size 0 and hold bytes all the same: the size is a hint, reading decides. One
  // byte more than the limit shows that there is more.
  const std::size_t hint = static_cast<std::size_t>(stat.size_bytes);
  constexpr std::size_t kChunkBytes = 64 * 1024;
  Bytes bytes;
  while (bytes.size() <= size_max) {
    const std::size_t had = bytes.size();
    const std::size_t wish = hint > had ? hint - had : kChunkBytes;
    bytes.resize(had + std::min(wish, size_max - had) + 1);
    ASSIGN_OR_RETURN(const std::size_t count,
                     file->PRead(static_cast<std::int64_t>(had), std::span(bytes).subspan(had)));
    const bool at_end = had + count < bytes.size();
    bytes.resize(had + count);
    if (at_end) break;
  }
  if (bytes.size() > size_max) {
    return Fail(ErrorCode::kLimit, "read {}: larger than {} bytes", path, size_max);
  }
  return bytes;
}

Status ReplaceFile(FileSystem& fs, const std::string& path, ByteView bytes) {
  const std::string temporary = path + ".tmp";
  Status replaced = WriteSynced(fs, temporary, bytes);
  if (replaced.ok()) replaced = fs.Rename(temporary, path);
  if (!replaced.ok()) {
    // On a full disk a half-written file would keep the next try from succeeding.
    [[maybe_unused]] const Status ignored = fs.Remove(temporary);
    return replaced;
  }
  return fs.SyncDirectory(ParentDirectory(path));
}

Status CreateDurableDirectories(FileSystem& fs, const std::string& path) {
  const std::string parent = ParentDirectory(path);
  const bool was_there = fs.Stat(path).ok();
  if (!was_there && parent != path) RETURN_IF_ERROR(CreateDurableDirectories(fs, parent));
  RETURN_IF_ERROR(fs.CreateDirectories(path));
  const Status synced = fs.SyncDirectory(parent);
  // A process killed between making and syncing leaves at most the lowest directory unsure, so one
  // that is there is synced as well; but not being let to read the parent of one made by others is
  // no error.
  if (!synced.ok() && was_there && synced.error().code == ErrorCode::kPermission) return Ok();
  return synced;
}

std::string ParentDirectory(const std::string& path) {
  const std::size_t name_end = path.find_last_not_of('/');
  if (name_end == std::string::npos) return path.empty() ? "." : "/";
  const std::size_t slash = path.find_last_of('/', name_end);
  if (slash == std::string::npos) return ".";
  const std::size_t parent_end = path.find_last_not_of('/', slash);
  return parent_end == std::string::npos ? "/" : path.substr(0, parent_end + 1);
}

}  // namespace logboom::file
