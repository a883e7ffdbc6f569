// The engine as groups see it. Holds no state of its own; the engine must outlive it.
#pragma once

#include "broker/engine/log_engine.h"
#include "broker/groups/group_log.h"

namespace logboom::broker {

class EngineGroupLog final : public GroupLog {
 public:
  explicit EngineGroupLog(LogEngine& engine) : engine_(engine) {}
  std::optional<GroupTopic> FindTopic(const std::string& name) const override;
  std::optional<GroupTopic> FindTopic(const Uuid& topic_id) const override;
  std::uint64_t topics_version() const override { return engine_.topics_version(); }
  std::optional<LogBounds> BoundsOf(const TopicPartition& where) const override;
  // What can't be read is not known: the lag is shown without its time.
  std::optional<TimestampMs> AppendTimeAt(const TopicPartition& where, Offset offset) override;
  void Commit(MetadataTransaction transaction, std::function<void(Status)> done) override;

 private:
  LogEngine& engine_;
};

}  // namespace logboom::broker
