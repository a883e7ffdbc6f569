// A file descriptor that closes itself.
#pragma once

#include <unistd.h>

#include <utility>

namespace logboom::file {

// One owner. close(2) is called once and its error is dropped: whoever needs the bytes to be safe
// has synced before. Empty (-1) after a move.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

}  // namespace logboom::file
