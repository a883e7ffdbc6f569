// What people and monitoring see of groups.
#include <algorithm>

#include "broker/groups/groups.h"

namespace logboom::broker {

LagSummary Summarise(const std::vector<GroupPartition>& partitions) {
  LagSummary summary;
  for (const GroupPartition& one : partitions) {
    summary.status = std::max(summary.status, one.status);
    summary.records += one.lag_records.value_or(0);
    summary.ms = std::max(summary.ms, one.lag_ms);  // nothing is less than anything
  }
  return summary;
}

std::optional<GroupDescription> Groups::Describe(const std::string& group, TimestampMs now) {
  Entry* entry = Find(group);
  if (entry == nullptr) return std::nullopt;
  GroupDescription description;
  description.name = group;
  description.state = entry->group.state();
  description.generation = entry->group.generation();
  description.expires_in_ms = ExpiresInMs(*entry);
  if (!entry->group.members().empty()) description.assignor = entry->group.assignor();
  for (const auto& [id, member] : entry->group.members()) description.members.push_back(member);

  std::map<TopicPartition, PartitionOffset*> seen;
  for (auto& [where, offset] : entry->offsets) {
    if (offset.committed) seen.emplace(where, &offset);
  }
  if (seen.empty() && entry->group.members().empty()) return std::nullopt;  // not durable yet
  for (const auto& [where, member_id] : entry->group.owners()) seen.emplace(where, nullptr);
  std::map<Uuid, std::optional<GroupTopic>> topics;
  for (const auto& [where, offset] : seen) {
    auto [topic, added] = topics.try_emplace(where.topic_id);
    if (added) topic->second = log_.FindTopic(where.topic_id);
    if (!topic->second) continue;  // deleted
    if (auto one = DescribePartition(*entry, *topic->second, where, offset, now)) {
      description.partitions.push_back(*std::move(one));
    }
  }
  std::stable_sort(
      description.partitions.begin(), description.partitions.end(),
      [](const GroupPartition& a, const GroupPartition& b) { return a.topic < b.topic; });
  return description;
}

std::optional<GroupPartition> Groups::DescribePartition(const Entry& entry, const GroupTopic& topic,
                                                        const TopicPartition& where,
                                                        PartitionOffset* offset, TimestampMs now) {
  const auto log = log_.BoundsOf(where);
  if (!log) return std::nullopt;
  GroupPartition one;
  one.topic = topic.name;
  one.where = where;
  one.log = *log;
  one.member_id = entry.group.OwnerOf(where).value_or(std::string());
  if (offset == nullptr) return one;
  const Offset committed = offset->committed->offset;
  one.committed = offset->committed;
  one.lag_records = LagRecords(committed, *log);
  one.lag_ms = LagMs(committed, *log, ArrivalOf(where, *offset, *log), now);
  one.status = offset->history.StatusAt(now, *one.lag_records, one.lag_ms);
  one.skipped_records = offset->skipped_records + SkippedRecords(committed, *log);
  return one;
}

// The answer for one offset does not change, so that the log is asked once.
std::optional<TimestampMs> Groups::ArrivalOf(const TopicPartition& where, PartitionOffset& offset,
                                             const LogBounds& log) {
  const Offset next = NextUnread(offset.committed->offset, log);
  if (next >= log.end) return std::nullopt;
  if (!offset.arrival || offset.arrival->offset != next) {
    offset.arrival = PartitionOffset::Arrival{next, log_.AppendTimeAt(where, next)};
  }
  return offset.arrival->time;
}

}  // namespace logboom::broker
