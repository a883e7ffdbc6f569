#include <gtest/gtest.h>

#include "lib/file/file_system.h"

namespace logboom::file {
namespace {

TEST(ParentDirectory, IsThePathWithoutItsLastName) {
  EXPECT_EQ(ParentDirectory("/a/b"), "/a");
  EXPECT_EQ(ParentDirectory("/a/b/"), "/a");
  EXPECT_EQ(ParentDirectory("/a//b"), "/a");
  EXPECT_EQ(ParentDirectory("a/b"), "a");
}

TEST(ParentDirectory, EndsAtTheRootOrHere) {
  EXPECT_EQ(ParentDirectory("/a"), "/");
  EXPECT_EQ(ParentDirectory("/"), "/");
  EXPECT_EQ(ParentDirectory("//"), "/");
  EXPECT_EQ(ParentDirectory("a"), ".");
  EXPECT_EQ(ParentDirectory("."), ".");
  EXPECT_EQ(ParentDirectory(""), ".");
}

}  // namespace
}  // namespace logboom::file
