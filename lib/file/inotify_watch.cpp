#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <unordered_map>
#include <utility>

#include "lib/file/descriptor.h"
#include "lib/file/directory_watch.h"
#include "lib/file/remote_file_system.h"

namespace logboom::file {
namespace {

constexpr std::uint32_t kWritten = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB;
constexpr std::uint32_t kAppeared = IN_CREATE | IN_MOVED_TO;
constexpr std::uint32_t kVanished = IN_DELETE | IN_MOVED_FROM;
constexpr std::uint32_t kSelf = IN_DELETE_SELF | IN_MOVE_SELF;
// The kernel sends these without being asked.
constexpr std::uint32_t kEnded = kSelf | IN_UNMOUNT | IN_IGNORED;

constexpr std::size_t kReadBytes = 64 * 1024;
// A writer that never rests must not keep Take() from returning; what is left stays readable.
constexpr int kReadsMax = 16;

Error AddError(int error, const std::string& directory) {
  if (error == ENOSPC) {
    return Fail(ErrorCode::kLimit,
                "watch {}: the system's inotify watches are used up; raise "
                "fs.inotify.max_user_watches with sysctl",
                directory);
  }
  return ErrnoError(error, "watch " + directory);
}

class InotifyWatch final : public DirectoryWatch {
 public:
  explicit InotifyWatch(Descriptor fd) : fd_(std::move(fd)) {}

  Status Add(const std::string& directory) override;
  void Remove(const std::string& directory) override;
  std::vector<Change> Take() override;
  int descriptor() const override { return fd_.get(); }

 private:
  void Detach(const std::string& directory, int watch);
  void Translate(const char* buffer, std::size_t size, std::vector<Change>& changes);
  void Translate(const inotify_event& event, std::string_view name, std::vector<Change>& changes);
  void End(int watch, std::uint32_t mask, std::vector<Change>& changes);

  Descriptor fd_;
  std::unordered_map<std::string, int> watch_of_directory_;
  // Several paths may lead to one directory (links, bind mounts); the kernel gives them one watch.
  std::unordered_map<int, std::vector<std::string>> directories_of_watch_;
};

std::string_view RemoteFileSystem(const std::string& directory) {
  struct statfs stat = {};
  if (::statfs(directory.c_str(), &stat) != 0) return {};
  return RemoteFileSystemOf(static_cast<std::uint32_t>(stat.f_type));
}

Status InotifyWatch::Add(const std::string& directory) {
  if (const auto remote = RemoteFileSystem(directory); !remote.empty()) {
    return Fail(ErrorCode::kUnsupported, "watch {}: {} does not tell of all changes", directory,
                remote);
  }
  const int watch = ::inotify_add_watch(fd_.get(), directory.c_str(),
                                        kWritten | kAppeared | kVanished | kSelf | IN_ONLYDIR);
  if (watch < 0) return AddError(errno, directory);
  const auto found = watch_of_directory_.find(directory);
  if (found != watch_of_directory_.end()) {
    if (found->second == watch) return Ok();
    // Another directory stands at that path now: the old one's changes are of no use any more.
    Detach(directory, found->second);
  }
  watch_of_directory_[directory] = watch;
  directories_of_watch_[watch].push_back(directory);
  return Ok();
}

void InotifyWatch::Remove(const std::string& directory) {
  const auto found = watch_of_directory_.find(directory);
  if (found == watch_of_directory_.end()) return;
  const int watch = found->second;
  watch_of_directory_.erase(found);
  Detach(directory, watch);
}

void InotifyWatch::Detach(const std::string& directory, int watch) {
  const auto found = directories_of_watch_.find(watch);
  if (found == directories_of_watch_.end()) return;
  std::erase(found->second, directory);
  if (!found->second.empty()) return;
  directories_of_watch_.erase(found);
  // Fails where the kernel has ended the watch by itself, which is as good.
  ::inotify_rm_watch(fd_.get(), watch);
}

std::vector<Change> InotifyWatch::Take() {
  std::vector<Change> changes;
  alignas(inotify_event) std::array<char, kReadBytes> buffer;
  for (int reads = 0; reads < kReadsMax;) {
    const ssize_t count = ::read(fd_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;  // EAGAIN: nothing is left
    Translate(buffer.data(), static_cast<std::size_t>(count), changes);
    ++reads;
  }
  return changes;
}

void InotifyWatch::Translate(const char* buffer, std::size_t size, std::vector<Change>& changes) {
  std::size_t at = 0;
  while (at < size) {
    inotify_event event;
    std::memcpy(&event, buffer + at, sizeof(event));
    const char* name = buffer + at + sizeof(event);
    Translate(event, {name, ::strnlen(name, event.len)}, changes);
    at += sizeof(event) + event.len;
  }
}

void InotifyWatch::Translate(const inotify_event& event, std::string_view name,
                             std::vector<Change>& changes) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {
    AppendFolded(changes, {ChangeKind::kOverflow, {}, {}});
    return;
  }
  if ((event.mask & kEnded) != 0) {
    End(event.wd, event.mask, changes);
    return;
  }
  // Events of a watch that has been removed may still be in the queue. Those without a name are
  // about the directory itself.
  const auto found = directories_of_watch_.find(event.wd);
  if (found == directories_of_watch_.end() || name.empty()) return;
  const ChangeKind kind = (event.mask & kAppeared) != 0   ? ChangeKind::kAppeared
                          : (event.mask & kVanished) != 0 ? ChangeKind::kVanished
                                                          : ChangeKind::kWritten;
  for (const std::string& directory : found->second) {
    AppendFolded(changes, {kind, directory, std::string(name)});
  }
}

void InotifyWatch::End(int watch, std::uint32_t mask, std::vector<Change>& changes) {
  const auto found = directories_of_watch_.find(watch);
  if (found == directories_of_watch_.end()) return;
  for (const std::string& directory : found->second) {
    watch_of_directory_.erase(directory);
    AppendFolded(changes, {ChangeKind::kGone, directory, {}});
  }
  directories_of_watch_.erase(found);
  // Moved away, it would go on being watched under a path that is not its own.
  if ((mask & IN_MOVE_SELF) != 0) ::inotify_rm_watch(fd_.get(), watch);
}

}  // namespace

Result<std::unique_ptr<DirectoryWatch>> MakeInotifyWatch() {
  Descriptor fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd.open()) {
    const Error error = ErrnoError(errno, "start inotify");
    if (error.code != ErrorCode::kLimit) return error;
    return Fail(ErrorCode::kLimit,
                "{}; raise fs.inotify.max_user_instances with sysctl, or the limit of open files",
                error.message);
  }
  return std::unique_ptr<DirectoryWatch>(std::make_unique<InotifyWatch>(std::move(fd)));
}

}  // namespace logboom::file
