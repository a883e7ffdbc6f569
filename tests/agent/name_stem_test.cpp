#include "agent/name_stem.h"

#include <gtest/gtest.h>

namespace logboom::agent {
namespace {

TEST(NameStem, NumbersDatesAndMarksOfCopiesDontCount) {
  for (const char* name : {"app.log", "app.log.1", "app.log-20260131", "app-2026-01-31.log",
                           "app.log.old.gz", "app.1.log", "app.log.2026-01-31T23", "app.log~",
                           "app_20260131T235959Z.log", "app.log.bak", "old.app.log"}) {
    EXPECT_EQ(NameStem(name), "app.log") << name;
  }
  EXPECT_EQ(NameStem("/var/log/app.log.1"), "app.log");
}

TEST(NameStem, OtherNamesDiffer) {
  EXPECT_FALSE(SharesStem("/log/app.log", "/log/app.err"));
  EXPECT_FALSE(SharesStem("/log/app1.log", "/log/app2.log"));
  EXPECT_FALSE(SharesStem("/log/app.log", "/log/my-app.log"));
  EXPECT_TRUE(SharesStem("/a/app.log", "/b/app.log.3"));
}

TEST(NameStem, TheBasePathIsWithoutWhatRotationAddsAtTheEnd) {
  for (const char* path : {"/a/app.log", "/a/app.log.1", "/a/app.log-20260131", "/a/app.log.2.gz",
                           "/a/app.log-2026-01-31", "/a/app.log~", "/a/app.log.old"}) {
    EXPECT_EQ(BasePath(path), "/a/app.log") << path;
  }
  EXPECT_EQ(BasePath("/a/file-0001.log"), "/a/file-0001.log");
  EXPECT_EQ(BasePath("/a.1/2026"), "/a.1/2026");
  EXPECT_EQ(BasePath("/a/.1"), "/a/.1");
}

TEST(NameStem, OddNamesHaveAStemToo) {
  EXPECT_EQ(NameStem(""), "");
  EXPECT_EQ(NameStem("/log/"), "");
  EXPECT_EQ(NameStem("20260131"), "");
  EXPECT_EQ(NameStem("..."), "");
}

}  // namespace
}  // namespace logboom::agent
