#include "lib/segment/producer_snapshot.h"

#include "lib/record/crc32c.h"
#include "lib/segment/names.h"

namespace logboom::segment {
namespace {

constexpr std::int16_t kVersion = 1;
constexpr std::size_t kCrcAt = sizeof(std::int16_t);
constexpr std::size_t kCheckedFrom = kCrcAt + sizeof(std::uint32_t);
static_assert(kCheckedFrom + sizeof(std::int32_t) == kProducerSnapshotHeaderBytes);
static_assert(4 * sizeof(std::int64_t) + 3 * sizeof(std::int32_t) + sizeof(std::int16_t) ==
              kProducerSnapshotEntryBytes);

void Append(ByteWriter& writer, const ProducerSnapshotEntry& entry) {
  writer.Int(entry.producer_id);
  writer.Int(entry.epoch);
  writer.Int(entry.last_sequence);
  writer.Int(entry.last_offset.value());
  writer.Int(entry.offset_delta);
  writer.Int(entry.timestamp.value());
  writer.Int(entry.coordinator_epoch);
  writer.Int(entry.transaction_first_offset);
}

ProducerSnapshotEntry ReadEntry(ByteReader& reader) {
  ProducerSnapshotEntry entry;
  entry.producer_id = reader.Int<std::int64_t>();
  entry.epoch = reader.Int<std::int16_t>();
  entry.last_sequence = reader.Int<std::int32_t>();
  entry.last_offset = Offset(reader.Int<std::int64_t>());
  entry.offset_delta = reader.Int<std::int32_t>();
  entry.timestamp = TimestampMs(reader.Int<std::int64_t>());
  entry.coordinator_epoch = reader.Int<std::int32_t>();
  entry.transaction_first_offset = reader.Int<std::int64_t>();
  return entry;
}

Status CheckEntry(const ProducerSnapshotEntry& entry) {
  const bool no_batch = entry.last_sequence == -1 && entry.last_offset == Offset(-1);
  const bool batch = entry.last_sequence >= 0 && entry.offset_delta >= 0 &&
                     entry.last_offset.value() >= entry.offset_delta;
  if (entry.producer_id >= 0 && entry.epoch >= 0 && (no_batch || batch)) return Ok();
  return Fail(ErrorCode::kCorrupt,
              "producer snapshot: producer {}, epoch {} with last sequence {}, last offset {} and "
              "offset delta {} can't be",
              entry.producer_id, entry.epoch, entry.last_sequence, entry.last_offset,
              entry.offset_delta);
}

}  // namespace

Bytes EncodeProducerSnapshot(std::span<const ProducerSnapshotEntry> entries) {
  Bytes bytes;
  bytes.reserve(kProducerSnapshotHeaderBytes + entries.size() * kProducerSnapshotEntryBytes);
  ByteWriter writer(bytes);
  writer.Int(kVersion);
  writer.Int(std::uint32_t{0});
  writer.Int(static_cast<std::int32_t>(entries.size()));
  for (const ProducerSnapshotEntry& entry : entries) Append(writer, entry);
  StoreBig(bytes.data() + kCrcAt, record::Crc32c(ByteView(bytes).substr(kCheckedFrom)));
  return bytes;
}

Result<std::vector<ProducerSnapshotEntry>> DecodeProducerSnapshot(ByteView bytes) {
  ByteReader reader(bytes);
  const auto version = reader.Int<std::int16_t>();
  const auto crc = reader.Int<std::uint32_t>();
  const auto count = reader.Int<std::int32_t>();
  if (!reader.ok()) {
    return Fail(ErrorCode::kCorrupt, "producer snapshot ends early: {} bytes", bytes.size());
  }
  if (version != kVersion) {
    return Fail(ErrorCode::kUnsupported, "producer snapshot: version {}, this program reads {}",
                version, kVersion);
  }
  const std::uint32_t found = record::Crc32c(bytes.substr(kCheckedFrom));
  if (found != crc) {
    return Fail(ErrorCode::kCorrupt, "producer snapshot: CRC-32C is {:08x}, its header says {:08x}",
                found, crc);
  }
  const std::size_t left = reader.rest().size();
  // A negative count becomes more than any file holds.
  if (left != static_cast<std::size_t>(count) * kProducerSnapshotEntryBytes) {
    return Fail(ErrorCode::kCorrupt, "producer snapshot: {} producers in {} bytes", count, left);
  }
  std::vector<ProducerSnapshotEntry> entries;
  entries.reserve(static_cast<std::size_t>(count));
  for (std::int32_t i = 0; i < count; ++i) {
    entries.push_back(ReadEntry(reader));
    RETURN_IF_ERROR(CheckEntry(entries.back()));
  }
  return entries;
}

Result<std::vector<ProducerSnapshotEntry>> ReadProducerSnapshot(file::FileSystem& fs,
                                                                const std::string& directory,
                                                                Offset offset) {
  const std::string path = SegmentPath(directory, offset, kProducerSnapshotSuffix);
  ASSIGN_OR_RETURN(const Bytes bytes, file::ReadWholeFile(fs, path, kProducerSnapshotBytesMax));
  Result<std::vector<ProducerSnapshotEntry>> entries = DecodeProducerSnapshot(bytes);
  if (!entries.ok()) return entries.error().Within(path);
  for (const ProducerSnapshotEntry& entry : *entries) {
    if (entry.last_offset < offset) continue;
    return Fail(ErrorCode::kCorrupt, "{}: tells of offset {}, which comes later", path,
                entry.last_offset);
  }
  return entries;
}

}  // namespace logboom::segment
