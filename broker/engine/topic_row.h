// The row of a topic in the metadata store. Key: topic number u32. Value: version u8 = 1, state u8,
// topic id 16 bytes, partitions i32, name, count u32 of configuration pairs, each key and value;
// strings are u32 length and bytes; big endian.
#pragma once

#include "broker/engine/log_engine.h"
#include "lib/base/bytes.h"
#include "lib/base/result.h"

namespace logboom::broker {

enum class TopicRowState : std::uint8_t {
  kLive = 0,
  kDeleting = 1,
  kMaking = 2,  // nobody has been told yet that it is there
};

Bytes TopicRowKey(std::uint32_t number);
Bytes EncodeTopicRow(const Topic& topic, TopicRowState state);

struct DecodedTopicRow {
  Topic topic;
  TopicRowState state = TopicRowState::kLive;
};
Result<DecodedTopicRow> DecodeTopicRow(ByteView key, ByteView value);

}  // namespace logboom::broker
