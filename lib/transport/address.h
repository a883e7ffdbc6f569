// "tcp://HOST:PORT". Functions without state; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace logboom::transport {

struct TcpAddress {
  std::string host;  // a name, an IPv4 address, an IPv6 one in brackets, or "*"
  std::uint16_t port = 0;

  bool is_ipv6() const { return host.starts_with('['); }
  std::string ToString() const;
};

// kInvalid says what is wrong and shows a right one.
Result<TcpAddress> ParseTcpAddress(std::string_view text);

}  // namespace logboom::transport
