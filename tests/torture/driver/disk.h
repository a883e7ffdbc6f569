// A file system of its own for a data directory: an image on a loop device, mounted where only this
// process and its children see it. The kernel takes all of it away with the last of them.
#pragma once

#include <string>

#include "lib/base/result.h"

namespace logboom::torture {

// How a power loss treats what the file system's own log has gathered in memory.
enum class LogFate { kFlushAll = 0, kFlushLog = 1, kDrop = 2 };

// One owner, one thread. kPermission where this machine won't let us: not root, or no loop device.
class Disk {
 public:
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  // From here on this process's mounts are its own. Once, before any thread is started.
  static Status MakeMountsPrivate();
  // `image` holds a file system of that type ("ext4", "xfs"); `directory` is there.
  static Result<Disk> Attach(const std::string& image, const std::string& type,
                             const std::string& directory);
  Disk(Disk&& other) noexcept;
  Disk& operator=(Disk&&) = delete;

  // One page a request, while it is not mounted. A loop device tells a write that its image took
  // half of as done: a disk that fails must not lie, and a page is taken whole or not at all.
  Status LimitRequestsToPages();
  Status Mount();
  Status Unmount();
  // What was done so far is there behind a power loss.
  Status Sync();
  // From here on nothing reaches the disk, and every call fails; what was not synced is gone.
  Status CutPower(LogFate fate);

 private:
  Disk(int loop, std::string device, std::string type, std::string directory)
      : loop_(loop),
        device_(std::move(device)),
        type_(std::move(type)),
        directory_(std::move(directory)) {}

  int loop_;
  std::string device_;
  std::string type_;
  std::string directory_;
  bool mounted_ = false;
};

}  // namespace logboom::torture
