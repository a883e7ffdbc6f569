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

// 24 bytes an entry, a power of two of entries, three quarters of them taken.
TEST(KeyMap, GrowsToTheBytesItMayHaveAndNoFurther) {
  constexpr std::size_t kBytes = 2048U * 24U;
  EXPECT_EQ(KeyMap(kBytes, 7).keys_max(), 1536U);
  EXPECT_EQ(KeyMap(kBytes - 1, 7).keys_max(), 768U);
  EXPECT_EQ(KeyMap(0, 7).keys_max(), 768U);
  for (const std::size_t bytes : {kBytes, kBytes - 1}) {
    KeyMap map(bytes, 7);
    std::size_t put = 0;
    while (map.Put(fmt::format("{}", put), Offset(static_cast<std::int64_t>(put)))) ++put;
    EXPECT_EQ(put, map.keys_max());
    for (std::size_t i = 0; i < put; ++i) {
      ASSERT_EQ(map.LastOf(fmt::format("{}", i)), Offset(static_cast<std::int64_t>(i)));
    }
  }
}

}  // namespace
}  // namespace logboom::broker
