// Who should own what: for each topic, contiguous ranges of its partitions over the members that
// want it, in the order of member ids; the first ones get one more where it does not divide. A
// function without state; any thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "broker/groups/group_log.h"

namespace logboom::broker {

struct MemberWish {
  std::string member_id;
  const std::set<std::string>* topics;  // by name
};

// `members` in the order of their ids, `topics` those that exist. Members that get nothing are not
// in the answer.
std::map<std::string, std::set<TopicPartition>> AssignRanges(const std::vector<MemberWish>& members,
                                                             const std::vector<GroupTopic>& topics);

}  // namespace logboom::broker
