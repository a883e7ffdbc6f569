#include "broker/groups/committed_offset.h"

#include "broker/groups/limits.h"

namespace logboom::broker {
namespace {

constexpr std::uint8_t kVersion = 1;

}  // namespace

Bytes CommittedOffsetKey(const std::string& group, const TopicPartition& where) {
  Bytes key;
  ByteWriter writer(key);
  writer.String(group);
  writer.Raw(where.topic_id.bytes());
  writer.Int(where.partition.value());
  return key;
}

Bytes EncodeCommittedOffset(const CommittedOffset& committed) {
  Bytes value;
  ByteWriter writer(value);
  writer.Int(kVersion);
  writer.Int(committed.offset.value());
  writer.Int(committed.leader_epoch.value());
  writer.Int(committed.time.value());
  writer.String(committed.metadata);
  return value;
}

Result<CommittedOffsetRow> DecodeCommittedOffsetRow(ByteView key, ByteView value) {
  CommittedOffsetRow row;
  ByteReader key_reader(key);
  row.group = Bytes(key_reader.String());
  auto topic_id = Uuid::FromBytes(key_reader.Raw(Uuid::kSize));
  row.where.partition = PartitionIndex{key_reader.Int<std::int32_t>()};
  ByteReader reader(value);
  const auto version = reader.Int<std::uint8_t>();
  if (reader.ok() && version != kVersion) {
    return Fail(ErrorCode::kUnsupported,
                "committed offset's row of version {}; this program reads {}", version, kVersion);
  }
  row.committed.offset = Offset{reader.Int<std::int64_t>()};
  row.committed.leader_epoch = LeaderEpoch{reader.Int<std::int32_t>()};
  row.committed.time = TimestampMs{reader.Int<std::int64_t>()};
  row.committed.metadata = Bytes(reader.String());
  if (!key_reader.done() || !reader.done() || !topic_id || row.group.empty() ||
      row.where.partition < PartitionIndex{0} || row.committed.offset < Offset{0} ||
      row.committed.leader_epoch < LeaderEpoch{-1} ||
      row.committed.metadata.size() > kOffsetMetadataBytesMax) {
    return Fail(ErrorCode::kCorrupt, "a committed offset's row is malformed");
  }
  row.where.topic_id = *topic_id;
  return row;
}

}  // namespace logboom::broker
