#include "lib/display/visible_text.h"

#include <gtest/gtest.h>

namespace logboom::display {
namespace {

TEST(VisibleText, PrintableTextAndTabsStay) {
  for (const char* text : {"", "plain", "a\tb", "größer 木 🪵", "back\\slash"}) {
    EXPECT_EQ(Visible(text), text);
  }
}

TEST(VisibleText, ControlsOfEveryKindAreShown) {
  EXPECT_EQ(Visible("\x1b[31m"), "\\x1b[31m");
  EXPECT_EQ(Visible("a\nb\rc"), "a\\nb\\rc");
  EXPECT_EQ(Visible(ByteView("\0\x07\x7f", 3)), "\\x00\\x07\\x7f");
  EXPECT_EQ(Visible("\u009b31m"), "\\u009b31m");  // C1: one letter that begins a sequence
  EXPECT_EQ(Visible("a\u202eb"), "a\\u202eb");    // turns the direction of what follows
  EXPECT_EQ(Visible("a\u2066b\u061c"), "a\\u2066b\\u061c");
  EXPECT_EQ(Visible("a\u200bb\ufeff"), "a\\u200bb\\ufeff");  // takes no room
  EXPECT_EQ(Visible("\u2028"), "\\u2028");
}

TEST(VisibleText, BytesThatAreNotUtf8AreShownOneByOne) {
  EXPECT_EQ(Visible("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(Visible("\x9b"), "\\x9b");
  EXPECT_EQ(Visible("a\xe6\x9cz"), "a\\xe6\\x9cz");
}

TEST(VisibleText, NoByteBelowSpaceOrOfC1EverComesOut) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  for (const char c : Visible(all)) {
    const auto byte = static_cast<unsigned char>(c);
    EXPECT_TRUE((byte >= 0x20 && byte < 0x7f) || c == '\t') << int{byte};
  }
}

}  // namespace
}  // namespace logboom::display
