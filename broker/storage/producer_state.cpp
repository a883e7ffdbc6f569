#include "broker/storage/producer_state.h"

#include <algorithm>

#include "broker/storage/limits.h"

namespace logboom::broker {
namespace {

using Kind = ProducerVerdict::Kind;

constexpr std::uint32_t kSequenceMask = 0x7FFF'FFFF;

// How far `to` is ahead of `from`, on the circle of 2^31.
std::uint32_t Distance(std::int32_t from, std::int32_t to) {
  return (static_cast<std::uint32_t>(to) - static_cast<std::uint32_t>(from)) & kSequenceMask;
}

// Half of the circle is ahead, half of it behind.
bool IsBefore(std::int32_t sequence, std::int32_t other) {
  return sequence != other && Distance(sequence, other) <= kSequenceMask / 2;
}

}  // namespace

std::int32_t SequenceAfter(std::int32_t sequence, std::int64_t count) {
  return static_cast<std::int32_t>(
      (static_cast<std::uint32_t>(sequence) + static_cast<std::uint32_t>(count)) & kSequenceMask);
}

ProducerVerdict ProducerState::Judge(const record::BatchHeader& header) const {
  const auto found = producers_.find(header.producer_id);
  if (found == producers_.end()) {
    return {.kind = header.base_sequence == 0 ? Kind::kFresh : Kind::kUnknown};
  }
  const Producer& producer = found->second;
  ProducerVerdict verdict = JudgeEpoch(producer, header);
  verdict.epoch = producer.epoch;
  return verdict;
}

ProducerVerdict ProducerState::JudgeEpoch(const Producer& producer,
                                          const record::BatchHeader& header) {
  if (header.producer_epoch < producer.epoch) return {.kind = Kind::kStaleEpoch};
  if (header.producer_epoch > producer.epoch || producer.batches.empty()) {
    return {.kind = header.base_sequence == 0 ? Kind::kFresh : Kind::kOutOfOrder};
  }
  const std::int32_t last = SequenceAfter(header.base_sequence, header.last_offset_delta);
  for (const Batch& batch : producer.batches) {
    if (batch.base_sequence != header.base_sequence || batch.last_sequence != last) continue;
    return {.kind = Kind::kDuplicate,
            .base_offset = batch.base_offset,
            .append_time = batch.append_time};
  }
  const std::int32_t expected = SequenceAfter(producer.batches.back().last_sequence, 1);
  ProducerVerdict verdict{.kind = Kind::kOutOfOrder, .expected_sequence = expected};
  // Whatever stands before the oldest batch that is known was appended too: sequences have no
  // holes. Where, nobody knows any more.
  const std::int32_t oldest = producer.batches.front().base_sequence;
  if (header.base_sequence == expected) {
    verdict.kind = Kind::kFresh;
  } else if (IsBefore(header.base_sequence, oldest) && IsBefore(last, oldest)) {
    verdict.kind = Kind::kDuplicate;
  }
  return verdict;
}

void ProducerState::Note(const record::BatchHeader& header, TimestampMs append_time) {
  Producer& producer = producers_[header.producer_id];
  largest_id_ = std::max(largest_id_, header.producer_id);
  if (header.producer_epoch < producer.epoch) return;
  if (header.producer_epoch > producer.epoch) producer.batches.clear();
  producer.epoch = header.producer_epoch;
  producer.append_time = append_time;
  producer.batches.push_back(
      {.base_sequence = header.base_sequence,
       .last_sequence = SequenceAfter(header.base_sequence, header.last_offset_delta),
       .base_offset = header.base_offset,
       .last_offset = header.last_offset(),
       .append_time = append_time});
  if (producer.batches.size() > kProducerBatchesKept) producer.batches.pop_front();
  if (producers_.size() > kProducersMax) ForgetOldest();
}

// Only a new producer comes here, and only where there are very many.
void ProducerState::ForgetOldest() {
  producers_.erase(std::ranges::min_element(
      producers_, {}, [](const auto& entry) { return entry.second.last_offset(); }));
}

void ProducerState::Expire(TimestampMs now, Offset spared_from) {
  std::erase_if(producers_, [&](const auto& entry) {
    const Producer& producer = entry.second;
    return now - producer.append_time >= kProducerExpiryMs && producer.last_offset() < spared_from;
  });
}

std::vector<segment::ProducerSnapshotEntry> ProducerState::Snapshot() const {
  std::vector<segment::ProducerSnapshotEntry> entries;
  entries.reserve(producers_.size());
  for (const auto& [id, producer] : producers_) {
    segment::ProducerSnapshotEntry entry{
        .producer_id = id, .epoch = producer.epoch, .timestamp = producer.append_time};
    if (!producer.batches.empty()) {
      const Batch& batch = producer.batches.back();
      entry.last_sequence = batch.last_sequence;
      entry.last_offset = batch.last_offset;
      entry.offset_delta = static_cast<std::int32_t>(batch.last_offset - batch.base_offset);
    }
    entries.push_back(entry);
  }
  std::ranges::sort(entries, {}, &segment::ProducerSnapshotEntry::producer_id);
  return entries;
}

void ProducerState::Load(std::span<const segment::ProducerSnapshotEntry> entries) {
  producers_.clear();
  for (const segment::ProducerSnapshotEntry& entry : entries) {
    Producer& producer = producers_[entry.producer_id];
    largest_id_ = std::max(largest_id_, entry.producer_id);
    producer.epoch = entry.epoch;
    producer.append_time = entry.timestamp;
    if (entry.last_sequence < 0) continue;
    producer.batches.push_back(
        {.base_sequence = SequenceAfter(entry.last_sequence, -std::int64_t{entry.offset_delta}),
         .last_sequence = entry.last_sequence,
         .base_offset = entry.last_offset - entry.offset_delta,
         .last_offset = entry.last_offset,
         .append_time = entry.timestamp});
  }
}

}  // namespace logboom::broker
