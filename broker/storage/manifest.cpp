#include "broker/storage/manifest.h"

#include <optional>

#include "lib/segment/side_car.h"

namespace logboom::broker {
namespace {

constexpr segment::SideCarFormat kFormat{.magic = "LBmf", .version = 2};

void EncodeCheckpoint(ByteWriter& writer, const PartitionCheckpoint& checkpoint) {
  writer.Raw(checkpoint.topic_id.bytes());
  writer.Int(checkpoint.partition.value());
  writer.Int(checkpoint.recovery_point.value());
  writer.Int(checkpoint.segment_base.value());
  writer.Int(checkpoint.position.value());
  writer.Int(checkpoint.max_append_time.value());
  segment::EncodeTotals(writer, checkpoint.segment_totals);
  segment::EncodeSums(writer, checkpoint.sums);
}

PartitionCheckpoint DecodeCheckpoint(ByteReader& reader) {
  PartitionCheckpoint checkpoint;
  checkpoint.topic_id = Uuid::FromBytes(reader.Raw(Uuid::kSize)).value_or(Uuid());
  checkpoint.partition = PartitionIndex(reader.Int<std::int32_t>());
  checkpoint.recovery_point = Offset(reader.Int<std::int64_t>());
  checkpoint.segment_base = Offset(reader.Int<std::int64_t>());
  checkpoint.position = FilePosition(reader.Int<std::int64_t>());
  checkpoint.max_append_time = TimestampMs(reader.Int<std::int64_t>());
  checkpoint.segment_totals = segment::DecodeTotals(reader);
  checkpoint.sums = segment::DecodeSums(reader);
  return checkpoint;
}

}  // namespace

Bytes EncodeManifest(const Manifest& manifest) {
  Bytes payload;
  ByteWriter writer(payload);
  writer.Int(static_cast<std::uint8_t>(manifest.clean ? 1 : 0));
  writer.Int(static_cast<std::uint32_t>(manifest.partitions.size()));
  for (const PartitionCheckpoint& checkpoint : manifest.partitions) {
    EncodeCheckpoint(writer, checkpoint);
  }
  return segment::EncodeSideCar(kFormat, payload);
}

Result<Manifest> DecodeManifest(ByteView bytes) {
  ASSIGN_OR_RETURN(const ByteView payload, segment::DecodeSideCar(kFormat, bytes));
  ByteReader reader(payload);
  Manifest manifest;
  manifest.clean = reader.Int<std::uint8_t>() == 1;
  const auto count = reader.Int<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    manifest.partitions.push_back(DecodeCheckpoint(reader));
  }
  if (!reader.done()) return Fail(ErrorCode::kCorrupt, "manifest: not {} partitions long", count);
  return manifest;
}

}  // namespace logboom::broker
