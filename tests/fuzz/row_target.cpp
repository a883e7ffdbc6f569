#include <gtest/gtest.h>

#include "broker/engine/producer_ids.h"
#include "broker/engine/topic_row.h"
#include "broker/groups/committed_offset.h"
#include "broker/groups/group_sleep.h"
#include "broker/sources/agent_registry.h"
#include "broker/sources/shown_rows.h"
#include "broker/sources/source_table.h"
#include "tests/fuzz/targets.h"

namespace logboom::fuzz {
namespace {

// Decodes, encodes, and decodes again; the second encoding must be as the first.
template <typename Decode, typename Encode>
void ThereAndBack(ByteView key, ByteView value, Decode decode, Encode encode) {
  const auto first = decode(key, value);
  if (!first.ok()) return;
  const Bytes bytes = encode(*first);
  const auto second = decode(key, bytes);
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ(encode(*second), bytes);
}

}  // namespace

// Byte 0: how many of the others are the key.
void Row(ByteView input) {
  if (input.empty()) return;
  const ByteView key = input.substr(1, static_cast<std::uint8_t>(input[0]));
  const ByteView value = input.substr(1 + key.size());
  ThereAndBack(key, value, broker::DecodeAgentRow, broker::EncodeAgentRow);
  ThereAndBack(key, value, broker::DecodeShownRow, broker::EncodeShownRow);
  ThereAndBack(key, value, broker::DecodeSourceRow, [](const broker::Source& source) {
    return broker::EncodeSourceRow(source, source.durable, source.window);
  });
  ThereAndBack(key, value, broker::DecodeCommittedOffsetRow,
               [](const broker::CommittedOffsetRow& row) {
                 return broker::EncodeCommittedOffset(row.committed);
               });
  ThereAndBack(key, value, broker::DecodeGroupSleepRow, broker::EncodeGroupSleep);
  ThereAndBack(
      key, value, [](ByteView, ByteView row) { return broker::DecodeProducerIdRow(row); },
      broker::EncodeProducerIdRow);
  ThereAndBack(key, value, broker::DecodeTopicRow, [](const broker::DecodedTopicRow& row) {
    return broker::EncodeTopicRow(row.topic, row.state);
  });
}

}  // namespace logboom::fuzz
