// HOST:PORT, as listeners take it. Functions without state; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace logboom::daemon {

struct HostPort {
  std::string host;        // without brackets
  std::uint16_t port = 0;  // 0: pick one
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

// "127.0.0.1:19561", "[::1]:0", "localhost:80". kInvalid says what it takes.
Result<HostPort> ParseHostPort(std::string_view text);

// The other way: brackets around an IPv6 address.
std::string FormatHostPort(const HostPort& address);

// 127.0.0.0/8, ::1 or "localhost": only this machine's own accounts reach it. Looks nothing up.
bool IsLoopback(std::string_view host);

}  // namespace logboom::daemon
