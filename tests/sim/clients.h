// A program that produces records of its own, and one that reads all there is: each checks what it
// is promised.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "lib/client/consumer.h"
#include "lib/client/producer.h"
#include "tests/sim/log_archive.h"
#include "tests/sim/stage.h"

namespace logboom::sim {

// The archive of a partition; null where nothing of it was ever durable.
using FindArchive = std::function<PartitionArchive*(const client::TopicPartition&)>;

// By then every answer of a broker that is gone has come, or is lost.
inline constexpr std::int64_t kOnTheWayMs = 60'000;

// Records "NUMBER filler", as they stand in the log by offset.
using PlainRecords = std::map<Offset, std::uint64_t>;

// One owner, one thread. The stage outlives it.
class SimProducer {
 public:
  SimProducer(Stage& stage, std::string topic, std::int32_t partitions);

  void Send();
  void Step(const std::vector<PlainRecords>& logged);
  // At the end: what was sent is there, but for what a delivery said may not be.
  void CheckComplete(const std::vector<PlainRecords>& logged) const;
  std::int64_t UntilDueMs() const { return due_ms_; }
  bool idle() const { return producer_->buffered_records() == 0; }
  // What was acked before the broker came back from a backup is in the log no more.
  void BrokerRestored();
  std::string Describe() const;
  std::uint64_t sent() const { return next_; }

 private:
  void CheckDelivery(const client::Delivery& delivery, const PlainRecords& logged);

  Stage& stage_;
  std::string topic_;
  std::int32_t partitions_;
  SeededRandom random_;
  std::int64_t due_ms_ = 0;
  std::uint64_t next_ = 0;
  // By then answers of the broker before it was restored have come, or are lost.
  MonotonicMs restored_until_;
  std::uint64_t restored_at_ = 0;                 // what was sent before it may be gone
  std::vector<std::set<std::uint64_t>> waiting_;  // by partition: not known at an offset
  std::vector<std::size_t> failed_;               // by partition: records whose delivery failed
  std::vector<client::Delivery> deliveries_;
  std::unique_ptr<client::Producer> producer_;
};

// One owner, one thread. The stage outlives it.
class SimConsumer {
 public:
  SimConsumer(Stage& stage, std::vector<client::TopicPartition> partitions, FindArchive find);

  // Reads partitions 0 to `partitions` of it, from their start where they are new.
  void Follow(const std::string& topic, std::int32_t partitions);
  void Step();
  std::int64_t UntilDueMs() const { return due_ms_; }
  // It was given all that is durable.
  bool AtEnd() const;
  std::string Describe() const;
  std::uint64_t batches() const { return batches_; }
  // `ends`: where the logs end that came back from a backup. Whoever stands behind them has read
  // records that are gone, and must be told before anything else is given to him.
  void BrokerRestored(const std::function<Offset(const client::TopicPartition&)>& end_of);

 private:
  void Take(const client::ConsumerEvent& event);
  void TakeBatch(const client::TopicPartition& from, const client::FetchedBatch& batch);

  Stage& stage_;
  std::vector<client::TopicPartition> partitions_;
  FindArchive find_;
  SeededRandom random_;
  std::int64_t due_ms_ = 0;
  std::uint64_t batches_ = 0;
  std::map<client::TopicPartition, Offset> next_;
  std::set<client::TopicPartition> must_be_told_;
  std::unique_ptr<client::Consumer> consumer_;
};

}  // namespace logboom::sim
