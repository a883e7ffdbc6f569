#include "broker/groups/range_assignor.h"

#include <cstdint>

namespace logboom::broker {

Assignment AssignRanges(const std::vector<MemberWish>& members,
                        const std::vector<GroupTopic>& topics) {
  Assignment assigned;
  for (const GroupTopic& topic : topics) {
    std::vector<const std::string*> wanting;
    for (const MemberWish& member : members) {
      if (member.topics->contains(topic.name)) wanting.push_back(&member.member_id);
    }
    if (wanting.empty()) continue;
    const auto count = static_cast<std::int32_t>(wanting.size());
    std::int32_t next = 0;
    for (std::int32_t i = 0; i < count && next < topic.partitions; ++i) {
      const std::int32_t share = topic.partitions / count + (i < topic.partitions % count ? 1 : 0);
      auto& own = assigned[*wanting[static_cast<std::size_t>(i)]];
      for (std::int32_t k = 0; k < share; ++k) {
        own.insert({topic.topic_id, PartitionIndex{next++}});
      }
    }
  }
  return assigned;
}

}  // namespace logboom::broker
