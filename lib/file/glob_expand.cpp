#include <algorithm>
#include <string>
#include <vector>

#include "lib/file/glob.h"

namespace logboom::file {
namespace {

class Expansion {
 public:
  Expansion(FileSystem& fs, const Glob& glob, std::size_t paths_max)
      : fs_(fs), glob_(glob), paths_max_(paths_max) {}

  GlobMatches Run() {
    if (glob_.plain()) {
      Look(glob_.plain_path(), FileKind::kOther);
    } else {
      Enter(glob_.FixedRoot());
    }
    std::sort(found_.paths.begin(), found_.paths.end());
    return std::move(found_);
  }

 private:
  void Enter(const std::string& directory) {
    const Result<FileStat> stat = fs_.Stat(directory);
    if (!stat.ok()) return Skip(stat.error());
    // Back where we came from, by a link: below it lies what we are going through already.
    if (std::find(way_.begin(), way_.end(), stat->identity) != way_.end()) return;
    if (++directories_ > kGlobDirectoriesMax) {
      found_.truncated = true;
      return;
    }
    way_.push_back(stat->identity);
    List(directory);
    way_.pop_back();
  }

  void List(const std::string& directory) {
    const Result<std::vector<DirectoryEntry>> entries = fs_.List(directory);
    if (!entries.ok()) return Skip(entries.error());
    const std::string above = directory == "/" ? directory : directory + "/";
    for (const DirectoryEntry& entry : *entries) {
      if (found_.truncated) return;
      Look(above + entry.name, entry.kind);
    }
  }

  void Look(const std::string& path, FileKind kind) {
    const bool as_file = kind != FileKind::kDirectory && glob_.Matches(path);
    const bool as_directory = kind != FileKind::kRegular && glob_.MayContain(path);
    if (kind == FileKind::kOther && (as_file || as_directory)) {
      const Result<FileStat> stat = fs_.Stat(path);  // what a link leads to
      if (!stat.ok()) return Skip(stat.error());
      kind = stat->kind;
    }
    if (as_directory && kind == FileKind::kDirectory) Enter(path);
    if (as_file && kind == FileKind::kRegular) Take(path);
  }

  void Take(const std::string& path) {
    if (found_.paths.size() < paths_max_) {
      found_.paths.push_back(path);
    } else {
      found_.truncated = true;
    }
  }

  void Skip(const Error& error) {
    if (error.code != ErrorCode::kNotFound) found_.skipped.push_back(error);
  }

  FileSystem& fs_;
  const Glob& glob_;
  std::size_t paths_max_;
  std::size_t directories_ = 0;
  std::vector<FileIdentity> way_;  // from the root of the expansion to here
  GlobMatches found_;
};

}  // namespace

GlobMatches ExpandGlob(FileSystem& fs, const Glob& glob, std::size_t paths_max) {
  return Expansion(fs, glob, paths_max).Run();
}

}  // namespace logboom::file
