// The one place that decides who may do what. Every request passes it before anything else looks at
// the request's body, and every list that is answered is filtered by it. It judges the principal
// that the transport vouches for, never what the envelope says.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace logboom::broker {

// Who asks, as the transport's authentication says. Both empty: nobody was asked.
struct Principal {
  std::string user_id;
  std::string authenticated_by;
};

enum class Operation {
  kConnect,
  kProduce,
  kFetch,
  kDescribeTopic,
  kCreateTopic,
  kAlterTopic,
  kDeleteTopic,
  kTrimTopic,
  kActAsAgent,  // hello, sources, progress and reports of one agent id
  kDescribeAgents,
  kReadGroup,  // join it, commit its offsets, ask for them
  kDescribeGroup,
  kAlterGroup,  // reset its offsets
  kDeleteGroup,
  kDescribeBroker,
  kBackUp,
};

enum class ResourceKind { kBroker, kTopic, kAgent, kGroup };

struct Resource {
  ResourceKind kind = ResourceKind::kBroker;
  std::string_view name;  // empty for the broker
};

// kPermission says who may not do what to what. As long as the broker has no keys everybody may do
// everything: it then listens on loopback alone (see its start-up check).
Status Authorise(const Principal& principal, Operation operation, const Resource& resource);

}  // namespace logboom::broker
