#include "broker/storage/key_map.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace logboom::broker {
namespace {

TEST(KeyMap, KnowsTheLastOffsetOfAsManyKeysAsFit) {
  KeyMap map(100'000, 7);
  const std::size_t most = map.keys_max();
  for (std::size_t i = 0; i < most; ++i) {
    ASSERT_TRUE(map.Put(fmt::format("{}", i), Offset(static_cast<std::int64_t>(i))));
  }
  EXPECT_FALSE(map.Put("one more", Offset(1'000'000)));
  EXPECT_FALSE(map.LastOf("one more"));
  EXPECT_TRUE(map.Put("0", Offset(2'000'000)));
  EXPECT_EQ(map.LastOf("0"), Offset(2'000'000));
  EXPECT_EQ(map.LastOf("1"), Offset(1));
  EXPECT_EQ(map.size(), most);
}

}  // namespace
}  // namespace logboom::broker
