// The state that all handles and processes of one file system in memory share.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/base/result.h"
#include "lib/file/memory_node.h"

namespace logboom::file {

using HandleNumber = std::uint64_t;
using ProcessNumber = std::uint64_t;

// An open file or a lock: what dies with its process.
struct MemoryHandle {
  NodePointer node;
  ProcessNumber process = 0;
  std::string path;  // as opened, in normal form
  bool lock = false;
};

// A directory and a name in it that may or may not be there. No name where the path is the root.
struct MemoryPlace {
  NodePointer directory;
  std::string name;
};

// Owned by the file systems and handles over it. Every call wants `mutex` held. `what` begins the
// message of an error: "open /x/y".
class MemoryDisk {
 public:
  MemoryDisk();

  std::mutex mutex;

  // Paths.
  Result<NodePointer> Find(const std::string& path, const std::string& what) const;
  Result<MemoryPlace> FindPlace(const std::string& path, const std::string& what) const;
  NodePointer FindOrNull(const std::string& path) const;
  bool IsBelow(const NodePointer& node, const NodePointer& directory) const;
  static std::string NormalForm(const std::string& path);

  // Names.
  NodePointer Make(const MemoryPlace& place, FileKind kind);
  void Link(const NodePointer& node, const MemoryPlace& place);
  void Unlink(const MemoryPlace& place);
  void Move(const MemoryPlace& from, const MemoryPlace& to);

  // Bytes. Writes what fits, and fails where that is not all.
  Status Write(MemoryNode& node, std::int64_t position, ByteView bytes, const std::string& what);
  void Truncate(MemoryNode& node, std::int64_t size_bytes);
  Status Preallocate(MemoryNode& node, std::int64_t size_bytes, const std::string& what);
  FileStat StatOf(const MemoryNode& node) const;
  std::int64_t used_bytes() const { return used_bytes_; }

  // Handles.
  HandleNumber OpenHandle(MemoryHandle handle);
  // Null once the handle's process is dead.
  const MemoryHandle* FindHandle(HandleNumber number) const;
  void CloseHandle(HandleNumber number);
  void KillProcess(ProcessNumber process);
  ProcessNumber LockHolder(const MemoryNode& node) const;
  ProcessNumber NewProcess() { return ++last_process_; }

  // Syncs. `path` is that of the handle or call: FailNextSync may have named it.
  Status SyncNode(MemoryNode& node, const std::string& path, const std::string& what);
  Status SyncAll(const std::string& what);
  void Crash(Random& random);

  std::int64_t capacity_bytes = std::int64_t{1} << 50;
  std::int64_t clock_ns = 1'600'000'000'000'000'000;
  std::string uuid = "6c6f6762-6f6f-4d00-8000-000000000001";
  std::set<std::string> syncs_to_fail;  // paths in normal form

 private:
  std::vector<NodePointer> AllNodes() const;
  bool TakeSyncFailure(const MemoryNode& node, const std::string& path);
  void Sync(MemoryNode& node);
  void Lose(MemoryNode& node);
  void Touch(MemoryNode& node);
  void Charge(MemoryNode& node);
  void RecountAfterCrash();
  void MakeTree();

  std::shared_ptr<InodeNumbers> numbers_ = std::make_shared<InodeNumbers>();
  // By inode number, so that a crash draws in the same order every time.
  std::map<std::uint64_t, std::weak_ptr<MemoryNode>> nodes_;
  NodePointer root_;
  std::map<HandleNumber, MemoryHandle> handles_;
  HandleNumber last_handle_ = 0;
  ProcessNumber last_process_ = 0;
  ChangeNumber last_change_ = 0;
  std::set<ChangeNumber> lost_changes_;
  std::int64_t used_bytes_ = 0;
  std::uint64_t device_ = 0xfe00;
};

}  // namespace logboom::file
