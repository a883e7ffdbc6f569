#include "agent/short_lived_bytes.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace logboom::agent {
namespace {

TEST(ShortLivedBytes, KeepsWhatItIsGivenAsLongAsSomebodyHasIt) {
  std::vector<std::pair<std::string, std::shared_ptr<const char>>> kept;
  {
    ShortLivedBytes bytes;
    for (int i = 0; i < 1'000; ++i) {
      const std::string text(static_cast<std::size_t>(i) + 1, static_cast<char>('a' + i % 26));
      kept.emplace_back(text, bytes.Keep(text));
      if (i % 3 == 0) kept.erase(kept.begin());
    }
  }
  for (const auto& [text, at] : kept) EXPECT_EQ(std::string(at.get(), text.size()), text);
}

TEST(ShortLivedBytes, NothingIsKeptOfNothing) { EXPECT_EQ(ShortLivedBytes().Keep(""), nullptr); }

TEST(ShortLivedBytes, TakesOneThatIsLargerThanABlock) {
  ShortLivedBytes bytes;
  const std::string large(1'000'000, 'x');
  const auto kept = bytes.Keep(large);
  const auto next = bytes.Keep("y");
  EXPECT_EQ(std::string(kept.get(), large.size()), large);
  EXPECT_EQ(*next, 'y');
}

TEST(ShortLivedBytes, ABlockThatNobodyNeedsIsFreed) {
  ShortLivedBytes bytes;
  auto first = bytes.Keep("a");
  const auto second = bytes.Keep("b");
  const std::weak_ptr<const char> block = first;
  first.reset();
  EXPECT_FALSE(block.expired());  // the second lies in it
  auto third = bytes.Keep("c");
  EXPECT_EQ(third.get(), second.get() + 1);
}

TEST(ShortLivedBytes, BeginsAnewBehindABlockThatWasFreed) {
  ShortLivedBytes bytes;
  std::weak_ptr<const char> block = bytes.Keep("a");
  EXPECT_TRUE(block.expired());
  const auto kept = bytes.Keep("b");
  EXPECT_EQ(*kept, 'b');
}

}  // namespace
}  // namespace logboom::agent
