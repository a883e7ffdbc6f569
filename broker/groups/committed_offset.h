// How far a group has read a partition, and its row in the metadata store
// (docs/formats/metadata.md). Functions without state; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "broker/storage/topic_partition.h"
#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"

namespace logboom::broker {

struct CommittedOffset {
  Offset offset;                 // the next to read
  LeaderEpoch leader_epoch{-1};  // of the record before it; -1: unknown
  Bytes metadata;                // the client's own note
  TimestampMs time;              // when it was committed
  friend bool operator==(const CommittedOffset&, const CommittedOffset&) = default;
};

struct CommittedOffsetRow {
  std::string group;
  TopicPartition where;
  CommittedOffset committed;
};

// Key: group as u32 length and bytes, topic id, partition i32. Value: version u8 = 1, offset i64,
// leader epoch i32, time i64 ms, metadata as u32 length and bytes; big endian.
Bytes CommittedOffsetKey(const std::string& group, const TopicPartition& where);
Bytes EncodeCommittedOffset(const CommittedOffset& committed);
Result<CommittedOffsetRow> DecodeCommittedOffsetRow(ByteView key, ByteView value);

}  // namespace logboom::broker
