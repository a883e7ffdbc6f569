#include "tests/torture/driver/disk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/loop.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <utility>

namespace logboom::torture {
namespace {

// FS_IOC_GOINGDOWN of ext4 and XFS: _IOR('X', 125, __u32).
constexpr unsigned long kGoingDown = 0x8004587d;
constexpr int kUnmountTriesMax = 2000;
constexpr int kAttachTriesMax = 20;

// Attaches the image to a free loop device. Another program may take the same one first.
Result<std::pair<int, std::string>> AttachLoop(const std::string& image) {
  const int control = ::open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  if (control < 0) return ErrnoError(errno, "open /dev/loop-control");
  const int file = ::open(image.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return ErrnoError(errno, "open " + image);
  Error last = Fail(ErrorCode::kBusy, "no loop device is free");
  for (int i = 0; i < kAttachTriesMax; ++i) {
    const int number = ::ioctl(control, LOOP_CTL_GET_FREE);
    const std::string device = fmt::format("/dev/loop{}", number);
    const int loop = ::open(device.c_str(), O_RDWR | O_CLOEXEC);
    if (loop < 0) {
      last = ErrnoError(errno, "open " + device);
      continue;
    }
    loop_config config{};
    config.fd = static_cast<__u32>(file);
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
    if (::ioctl(loop, LOOP_CONFIGURE, &config) == 0) {
      ::close(control);
      ::close(file);
      return std::pair(loop, device);
    }
    last = ErrnoError(errno, "configure " + device);
    ::close(loop);
  }
  ::close(control);
  ::close(file);
  return last;
}

template <typename Call>
Status OnDirectory(const std::string& directory, const char* what, Call call) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoError(errno, "open " + directory);
  const int failed = call(fd);
  const int error = errno;
  ::close(fd);
  return failed == 0 ? Ok() : Status(ErrnoError(error, fmt::format("{} {}", what, directory)));
}

}  // namespace

Disk::Disk(Disk&& other) noexcept
    : loop_(std::exchange(other.loop_, -1)),
      device_(std::move(other.device_)),
      type_(std::move(other.type_)),
      directory_(std::move(other.directory_)),
      mounted_(std::exchange(other.mounted_, false)) {}

Disk::~Disk() {
  if (mounted_) ::umount2(directory_.c_str(), MNT_DETACH);
  if (loop_ >= 0) ::close(loop_);
}

Status Disk::MakeMountsPrivate() {
  if (::unshare(CLONE_NEWNS) != 0) return ErrnoError(errno, "unshare the mounts");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return ErrnoError(errno, "make the mounts private");
  }
  return Ok();
}

Result<Disk> Disk::Attach(const std::string& image, const std::string& type,
                          const std::string& directory) {
  ASSIGN_OR_RETURN(auto loop, AttachLoop(image));
  return Disk(loop.first, loop.second, type, directory);
}

Status Disk::LimitRequestsToPages() {
  const std::string name = device_.substr(device_.rfind('/') + 1);
  const std::string path = fmt::format("/sys/block/{}/queue/max_sectors_kb", name);
  std::ofstream file(path);
  file << "4" << std::flush;
  return file ? Ok() : Status(ErrnoError(errno, "write " + path));
}

Status Disk::Mount() {
  if (::mount(device_.c_str(), directory_.c_str(), type_.c_str(), 0, nullptr) != 0) {
    return ErrnoError(errno, fmt::format("mount {} as {}", device_, type_));
  }
  mounted_ = true;
  return Ok();
}

Status Disk::Unmount() {
  for (int i = 0; ::umount2(directory_.c_str(), 0) != 0; ++i) {
    // The kernel may still be at the last of a process that was killed.
    if (errno != EBUSY || i == kUnmountTriesMax) return ErrnoError(errno, "unmount " + directory_);
    ::poll(nullptr, 0, 1);
  }
  mounted_ = false;
  return Ok();
}

Status Disk::Sync() {
  return OnDirectory(directory_, "sync", [](int fd) { return ::syncfs(fd); });
}

Status Disk::CutPower(LogFate fate) {
  auto flags = static_cast<__u32>(fate);
  return OnDirectory(directory_, "shut down",
                     [&flags](int fd) { return ::ioctl(fd, kGoingDown, &flags); });
}

}  // namespace logboom::torture
