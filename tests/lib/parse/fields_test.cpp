#include "lib/parse/fields.h"

#include <gtest/gtest.h>

#include "lib/parse/limits.h"
#include "tests/lib/parse/parsed.h"

namespace logboom::parse {
namespace {

TEST(Fields, KeepTheirOrderAndFindTheFirstOfAName) {
  Fields fields;
  EXPECT_TRUE(fields.empty());
  EXPECT_TRUE(fields.Add("b", "1"));
  EXPECT_TRUE(fields.Add("a", "2"));
  EXPECT_TRUE(fields.Add("b", "3"));
  EXPECT_EQ(ToPairs(fields), (Pairs{{"b", "1"}, {"a", "2"}, {"b", "3"}}));
  EXPECT_EQ(fields.Find("b"), "1");
  EXPECT_EQ(fields.Find("c"), std::nullopt);
  fields.Clear();
  EXPECT_TRUE(fields.empty());
  EXPECT_EQ(fields.Find("b"), std::nullopt);
}

TEST(Fields, TakeAsManyAsTheLimitAndNotOneMore) {
  Fields fields;
  for (std::size_t i = 0; i < kFieldsMax; ++i) EXPECT_TRUE(fields.Add("n", "v"));
  EXPECT_FALSE(fields.Add("n", "v"));
  EXPECT_EQ(fields.size(), kFieldsMax);
}

TEST(Fields, TakeNamesUpToTheLimitAndNotOneByteMore) {
  Fields fields;
  EXPECT_TRUE(fields.Add(std::string(kFieldNameBytesMax, 'n'), ""));
  EXPECT_FALSE(fields.Add(std::string(kFieldNameBytesMax + 1, 'n'), ""));
  EXPECT_EQ(fields.size(), 1U);
}

TEST(Arena, WhatItGaveStaysWhereItIs) {
  Arena arena;
  std::vector<ByteView> views;
  for (int i = 0; i < 5'000; ++i) views.push_back(arena.Join({"number ", std::to_string(i)}));
  const Arena moved = std::move(arena);
  for (int i = 0; i < 5'000; ++i) {
    EXPECT_EQ(views[static_cast<std::size_t>(i)], "number " + std::to_string(i));
  }
}

TEST(Arena, ReusesWhatWasGivenBack) {
  Arena arena;
  const char* const first = arena.Take(100);
  arena.GiveBack(60);
  EXPECT_EQ(arena.Take(1), first + 40);
}

TEST(Arena, UsesOneBlockAgainAfterAClear) {
  Arena arena;
  for (int i = 0; i < 3; ++i) {
    arena.Take(50'000);
    arena.Take(50'000);
    arena.Clear();
  }
  const char* const first = arena.Take(50'000);
  arena.Take(50'000);
  arena.Clear();
  EXPECT_EQ(arena.Take(50'000), first);
}

}  // namespace
}  // namespace logboom::parse
