#include "lib/transport/address.h"

#include <charconv>
#include <system_error>

namespace logboom::transport {

namespace {

constexpr std::string_view kScheme = "tcp://";

Error BadAddress(std::string_view text, std::string_view why) {
  return Fail(ErrorCode::kInvalid, "address '{}': {}; an address is like tcp://127.0.0.1:19550",
              text, why);
}

bool IsHost(std::string_view host) {
  if (host.starts_with('[')) {
    return host.size() > 2 && host.find_first_of("[]/; ", 1) == host.size() - 1;
  }
  return !host.empty() && host.find_first_of(":/[]; ") == std::string_view::npos;
}

}  // namespace

std::string TcpAddress::ToString() const { return fmt::format("{}{}:{}", kScheme, host, port); }

Result<TcpAddress> ParseTcpAddress(std::string_view text) {
  if (!text.starts_with(kScheme)) return BadAddress(text, "it does not begin with tcp://");
  const std::string_view rest = text.substr(kScheme.size());
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos || rest.ends_with(']')) {
    return BadAddress(text, "it has no port");
  }
  const std::string_view host = rest.substr(0, colon);
  const std::string_view port = rest.substr(colon + 1);
  if (!IsHost(host)) return BadAddress(text, "its host is not a name or an address");
  TcpAddress address{.host = std::string(host), .port = 0};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc{} || end != port.data() + port.size()) {
    return BadAddress(text, "its port is not a number from 0 to 65535");
  }
  return address;
}

}  // namespace logboom::transport
