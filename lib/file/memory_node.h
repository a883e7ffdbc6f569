// A file or directory of the file system in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <set>

#include "lib/file/crashable_bytes.h"
#include "lib/file/crashable_names.h"
#include "lib/file/file_system.h"

namespace logboom::file {

// Inode numbers, the lowest free one first: like ext4, which gives the number of a removed file to
// the next one made.
class InodeNumbers {
 public:
  std::uint64_t Take() {
    if (free_.empty()) return next_++;
    return free_.extract(free_.begin()).value();
  }
  void Return(std::uint64_t number) { free_.insert(number); }

 private:
  std::uint64_t next_ = 2;  // the root's, as on ext4
  std::set<std::uint64_t> free_;
};

// Lives while a name, an open file, or a name that a crash could bring back leads to it.
struct MemoryNode {
  explicit MemoryNode(std::shared_ptr<InodeNumbers> from)
      : numbers(std::move(from)), number(numbers->Take()) {}
  MemoryNode(const MemoryNode&) = delete;
  MemoryNode& operator=(const MemoryNode&) = delete;
  ~MemoryNode() { numbers->Return(number); }

  bool directory() const { return kind == FileKind::kDirectory; }

  std::shared_ptr<InodeNumbers> numbers;
  std::uint64_t number;
  FileKind kind = FileKind::kRegular;
  std::int64_t birth_time_ns = 0;
  std::int64_t modified_ns = 0;
  std::int64_t allocated_bytes = 0;  // written or preallocated up to here
  std::int64_t charged_bytes = 0;    // what of it counts as used on the disk
  std::uint64_t links = 0;
  std::uint64_t opens = 0;
  bool locked = false;
  CrashableBytes bytes;  // of a file
  CrashableNames names;  // of a directory
};

}  // namespace logboom::file
