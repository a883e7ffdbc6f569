#include "broker/metadata/memory_store.h"

#include <gtest/gtest.h>

namespace logboom::broker {
namespace {

TEST(MemoryStore, LoadsInTheOrderOfTableAndKey) {
  MemoryStore store;
  MetadataTransaction put;
  put.Put(Table::kSource, "b", "1");
  put.Put(Table::kTopic, "z", "2");
  put.Put(Table::kSource, "a", "3");
  put.Put(Table::kSource, "b", "4");
  ASSERT_TRUE(store.Apply(put).ok());
  EXPECT_EQ(*store.Load(), (std::vector<MetadataRow>{{Table::kTopic, "z", "2"},
                                                     {Table::kSource, "a", "3"},
                                                     {Table::kSource, "b", "4"}}));
  MetadataTransaction remove;
  remove.Remove(Table::kSource, "a");
  remove.Remove(Table::kSource, "not there");
  ASSERT_TRUE(store.Apply(remove).ok());
  EXPECT_EQ(store.Load()->size(), 2U);
}

TEST(MemoryStore, FailsUntilToldOtherwise) {
  MemoryStore store;
  MetadataTransaction put;
  put.Put(Table::kTopic, "k", "v");
  store.Fail(Fail(ErrorCode::kIo, "on purpose"));
  EXPECT_EQ(store.Apply(put).error().code, ErrorCode::kIo);
  EXPECT_TRUE(store.Load()->empty());
  store.Fail(std::nullopt);
  EXPECT_TRUE(store.Apply(put).ok());
  EXPECT_EQ(store.Load()->size(), 1U);
}

}  // namespace
}  // namespace logboom::broker
