#include "broker/storage/batch_merger.h"

#include <algorithm>
#include <utility>

namespace logboom::broker {
namespace {

// How much larger a record may become when it is built anew: its varints, at most.
constexpr std::size_t kRecordSlackBytes = 16;
constexpr std::size_t kBatchSlackBytes = 128;

// Whether all records surely fit in one batch, even uncompressed.
bool CanBeBuilt(const record::BatchHeader& header, std::size_t raw_bytes) {
  const std::size_t slack =
      kRecordSlackBytes * static_cast<std::size_t>(header.record_count) + kBatchSlackBytes;
  return raw_bytes + slack <= record::kBatchBytesMax;
}

}  // namespace

BatchMerger::BatchMerger(const MergeOptions& options, RecordFilter* filter, Sink sink)
    : options_(options),
      filter_(filter),
      sink_(std::move(sink)),
      builder_({.codec = record::Codec::kZstd, .level = options.zstd_level}) {}

bool BatchMerger::StandsAlone(const record::BatchHeader& header) const {
  return header.producer_id >= 0 || header.timestamp_type == record::TimestampType::kAppendTime ||
         reader_.raw_bytes() >= options_.raw_bytes;
}

Status BatchMerger::Add(const record::BatchHeader& header, ByteView batch) {
  // Segments that were compacted by the first versions have holes.
  if (last_ && last_->next_offset() < header.base_offset &&
      last_->leader_epoch == header.leader_epoch) {
    RETURN_IF_ERROR(LeaveOut({last_->next_offset(), header.base_offset + -1, header.leader_epoch}));
  }
  last_ = header;
  if (header.control || header.transactional) return CopyWhole(header, batch);
  const Status opened = reader_.Open(batch);
  if (!opened.ok()) {
    return opened.error().code == ErrorCode::kUnsupported ? CopyWhole(header, batch) : opened;
  }
  if (!CanBeBuilt(header, reader_.raw_bytes())) return CopyWhole(header, batch);
  if (filter_ != nullptr) return Filter(header, batch);
  if (StandsAlone(header) || header.has_delete_horizon) return Copy(batch);
  if (header.record_count == 0) {
    return LeaveOut({header.base_offset, header.last_offset(), header.leader_epoch});
  }
  keeps_.assign(static_cast<std::size_t>(header.record_count), true);
  return Merge(header, std::nullopt);
}

Status BatchMerger::Filter(const record::BatchHeader& header, ByteView batch) {
  ASSIGN_OR_RETURN(const Judged judged, Judge(header));
  records_dropped_ += header.record_count - static_cast<std::int64_t>(judged.kept);
  if (judged.kept == 0) {
    if (filter_->KeepsHeader(header)) return EmitHeader(header);
    return LeaveOut({header.base_offset, header.last_offset(), header.leader_epoch});
  }
  reader_.Rewind();
  if (!StandsAlone(header)) return Merge(header, judged.horizon);
  const bool same_horizon = judged.horizon.has_value() == header.has_delete_horizon;
  if (judged.kept == keeps_.size() && same_horizon) return Copy(batch);
  return Rebuild(header, judged.horizon);
}

Result<BatchMerger::Judged> BatchMerger::Judge(const record::BatchHeader& header) {
  Judged judged;
  keeps_.clear();
  bool tombstones = false;
  while (true) {
    ASSIGN_OR_RETURN(const record::Record* record, reader_.Next());
    if (record == nullptr) break;
    const bool keeps = filter_->Keeps(header, *record);
    keeps_.push_back(keeps);
    if (!keeps) continue;
    ++judged.kept;
    tombstones = tombstones || !record->value;
  }
  if (header.has_delete_horizon) {
    judged.horizon = header.base_timestamp;
  } else if (tombstones) {
    judged.horizon = filter_->DeleteHorizon(header);
  }
  return judged;
}

Status BatchMerger::Merge(const record::BatchHeader& header,
                          const std::optional<TimestampMs>& horizon) {
  if (pending_) {
    const std::size_t together = builder_.raw_bytes() + reader_.raw_bytes();
    const bool fits =
        together <= options_.raw_bytes || builder_.raw_bytes() < options_.raw_bytes / 2;
    if (pending_->epoch != header.leader_epoch || pending_->horizon != horizon || !fits) {
      RETURN_IF_ERROR(Flush());
    }
  }
  if (!pending_) {
    if (hole_ && hole_->epoch != header.leader_epoch) RETURN_IF_ERROR(Flush());
    const Offset begin = hole_ ? hole_->base_offset : header.base_offset;
    hole_.reset();
    pending_ = {begin, header.last_offset(), header.leader_epoch, horizon};
    if (horizon) builder_.SetDeleteHorizon(*horizon);
  } else {
    ++batches_merged_;
  }
  RETURN_IF_ERROR(AddRecords(pending_->base_offset));
  pending_->last_offset = header.last_offset();
  return Ok();
}

Status BatchMerger::Rebuild(const record::BatchHeader& header,
                            const std::optional<TimestampMs>& horizon) {
  RETURN_IF_ERROR(Flush());
  if (horizon) builder_.SetDeleteHorizon(*horizon);
  RETURN_IF_ERROR(AddRecords(header.base_offset));
  builder_.SetProducer(header.producer_id, header.producer_epoch, header.base_sequence);
  ASSIGN_OR_RETURN(const ByteView batch,
                   builder_.FinishAt({.base_offset = header.base_offset,
                                      .leader_epoch = header.leader_epoch,
                                      .last_offset_delta = header.last_offset_delta,
                                      .timestamp_type = header.timestamp_type}));
  return Emit(batch);
}

Status BatchMerger::AddRecords(Offset base_offset) {
  for (std::size_t index = 0;; ++index) {
    ASSIGN_OR_RETURN(const record::Record* record, reader_.Next());
    if (record == nullptr) return Ok();
    if (!keeps_[index]) continue;
    builder_.AddAt(static_cast<std::int32_t>(record->offset - base_offset),
                   {.timestamp = record->timestamp,
                    .key = record->key,
                    .value = record->value,
                    .headers = record->headers});
  }
}

Status BatchMerger::CopyWhole(const record::BatchHeader& header, ByteView batch) {
  if (filter_ != nullptr) filter_->CopiedWhole(header);
  return Copy(batch);
}

Status BatchMerger::Copy(ByteView batch) {
  RETURN_IF_ERROR(Flush());
  return Emit(batch);
}

// Beside what has the same epoch: each offset keeps its own.
Status BatchMerger::LeaveOut(const Hole& hole) {
  if (pending_ && pending_->epoch == hole.epoch) {
    pending_->last_offset = hole.last_offset;
    return Ok();
  }
  if (!hole_ || hole_->epoch != hole.epoch) {
    RETURN_IF_ERROR(Flush());
    hole_ = hole;
  }
  hole_->last_offset = hole.last_offset;
  return Ok();
}

Status BatchMerger::Flush() {
  if (hole_) RETURN_IF_ERROR(EmitHole(*std::exchange(hole_, std::nullopt)));
  if (!pending_) return Ok();
  const Pending pending = *std::exchange(pending_, std::nullopt);
  ASSIGN_OR_RETURN(const ByteView batch,
                   builder_.FinishAt({.base_offset = pending.base_offset,
                                      .leader_epoch = pending.epoch,
                                      .last_offset_delta = static_cast<std::int32_t>(
                                          pending.last_offset - pending.base_offset),
                                      .timestamp_type = record::TimestampType::kCreateTime}));
  return Emit(batch);
}

Status BatchMerger::Emit(ByteView batch) { return sink_(batch); }

Status BatchMerger::EmitHole(const Hole& hole) {
  record::BatchHeader empty;
  empty.base_offset = hole.base_offset;
  empty.leader_epoch = hole.epoch;
  empty.last_offset_delta = static_cast<std::int32_t>(hole.last_offset - hole.base_offset);
  empty.max_timestamp = TimestampMs(-1);
  return EmitEmpty(empty);
}

// What tells a producer's next batch from one that was sent again.
Status BatchMerger::EmitHeader(const record::BatchHeader& header) {
  RETURN_IF_ERROR(Flush());
  record::BatchHeader empty;
  empty.base_offset = header.base_offset;
  empty.leader_epoch = header.leader_epoch;
  empty.last_offset_delta = header.last_offset_delta;
  empty.timestamp_type = header.timestamp_type;
  empty.producer_id = header.producer_id;
  empty.producer_epoch = header.producer_epoch;
  empty.base_sequence = header.base_sequence;
  empty.max_timestamp = header.max_timestamp;
  return EmitEmpty(empty);
}

Status BatchMerger::EmitEmpty(record::BatchHeader empty) {
  empty.base_timestamp = TimestampMs(-1);
  char bytes[record::kBatchHeaderBytes];
  record::WriteBatchHeader(bytes, empty);
  record::SealBatch(bytes, sizeof(bytes));
  return Emit(ByteView(bytes, sizeof(bytes)));
}

Status BatchMerger::Finish() { return Flush(); }

}  // namespace logboom::broker
