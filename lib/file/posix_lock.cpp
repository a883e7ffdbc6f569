#include "lib/file/posix_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <string_view>

#include "lib/file/descriptor.h"

namespace logboom::file {
namespace {

// The file stays, since removing it would let a third process lock a fresh one beside a waiting
// second.
class PosixLock final : public FileLock {
 public:
  explicit PosixLock(Descriptor fd) : fd_(std::move(fd)) {}
  ~PosixLock() override {
    // So that nobody is told the id of a process that has let go. Only a message depends on it.
    [[maybe_unused]] const int ignored = ::ftruncate(fd_.get(), 0);
  }

 private:
  Descriptor fd_;
};

// "process 123", or "another process" where the holder has not written its id (yet).
std::string Holder(int fd) {
  std::array<char, 16> buffer{};
  const ssize_t count = ::pread(fd, buffer.data(), buffer.size(), 0);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  const std::string_view digits = text.substr(0, text.find_first_not_of("0123456789"));
  return digits.empty() ? "another process" : fmt::format("process {}", digits);
}

void WriteOwnId(int fd) {
  const std::string text = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd, 0) != 0) return;
  [[maybe_unused]] const ssize_t ignored = ::pwrite(fd, text.data(), text.size(), 0);
}

}  // namespace

Result<std::unique_ptr<FileLock>> TakePosixLock(const std::string& path) {
  Descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640));
  if (!fd.open()) return ErrnoError(errno, "lock " + path);
  struct flock whole_file = {};
  whole_file.l_type = F_WRLCK;
  whole_file.l_whence = SEEK_SET;
  if (::fcntl(fd.get(), F_OFD_SETLK, &whole_file) != 0) {
    if (errno == EAGAIN || errno == EACCES) {
      return Fail(ErrorCode::kBusy, "lock {}: held by {}", path, Holder(fd.get()));
    }
    return ErrnoError(errno, "lock " + path);
  }
  WriteOwnId(fd.get());
  return std::unique_ptr<FileLock>(std::make_unique<PosixLock>(std::move(fd)));
}

}  // namespace logboom::file
