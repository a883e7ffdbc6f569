// Keeping all topics within one budget of bytes: whose oldest segment goes, and when.
#include <utility>

#include "broker/engine/embedded_engine.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kBudgetIntervalMs = 1'000;
// Until somebody takes them; more go untold, and counted.
constexpr std::size_t kEvictionsMax = 1'024;

bool IsInternal(const Topic& topic) { return topic.name.starts_with("__"); }

}  // namespace

std::optional<std::int64_t> EmbeddedEngine::budget_bytes() const {
  if (!parts_.budget) return std::nullopt;
  return BudgetBytes(*parts_.budget, space_, others_bytes_);
}

// What a topic's own retention lets go goes first: a round of it that has begun since there is too
// much has to end. Then one segment a Tick.
void EmbeddedEngine::KeepBudget(Instant now) {
  if (failure_ || !parts_.budget) return;
  if (!over_budget_since_ || stuck_over_budget_) {
    if (now.monotonic < next_budget_) return;
    next_budget_ = now.monotonic + kBudgetIntervalMs;
  }
  if (log_bytes() <= *budget_bytes()) {
    over_budget_since_.reset();
    stuck_over_budget_ = false;
    return;
  }
  if (!over_budget_since_) {
    over_budget_since_ = now.monotonic;
    if (to_retain_.empty()) next_retention_ = now.monotonic;
    return;
  }
  if (!to_retain_.empty()) return;
  if (retention_began_ < *over_budget_since_) {
    next_retention_ = now.monotonic;
    return;
  }
  stuck_over_budget_ = !EvictOne();
}

bool EmbeddedEngine::EvictOne() {
  std::vector<const Topic*> topics;
  std::vector<TopicUse> uses;
  for (const auto& [name, topic] : topics_) {
    TopicUse use{0, RetentionShare(topic.config)};
    for (std::int32_t i = 0; i < topic.partitions; ++i) {
      const Partition* partition = Find({topic.topic_id, PartitionIndex{i}});
      if (partition != nullptr) use.bytes += partition->log->size_bytes();
    }
    topics.push_back(&topic);
    uses.push_back(use);
  }
  for (const std::size_t index : EvictionOrder(uses, *budget_bytes())) {
    if (EvictFrom(*topics[index])) return true;
  }
  return false;
}

// The oldest of its sealed segments, where it may go.
bool EmbeddedEngine::EvictFrom(const Topic& topic) {
  if (IsInternal(topic) || IsCompacted(topic.config)) return false;
  std::optional<TopicPartition> oldest_in;
  PartitionLog::OldestSegment oldest;
  for (std::int32_t i = 0; i < topic.partitions; ++i) {
    const TopicPartition where{topic.topic_id, PartitionIndex{i}};
    Partition* partition = Find(where);
    if (partition == nullptr) continue;
    const auto found = partition->log->OldestSealed(age_clock_.now());
    if (!found.ok() || !*found) continue;
    if (oldest_in && (*found)->max_append_time >= oldest.max_append_time) continue;
    oldest = **found;
    oldest_in = where;
  }
  if (!oldest_in || age_clock_.AgeMs(oldest.max_append_time) < RetentionMinMs(topic.config)) {
    return false;
  }
  PartitionLog& log = *Find(*oldest_in)->log;
  const auto evicted = log.TrimBefore(oldest.next_offset);
  if (!evicted.ok() && evicted.error().code == ErrorCode::kBusy) return false;  // later
  if (!evicted.ok()) {
    retention_failure_ = evicted.error();
    NoteBroken(log);
    return false;
  }
  ++counters_.segments_evicted;
  counters_.records_evicted += static_cast<std::uint64_t>(evicted->records());
  counters_.bytes_evicted += static_cast<std::uint64_t>(evicted->bytes);
  if (evictions_.size() < kEvictionsMax) {
    evictions_.push_back({*oldest_in, *evicted, age_clock_.now()});
  }
  return true;
}

}  // namespace logboom::broker
