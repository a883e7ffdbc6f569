#include "agent/streams/syslog_socket.h"

#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "lib/daemon/address.h"

namespace logboom::agent {
namespace {

constexpr int kBacklog = 128;
// Asked for; the kernel gives as much as it allows.
constexpr int kReceiveBufferBytes = 4 << 20;
// Anyone may log.
constexpr mode_t kSocketMode = 0666;

std::string_view SchemeOf(SyslogTransport transport) {
  switch (transport) {
    case SyslogTransport::kUdp: return "udp://";
    case SyslogTransport::kTcp: return "tcp://";
    case SyslogTransport::kUnix: return "unix://";
  }
  return "";
}

Status Bind(int descriptor, const sockaddr* address, socklen_t size, const std::string& name) {
  if (bind(descriptor, address, size) == 0) return Ok();
  const int code = errno;
  Error error = ErrnoError(code, "listen at " + name);
  if (code == EACCES) error.message += "; ports below 1024 need CAP_NET_BIND_SERVICE";
  if (code == EADDRINUSE) error.message += "; another program listens there";
  return error;
}

std::uint16_t PortOf(int descriptor) {
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;  // NOLINT
  if (bound.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port);  // NOLINT
  }
  return ntohs(reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);  // NOLINT
}

Result<SyslogSocket> OpenInet(const SyslogAddress& address) {
  const bool tcp = address.transport == SyslogTransport::kTcp;
  const std::string scheme(SchemeOf(address.transport));
  const std::string name = scheme + daemon::FormatHostPort({address.host, address.port});
  addrinfo hints{};
  hints.ai_socktype = tcp ? SOCK_STREAM : SOCK_DGRAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int code =
      getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &list);
  if (code != 0) {
    return Fail(ErrorCode::kInvalid, "listen at {}: {}", name, gai_strerror(code));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> found(list, &freeaddrinfo);
  Socket socket(::socket(found->ai_family, found->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.descriptor() < 0) return ErrnoError(errno, "listen at " + name);
  if (tcp) {
    const int on = 1;
    setsockopt(socket.descriptor(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  } else {
    setsockopt(socket.descriptor(), SOL_SOCKET, SO_RCVBUF, &kReceiveBufferBytes,
               sizeof(kReceiveBufferBytes));
  }
  RETURN_IF_ERROR(Bind(socket.descriptor(), found->ai_addr, found->ai_addrlen, name));
  if (tcp && listen(socket.descriptor(), kBacklog) != 0) {
    return ErrnoError(errno, "listen at " + name);
  }
  const std::uint16_t port = PortOf(socket.descriptor());
  return SyslogSocket{std::move(socket), scheme + daemon::FormatHostPort({address.host, port})};
}

Result<SyslogSocket> OpenUnix(const SyslogAddress& address) {
  const std::string name = std::string(SchemeOf(address.transport)) + address.path;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (address.path.size() >= sizeof(to.sun_path)) {
    return Fail(ErrorCode::kInvalid, "listen at {}: a socket's path takes {} bytes", name,
                sizeof(to.sun_path) - 1);
  }
  address.path.copy(to.sun_path, address.path.size());
  const auto* generic = reinterpret_cast<const sockaddr*>(&to);  // NOLINT: as bind() takes it
  Socket socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.descriptor() < 0) return ErrnoError(errno, "listen at " + name);
  struct stat found {};
  if (lstat(address.path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode)) {
    const Socket asking(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (connect(asking.descriptor(), generic, sizeof(to)) != 0 && errno == ECONNREFUSED) {
      unlink(address.path.c_str());
    }
  }
  RETURN_IF_ERROR(Bind(socket.descriptor(), generic, sizeof(to), name));
  if (chmod(address.path.c_str(), kSocketMode) != 0) return ErrnoError(errno, "open " + name);
  return SyslogSocket{std::move(socket), name};
}

}  // namespace

Socket::~Socket() {
  if (descriptor_ >= 0) close(descriptor_);
}

Result<SyslogAddress> ParseSyslogAddress(std::string_view text) {
  constexpr std::string_view kTakes =
      "takes udp://HOST:PORT, tcp://HOST:PORT or unix:///PATH/OF/SOCKET";
  for (const SyslogTransport transport :
       {SyslogTransport::kUdp, SyslogTransport::kTcp, SyslogTransport::kUnix}) {
    const std::string_view scheme = SchemeOf(transport);
    if (!text.starts_with(scheme)) continue;
    const std::string_view rest = text.substr(scheme.size());
    if (transport == SyslogTransport::kUnix) {
      if (!rest.starts_with('/')) break;
      return SyslogAddress{
          .transport = transport, .host = {}, .port = 0, .path = std::string(rest)};
    }
    auto address = daemon::ParseHostPort(rest);
    if (!address) return Fail(ErrorCode::kInvalid, "{}; {}", address.error().message, kTakes);
    return SyslogAddress{
        .transport = transport, .host = address->host, .port = address->port, .path = {}};
  }
  return Fail(ErrorCode::kInvalid, "'{}' is no address of syslog; {}", text, kTakes);
}

Result<SyslogSocket> OpenSyslogSocket(const SyslogAddress& address) {
  return address.transport == SyslogTransport::kUnix ? OpenUnix(address) : OpenInet(address);
}

std::optional<std::uint32_t> DroppedByKernel(int descriptor) {
  std::array<std::uint32_t, SK_MEMINFO_VARS> values{};
  socklen_t size = sizeof(values);
  if (getsockopt(descriptor, SOL_SOCKET, SO_MEMINFO, values.data(), &size) != 0) {
    return std::nullopt;
  }
  return values[SK_MEMINFO_DROPS];
}

std::string PeerName(const void* address, std::size_t size) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (size >= sizeof(sockaddr_in) && static_cast<const sockaddr*>(address)->sa_family == AF_INET) {
    inet_ntop(AF_INET, &static_cast<const sockaddr_in*>(address)->sin_addr, text.data(),
              text.size());
  } else if (size >= sizeof(sockaddr_in6) &&
             static_cast<const sockaddr*>(address)->sa_family == AF_INET6) {
    inet_ntop(AF_INET6, &static_cast<const sockaddr_in6*>(address)->sin6_addr, text.data(),
              text.size());
  }
  return text.data();
}

}  // namespace logboom::agent
