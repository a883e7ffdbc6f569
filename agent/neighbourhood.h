// The regular files of directories, with their stats: where renamed files and copies are looked
// for. Each directory is read once, until Forget().
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/file/file_system.h"

namespace logboom::agent {

struct Neighbour {
  std::string path;
  std::string stem;
  file::FileStat stat;
};

// One owner, one thread. A directory that can't be read has no files.
class Neighbourhood {
 public:
  explicit Neighbourhood(file::FileSystem& fs) : fs_(fs) {}

  // Of the directory of `path`.
  const std::vector<Neighbour>& Of(const std::string& path);
  void Forget() { directories_.clear(); }

 private:
  file::FileSystem& fs_;
  std::map<std::string, std::vector<Neighbour>> directories_;
};

}  // namespace logboom::agent
