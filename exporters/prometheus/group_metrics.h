// The metrics of consumer groups: the one part whose size is a product, partitions by groups, and
// which has a limit for that.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "exporters/prometheus/exposition.h"
#include "lib/client/groups.h"

namespace logboom::exporter {

struct BrokerGroups {
  std::string_view broker;
  std::span<const client::GroupDescription> groups;
};

// Burrow's numbers: 0 unknown, 1 ok, 2 warn, 4 stop, 5 stall, 6 rewind.
int StatusCode(client::LagStatus status);
// Of a group: 3, an error, for all that is worse than warn.
int GroupStatusCode(client::LagStatus status);

// A sample for each partition of each group, or, where these are more than `partitions_max`, for
// each topic: the sum of its lag, the longest lag in seconds, and no offsets.
void WriteGroups(const std::vector<BrokerGroups>& brokers, std::int64_t partitions_max,
                 Exposition& out);

}  // namespace logboom::exporter
