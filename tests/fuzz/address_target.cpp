#include <gtest/gtest.h>

#include "lib/daemon/address.h"
#include "lib/transport/address.h"
#include "tests/fuzz/targets.h"

namespace logboom::fuzz {
namespace {

void HostPorts(ByteView input) {
  const auto parsed = daemon::ParseHostPort(input);
  if (!parsed.ok()) return;
  const auto again = daemon::ParseHostPort(daemon::FormatHostPort(*parsed));
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(*again, *parsed);
  static_cast<void>(daemon::IsLoopback(parsed->host));
}

void TcpAddresses(ByteView input) {
  const auto parsed = transport::ParseTcpAddress(input);
  if (!parsed.ok()) return;
  const auto again = transport::ParseTcpAddress(parsed->ToString());
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->host, parsed->host);
  EXPECT_EQ(again->port, parsed->port);
}

}  // namespace

void Address(ByteView input) {
  HostPorts(input);
  TcpAddresses(input);
}

}  // namespace logboom::fuzz
