#include <algorithm>

#include "broker/sources/source_table.h"
#include "lib/base/byte_list.h"

namespace logboom::broker {
namespace {

constexpr std::uint8_t kVersion = 1;

}  // namespace

Bytes SourceRowKey(const Uuid& topic_id, const Uuid& source_id) {
  Bytes key(topic_id.bytes());
  key += source_id.bytes();
  return key;
}

Bytes EncodeSourceRow(const Source& source, SourcePosition position, std::uint64_t window) {
  Bytes value;
  ByteWriter writer(value);
  writer.Int(kVersion);
  writer.Int(source.where.partition.value());
  writer.Int(static_cast<std::uint8_t>(source.state));
  writer.Int(position.value());
  writer.Int(window);
  writer.Int(source.last_sign.value());
  writer.String(record::EncodeSourceIdentity(source.identity));
  const auto covered = static_cast<std::uint8_t>(
      std::count_if(source.recent.begin(), source.recent.end(),
                    [position](const SpanEnd& one) { return one.end <= position; }));
  writer.Int(covered);
  for (const SpanEnd& one : source.recent) {
    if (one.end > position) continue;
    writer.Int(one.end.value());
    writer.Int(one.window);
  }
  return value;
}

Result<Source> DecodeSourceRow(ByteView key, ByteView value) {
  ByteReader key_reader(key);
  Source source;
  source.where.topic_id = Uuid::FromBytes(key_reader.Raw(Uuid::kSize)).value_or(Uuid());
  source.source_id = Uuid::FromBytes(key_reader.Raw(Uuid::kSize)).value_or(Uuid());
  ByteReader reader(value);
  const auto version = reader.Int<std::uint8_t>();
  if (reader.ok() && version != kVersion) {
    return Fail(ErrorCode::kUnsupported, "source row of version {}; this program reads {}", version,
                kVersion);
  }
  source.where.partition = PartitionIndex{reader.Int<std::int32_t>()};
  source.state = static_cast<SourceState>(reader.Int<std::uint8_t>());
  source.appended = SourcePosition{reader.Int<std::int64_t>()};
  source.durable = source.appended;
  source.window = reader.Int<std::uint64_t>();
  source.last_sign = TimestampMs{reader.Int<std::int64_t>()};
  ASSIGN_OR_RETURN(source.identity, record::DecodeSourceIdentity(reader.String()));
  source.recent = ReadList<std::uint8_t>(reader, [](ByteReader& in) {
    const SourcePosition end{in.Int<std::int64_t>()};
    return SpanEnd{end, in.Int<std::uint64_t>()};
  });
  if (!key_reader.done() || !reader.done() || source.state > SourceState::kFinal ||
      source.recent.size() > kRecentSpansMax || source.appended < SourcePosition{0} ||
      source.where.partition < PartitionIndex{0}) {
    return Fail(ErrorCode::kCorrupt, "a source's row is malformed");
  }
  return source;
}

}  // namespace logboom::broker
