// Who should own what: as equal numbers as the wishes allow, and nobody loses more than that takes.
// A function without state; any thread. The same input gives the same answer.
//
// - Members that want the same topics own numbers that differ by at most one. With other wishes no
//   partition could go on, from hand to hand, so that a member gets closer to another one: the
//   numbers are the most equal ones that there are.
// - Where all members want the same, the fewest partitions move that make the numbers equal. Else a
//   partition may move on behalf of others: one for each member that the shortest way between a
//   member with too many and one with too few passes.
// - A partition leaves its member only if the member then owns fewer of that topic than before.
//
// The search for such ways ends after kStickyStepsMax steps: a group with very many different
// wishes may then stay less equal than it could be until it changes the next time.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "broker/groups/assignor.h"
#include "broker/groups/group_log.h"

namespace logboom::broker {

// `members` in the order of their ids, `topics` those that exist. `previous`: who owned what, or
// was about to; what is no partition of `topics`, or of a topic that its member does not want, is
// free.
Assignment AssignSticky(const std::vector<MemberWish>& members,
                        const std::vector<GroupTopic>& topics,
                        const std::map<TopicPartition, std::string>& previous);

}  // namespace logboom::broker
