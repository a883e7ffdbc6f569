// Finds the files of one topic's inputs, and has their directories watched.
//
// Names come from listing: at start, when the watch tells of a change, and every now and then
// whatever it says. A directory that can't be watched is polled, and said so once. A symbolic link
// is followed; its file is polled too, since it changes in a directory that nobody watches.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/notices.h"
#include "agent/options.h"
#include "lib/base/result.h"
#include "lib/file/directory_watch.h"
#include "lib/file/file_system.h"
#include "lib/file/glob.h"

namespace logboom::agent {

struct CompiledInput {
  const InputOptions* options = nullptr;
  std::vector<file::Glob> include;
  std::vector<file::Glob> exclude;

  bool Matches(std::string_view path) const;
};

// kInvalid for a pattern that is none, or isn't absolute. `options` must outlive it.
Result<CompiledInput> CompileInput(const InputOptions& options);

struct FoundFile {
  const InputOptions* input = nullptr;
  file::FileStat stat;
  bool named = false;      // by an include without a wildcard
  std::uint32_t scan = 0;  // that found it last
};

enum class ScanDepth {
  kNames,  // stats of names that are new or were touched; the rest as they were
  kSizes,  // stats of all
};

// One owner, one thread.
class Discovery {
 public:
  // `watch` may be null: then all is polled. All must outlive it.
  Discovery(file::FileSystem& fs, file::DirectoryWatch* watch, std::vector<CompiledInput> inputs,
            Notices& notices);

  // By path, sorted. Valid until the next call.
  const std::map<std::string, FoundFile>& Scan(ScanDepth depth);
  // The watch told of `path`: its next stat is asked for.
  void Touch(const std::string& path) { touched_.insert(path); }
  // Its watch has ended.
  void Forget(const std::string& directory) { watched_.erase(directory); }

  // The first that matches; null: none.
  const CompiledInput* InputOf(std::string_view path) const;

  bool polls() const { return polls_; }
  bool Watches(const std::string& directory) const { return watched_.contains(directory); }
  // Include patterns that match nothing, as of the last scan: plain paths that are not there, too.
  std::vector<std::string> Unmatched() const;
  // What matches and is no file that can be read: path and why, as of the last scan.
  const std::map<std::string, std::string>& unreadable() const { return unreadable_; }
  const std::vector<CompiledInput>& inputs() const { return inputs_; }

 private:
  void Walk(const std::string& directory, const CompiledInput& input, std::size_t include,
            int depth);
  void WalkEntry(const std::string& path, const file::DirectoryEntry& entry,
                 const CompiledInput& input, std::size_t include, int depth);
  void Found(const std::string& path, const CompiledInput& input, std::size_t include, bool polled);
  void FoundAgain(const std::string& path, FoundFile& there, const CompiledInput& input,
                  bool named);
  const std::vector<file::DirectoryEntry>& List(const std::string& directory);
  void Watch(const std::string& directory);

  file::FileSystem& fs_;
  file::DirectoryWatch* watch_;
  std::vector<CompiledInput> inputs_;
  Notices& notices_;
  ScanDepth depth_ = ScanDepth::kSizes;
  // During a scan those of the one before stay, until it is over: most are found again.
  std::map<std::string, FoundFile> found_;
  std::uint32_t scan_ = 0;
  std::map<std::string, std::string> unreadable_;
  std::set<std::string> touched_;
  std::set<std::string> watched_;
  std::set<std::string> unwatchable_;
  std::map<std::string, std::vector<file::DirectoryEntry>> listed_;  // of this scan
  std::set<std::pair<const InputOptions*, std::size_t>> matched_;
  bool polls_ = false;
};

}  // namespace logboom::agent
