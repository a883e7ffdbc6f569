// Records per second of every topic of one broker, from its successive snapshots.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "lib/base/types.h"
#include "lib/base/uuid.h"
#include "lib/client/snapshot.h"

namespace logboom::gui {

// One owner, one thread.
class TopicRates {
 public:
  // Of a newer snapshot. The broker's clock measures the time between; where it stands or was set
  // back, all that was known is forgotten.
  void Add(const client::Snapshot& snapshot);
  // Nothing for a topic seen once, and where its end went back (the broker lost data, or another
  // broker answers there): it begins anew.
  std::optional<double> PerSecond(const Uuid& topic) const;

 private:
  using Ends = std::unordered_map<Uuid, std::int64_t>;  // sums over the partitions
  struct Sample {
    TimestampMs time;
    Ends ends;
  };
  std::deque<Sample> samples_;
};

}  // namespace logboom::gui
