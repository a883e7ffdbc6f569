#include "broker/server/eviction_book.h"

#include <utility>

namespace logboom::broker {

void EvictionBook::Note(const Eviction& eviction, std::vector<std::string> behind) {
  OfTopic& topic = topics_[eviction.where.topic_id];
  ++topic.segments;
  topic.records += static_cast<std::uint64_t>(eviction.range.records());
  topic.bytes += static_cast<std::uint64_t>(eviction.range.bytes);
  if (behind.size() > kGroupsMax) behind.resize(kGroupsMax);
  topic.newest.push_front({eviction, std::move(behind)});
  if (topic.newest.size() > kNewestMax) topic.newest.pop_back();
}

void EvictionBook::Fill(const Uuid& topic_id, protocol::Topic& out) const {
  auto found = topics_.find(topic_id);
  if (found == topics_.end()) return;
  protocol::TopicEvictions& evictions = *out.mutable_evictions();
  evictions.set_segments(found->second.segments);
  evictions.set_records(found->second.records);
  evictions.set_bytes(found->second.bytes);
  for (const Noted& noted : found->second.newest) {
    protocol::Eviction& one = *evictions.add_newest();
    one.set_partition(noted.eviction.where.partition.value());
    one.set_time_ms(noted.eviction.time.value());
    one.set_old_log_start_offset(noted.eviction.range.old_start.value());
    one.set_new_log_start_offset(noted.eviction.range.new_start.value());
    one.set_bytes(noted.eviction.range.bytes);
    for (const std::string& group : noted.behind) one.add_groups(group);
  }
}

}  // namespace logboom::broker
