#include "lib/protocol/text.h"

#include <gtest/gtest.h>

#include <string>

#include "lib/protocol/messages.pb.h"

namespace logboom::protocol {
namespace {

TEST(Text, WellFormedUtf8Stays) {
  for (const std::string text : {"", "abc", "äöü", "€", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(IsUtf8(text));
    EXPECT_EQ(ValidUtf8(text), text);
  }
}

TEST(Text, BrokenUtf8IsReplacedByteByByte) {
  EXPECT_EQ(ValidUtf8("a\xFF"
                      "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(ValidUtf8("\xC3"), "\xEF\xBF\xBD");
  for (const std::string text : {
           "\xC0\xAF",          // overlong
           "\xE0\x80\x80",      // overlong
           "\xED\xA0\x80",      // surrogate
           "\xF4\x90\x80\x80",  // above U+10FFFF
           "\xF5\x80\x80\x80",
           "\xE2\x82",  // cut
           "\x80",
       }) {
    EXPECT_FALSE(IsUtf8(text));
    EXPECT_TRUE(IsUtf8(ValidUtf8(text)));
  }
}

TEST(Text, ControlsAndBrokenBytesBecomeVisible) {
  EXPECT_EQ(VisibleText("a\x1b[0m\n"), "a\\x1b[0m\\x0a");
  EXPECT_EQ(VisibleText("\xC2\x9B"), "\\xc2\\x9b");
  EXPECT_EQ(VisibleText("\xFF"), "\\xff");
  EXPECT_EQ(VisibleText("ä"), "ä");
}

// Why paths are `bytes` in the protocol.
TEST(Text, PathsOfAnyBytesSurviveAMessageAndBadStringsDoNot) {
  SourceIdentity identity;
  identity.set_path("/var/log/\xFF\xFE.log");
  SourceIdentity read;
  ASSERT_TRUE(read.ParseFromString(identity.SerializeAsString()));
  EXPECT_EQ(read.path(), "/var/log/\xFF\xFE.log");

  // The bytes of an AgentHello whose host is not UTF-8.
  EXPECT_FALSE(AgentHello().ParseFromString(std::string("\x12\x01\xFF", 3)));
}

}  // namespace
}  // namespace logboom::protocol
