#include "lib/transport/address.h"

#include <gtest/gtest.h>

namespace logboom::transport {
namespace {

TEST(TcpAddress, IsHostAndPort) {
  const auto address = ParseTcpAddress("tcp://log-1.example.com:19550");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->host, "log-1.example.com");
  EXPECT_EQ(address->port, 19'550);
  EXPECT_EQ(address->ToString(), "tcp://log-1.example.com:19550");
}

TEST(TcpAddress, TakesIpv6InBracketsAndEveryInterface) {
  const auto ipv6 = ParseTcpAddress("tcp://[::1]:1");
  ASSERT_TRUE(ipv6.ok());
  EXPECT_TRUE(ipv6->is_ipv6());
  EXPECT_TRUE(ParseTcpAddress("tcp://*:0").ok());
}

TEST(TcpAddress, RefusesWhatIsNoneAndShowsARightOne) {
  for (const char* text :
       {"", "127.0.0.1:1", "tcp://", "tcp://127.0.0.1", "tcp://:1", "tcp://h:", "tcp://h:x",
        "tcp://h:65536", "tcp://h:-1", "tcp://h:1x", "tcp://::1:1", "tcp://[::1]", "tcp://[]:1",
        "ipc:///tmp/x", "tcp://a b:1", "tcp://h/x:1", "tcp://[a]b]:1"}) {
    const auto address = ParseTcpAddress(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_EQ(address.error().code, ErrorCode::kInvalid);
    EXPECT_NE(address.error().message.find("tcp://127.0.0.1:19550"), std::string::npos);
  }
}

}  // namespace
}  // namespace logboom::transport
