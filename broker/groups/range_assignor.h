// Who should own what: for each topic, contiguous ranges of its partitions over the members that
// want it, in the order of member ids; the first ones get one more where it does not divide. A
// function without state; any thread.
#pragma once

#include <vector>

#include "broker/groups/assignor.h"
#include "broker/groups/group_log.h"

namespace logboom::broker {

// `members` in the order of their ids, `topics` those that exist.
Assignment AssignRanges(const std::vector<MemberWish>& members,
                        const std::vector<GroupTopic>& topics);

}  // namespace logboom::broker
