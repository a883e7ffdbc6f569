#include "lib/file/memory_file_system.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "lib/file/memory_file.h"

namespace logboom::file {
namespace {

using Guard = std::scoped_lock<std::mutex>;

// rename(2) in the order of its checks. Nothing where it may go on.
Status MayMove(const MemoryDisk& disk, const NodePointer& node, const NodePointer& target,
               const MemoryPlace& to, const std::string& what) {
  if (node->directory() && disk.IsBelow(to.directory, node)) return ErrnoError(EINVAL, what);
  if (target == nullptr) return Ok();
  if (node->directory() && !target->directory()) return ErrnoError(ENOTDIR, what);
  if (!node->directory() && target->directory()) return ErrnoError(EISDIR, what);
  if (!target->names.seen().empty()) return ErrnoError(ENOTEMPTY, what);
  return Ok();
}

}  // namespace

MemoryFileSystem::MemoryFileSystem() : disk_(std::make_shared<MemoryDisk>()), process_(0) {
  process_ = disk_->NewProcess();
}

MemoryFileSystem::MemoryFileSystem(std::shared_ptr<MemoryDisk> disk, ProcessNumber process)
    : disk_(std::move(disk)), process_(process) {}

MemoryFileSystem::~MemoryFileSystem() = default;

Result<std::unique_ptr<File>> MemoryFileSystem::Open(const std::string& path, OpenMode mode) {
  const Guard guard(disk_->mutex);
  const std::string what = "open " + path;
  ASSIGN_OR_RETURN(const MemoryPlace place, disk_->FindPlace(path, what));
  NodePointer node = place.name.empty() ? place.directory : place.directory->names.Find(place.name);
  if (node != nullptr && mode == OpenMode::kCreateNew) return ErrnoError(EEXIST, what);
  if (node == nullptr) {
    if (mode == OpenMode::kRead || mode == OpenMode::kReadWrite) return ErrnoError(ENOENT, what);
    node = disk_->Make(place, FileKind::kRegular);
  }
  if (node->directory() && mode != OpenMode::kRead) return ErrnoError(EISDIR, what);
  const HandleNumber handle =
      disk_->OpenHandle({node, process_, MemoryDisk::NormalForm(path), /*lock=*/false});
  const auto access =
      mode == OpenMode::kRead ? MemoryFile::Access::kReadOnly : MemoryFile::Access::kReadWrite;
  return std::unique_ptr<File>(std::make_unique<MemoryFile>(disk_, handle, path, access));
}

Status MemoryFileSystem::Rename(const std::string& from, const std::string& to) {
  const Guard guard(disk_->mutex);
  const std::string what = fmt::format("rename {} to {}", from, to);
  ASSIGN_OR_RETURN(const MemoryPlace old_place, disk_->FindPlace(from, what));
  ASSIGN_OR_RETURN(const MemoryPlace new_place, disk_->FindPlace(to, what));
  if (old_place.name.empty() || new_place.name.empty()) return ErrnoError(EBUSY, what);
  const NodePointer node = old_place.directory->names.Find(old_place.name);
  if (node == nullptr) return ErrnoError(ENOENT, what);
  const NodePointer target = new_place.directory->names.Find(new_place.name);
  if (target == node) return Ok();
  RETURN_IF_ERROR(MayMove(*disk_, node, target, new_place, what));
  disk_->Move(old_place, new_place);
  return Ok();
}

Status MemoryFileSystem::Link(const std::string& from, const std::string& to) {
  const Guard guard(disk_->mutex);
  const std::string what = fmt::format("link {} to {}", from, to);
  ASSIGN_OR_RETURN(const NodePointer node, disk_->Find(from, what));
  if (node->directory()) return ErrnoError(EPERM, what);
  ASSIGN_OR_RETURN(const MemoryPlace place, disk_->FindPlace(to, what));
  if (place.name.empty() || place.directory->names.Find(place.name) != nullptr) {
    return ErrnoError(EEXIST, what);
  }
  disk_->Link(node, place);
  return Ok();
}

Status MemoryFileSystem::Remove(const std::string& path) {
  const Guard guard(disk_->mutex);
  const std::string what = "remove " + path;
  ASSIGN_OR_RETURN(const NodePointer node, disk_->Find(path, what));
  if (node->directory()) return ErrnoError(EISDIR, what);
  ASSIGN_OR_RETURN(const MemoryPlace place, disk_->FindPlace(path, what));
  disk_->Unlink(place);
  return Ok();
}

Status MemoryFileSystem::RemoveDirectory(const std::string& path) {
  const Guard guard(disk_->mutex);
  const std::string what = "remove directory " + path;
  ASSIGN_OR_RETURN(const NodePointer node, disk_->Find(path, what));
  if (!node->directory()) return ErrnoError(ENOTDIR, what);
  if (!node->names.seen().empty()) return ErrnoError(ENOTEMPTY, what);
  ASSIGN_OR_RETURN(const MemoryPlace place, disk_->FindPlace(path, what));
  if (place.name.empty()) return ErrnoError(EBUSY, what);
  disk_->Unlink(place);
  return Ok();
}

Status MemoryFileSystem::CreateDirectories(const std::string& path) {
  const Guard guard(disk_->mutex);
  const std::string what = "create directory " + path;
  const std::string whole = MemoryDisk::NormalForm(path);
  for (std::size_t end = 1; end < whole.size();) {
    end = std::min(whole.find('/', end + 1), whole.size());
    ASSIGN_OR_RETURN(const MemoryPlace place, disk_->FindPlace(whole.substr(0, end), what));
    const NodePointer node = place.directory->names.Find(place.name);
    if (node == nullptr) {
      disk_->Make(place, FileKind::kDirectory);
    } else if (!node->directory()) {
      return ErrnoError(end == whole.size() ? EEXIST : ENOTDIR, what);
    }
  }
  return Ok();
}

Status MemoryFileSystem::SyncDirectory(const std::string& path) {
  const Guard guard(disk_->mutex);
  const std::string what = "sync directory " + path;
  ASSIGN_OR_RETURN(const NodePointer node, disk_->Find(path, what));
  if (!node->directory()) return ErrnoError(ENOTDIR, what);
  return disk_->SyncNode(*node, MemoryDisk::NormalForm(path), what);
}

Status MemoryFileSystem::SyncFileSystem(const std::string& path) {
  const Guard guard(disk_->mutex);
  RETURN_IF_ERROR(disk_->Find(path, "stat " + path));
  return disk_->SyncAll("sync the file system of " + path);
}

Result<std::vector<DirectoryEntry>> MemoryFileSystem::List(const std::string& path) {
  const Guard guard(disk_->mutex);
  const std::string what = "list " + path;
  ASSIGN_OR_RETURN(const NodePointer node, disk_->Find(path, what));
  if (!node->directory()) return ErrnoError(ENOTDIR, what);
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, child] : node->names.seen()) entries.push_back({name, child->kind});
  return entries;
}

Result<FileStat> MemoryFileSystem::Stat(const std::string& path) {
  const Guard guard(disk_->mutex);
  ASSIGN_OR_RETURN(const NodePointer node, disk_->Find(path, "stat " + path));
  return disk_->StatOf(*node);
}

Result<std::unique_ptr<FileLock>> MemoryFileSystem::Lock(const std::string& path) {
  const Guard guard(disk_->mutex);
  const std::string what = "lock " + path;
  ASSIGN_OR_RETURN(const MemoryPlace place, disk_->FindPlace(path, what));
  NodePointer node = place.name.empty() ? place.directory : place.directory->names.Find(place.name);
  if (node == nullptr) node = disk_->Make(place, FileKind::kRegular);
  if (node->directory()) return ErrnoError(EISDIR, what);
  if (node->locked) {
    return Fail(ErrorCode::kBusy, "{}: held by process {}", what, disk_->LockHolder(*node));
  }
  const HandleNumber handle =
      disk_->OpenHandle({node, process_, MemoryDisk::NormalForm(path), /*lock=*/true});
  return std::unique_ptr<FileLock>(std::make_unique<MemoryLock>(disk_, handle));
}

Result<Space> MemoryFileSystem::SpaceOf(const std::string& path) {
  const Guard guard(disk_->mutex);
  RETURN_IF_ERROR(disk_->Find(path, "free space of " + path));
  return Space{
      .total_bytes = disk_->capacity_bytes,
      .available_bytes = std::max<std::int64_t>(disk_->capacity_bytes - disk_->used_bytes(), 0)};
}

std::string MemoryFileSystem::FileSystemUuid(const std::string& path) {
  const Guard guard(disk_->mutex);
  return disk_->FindOrNull(path) == nullptr ? std::string() : disk_->uuid;
}

std::unique_ptr<MemoryFileSystem> MemoryFileSystem::AnotherProcess() {
  const Guard guard(disk_->mutex);
  return std::unique_ptr<MemoryFileSystem>(new MemoryFileSystem(disk_, disk_->NewProcess()));
}

void MemoryFileSystem::KillProcess() {
  const Guard guard(disk_->mutex);
  disk_->KillProcess(process_);
}

void MemoryFileSystem::Crash(Random& random) {
  const Guard guard(disk_->mutex);
  disk_->Crash(random);
}

void MemoryFileSystem::FailNextSync(const std::string& path) {
  const Guard guard(disk_->mutex);
  disk_->syncs_to_fail.insert(MemoryDisk::NormalForm(path));
}

void MemoryFileSystem::HealSyncs() {
  const Guard guard(disk_->mutex);
  disk_->syncs_to_fail.clear();
}

void MemoryFileSystem::SetCapacity(std::int64_t bytes) {
  const Guard guard(disk_->mutex);
  disk_->capacity_bytes = bytes;
}

void MemoryFileSystem::SetTime(std::int64_t ns) {
  const Guard guard(disk_->mutex);
  disk_->clock_ns = ns;
}

void MemoryFileSystem::SetUuid(const std::string& uuid) {
  const Guard guard(disk_->mutex);
  disk_->uuid = uuid;
}

}  // namespace logboom::file
