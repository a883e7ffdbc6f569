#include "agent/framing/encoding.h"

#include <gtest/gtest.h>

namespace logboom::agent {
namespace {

Bytes Decoded(Encoding encoding, ByteView bytes) {
  Bytes out;
  AppendAsUtf8(encoding, bytes, out);
  return out;
}

TEST(Encoding, NamesAreThoseOfTheManual) {
  EXPECT_EQ(*ParseEncoding("utf-16be"), Encoding::kUtf16Be);
  EXPECT_EQ(*ParseEncoding("latin1"), Encoding::kLatin1);
  const auto unknown = ParseEncoding("ebcdic");
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.error().message.find("latin1"), std::string::npos);
}

TEST(Encoding, ByteOrderIsThatOfTheMarkAndLittleWithoutOne) {
  EXPECT_EQ(ResolveByteOrder(Encoding::kUtf16, "\xfe\xff"), Encoding::kUtf16Be);
  EXPECT_EQ(ResolveByteOrder(Encoding::kUtf16, "\xff\xfe"), Encoding::kUtf16Le);
  EXPECT_EQ(ResolveByteOrder(Encoding::kUtf16, ByteView("a\0", 2)), Encoding::kUtf16Le);
  EXPECT_EQ(ResolveByteOrder(Encoding::kUtf16, ""), Encoding::kUtf16Le);
  EXPECT_EQ(ResolveByteOrder(Encoding::kLatin1, "\xfe\xff"), Encoding::kLatin1);
}

TEST(Encoding, MarksAreThoseOfTheEncodingAlone) {
  EXPECT_EQ(ByteOrderMarkBytes(Encoding::kUtf8, "\xef\xbb\xbfx"), 3U);
  EXPECT_EQ(ByteOrderMarkBytes(Encoding::kUtf8, "\xef\xbb"), 0U);
  EXPECT_EQ(ByteOrderMarkBytes(Encoding::kUtf16Le, "\xff\xfe"), 2U);
  EXPECT_EQ(ByteOrderMarkBytes(Encoding::kUtf16Le, "\xfe\xff"), 0U);
  EXPECT_EQ(ByteOrderMarkBytes(Encoding::kUtf16Be, "\xfe\xff"), 2U);
  EXPECT_EQ(ByteOrderMarkBytes(Encoding::kBytes, "\xef\xbb\xbf"), 0U);
  EXPECT_EQ(ByteOrderMarkBytes(Encoding::kLatin1, "\xef\xbb\xbf"), 0U);
}

TEST(Encoding, EachSizeOfCharacterBecomesUtf8) {
  // U+007F, U+0080, U+07FF, U+0800, U+FFFF, U+10000, U+10FFFF
  const ByteView units("\x7f\0\x80\0\xff\x07\0\x08\xff\xff\0\xd8\0\xdc\xff\xdb\xff\xdf", 18);
  EXPECT_EQ(Decoded(Encoding::kUtf16Le, units),
            "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
}

TEST(Encoding, WhatIsNoCharacterIsKept) {
  // A low surrogate alone, a high one ahead of a letter, a high one at the end, half a unit.
  EXPECT_EQ(Decoded(Encoding::kUtf16Be, ByteView("\xdc\x00\xd8\x00\0a\xd8\x01\x41", 9)),
            "\xed\xb0\x80\xed\xa0\x80"
            "a\xed\xa0\x81"
            "A");
  EXPECT_EQ(Decoded(Encoding::kUtf8, "\xff\xc3"), "\xff\xc3");
  EXPECT_EQ(Decoded(Encoding::kLatin1, "a\x80\xff"), "a\xc2\x80\xc3\xbf");
}

}  // namespace
}  // namespace logboom::agent
