// How much all topics may take, and which one gives first.
#include "broker/storage/disk_budget.h"

#include <gtest/gtest.h>

namespace logboom::broker {
namespace {

constexpr file::Space kDisk{.total_bytes = 1'000, .available_bytes = 500};

TEST(DiskBudget, IsBytesOrAShareOfTheFileSystem) {
  EXPECT_EQ(BudgetBytes({.bytes = 700}, kDisk, 900), 700) << "bytes are bytes";
  EXPECT_EQ(BudgetBytes({.percent = 80}, kDisk, 0), 800);
  EXPECT_EQ(BudgetBytes({.percent = 1}, kDisk, 0), 10);
  EXPECT_EQ(BudgetBytes({.percent = 100}, kDisk, 0), 1'000);
}

TEST(DiskBudget, OthersTakeOfItAndHalfAtMost) {
  EXPECT_EQ(BudgetBytes({.percent = 80}, kDisk, 100), 700);
  EXPECT_EQ(BudgetBytes({.percent = 80}, kDisk, 400), 400);
  EXPECT_EQ(BudgetBytes({.percent = 80}, kDisk, 401), 400);
  EXPECT_EQ(BudgetBytes({.percent = 80}, kDisk, 5'000), 400);
  EXPECT_EQ(BudgetBytes({.percent = 80}, kDisk, -5), 800) << "a stale measure";
}

using Order = std::vector<std::size_t>;

TEST(DiskBudget, TheTopicFurthestAboveItsShareGivesFirst) {
  const TopicUse even[] = {{.bytes = 100}, {.bytes = 300}, {.bytes = 200}};
  EXPECT_EQ(EvictionOrder(even, 300), (Order{1, 2, 0}));
  // 300 bytes: shares of 50, 200 and 50.
  const TopicUse weighted[] = {
      {.bytes = 100, .share = 1}, {.bytes = 220, .share = 4}, {.bytes = 90, .share = 1}};
  EXPECT_EQ(EvictionOrder(weighted, 300), (Order{0, 2, 1}));
  const TopicUse nothing[] = {{.bytes = 50, .share = 0}, {.bytes = 300, .share = 1}};
  EXPECT_EQ(EvictionOrder(nothing, 300), (Order{0, 1})) << "no share: all of it is above";
  const TopicUse none[] = {{.bytes = 1, .share = 0}, {.bytes = 2, .share = 0}};
  EXPECT_EQ(EvictionOrder(none, 300), (Order{1, 0}));
  const TopicUse equal[] = {{.bytes = 7}, {.bytes = 7}};
  EXPECT_EQ(EvictionOrder(equal, 3), (Order{0, 1})) << "by name";
  EXPECT_TRUE(EvictionOrder({}, 300).empty());
}

}  // namespace
}  // namespace logboom::broker
