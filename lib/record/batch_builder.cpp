#include "lib/record/batch_builder.h"

#include <algorithm>
#include <limits>

#include "lib/base/check.h"
#include "lib/record/varint.h"

namespace logboom::record {
namespace {

// A record's attributes byte: Kafka has given it no meaning yet.
constexpr std::size_t kAttributesBytes = 1;
constexpr std::int64_t kNull = -1;

// Timestamps may lie anywhere in 64 bits, so their difference wraps; the reader's sum wraps back.
std::int64_t Delta(TimestampMs timestamp, TimestampMs base) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(timestamp.value()) -
                                   static_cast<std::uint64_t>(base.value()));
}

std::size_t SizeOfBytes(ByteView bytes) {
  return VarintSize(static_cast<std::int64_t>(bytes.size())) + bytes.size();
}

std::size_t SizeOfNullable(const std::optional<ByteView>& bytes) {
  return bytes ? SizeOfBytes(*bytes) : VarintSize(kNull);
}

std::size_t SizeOfHeaders(std::span<const HeaderView> headers) {
  std::size_t size = 0;
  for (const HeaderView& header : headers) {
    size += SizeOfBytes(header.key) + SizeOfNullable(header.value);
  }
  return size;
}

// All of a record behind its deltas.
std::size_t SizeOfPayload(const RecordView& record) {
  return SizeOfNullable(record.key) + SizeOfNullable(record.value) +
         VarintSize(static_cast<std::int64_t>(record.headers.size())) +
         SizeOfHeaders(record.headers);
}

char* WriteBytes(char* at, ByteView bytes) {
  at = WriteVarint(at, static_cast<std::int64_t>(bytes.size()));
  return at + bytes.copy(at, bytes.size());
}

char* WriteNullable(char* at, const std::optional<ByteView>& bytes) {
  return bytes ? WriteBytes(at, *bytes) : WriteVarint(at, kNull);
}

char* WritePayload(char* at, const RecordView& record) {
  at = WriteNullable(at, record.key);
  at = WriteNullable(at, record.value);
  at = WriteVarint(at, static_cast<std::int64_t>(record.headers.size()));
  for (const HeaderView& header : record.headers) {
    at = WriteBytes(at, header.key);
    at = WriteNullable(at, header.value);
  }
  return at;
}

}  // namespace

BatchBuilder::BatchBuilder(BatchBuilderOptions options)
    : options_(options), compressor_(options.codec, options.level) {
  CHECK(options.batch_bytes_max >= kBatchHeaderBytes && options.batch_bytes_max <= kBatchBytesMax);
  raw_.Reserve(kBatchHeaderBytes, 0);
}

std::size_t BatchBuilder::SizeOf(const RecordView& record) {
  const std::size_t body =
      kAttributesBytes + kVarlongBytesMax + kVarintBytesMax + SizeOfPayload(record);
  return VarintSize(static_cast<std::int64_t>(body)) + body;
}

bool BatchBuilder::Fits(const RecordView& record) const {
  return SizeOf(record) <= options_.batch_bytes_max - size_ &&
         record.headers.size() <= std::size_t{kHeadersPerRecordMax};
}

void BatchBuilder::Add(const RecordView& record) { AddAt(next_offset_delta_, record); }

void BatchBuilder::AddAt(std::int32_t offset_delta, const RecordView& record) {
  CHECK(offset_delta >= next_offset_delta_);
  if (empty()) {
    base_timestamp_ = delete_horizon_.value_or(record.timestamp);
    max_timestamp_ = record.timestamp;
  }
  max_timestamp_ = std::max(max_timestamp_, record.timestamp);
  const std::int64_t timestamp_delta = Delta(record.timestamp, base_timestamp_);
  const std::size_t body = kAttributesBytes + VarintSize(timestamp_delta) +
                           VarintSize(offset_delta) + SizeOfPayload(record);
  const std::size_t size = VarintSize(static_cast<std::int64_t>(body)) + body;
  CHECK(size <= options_.batch_bytes_max - size_);

  raw_.Reserve(size_ + size, size_);
  char* at = raw_.data() + size_;
  at = WriteVarint(at, static_cast<std::int64_t>(body));
  *at++ = 0;
  at = WriteVarint(at, timestamp_delta);
  at = WriteVarint(at, offset_delta);
  WritePayload(at, record);
  size_ += size;
  ++record_count_;
  next_offset_delta_ = offset_delta + 1;
}

HeaderSlot BatchBuilder::AddWithSlot(const RecordView& record, std::size_t index) {
  CHECK(index < record.headers.size() && record.headers[index].value.has_value());
  Add(record);
  // Headers end a record, so the value stands before those that follow it.
  const std::size_t value_bytes = record.headers[index].value->size();
  const std::size_t behind = SizeOfHeaders(record.headers.subspan(index + 1));
  return {.position = raw_bytes() - behind - value_bytes, .size = value_bytes};
}

void BatchBuilder::PatchHeader(HeaderSlot slot, ByteView bytes) {
  CHECK(bytes.size() == slot.size);
  CHECK(slot.size <= raw_bytes() && slot.position <= raw_bytes() - slot.size);
  bytes.copy(raw_.data() + kBatchHeaderBytes + slot.position, bytes.size());
}

void BatchBuilder::SetProducer(std::int64_t producer_id, std::int16_t epoch,
                               std::int32_t base_sequence) {
  producer_ = {.id = producer_id, .epoch = epoch, .base_sequence = base_sequence};
}

void BatchBuilder::SetDeleteHorizon(TimestampMs horizon) {
  CHECK(empty());
  delete_horizon_ = horizon;
}

Result<ByteView> BatchBuilder::Finish() {
  return FinishAt({.base_offset = Offset(0), .last_offset_delta = next_offset_delta_ - 1});
}

Result<ByteView> BatchBuilder::FinishAt(const BatchPlace& place) {
  CHECK(!empty() && place.last_offset_delta >= next_offset_delta_ - 1);
  ASSIGN_OR_RETURN(const Packed packed, Pack());
  BatchHeader header;
  header.base_offset = place.base_offset;
  header.leader_epoch = place.leader_epoch;
  header.codec = packed.codec;
  header.timestamp_type = place.timestamp_type;
  header.has_delete_horizon = delete_horizon_.has_value();
  header.last_offset_delta = place.last_offset_delta;
  header.base_timestamp = base_timestamp_;
  header.max_timestamp = max_timestamp_;
  header.producer_id = producer_.id;
  header.producer_epoch = producer_.epoch;
  header.base_sequence = producer_.base_sequence;
  header.record_count = record_count_;
  WriteBatchHeader(packed.batch, header);
  SealBatch(packed.batch, packed.size);
  Clear();
  return ByteView(packed.batch, packed.size);
}

Result<BatchBuilder::Packed> BatchBuilder::Pack() {
  const Packed as_is{.codec = Codec::kNone, .batch = raw_.data(), .size = size_};
  if (options_.codec == Codec::kNone) return as_is;
  const ByteView records(raw_.data() + kBatchHeaderBytes, raw_bytes());
  const std::size_t bound = compressor_.SizeMax(records.size());
  packed_.Reserve(kBatchHeaderBytes + bound, 0);
  ASSIGN_OR_RETURN(const std::size_t size,
                   compressor_.CompressTo(records, {packed_.data() + kBatchHeaderBytes, bound}));
  if (size >= records.size()) return as_is;
  return Packed{.codec = options_.codec, .batch = packed_.data(), .size = kBatchHeaderBytes + size};
}

void BatchBuilder::Clear() {
  size_ = kBatchHeaderBytes;
  record_count_ = 0;
  next_offset_delta_ = 0;
  delete_horizon_.reset();
  producer_ = {};
}

}  // namespace logboom::record
