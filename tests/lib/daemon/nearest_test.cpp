#include "lib/daemon/nearest.h"

#include <gtest/gtest.h>

#include <vector>

namespace logboom::daemon {
namespace {

TEST(Nearest, FewestChangedLettersWin) {
  const std::vector<std::string> known = {"data_dir", "listen", "linger"};
  EXPECT_EQ(Nearest("datadir", known), "data_dir");
  EXPECT_EQ(Nearest("listn", known), "listen");
  EXPECT_EQ(Nearest("lnger", known), "linger");
  EXPECT_EQ(Nearest("linger", known), "linger");
  EXPECT_EQ(Nearest("", known), "listen");
  EXPECT_EQ(Nearest("x", {}), "");
}

}  // namespace
}  // namespace logboom::daemon
