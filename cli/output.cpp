#include "cli/output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace logboom::cli {

Output::Output(int descriptor) : descriptor_(descriptor) {
  buffer_.reserve(kBufferBytes + (std::size_t{1} << 20U));
}

Output::~Output() { Flush(); }

void Output::Flush() {
  ByteView left = buffer_;
  while (!left.empty() && !closed_ && !error_) {
    const ssize_t count = write(descriptor_, left.data(), left.size());
    if (count >= 0) {
      left.remove_prefix(static_cast<std::size_t>(count));
      accepted_bytes_ += static_cast<std::uint64_t>(count);
    } else if (errno == EAGAIN) {
      pollfd ready = {.fd = descriptor_, .events = POLLOUT, .revents = 0};
      poll(&ready, 1, -1);
    } else if (errno == EPIPE) {
      closed_ = true;
    } else if (errno != EINTR) {
      error_ = ErrnoError(errno, "write standard output");
    }
  }
  dropped_bytes_ += left.size();
  buffer_.clear();
}

bool Output::closed() {
  if (closed_) return true;
  pollfd state = {.fd = descriptor_, .events = 0, .revents = 0};
  if (poll(&state, 1, 0) == 1 && (state.revents & (POLLERR | POLLNVAL)) != 0) closed_ = true;
  return closed_;
}

}  // namespace logboom::cli
