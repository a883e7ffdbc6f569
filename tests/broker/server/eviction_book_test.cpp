// What the disk budget took, as it is told.
#include "broker/server/eviction_book.h"

#include <gtest/gtest.h>

#include "lib/base/random.h"

namespace logboom::broker {
namespace {

class EvictionBookTest : public testing::Test {
 protected:
  Eviction Of(std::int32_t partition, std::int64_t from, std::int64_t to) const {
    return {
        {topic_, PartitionIndex{partition}}, {Offset{from}, Offset{to}, 1'000}, TimestampMs{to}};
  }
  protocol::TopicEvictions Told(const Uuid& topic) const {
    protocol::Topic out;
    book_.Fill(topic, out);
    return out.evictions();
  }
  SeededRandom random_{1};
  Uuid topic_ = Uuid::Make(random_);
  EvictionBook book_;
};

TEST_F(EvictionBookTest, TellsTotalsAndTheNewestFirst) {
  protocol::Topic out;
  book_.Fill(topic_, out);
  EXPECT_FALSE(out.has_evictions());
  book_.Note(Of(0, 0, 5), {});
  book_.Note(Of(1, 3, 10), {"g", "h"});
  const auto told = Told(topic_);
  EXPECT_EQ(told.segments(), 2U);
  EXPECT_EQ(told.records(), 12U);
  EXPECT_EQ(told.bytes(), 2'000U);
  ASSERT_EQ(told.newest_size(), 2);
  EXPECT_EQ(told.newest(0).partition(), 1);
  EXPECT_EQ(told.newest(0).old_log_start_offset(), 3);
  EXPECT_EQ(told.newest(0).new_log_start_offset(), 10);
  EXPECT_EQ(told.newest(0).time_ms(), 10);
  ASSERT_EQ(told.newest(0).groups_size(), 2);
  EXPECT_EQ(told.newest(0).groups(1), "h");
  EXPECT_EQ(Told(Uuid::Make(random_)).segments(), 0U) << "another topic";
  book_.Forget(topic_);
  EXPECT_EQ(Told(topic_).segments(), 0U);
}

TEST_F(EvictionBookTest, KeepsAsMuchAsTheLimit) {
  const std::vector<std::string> groups(EvictionBook::kGroupsMax + 1, "g");
  for (std::size_t i = 0; i <= EvictionBook::kNewestMax; ++i) {
    book_.Note(Of(0, 0, static_cast<std::int64_t>(i)), groups);
  }
  const auto told = Told(topic_);
  EXPECT_EQ(told.segments(), EvictionBook::kNewestMax + 1);
  ASSERT_EQ(told.newest_size(), static_cast<int>(EvictionBook::kNewestMax));
  EXPECT_EQ(told.newest(0).groups_size(), static_cast<int>(EvictionBook::kGroupsMax));
}

}  // namespace
}  // namespace logboom::broker
