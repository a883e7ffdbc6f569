#include "gui/core/topic_rates.h"

#include "gui/core/limits.h"

namespace logboom::gui {

void TopicRates::Add(const client::Snapshot& snapshot) {
  if (!samples_.empty() && snapshot.time <= samples_.back().time) samples_.clear();
  Sample sample{.time = snapshot.time, .ends = {}};
  sample.ends.reserve(snapshot.topics.size());
  for (const client::TopicDescription& topic : snapshot.topics) {
    std::int64_t& end = sample.ends[topic.topic_id];
    for (const client::PartitionDescription& one : topic.partitions) {
      end += one.durable_end.value();
    }
  }
  samples_.push_back(std::move(sample));
  // The oldest is the newest one that is at least a window old.
  while (samples_.size() > 2 && snapshot.time - samples_[1].time >= kRateWindow.count()) {
    samples_.pop_front();
  }
}

std::optional<double> TopicRates::PerSecond(const Uuid& topic) const {
  if (samples_.size() < 2) return std::nullopt;
  const Sample& newest = samples_.back();
  const auto end = newest.ends.find(topic);
  if (end == newest.ends.end()) return std::nullopt;
  for (const Sample& sample : samples_) {
    const auto begin = sample.ends.find(topic);
    if (begin == sample.ends.end() || begin->second > end->second) continue;
    if (sample.time >= newest.time) return std::nullopt;
    return static_cast<double>(end->second - begin->second) * 1'000.0 /
           static_cast<double>(newest.time - sample.time);
  }
  return std::nullopt;
}

}  // namespace logboom::gui
