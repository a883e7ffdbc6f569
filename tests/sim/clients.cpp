#include "tests/sim/clients.h"

#include <algorithm>
#include <variant>

#include "tests/sim/timed_transport.h"

namespace logboom::sim {

// ---- the producer

SimProducer::SimProducer(Stage& stage, std::string topic, std::int32_t partitions)
    : stage_(stage),
      topic_(std::move(topic)),
      partitions_(partitions),
      random_(stage.options.seed + 3),
      waiting_(static_cast<std::size_t>(partitions)),
      failed_(static_cast<std::size_t>(partitions)) {
  client::ProducerOptions options;
  options.acks = stage.options.producer_acks;
  options.codec = stage.options.bulk ? record::Codec::kNone : stage.options.codec;
  producer_ = std::make_unique<client::Producer>(
      std::make_unique<TimedTransport>(stage.network.MakeClient(kBrokerAddress), due_ms_), options,
      random_, [this](const client::Delivery& delivery) { deliveries_.push_back(delivery); });
}

void SimProducer::Send() {
  const bool bulk = stage_.options.bulk && stage_.OneIn(4);
  const std::uint64_t count = 1 + stage_.random.Below(bulk ? 40 : 10);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::string value = fmt::format("{} ", next_);
    value.append(stage_.random.Below(bulk ? 50'000 : 200), 'p');
    const auto partition =
        static_cast<std::int32_t>(stage_.random.Below(static_cast<std::uint64_t>(partitions_)));
    const std::string key = fmt::format("key {}", stage_.random.Below(12));
    const std::string number = std::to_string(next_);
    const record::HeaderView header{.key = "n", .value = number};
    client::ProducerRecord record;
    record.value = value;
    if (stage_.options.compacted) {
      record.key = key;
      record.headers = std::span(&header, 1);
      if (stage_.OneIn(4)) record.value.reset();
    }
    record.partition = PartitionIndex{partition};
    if (!producer_->Send(topic_, record, stage_.clocks.At(0)).ok()) return;
    waiting_[static_cast<std::size_t>(partition)].insert(next_++);
  }
  due_ms_ = 0;
}

void SimProducer::Step(const std::vector<PlainRecords>& logged) {
  producer_->Poll(stage_.clocks.At(0));
  due_ms_ = 0;
  producer_->Wait(std::chrono::hours(1));
  for (const client::Delivery& delivery : std::exchange(deliveries_, {})) {
    stage_.trace.Event(stage_.clocks.monotonic(), "{} records of {} delivered at {}{}",
                       delivery.records, delivery.partition,
                       delivery.base_offset.value_or(Offset{-1}),
                       delivery.error ? ": " + delivery.error->message : "");
    if (delivery.error) {
      failed_[static_cast<std::size_t>(delivery.partition.value())] += delivery.records;
    }
    // What was written and not synced may still be lost; of an old duplicate no offset is known.
    const bool promised = !delivery.error && stage_.clocks.monotonic() >= restored_until_ &&
                          stage_.options.producer_acks == client::Acks::kSynced;
    if (!promised || !delivery.base_offset) continue;
    CheckDelivery(delivery, logged[static_cast<std::size_t>(delivery.partition.value())]);
  }
}

void SimProducer::BrokerRestored() {
  restored_until_ = stage_.clocks.monotonic() + kOnTheWayMs;
  restored_at_ = next_;
}

void SimProducer::CheckDelivery(const client::Delivery& delivery, const PlainRecords& logged) {
  std::set<std::uint64_t>& waiting = waiting_[static_cast<std::size_t>(delivery.partition.value())];
  for (std::size_t i = 0; i < delivery.records; ++i) {
    const Offset offset = *delivery.base_offset + static_cast<std::int64_t>(i);
    const auto found = logged.find(offset);
    if (found == logged.end()) {
      return stage_.verdict.Broken(Invariant::kAckedIsInTheLog,
                                   "{}-{}: a record was acked at offset {}, and is not there",
                                   topic_, delivery.partition, offset);
    }
    if (waiting.erase(found->second) == 1 || found->second < restored_at_) continue;
    stage_.verdict.Broken(Invariant::kAckedIsInTheLog,
                          "{}-{}: another record than record {} was acked at offset {}", topic_,
                          delivery.partition, found->second, offset);
  }
}

void SimProducer::CheckComplete(const std::vector<PlainRecords>& logged) const {
  if (stage_.options.producer_acks != client::Acks::kSynced || !idle()) return;
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    std::set<std::uint64_t> missing = waiting_[i];
    missing.erase(missing.begin(), missing.lower_bound(restored_at_));
    if (i < logged.size()) {
      for (const auto& [offset, number] : logged[i]) missing.erase(number);
    }
    if (missing.size() <= failed_[i]) continue;
    stage_.verdict.Broken(Invariant::kProducedOnce,
                          "{}-{}: {} records are not there, as record {}; {} deliveries failed",
                          topic_, i, missing.size(), *missing.begin(), failed_[i]);
  }
}

std::string SimProducer::Describe() const {
  return fmt::format("producer is {}connected, {} records wait\n",
                     producer_->connected() ? "" : "not ", producer_->buffered_records());
}

// ---- the consumer

SimConsumer::SimConsumer(Stage& stage, std::vector<client::TopicPartition> partitions,
                         FindArchive find)
    : stage_(stage),
      partitions_(std::move(partitions)),
      find_(std::move(find)),
      random_(stage.options.seed + 4) {
  consumer_ = std::make_unique<client::Consumer>(
      std::make_unique<TimedTransport>(stage.network.MakeClient(kBrokerAddress), due_ms_),
      client::ConsumerOptions{.with_rows = true}, random_);
  for (const auto& partition : partitions_) {
    consumer_->Assign(partition, client::StartAt::Earliest());
  }
}

void SimConsumer::Follow(const std::string& topic, std::int32_t partitions) {
  for (std::int32_t i = 0; i < partitions; ++i) {
    const client::TopicPartition one{topic, PartitionIndex{i}};
    if (std::find(partitions_.begin(), partitions_.end(), one) != partitions_.end()) continue;
    partitions_.push_back(one);
    consumer_->Assign(one, client::StartAt::Earliest());
    due_ms_ = 0;
  }
}

void SimConsumer::Step() {
  consumer_->Poll(stage_.clocks.At(0));
  while (const auto event = consumer_->Next()) Take(*event);
  due_ms_ = 0;
  consumer_->Wait(std::chrono::hours(1));
}

void SimConsumer::BrokerRestored(
    const std::function<Offset(const client::TopicPartition&)>& end_of) {
  for (const auto& [partition, next] : next_) {
    if (next > end_of(partition)) must_be_told_.insert(partition);
  }
}

void SimConsumer::Take(const client::ConsumerEvent& event) {
  if (const auto* batch = std::get_if<client::FetchedBatch>(&event.what)) {
    return TakeBatch(event.from, *batch);
  }
  if (const auto* range = std::get_if<client::OffsetOutOfRange>(&event.what)) {
    const bool told = must_be_told_.erase(event.from) == 1;
    if (range->position > range->durable_end && !told) {
      stage_.verdict.Broken(
          Invariant::kDurableEndNeverFalls, "{}-{}: a reader stands at {}, and the log ends at {}",
          event.from.topic, event.from.partition, range->position, range->durable_end);
    }
    // Retention was faster.
    next_.erase(event.from);
    return consumer_->Assign(event.from, client::StartAt::Earliest());
  }
  if (const auto* unreadable = std::get_if<client::Unreadable>(&event.what)) {
    return stage_.verdict.Broken(Invariant::kAckedIsInTheLog, "{}-{}: [{}, {}) can't be read: {}",
                                 event.from.topic, event.from.partition, unreadable->begin,
                                 unreadable->end, unreadable->reason);
  }
  if (const auto* failed = std::get_if<client::PartitionFailed>(&event.what)) {
    stage_.trace.Event(stage_.clocks.monotonic(), "{}-{}: {}", event.from.topic,
                       event.from.partition, failed->error.message);
    consumer_->Assign(event.from, client::StartAt::Earliest());
  }
}

void SimConsumer::TakeBatch(const client::TopicPartition& from, const client::FetchedBatch& batch) {
  ++batches_;
  PartitionArchive* archive = find_(from);
  if (archive == nullptr) {
    return stage_.verdict.Broken(Invariant::kServedIsDurable,
                                 "{}-{}: a batch was served, and nothing was ever durable",
                                 from.topic, from.partition);
  }
  if (must_be_told_.contains(from)) {
    return stage_.verdict.Broken(Invariant::kOffsetsNeverReassigned,
                                 "{}-{}: a reader was given offset {} of a log that came back from "
                                 "a backup that ends below what it had read, and was not told",
                                 from.topic, from.partition, batch.first_offset);
  }
  archive->CheckServed(batch.header, batch.bytes);
  const auto [next, first] = next_.try_emplace(from, batch.first_offset);
  const bool follows = archive->compacted() ? next->second <= batch.first_offset
                                            : next->second == batch.first_offset;
  if (!follows && !stage_.options.log_starts_move()) {
    stage_.verdict.Broken(Invariant::kOffsetsNeverReassigned,
                          "{}-{}: a reader was given offset {} where {} comes next", from.topic,
                          from.partition, batch.first_offset, next->second);
  }
  next->second = batch.end_offset;
}

std::string SimConsumer::Describe() const {
  std::string text = fmt::format("consumer is {}connected\n", consumer_->connected() ? "" : "not ");
  for (const auto& partition : partitions_) {
    const auto progress = consumer_->Progress(partition);
    text +=
        fmt::format("  {}-{} at {} of {}{}\n", partition.topic, partition.partition,
                    progress->position.value_or(Offset{-1}),
                    progress->durable_end.value_or(Offset{-1}), progress->failed ? ", failed" : "");
  }
  return text;
}

bool SimConsumer::AtEnd() const {
  return std::all_of(partitions_.begin(), partitions_.end(), [this](const auto& partition) {
    PartitionArchive* archive = find_(partition);
    if (archive == nullptr || archive->end() == Offset{}) return true;
    const auto found = next_.find(partition);
    return found != next_.end() ? found->second >= archive->end()
                                : archive->log_start() >= archive->end();
  });
}

}  // namespace logboom::sim
