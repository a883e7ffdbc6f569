// Where syslog comes in: addresses, and the sockets that they name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/result.h"

namespace logboom::agent {

// A descriptor that is closed with it.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket();
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

enum class SyslogTransport { kUdp, kTcp, kUnix };

struct SyslogAddress {
  SyslogTransport transport = SyslogTransport::kUdp;
  std::string host;        // of kUdp and kTcp
  std::uint16_t port = 0;  // 0: pick one
  std::string path;        // of kUnix
};

// "udp://127.0.0.1:514", "tcp://[::1]:601", "unix:///run/logboom/syslog". kInvalid says what it
// takes.
Result<SyslogAddress> ParseSyslogAddress(std::string_view text);

struct SyslogSocket {
  Socket socket;        // never blocks
  std::string address;  // with the port that was picked
};

// A socket file that nobody listens at any more is replaced. The error says what to do about it.
Result<SyslogSocket> OpenSyslogSocket(const SyslogAddress& address);

// How many datagrams the socket had no room for since it was opened; the number wraps. Nothing: the
// kernel does not tell.
std::optional<std::uint32_t> DroppedByKernel(int descriptor);

// The address of a peer, without its port; empty where it has none.
std::string PeerName(const void* address, std::size_t size);

}  // namespace logboom::agent
