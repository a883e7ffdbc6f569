#include "cli/base64.h"

#include <gtest/gtest.h>

namespace logboom::cli {
namespace {

std::string Base64(ByteView bytes) {
  std::string out;
  AppendBase64(bytes, out);
  return out;
}

// The examples of RFC 4648, section 10.
TEST(Base64, ExamplesOfTheStandard) {
  EXPECT_EQ(Base64(""), "");
  EXPECT_EQ(Base64("f"), "Zg==");
  EXPECT_EQ(Base64("fo"), "Zm8=");
  EXPECT_EQ(Base64("foo"), "Zm9v");
  EXPECT_EQ(Base64("foob"), "Zm9vYg==");
  EXPECT_EQ(Base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(Base64("foobar"), "Zm9vYmFy");
}

TEST(Base64, AnyByte) { EXPECT_EQ(Base64(ByteView("\xff\x00\xfe\xfb", 4)), "/wD++w=="); }

}  // namespace
}  // namespace logboom::cli
