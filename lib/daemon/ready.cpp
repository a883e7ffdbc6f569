#include "lib/daemon/ready.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "lib/daemon/log.h"
#include "lib/file/descriptor.h"

namespace logboom::daemon {
namespace {

// One write, so that lines of other processes on the same stderr don't run into it.
void PrintToStderr(std::string_view line) {
  while (!line.empty()) {
    const ssize_t count = write(STDERR_FILENO, line.data(), line.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    line.remove_prefix(static_cast<std::size_t>(count));
  }
}

void Tell(std::string_view state) {
  if (Status sent = NotifySystemd(state); !sent.ok()) Warn("{}", sent.error().message);
}

}  // namespace

void Ready(std::string_view program, std::span<const std::string> addresses) {
  PrintToStderr(fmt::format("{}: ready {}\n", program, fmt::join(addresses, " ")));
  Tell("READY=1");
}

void Stopping() { Tell("STOPPING=1"); }

Status NotifySystemd(std::string_view state) {
  const char* const path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || *path == '\0') return Ok();
  const std::string_view name = path;
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof(address.sun_path)) {
    return Fail(ErrorCode::kInvalid, "notify systemd: $NOTIFY_SOCKET is too long: {}", name);
  }
  std::memcpy(address.sun_path, name.data(), name.size());
  // "@name" stands for a name in the abstract space, which begins with a NUL and has no terminator.
  if (name.front() == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());

  const file::Descriptor socket_fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (socket_fd.get() < 0) return ErrnoError(errno, "notify systemd: socket");
  sockaddr_storage generic = {};
  std::memcpy(&generic, &address, sizeof(address));
  const ssize_t sent =
      sendto(socket_fd.get(), state.data(), state.size(), MSG_NOSIGNAL,
             static_cast<const sockaddr*>(static_cast<const void*>(&generic)), size);
  if (sent < 0) return ErrnoError(errno, fmt::format("notify systemd at {}", name));
  return Ok();
}

}  // namespace logboom::daemon
