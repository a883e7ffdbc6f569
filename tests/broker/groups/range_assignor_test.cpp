#include "broker/groups/range_assignor.h"

#include "tests/broker/groups/fake_group_log.h"

namespace logboom::broker {
namespace {

struct Case {
  std::string name;
  std::vector<std::pair<std::string, std::set<std::string>>> members;  // in order
  std::vector<std::int32_t> partitions;                                // of t1, t2, ...
  std::map<std::string, std::vector<std::pair<int, int>>> expected;    // topic, partition
};

TEST(RangeAssignor, GivesContiguousRangesOfEachTopicInTheOrderOfMembers) {
  const std::set<std::string> t1 = {"t1"};
  const std::set<std::string> both = {"t1", "t2"};
  const std::vector<Case> cases = {
      {"nobody", {}, {3}, {}},
      {"alone", {{"a", t1}}, {3}, {{"a", {{1, 0}, {1, 1}, {1, 2}}}}},
      {"even", {{"a", t1}, {"b", t1}}, {4}, {{"a", {{1, 0}, {1, 1}}}, {"b", {{1, 2}, {1, 3}}}}},
      {"the first get one more",
       {{"a", t1}, {"b", t1}, {"c", t1}},
       {5},
       {{"a", {{1, 0}, {1, 1}}}, {"b", {{1, 2}, {1, 3}}}, {"c", {{1, 4}}}}},
      {"more members than partitions", {{"a", t1}, {"b", t1}}, {1}, {{"a", {{1, 0}}}}},
      {"each topic for itself", {{"a", both}, {"b", both}}, {1, 1}, {{"a", {{1, 0}, {2, 0}}}}},
      {"only those that want it",
       {{"a", t1}, {"b", both}},
       {2, 2},
       {{"a", {{1, 0}}}, {"b", {{1, 1}, {2, 0}, {2, 1}}}}},
      {"a topic that nobody wants", {{"a", t1}}, {1, 4}, {{"a", {{1, 0}}}}},
  };
  for (const Case& one : cases) {
    std::vector<MemberWish> wishes;
    for (const auto& [id, topics] : one.members) wishes.push_back({id, &topics});
    std::vector<GroupTopic> topics;
    for (std::size_t i = 0; i < one.partitions.size(); ++i) {
      topics.push_back({fmt::format("t{}", i + 1), TopicIdOf(i + 1), one.partitions[i]});
    }
    std::map<std::string, std::set<TopicPartition>> expected;
    for (const auto& [id, own] : one.expected) {
      for (const auto& [topic, partition] : own) {
        expected[id].insert(PartitionOf(static_cast<std::uint64_t>(topic), partition));
      }
    }
    EXPECT_EQ(AssignRanges(wishes, topics), expected) << one.name;
  }
}

}  // namespace
}  // namespace logboom::broker
