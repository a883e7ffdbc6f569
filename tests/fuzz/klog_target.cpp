#include <gtest/gtest.h>

#include "tests/fuzz/parser_check.h"
#include "tests/fuzz/targets.h"

namespace logboom::fuzz {

void Klog(ByteView input) {
  const auto fields = CheckedFields("klog", input);
  if (!fields) return;
  ASSERT_EQ(fields->size(), 6U);
  EXPECT_EQ((*fields)[0].second, input.substr(0, 1));
  EXPECT_TRUE(input.ends_with((*fields)[5].second));
}

}  // namespace logboom::fuzz
