#include "lib/record/batch_header.h"

#include <algorithm>
#include <limits>

#include "lib/base/check.h"
#include "lib/record/crc32c.h"

namespace logboom::record {
namespace {

// Where each field stands.
constexpr std::size_t kBaseOffsetAt = 0;
constexpr std::size_t kLengthAt = 8;
constexpr std::size_t kLeaderEpochAt = 12;
constexpr std::size_t kMagicAt = 16;
constexpr std::size_t kCrcAt = 17;
constexpr std::size_t kAttributesAt = 21;
constexpr std::size_t kLastOffsetDeltaAt = 23;
constexpr std::size_t kBaseTimestampAt = 27;
constexpr std::size_t kMaxTimestampAt = 35;
constexpr std::size_t kProducerIdAt = 43;
constexpr std::size_t kProducerEpochAt = 51;
constexpr std::size_t kBaseSequenceAt = 53;
constexpr std::size_t kRecordCountAt = 57;
static_assert(kLengthAt + sizeof(std::int32_t) == kBatchPrefixBytes);
static_assert(kRecordCountAt + sizeof(std::int32_t) == kBatchHeaderBytes);

constexpr std::uint16_t kCodecMask = 0x07;
constexpr std::uint16_t kAppendTimeBit = 0x08;
constexpr std::uint16_t kTransactionalBit = 0x10;
constexpr std::uint16_t kControlBit = 0x20;
constexpr std::uint16_t kDeleteHorizonBit = 0x40;
constexpr std::uint16_t kKnownBits = 0x7F;
constexpr auto kCodecLast = static_cast<std::uint16_t>(Codec::kZstd);

constexpr std::int32_t kLengthMin = kBatchHeaderBytes - kBatchPrefixBytes;
constexpr std::int32_t kLengthMax = kBatchBytesMax - kBatchPrefixBytes;

std::uint16_t EncodeAttributes(const BatchHeader& header) {
  unsigned bits = static_cast<unsigned>(header.codec);
  if (header.timestamp_type == TimestampType::kAppendTime) bits |= kAppendTimeBit;
  if (header.transactional) bits |= kTransactionalBit;
  if (header.control) bits |= kControlBit;
  if (header.has_delete_horizon) bits |= kDeleteHorizonBit;
  return static_cast<std::uint16_t>(bits);
}

Status DecodeAttributes(std::uint16_t bits, BatchHeader& header) {
  if ((bits & ~kKnownBits) != 0) {
    return Fail(ErrorCode::kCorrupt, "batch header: unknown attribute bits in {:#06x}", bits);
  }
  const auto codec = static_cast<std::uint16_t>(bits & kCodecMask);
  if (codec > kCodecLast) {
    return Fail(ErrorCode::kCorrupt, "batch header: unknown codec {}, known are 0 to {}", codec,
                kCodecLast);
  }
  header.codec = static_cast<Codec>(codec);
  header.timestamp_type =
      (bits & kAppendTimeBit) != 0 ? TimestampType::kAppendTime : TimestampType::kCreateTime;
  header.transactional = (bits & kTransactionalBit) != 0;
  header.control = (bits & kControlBit) != 0;
  header.has_delete_horizon = (bits & kDeleteHorizonBit) != 0;
  return Ok();
}

BatchHeader DecodeFields(const char* at) {
  BatchHeader header;
  header.base_offset = Offset(LoadBig<std::int64_t>(at + kBaseOffsetAt));
  header.length = LoadBig<std::int32_t>(at + kLengthAt);
  header.leader_epoch = LeaderEpoch(LoadBig<std::int32_t>(at + kLeaderEpochAt));
  header.crc = LoadBig<std::uint32_t>(at + kCrcAt);
  header.last_offset_delta = LoadBig<std::int32_t>(at + kLastOffsetDeltaAt);
  header.base_timestamp = TimestampMs(LoadBig<std::int64_t>(at + kBaseTimestampAt));
  header.max_timestamp = TimestampMs(LoadBig<std::int64_t>(at + kMaxTimestampAt));
  header.producer_id = LoadBig<std::int64_t>(at + kProducerIdAt);
  header.producer_epoch = LoadBig<std::int16_t>(at + kProducerEpochAt);
  header.base_sequence = LoadBig<std::int32_t>(at + kBaseSequenceAt);
  header.record_count = LoadBig<std::int32_t>(at + kRecordCountAt);
  return header;
}

Status CheckOffsets(const BatchHeader& header) {
  const std::int32_t count = header.record_count;
  const std::int32_t last = header.last_offset_delta;
  if (count < 0) return Fail(ErrorCode::kCorrupt, "batch header: record count {} < 0", count);
  if (last < 0) return Fail(ErrorCode::kCorrupt, "batch header: last offset delta {} < 0", last);
  if (last < count - 1) {
    return Fail(ErrorCode::kCorrupt,
                "batch header: last offset delta {} is too small for {} records", last, count);
  }
  const std::int64_t base = header.base_offset.value();
  // next_offset() must not overflow.
  if (base < 0 || base > std::numeric_limits<std::int64_t>::max() - last - 1) {
    return Fail(ErrorCode::kCorrupt, "batch header: base offset {} is out of range", base);
  }
  return Ok();
}

}  // namespace

Result<BatchHeader> ParseBatchHeader(ByteView bytes) {
  if (bytes.size() < kBatchHeaderBytes) {
    return Fail(ErrorCode::kCorrupt, "batch header ends early: {} of {} bytes", bytes.size(),
                kBatchHeaderBytes);
  }
  const auto magic = LoadBig<std::int8_t>(bytes.data() + kMagicAt);
  if (magic != kMagic) {
    return Fail(ErrorCode::kUnsupported, "batch header: magic {}, this program reads {} only",
                int{magic}, int{kMagic});
  }
  BatchHeader header = DecodeFields(bytes.data());
  if (header.length < kLengthMin || header.length > kLengthMax) {
    return Fail(ErrorCode::kCorrupt, "batch header: length {} is not within {} to {}",
                header.length, kLengthMin, kLengthMax);
  }
  RETURN_IF_ERROR(DecodeAttributes(LoadBig<std::uint16_t>(bytes.data() + kAttributesAt), header));
  RETURN_IF_ERROR(CheckOffsets(header));
  return header;
}

Result<BatchHeader> VerifyBatch(ByteView batch) {
  ASSIGN_OR_RETURN(const BatchHeader header, ParseBatchHeader(batch));
  if (header.size_bytes() != batch.size()) {
    return Fail(ErrorCode::kCorrupt, "batch at offset {}: is {} bytes long, its header says {}",
                header.base_offset, batch.size(), header.size_bytes());
  }
  const std::uint32_t crc = Crc32c(batch.substr(kAttributesAt));
  if (crc != header.crc) {
    return Fail(ErrorCode::kCorrupt,
                "batch at offset {}: CRC-32C is {:08x}, its header says {:08x}", header.base_offset,
                crc, header.crc);
  }
  return header;
}

void SetBaseOffset(char* batch, Offset base_offset) {
  StoreBig(batch + kBaseOffsetAt, base_offset.value());
}

void SetLeaderEpoch(char* batch, LeaderEpoch epoch) {
  StoreBig(batch + kLeaderEpochAt, epoch.value());
}

void WriteBatchHeader(char* batch, const BatchHeader& header) {
  StoreBig(batch + kBaseOffsetAt, header.base_offset.value());
  StoreBig(batch + kLengthAt, header.length);
  StoreBig(batch + kLeaderEpochAt, header.leader_epoch.value());
  StoreBig(batch + kMagicAt, kMagic);
  StoreBig(batch + kCrcAt, header.crc);
  StoreBig(batch + kAttributesAt, EncodeAttributes(header));
  StoreBig(batch + kLastOffsetDeltaAt, header.last_offset_delta);
  StoreBig(batch + kBaseTimestampAt, header.base_timestamp.value());
  StoreBig(batch + kMaxTimestampAt, header.max_timestamp.value());
  StoreBig(batch + kProducerIdAt, header.producer_id);
  StoreBig(batch + kProducerEpochAt, header.producer_epoch);
  StoreBig(batch + kBaseSequenceAt, header.base_sequence);
  StoreBig(batch + kRecordCountAt, header.record_count);
}

void SealBatch(char* batch, std::size_t size_bytes) {
  CHECK(size_bytes >= kBatchHeaderBytes && size_bytes <= kBatchBytesMax);
  StoreBig(batch + kLengthAt, static_cast<std::int32_t>(size_bytes - kBatchPrefixBytes));
  StoreBig(batch + kCrcAt, Crc32c(ByteView(batch, size_bytes).substr(kAttributesAt)));
}

}  // namespace logboom::record
