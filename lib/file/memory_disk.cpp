#include "lib/file/memory_disk.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace logboom::file {
namespace {

constexpr ChangeNumber kAllChanges = std::numeric_limits<ChangeNumber>::max();

std::vector<std::string> Components(const std::string& path) {
  std::vector<std::string> components;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string name = path.substr(at, end - at);
    at = end + 1;
    if (name.empty() || name == ".") continue;
    if (name != "..") {
      components.push_back(name);
    } else if (!components.empty()) {
      components.pop_back();
    }
  }
  return components;
}

}  // namespace

MemoryDisk::MemoryDisk() : root_(std::make_shared<MemoryNode>(numbers_)) {
  root_->kind = FileKind::kDirectory;
  root_->links = 1;
  root_->birth_time_ns = root_->modified_ns = clock_ns++;
  nodes_[root_->number] = root_;
}

Result<NodePointer> MemoryDisk::Find(const std::string& path, const std::string& what) const {
  ASSIGN_OR_RETURN(const MemoryPlace place, FindPlace(path, what));
  if (place.name.empty()) return place.directory;
  NodePointer node = place.directory->names.Find(place.name);
  if (node == nullptr) return ErrnoError(ENOENT, what);
  return node;
}

Result<MemoryPlace> MemoryDisk::FindPlace(const std::string& path, const std::string& what) const {
  std::vector<std::string> components = Components(path);
  if (components.empty()) return MemoryPlace{root_, {}};
  MemoryPlace place{root_, std::move(components.back())};
  components.pop_back();
  for (const std::string& name : components) {
    place.directory = place.directory->names.Find(name);
    if (place.directory == nullptr) return ErrnoError(ENOENT, what);
    if (!place.directory->directory()) return ErrnoError(ENOTDIR, what);
  }
  return place;
}

NodePointer MemoryDisk::FindOrNull(const std::string& path) const {
  Result<NodePointer> found = Find(path, {});
  return found.ok() ? *std::move(found) : nullptr;
}

bool MemoryDisk::IsBelow(const NodePointer& node, const NodePointer& directory) const {
  if (node == directory) return true;
  for (const auto& [name, child] : directory->names.seen()) {
    if (IsBelow(node, child)) return true;
  }
  return false;
}

std::string MemoryDisk::NormalForm(const std::string& path) {
  std::string normal;
  for (const std::string& name : Components(path)) normal += "/" + name;
  return normal.empty() ? "/" : normal;
}

NodePointer MemoryDisk::Make(const MemoryPlace& place, FileKind kind) {
  auto node = std::make_shared<MemoryNode>(numbers_);
  node->kind = kind;
  node->links = 1;
  Touch(*node);
  node->birth_time_ns = node->modified_ns;
  nodes_[node->number] = node;
  place.directory->names.Apply({.number = ++last_change_, .added = place.name, .node = node});
  Touch(*place.directory);
  return node;
}

void MemoryDisk::Link(const NodePointer& node, const MemoryPlace& place) {
  ++node->links;
  Charge(*node);
  place.directory->names.Apply({.number = ++last_change_, .added = place.name, .node = node});
  Touch(*place.directory);
}

void MemoryDisk::Unlink(const MemoryPlace& place) {
  const NodePointer node = place.directory->names.Find(place.name);
  --node->links;
  Charge(*node);
  place.directory->names.Apply({.number = ++last_change_, .removed = place.name, .node = node});
  Touch(*place.directory);
}

void MemoryDisk::Move(const MemoryPlace& from, const MemoryPlace& to) {
  const NodePointer node = from.directory->names.Find(from.name);
  const NodePointer replaced = to.directory->names.Find(to.name);
  if (replaced != nullptr) {
    --replaced->links;
    Charge(*replaced);
  }
  if (from.directory == to.directory) {
    from.directory->names.Apply(
        {.number = ++last_change_, .removed = from.name, .added = to.name, .node = node});
  } else {
    const ChangeNumber added = ++last_change_;
    to.directory->names.Apply({.number = added, .added = to.name, .node = node});
    from.directory->names.Apply({.number = ++last_change_,
                                 .removed = from.name,
                                 .node = node,
                                 .needs = added,
                                 .needs_in = to.directory});
  }
  Touch(*from.directory);
  Touch(*to.directory);
}

Status MemoryDisk::Write(MemoryNode& node, std::int64_t position, ByteView bytes,
                         const std::string& what) {
  if (bytes.empty()) return Ok();
  const std::int64_t free_bytes = std::max<std::int64_t>(capacity_bytes - used_bytes(), 0);
  const std::int64_t end_max = node.allocated_bytes + free_bytes;
  const std::int64_t fitting =
      std::clamp<std::int64_t>(end_max - position, 0, static_cast<std::int64_t>(bytes.size()));
  if (fitting > 0) {
    node.bytes.Write(position, bytes.substr(0, static_cast<std::size_t>(fitting)));
    node.allocated_bytes = std::max(node.allocated_bytes, position + fitting);
    Charge(node);
    Touch(node);
  }
  if (fitting < static_cast<std::int64_t>(bytes.size())) return ErrnoError(ENOSPC, what);
  return Ok();
}

void MemoryDisk::Truncate(MemoryNode& node, std::int64_t size_bytes) {
  node.bytes.Truncate(size_bytes);
  node.allocated_bytes = std::min(node.allocated_bytes, size_bytes);
  Charge(node);
  Touch(node);
}

Status MemoryDisk::Preallocate(MemoryNode& node, std::int64_t size_bytes, const std::string& what) {
  const std::int64_t growth = size_bytes - node.allocated_bytes;
  if (growth <= 0) return Ok();
  if (growth > capacity_bytes - used_bytes()) return ErrnoError(ENOSPC, what);
  node.allocated_bytes = size_bytes;
  Charge(node);
  return Ok();
}

FileStat MemoryDisk::StatOf(const MemoryNode& node) const {
  FileStat stat;
  stat.identity = {device_, node.number, node.birth_time_ns};
  stat.kind = node.kind;
  stat.size_bytes = node.bytes.size_bytes();
  stat.modified_ns = node.modified_ns;
  stat.link_count = node.links;
  return stat;
}

HandleNumber MemoryDisk::OpenHandle(MemoryHandle handle) {
  ++handle.node->opens;
  if (handle.lock) handle.node->locked = true;
  handles_.emplace(++last_handle_, std::move(handle));
  return last_handle_;
}

const MemoryHandle* MemoryDisk::FindHandle(HandleNumber number) const {
  const auto found = handles_.find(number);
  return found == handles_.end() ? nullptr : &found->second;
}

void MemoryDisk::CloseHandle(HandleNumber number) {
  const auto found = handles_.find(number);
  if (found == handles_.end()) return;
  MemoryNode& node = *found->second.node;
  --node.opens;
  if (found->second.lock) node.locked = false;
  Charge(node);
  handles_.erase(found);
}

void MemoryDisk::KillProcess(ProcessNumber process) {
  std::vector<HandleNumber> dead;
  for (const auto& [number, handle] : handles_) {
    if (handle.process == process) dead.push_back(number);
  }
  for (const HandleNumber number : dead) CloseHandle(number);
}

ProcessNumber MemoryDisk::LockHolder(const MemoryNode& node) const {
  for (const auto& [number, handle] : handles_) {
    if (handle.lock && handle.node.get() == &node) return handle.process;
  }
  return 0;
}

Status MemoryDisk::SyncNode(MemoryNode& node, const std::string& path, const std::string& what) {
  if (TakeSyncFailure(node, path)) {
    Lose(node);
    return ErrnoError(EIO, what);
  }
  Sync(node);
  return Ok();
}

Status MemoryDisk::SyncAll(const std::string& what) {
  bool failed = false;
  for (const NodePointer& node : AllNodes()) {
    if (TakeSyncFailure(*node, {})) {
      Lose(*node);
      failed = true;
    } else {
      Sync(*node);
    }
  }
  if (failed) return ErrnoError(EIO, what);
  return Ok();
}

void MemoryDisk::Crash(Random& random) {
  handles_.clear();
  syncs_to_fail.clear();
  std::set<ChangeNumber> dropped = std::move(lost_changes_);
  lost_changes_.clear();
  const std::vector<NodePointer> nodes = AllNodes();
  for (const NodePointer& node : nodes) {
    node->bytes.Crash(random);
    node->names.DrawFates(random, dropped);
  }
  for (const NodePointer& node : nodes) node->names.Crash(dropped);
  RecountAfterCrash();
  // After a reboot the same disk may have another number.
  ++device_;
}

std::vector<NodePointer> MemoryDisk::AllNodes() const {
  std::vector<NodePointer> nodes;
  for (const auto& [number, weak] : nodes_) {
    if (NodePointer node = weak.lock()) nodes.push_back(std::move(node));
  }
  return nodes;
}

bool MemoryDisk::TakeSyncFailure(const MemoryNode& node, const std::string& path) {
  const auto found = std::find_if(
      syncs_to_fail.begin(), syncs_to_fail.end(),
      [&](const std::string& named) { return named == path || FindOrNull(named).get() == &node; });
  if (found == syncs_to_fail.end()) return false;
  syncs_to_fail.erase(found);
  return true;
}

void MemoryDisk::Sync(MemoryNode& node) {
  node.bytes.Sync();
  node.names.SyncThrough(kAllChanges, lost_changes_);
}

void MemoryDisk::Lose(MemoryNode& node) {
  node.bytes.LoseUnsynced();
  node.names.LoseUnsynced();
}

void MemoryDisk::Touch(MemoryNode& node) { node.modified_ns = clock_ns++; }

// A file without a name takes no room once the last handle is closed, though a crash may bring it
// back.
void MemoryDisk::Charge(MemoryNode& node) {
  const std::int64_t charge = node.links > 0 || node.opens > 0 ? node.allocated_bytes : 0;
  used_bytes_ += charge - node.charged_bytes;
  node.charged_bytes = charge;
}

void MemoryDisk::RecountAfterCrash() {
  for (const NodePointer& node : AllNodes()) {
    node->links = 0;
    node->opens = 0;
    node->locked = false;
    node->allocated_bytes = node->bytes.size_bytes();
  }
  MakeTree();
  for (const NodePointer& node : AllNodes()) Charge(*node);
}

// Counts links, and sees to it that each directory has one name and hangs below the root: where
// directories were moved into each other, the parts of those moves that survived may say otherwise.
void MemoryDisk::MakeTree() {
  root_->links = 1;
  std::vector<NodePointer> directories{root_};
  while (!directories.empty()) {
    const NodePointer directory = std::move(directories.back());
    directories.pop_back();
    const NodesByName names = directory->names.seen();
    for (const auto& [name, node] : names) {
      if (node->directory() && node->links > 0) {
        directory->names.Forget(name);
        continue;
      }
      ++node->links;
      if (node->directory()) directories.push_back(node);
    }
  }
  for (const NodePointer& node : AllNodes()) {
    if (node->links == 0) node->names.ForgetAll();
  }
}

}  // namespace logboom::file
