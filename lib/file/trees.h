// Whole directories, and second names for files.
#pragma once

#include <string>

#include "lib/base/result.h"
#include "lib/file/file_system.h"

namespace logboom::file {

// What a file system may be able to do beside: the three kinds (file_system.h) are.
class HardLinks {
 public:
  virtual ~HardLinks() = default;
  // Gives a file another name (link(2)); kExists where `to` is there. No file system can across its
  // border, and some can't at all.
  virtual Status Link(const std::string& from, const std::string& to) = 0;
};

// kUnsupported where `fs` is no HardLinks.
Status Link(FileSystem& fs, const std::string& from, const std::string& to);

// Removes a file; fine where it is gone already.
Status RemoveIfThere(FileSystem& fs, const std::string& path);

// Removes a directory and all below it; fine where it is gone already. Nothing is synced.
Status RemoveTree(FileSystem& fs, const std::string& path);

}  // namespace logboom::file
