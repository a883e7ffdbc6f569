// Tells which directories changed, so that an agent with ten thousand quiet files does no work.
// Seam: InotifyWatch (Linux), and ManualWatch for tests and the simulator.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/result.h"

namespace logboom::file {

enum class ChangeKind {
  kWritten,   // bytes, size or attributes of `name`
  kAppeared,  // created, or moved in
  kVanished,  // removed, or moved away
  kOverflow,  // the kernel dropped events: look at everything; directory and name are empty
  kGone,      // the watched directory itself is gone; its watch has ended
};

struct Change {
  ChangeKind kind = ChangeKind::kWritten;
  std::string directory;
  std::string name;
  friend bool operator==(const Change&, const Change&) = default;
};

// Appends `change` unless it equals the last one.
void AppendFolded(std::vector<Change>& changes, Change change);

// One owner, one thread.
class DirectoryWatch {
 public:
  virtual ~DirectoryWatch() = default;
  // Watching a directory twice is one watch. kLimit where the system's watches are used up,
  // kUnsupported on a file system of the network: the caller polls that directory instead.
  virtual Status Add(const std::string& directory) = 0;
  virtual void Remove(const std::string& directory) = 0;
  // What has changed since the last call, never waiting; equal neighbours are folded into one.
  virtual std::vector<Change> Take() = 0;
  // Readable when Take() has something; -1 where there is no descriptor.
  virtual int descriptor() const = 0;
};

// Fails where inotify is not to be had (instances used up). Changes of the watched directory's own
// attributes are not told; one that is moved away is kGone, as one that is removed. A directory
// above it that is moved goes unnoticed: paths are as they were when added.
Result<std::unique_ptr<DirectoryWatch>> MakeInotifyWatch();

// Changes come from the test. One owner, one thread; Add fails only past `watches_max`.
class ManualWatch final : public DirectoryWatch {
 public:
  Status Add(const std::string& directory) override;
  void Remove(const std::string& directory) override;
  std::vector<Change> Take() override;
  int descriptor() const override { return -1; }

  // Recorded only while `change.directory` is watched, or for an overflow.
  void Notify(Change change);
  // From now on Add of one more gives kLimit, as where the system's watches are used up.
  void SetWatchesMax(std::size_t watches_max) { watches_max_ = watches_max; }
  bool Watches(const std::string& directory) const;

 private:
  std::size_t watches_max_ = static_cast<std::size_t>(-1);
  std::vector<std::string> watched_;
  std::vector<Change> pending_;
};

}  // namespace logboom::file
