// A log and a metadata store for groups, moved by hand: topics come and go, ends rise, and
// transactions end when Finish() is called.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/groups/group.h"
#include "broker/groups/group_log.h"
#include "broker/metadata/memory_store.h"

namespace logboom::broker {

inline Uuid TopicIdOf(std::uint64_t number) {
  Bytes bytes;
  ByteWriter(bytes).Int(std::uint64_t{0});
  ByteWriter(bytes).Int(number);
  return *Uuid::FromBytes(bytes);
}

inline TopicPartition PartitionOf(std::uint64_t topic, std::int32_t partition) {
  return {TopicIdOf(topic), PartitionIndex{partition}};
}

inline Instant At(std::int64_t ms) {
  return {TimestampMs{1'700'000'000'000 + ms}, MonotonicMs{1'000 + ms}};
}

// Of one table.
inline std::vector<MetadataRow> RowsOf(MemoryStore& store, Table table) {
  std::vector<MetadataRow> rows = *store.Load();
  std::erase_if(rows, [table](const MetadataRow& row) { return row.table != table; });
  return rows;
}

class FakeGroupLog final : public GroupLog {
 public:
  explicit FakeGroupLog(MemoryStore& rows) : store(rows) {}

  // Topic `number` under the name "t<number>".
  void Make(std::uint64_t number, std::int32_t partitions) {
    topics[number] = {fmt::format("t{}", number), TopicIdOf(number), partitions};
    ++version;
  }
  void Delete(std::uint64_t number) {
    topics.erase(number);
    ++version;
  }

  std::optional<GroupTopic> FindTopic(const std::string& name) const override {
    for (const auto& [number, topic] : topics) {
      if (topic.name == name) return topic;
    }
    return std::nullopt;
  }
  std::optional<GroupTopic> FindTopic(const Uuid& topic_id) const override {
    for (const auto& [number, topic] : topics) {
      if (topic.topic_id == topic_id) return topic;
    }
    return std::nullopt;
  }
  std::uint64_t topics_version() const override { return version; }
  std::optional<LogBounds> BoundsOf(const TopicPartition& where) const override {
    const auto topic = FindTopic(where.topic_id);
    if (!topic || where.partition.value() < 0 || where.partition.value() >= topic->partitions) {
      return std::nullopt;
    }
    auto found = bounds.find(where);
    return found == bounds.end() ? LogBounds{Offset{0}, Offset{100}} : found->second;
  }
  std::optional<TimestampMs> AppendTimeAt(const TopicPartition& where, Offset offset) override {
    ++lookups;
    auto found = append_times.find({where, offset});
    if (found == append_times.end()) return std::nullopt;
    return found->second;
  }
  void Commit(MetadataTransaction transaction, std::function<void(Status)> done) override {
    under_way.emplace_back(std::move(transaction), std::move(done));
  }

  // The oldest transactions end.
  void Finish(std::size_t count = 1'000'000) {
    for (; count > 0 && !under_way.empty(); --count) {
      auto [transaction, done] = std::move(under_way.front());
      under_way.pop_front();
      done(store.Apply(transaction));
    }
  }

  MemoryStore& store;
  std::map<std::uint64_t, GroupTopic> topics;
  std::uint64_t version = 1;
  std::map<TopicPartition, LogBounds> bounds;
  std::map<std::pair<TopicPartition, Offset>, TimestampMs> append_times;
  int lookups = 0;
  std::deque<std::pair<MetadataTransaction, std::function<void(Status)>>> under_way;
};

inline MemberFacts FactsOf(const std::string& id, std::set<std::string> topics = {"t1"},
                           std::int64_t silence_ms = 15'000) {
  return {id, "client", "host", std::move(topics), silence_ms};
}

}  // namespace logboom::broker
