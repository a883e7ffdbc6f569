// Everything that monitoring shows of one broker, as it was at one instant: of no partition is a
// committed offset newer than the end beside it, and no lag is negative.
#pragma once

#include <vector>

#include "lib/base/types.h"
#include "lib/client/descriptions.h"
#include "lib/client/groups.h"

namespace logboom::client {

struct Snapshot {
  TimestampMs time;  // the broker's clock
  BrokerStatus status;
  std::vector<TopicDescription> topics;  // by name
  std::vector<GroupDescription> groups;  // by name
  std::vector<AgentDescription> agents;  // by id
};

}  // namespace logboom::client
