#include "broker/storage/manifest.h"

#include <memory>

#include "lib/base/byte_list.h"
#include "lib/segment/limits.h"
#include "lib/segment/side_car.h"

namespace logboom::broker {
namespace {

constexpr segment::SideCarFormat kFormat{.magic = "LBmf", .version = 2};

void EncodeSettled(ByteWriter& writer, const SettledLog* settled) {
  writer.Int(static_cast<std::uint8_t>(settled != nullptr ? 1 : 0));
  if (settled == nullptr) return;
  writer.Int(settled->log_start.value());
  writer.Int(static_cast<std::uint32_t>(settled->epochs.size()));
  for (const segment::EpochStart& start : settled->epochs) {
    writer.Int(start.epoch.value());
    writer.Int(start.start_offset.value());
  }
  writer.Int(static_cast<std::uint32_t>(settled->sealed.size()));
  for (const FoundSegment& segment : settled->sealed) {
    writer.Int(segment.base_offset.value());
    writer.Int(segment.size_bytes);
  }
}

std::shared_ptr<const SettledLog> DecodeSettled(ByteReader& reader) {
  if (reader.Int<std::uint8_t>() == 0) return nullptr;
  auto settled = std::make_shared<SettledLog>();
  settled->log_start = Offset(reader.Int<std::int64_t>());
  settled->epochs = ReadList<std::uint32_t>(reader, [](ByteReader& in) {
    const LeaderEpoch epoch(in.Int<std::int32_t>());
    return segment::EpochStart{epoch, Offset(in.Int<std::int64_t>())};
  });
  settled->sealed = ReadList<std::uint32_t>(reader, [](ByteReader& in) {
    const Offset base_offset(in.Int<std::int64_t>());
    return FoundSegment{base_offset, in.Int<std::int64_t>()};
  });
  return settled;
}

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
    // Millions of segments would not fit: the files tell of the rest.
    const bool has_room = payload.size() < segment::kSideCarBytesMax / 2;
    EncodeSettled(writer, has_room ? checkpoint.settled.get() : nullptr);
  }
  return segment::EncodeSideCar(kFormat, payload);
}

Result<Manifest> DecodeManifest(ByteView bytes) {
  ASSIGN_OR_RETURN(const ByteView payload, segment::DecodeSideCar(kFormat, bytes));
  ByteReader reader(payload);
  Manifest manifest;
  manifest.clean = reader.Int<std::uint8_t>() == 1;
  manifest.partitions = ReadList<std::uint32_t>(reader, [](ByteReader& in) {
    PartitionCheckpoint checkpoint = DecodeCheckpoint(in);
    checkpoint.settled = DecodeSettled(in);
    return checkpoint;
  });
  if (!reader.done()) return Fail(ErrorCode::kCorrupt, "manifest: not as long as it says");
  return manifest;
}

}  // namespace logboom::broker
