// What groups need of the log and of the metadata store, without knowing the engine.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "broker/metadata/metadata_store.h"
#include "broker/storage/topic_partition.h"
#include "lib/base/result.h"
#include "lib/base/types.h"

namespace logboom::broker {

struct GroupTopic {
  std::string name;
  Uuid topic_id;
  std::int32_t partitions = 1;
};

// What can be read of a partition: [start, end), all of it durable.
struct LogBounds {
  Offset start;
  Offset end;
};

// Calls come from the loop thread; callbacks are called on it, in the order of the calls.
class GroupLog {
 public:
  virtual ~GroupLog() = default;
  virtual std::optional<GroupTopic> FindTopic(const std::string& name) const = 0;
  virtual std::optional<GroupTopic> FindTopic(const Uuid& topic_id) const = 0;
  // Another one whenever a topic has come, gone, or got more partitions.
  virtual std::uint64_t topics_version() const = 0;
  // Nothing where there is no such partition.
  virtual std::optional<LogBounds> BoundsOf(const TopicPartition& where) const = 0;
  // When the record arrived; nothing where that is not known. May read from the disk.
  virtual std::optional<TimestampMs> AppendTimeAt(const TopicPartition& where, Offset offset) = 0;
  // Durable when `done` is called with success.
  virtual void Commit(MetadataTransaction transaction, std::function<void(Status)> done) = 0;
};

}  // namespace logboom::broker
