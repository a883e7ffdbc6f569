// Opens the files of one topic and counts them, so that an agent with more files than descriptors
// takes turns with them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "lib/base/result.h"
#include "lib/file/file_system.h"

namespace logboom::agent {

// Must outlive the files. One thread.
class OpenFiles {
 public:
  OpenFiles(file::FileSystem& fs, std::size_t files_max) : fs_(fs), files_max_(files_max) {}

  // For reading. kLimit where files_max are open.
  Result<std::unique_ptr<file::File>> Open(const std::string& path);
  // One that is open already, and counts from now on, however many there are.
  std::unique_ptr<file::File> Adopt(std::unique_ptr<file::File> file);
  // One that Open() or Adopt() gave, which does not count any more.
  static std::unique_ptr<file::File> Release(std::unique_ptr<file::File> file);
  bool full() const { return count_ >= files_max_; }
  std::size_t count() const { return count_; }
  std::size_t files_max() const { return files_max_; }

 private:
  file::FileSystem& fs_;
  std::size_t files_max_;
  std::size_t count_ = 0;
};

}  // namespace logboom::agent
