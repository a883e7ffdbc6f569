#include "lib/daemon/address.h"

#include <charconv>

namespace logboom::daemon {
namespace {

Error NotAnAddress(std::string_view text) {
  return Fail(ErrorCode::kInvalid,
              "\"{}\": takes HOST:PORT, as 127.0.0.1:9000 or [::1]:9000 (port 0: pick one)", text);
}

}  // namespace

Result<HostPort> ParseHostPort(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return NotAnAddress(text);
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  // Brackets stand around IPv6 addresses, which alone have colons.
  if (bracketed != (host.find(':') != std::string_view::npos)) return NotAnAddress(text);
  if (host.find_first_of("[]/") != std::string_view::npos) return NotAnAddress(text);

  HostPort address{std::string(host), 0};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc{} || end != port.data() + port.size()) return NotAnAddress(text);
  return address;
}

std::string FormatHostPort(const HostPort& address) {
  const bool brackets = address.host.find(':') != std::string::npos;
  return brackets ? fmt::format("[{}]:{}", address.host, address.port)
                  : fmt::format("{}:{}", address.host, address.port);
}

bool IsLoopback(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  // Only a literal address: "127.example.org" is anywhere.
  return host.starts_with("127.") &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace logboom::daemon
