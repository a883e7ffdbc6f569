#include "lib/daemon/address.h"

#include <gtest/gtest.h>

namespace logboom::daemon {
namespace {

TEST(Address, HostAndPortAreTaken) {
  EXPECT_EQ(*ParseHostPort("127.0.0.1:19561"), (HostPort{"127.0.0.1", 19561}));
  EXPECT_EQ(*ParseHostPort("localhost:0"), (HostPort{"localhost", 0}));
  EXPECT_EQ(*ParseHostPort("[::1]:80"), (HostPort{"::1", 80}));
}

TEST(Address, AnythingElseIsRefusedWithWhatItTakes) {
  for (const char* text : {"", "127.0.0.1", ":80", "a:", "a:65536", "a:-1", "a:8o", "::1:80",
                           "tcp://127.0.0.1:80", "[]:80", "[][]:80", "[h]:80"}) {
    const auto parsed = ParseHostPort(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_NE(parsed.error().message.find("HOST:PORT"), std::string::npos);
  }
}

TEST(Address, FormatIsTheOtherWay) {
  for (const char* text : {"127.0.0.1:1", "[::1]:65535", "localhost:0"}) {
    EXPECT_EQ(FormatHostPort(*ParseHostPort(text)), text);
  }
}

TEST(Address, OnlyLiteralsOfThisMachineAreLoopback) {
  EXPECT_TRUE(IsLoopback("127.0.0.1"));
  EXPECT_TRUE(IsLoopback("127.8.9.10"));
  EXPECT_TRUE(IsLoopback("::1"));
  EXPECT_TRUE(IsLoopback("localhost"));
  EXPECT_FALSE(IsLoopback("0.0.0.0"));
  EXPECT_FALSE(IsLoopback("127.example.org"));
  EXPECT_FALSE(IsLoopback("10.0.0.1"));
}

}  // namespace
}  // namespace logboom::daemon
