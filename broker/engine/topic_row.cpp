#include "broker/engine/topic_row.h"

#include <utility>

#include "lib/base/byte_list.h"

namespace logboom::broker {
namespace {

constexpr std::uint8_t kVersion = 1;

}  // namespace

Bytes TopicRowKey(std::uint32_t number) {
  Bytes key;
  ByteWriter(key).Int(number);
  return key;
}

Bytes EncodeTopicRow(const Topic& topic, TopicRowState state) {
  Bytes value;
  ByteWriter writer(value);
  writer.Int(kVersion);
  writer.Int(static_cast<std::uint8_t>(state));
  writer.Raw(topic.topic_id.bytes());
  writer.Int(topic.partitions);
  writer.String(topic.name);
  writer.Int(static_cast<std::uint32_t>(topic.config.size()));
  for (const auto& [name, setting] : topic.config) {
    writer.String(name);
    writer.String(setting);
  }
  return value;
}

Result<DecodedTopicRow> DecodeTopicRow(ByteView key, ByteView value) {
  DecodedTopicRow row;
  ByteReader key_reader(key);
  row.topic.number = key_reader.Int<std::uint32_t>();
  ByteReader reader(value);
  const auto version = reader.Int<std::uint8_t>();
  if (reader.ok() && version != kVersion) {
    return Fail(ErrorCode::kUnsupported, "topic row of version {}; this program reads {}", version,
                kVersion);
  }
  row.state = static_cast<TopicRowState>(reader.Int<std::uint8_t>());
  auto id = Uuid::FromBytes(reader.Raw(Uuid::kSize));
  row.topic.partitions = reader.Int<std::int32_t>();
  row.topic.name = Bytes(reader.String());
  const auto settings = ReadList<std::uint32_t>(reader, [](ByteReader& in) {
    Bytes name(in.String());
    return std::pair(std::move(name), Bytes(in.String()));
  });
  row.topic.config.insert(settings.begin(), settings.end());
  if (!key_reader.done() || !reader.done() || !id || row.state > TopicRowState::kMaking ||
      row.topic.partitions < 1 || row.topic.partitions > kTopicPartitionsMax) {
    return Fail(ErrorCode::kCorrupt, "topic row {} is malformed", row.topic.number);
  }
  row.topic.topic_id = *id;
  return row;
}

}  // namespace logboom::broker
