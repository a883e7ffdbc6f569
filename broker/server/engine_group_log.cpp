#include "broker/server/engine_group_log.h"

#include <utility>

namespace logboom::broker {
namespace {

std::optional<GroupTopic> AsGroupTopic(const Topic* topic) {
  if (topic == nullptr) return std::nullopt;
  return GroupTopic{topic->name, topic->topic_id, topic->partitions};
}

}  // namespace

std::optional<GroupTopic> EngineGroupLog::FindTopic(const std::string& name) const {
  return AsGroupTopic(engine_.FindTopic(name));
}

std::optional<GroupTopic> EngineGroupLog::FindTopic(const Uuid& topic_id) const {
  return AsGroupTopic(engine_.FindTopic(topic_id));
}

std::optional<LogBounds> EngineGroupLog::BoundsOf(const TopicPartition& where) const {
  if (engine_.FindTopic(where.topic_id) == nullptr) return std::nullopt;  // being deleted
  const auto state = engine_.StateOf(where);
  if (!state) return std::nullopt;
  return LogBounds{state->log_start, state->durable_end};
}

std::optional<TimestampMs> EngineGroupLog::AppendTimeAt(const TopicPartition& where,
                                                        Offset offset) {
  auto time = engine_.AppendTimeAt(where, offset);
  return time.ok() ? *time : std::nullopt;
}

void EngineGroupLog::Commit(MetadataTransaction transaction, std::function<void(Status)> done) {
  engine_.Commit(std::move(transaction), std::move(done));
}

}  // namespace logboom::broker
