#include "broker/engine/producer_ids.h"

#include <algorithm>

namespace logboom::broker {
namespace {

constexpr std::uint8_t kVersion = 1;

}  // namespace

Bytes EncodeProducerIdRow(std::int64_t reserved_until) {
  Bytes value;
  ByteWriter writer(value);
  writer.Int(kVersion);
  writer.Int(reserved_until);
  return value;
}

Result<std::int64_t> DecodeProducerIdRow(ByteView value) {
  ByteReader reader(value);
  const auto version = reader.Int<std::uint8_t>();
  if (reader.ok() && version != kVersion) {
    return Fail(ErrorCode::kUnsupported, "producer id row of version {}; this program reads {}",
                version, kVersion);
  }
  const auto reserved_until = reader.Int<std::int64_t>();
  if (!reader.done() || reserved_until < 0) {
    return Fail(ErrorCode::kCorrupt, "the producer id row is malformed");
  }
  return reserved_until;
}

ProducerIds::ProducerIds(std::int64_t known, std::uint32_t restore_count) {
  const std::int64_t range = std::int64_t{std::min(restore_count, kProducerIdRestoresMax)}
                             << kProducerIdRestoreShift;
  next_ = std::max(known, range) + kProducerIdJump;
  reserved_until_ = next_;
}

std::optional<std::int64_t> ProducerIds::Take() {
  if (next_ == reserved_until_) return std::nullopt;
  return next_++;
}

}  // namespace logboom::broker
