#include "agent/redaction.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "agent/sensitive.h"

namespace logboom::agent {
namespace {

std::string Redacted(RedactionOptions options, const std::string& text,
                     std::size_t bytes_max = 1'000) {
  const auto redaction = Redaction::Make(options);
  EXPECT_TRUE(redaction.ok());
  Bytes out;
  redaction->Apply(text, bytes_max, out);
  return out;
}

std::string By(const std::string& preset, const std::string& text) {
  return Redacted({.presets = {preset}, .patterns = {}, .hash_key = ""}, text);
}

TEST(Redaction, CardNumbersAreThoseThatHoldTheirCheck) {
  EXPECT_EQ(By("card", "card 4111111111111111."), "card [card].");
  EXPECT_EQ(By("card", "4111 1111 1111 1111,3782-822463-10005"), "[card],[card]");
  EXPECT_EQ(By("card", "id 1234 4111111111111111 5"), "id 1234 [card] 5");
  EXPECT_EQ(By("card", R"({"card":5500005555555559})"), R"({"card":[card]})");
  for (const char* text : {"4111111111111112", "41111111111111110000000", "x4111111111111111",
                           "411111111111", "2026-11-23 10:00:00.123 17 4711", "9111111111111111"}) {
    EXPECT_EQ(By("card", text), text);
  }
}

TEST(Redaction, AddressesOfTheNetAreThoseThatInetPtonTakes) {
  EXPECT_EQ(By("ip", "from 10.0.0.1:80 to 192.168.100.200."), "from [ip]:80 to [ip].");
  EXPECT_EQ(By("ip", "[2001:db8::1]:443 ::1 fe80::1%eth0"), "[[ip]]:443 [ip] [ip]%eth0");
  EXPECT_EQ(By("ip", "client:10.1.2.3;::ffff:10.1.2.3"), "client:[ip];[ip]");
  for (const char* text : {"10:00:00", "1.2.3", "1.2.3.4.5", "256.1.1.1", "std::string", "v1.2.3.4",
                           "::", "a:b", "10.0.0.1x", "2026-11-23T10:00:00.123456"}) {
    EXPECT_EQ(By("ip", text), text);
  }
}

TEST(Redaction, MailAddressesAndTokens) {
  EXPECT_EQ(By("email", "to <jo.e+x@mail.example.org>, a@b"), "to <[email]>, a@b");
  EXPECT_EQ(By("token", "Authorization: Bearer abcdef0123456789"), "Authorization: Bearer [token]");
  EXPECT_EQ(By("token", R"({"password": "hunter2", "user":"a"})"),
            R"({"password": "[token]", "user":"a"})");
  EXPECT_EQ(By("token", "api_key=XYZ&x=1 secret: s3cr3t"), "api_key=[token]&x=1 secret: [token]");
  EXPECT_EQ(By("token", "https://jo:pa55@host/x"), "https://jo:[token]@host/x");
  EXPECT_EQ(By("token", "AKIAABCDEFGHIJKLMNOP ghp_0123456789012345678901234567"),
            "[token] [token]");
  EXPECT_EQ(By("token", "nothing to see"), "nothing to see");
}

TEST(Redaction, OfAPatternItsFirstGroupOrAllOfItIsTakenOut) {
  EXPECT_EQ(Redacted({.presets = {}, .patterns = {"user=(\\w+)", "\\bX\\d+"}, .hash_key = ""},
                     "user=jo X17 user=al"),
            "user=[redacted] [redacted] user=[redacted]");
  EXPECT_EQ(Redacted({.presets = {}, .patterns = {"x*"}, .hash_key = ""}, "axxb"), "a[redacted]b");
}

TEST(Redaction, AHashIsEqualForEqualValuesUnderTheSameKeyAlone) {
  const auto hashed = [](const std::string& key, const std::string& text) {
    return Redacted({.presets = {"ip"}, .patterns = {}, .hash_key = key}, text);
  };
  const std::string one = hashed("k", "10.0.0.1");
  EXPECT_EQ(one.size(), std::string("[ip:0123456789abcdef]").size());
  EXPECT_EQ(hashed("k", "10.0.0.1"), one);
  EXPECT_NE(hashed("k", "10.0.0.2"), one);
  EXPECT_NE(hashed("l", "10.0.0.1"), one);
}

TEST(Redaction, ALineNeverGrowsBeyondItsLimit) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "1.1.1.1 ";
  const RedactionOptions options{.presets = {"ip"}, .patterns = {}, .hash_key = "k"};
  EXPECT_EQ(Redacted(options, text, 100 * 22).size(), 100U * 22U);
  EXPECT_EQ(Redacted(options, text, 100 * 22 - 1).substr(0, 6), "* * * ");
}

TEST(Redaction, WhatIsNoPresetAndNoPatternIsRefused) {
  EXPECT_FALSE(Redaction::Make({.presets = {"phone"}, .patterns = {}, .hash_key = ""}).ok());
  EXPECT_FALSE(Redaction::Make({.presets = {}, .patterns = {"("}, .hash_key = ""}).ok());
}

}  // namespace
}  // namespace logboom::agent
