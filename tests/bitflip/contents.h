// All that a client can learn from a broker about what it keeps.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "tests/bitflip/local_broker.h"

namespace logboom::bitflip {

// The agent whose sources there are, and where its lines go.
inline constexpr const char* kSampleAgent = "agent";
inline constexpr const char* kSampleAgentTopic = "web";

struct OffsetRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  friend bool operator==(const OffsetRange&, const OffsetRange&) = default;
};

struct PartitionContents {
  std::int64_t log_start = -1;
  std::int64_t end = -1;
  std::int32_t epoch = -1;
  std::int64_t last_append_ms = -1;
  std::map<std::int64_t, Bytes> batches;  // by base offset; sound by their checksum
  std::vector<OffsetRange> refused;       // served, and a client sees that they are broken
  std::vector<OffsetRange> unreadable;    // told by the broker
  std::map<std::int64_t, std::int64_t> offset_at_time;  // -2: an error
  std::map<std::int32_t, std::int64_t> epoch_end;       // as a reader of an old epoch is told
  Bytes rows;                                           // gaps
  std::vector<std::string> errors;
};

// Where a partition is: "topic-partition".
using PartitionName = std::string;

struct Contents {
  std::map<std::string, std::string> topics;  // id and configuration, in words
  std::map<PartitionName, PartitionContents> partitions;
  std::map<std::string, std::string> sources;    // topic and id: all that is told of it
  std::map<std::string, std::string> committed;  // group and partition: all that is told of it
  // When the record at the committed offset arrived; the same keys. -1: unknown, or at the end.
  std::map<std::string, std::int64_t> arrived_ms;
  std::vector<std::string> conditions;
  std::vector<std::string> errors;
};

// `times` are looked up in every partition.
Contents ReadContents(LocalBroker& broker, const std::vector<std::int64_t>& times);

}  // namespace logboom::bitflip
