// What compaction may take from a partition, whatever has rotted in it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/types.h"
#include "tests/bitflip/contents.h"

namespace logboom::bitflip {

struct KeyedRecord {
  Bytes key;
  std::optional<Bytes> value;  // nothing: a tombstone
  std::int64_t timestamp_ms = 0;
  friend bool operator==(const KeyedRecord&, const KeyedRecord&) = default;
};
using KeyedRecords = std::map<std::int64_t, KeyedRecord>;  // by offset

// Those of whole batches.
KeyedRecords RecordsOf(const std::map<std::int64_t, Bytes>& batches);

// Offsets of the tombstones whose time is over at `now`.
std::vector<std::int64_t> TombstonesPastTheirTime(const std::map<std::int64_t, Bytes>& batches,
                                                  TimestampMs now);

// A sentence for each record of `after` that `before` does not have, and for each that is gone but
// may not be: a good record stays until a good one of its key stands behind it, a tombstone until
// it is one of `past_their_time` and nothing is left that it hides. `touched` can't be read.
std::vector<std::string> JudgeRecords(const KeyedRecords& before, const KeyedRecords& after,
                                      const std::vector<std::int64_t>& past_their_time,
                                      const std::optional<OffsetRange>& touched);

// The same of what is served; and where the log begins and ends, and what is told as unreadable.
std::vector<std::string> JudgeCompacted(const PartitionContents& before,
                                        const PartitionContents& after, TimestampMs now,
                                        const std::optional<OffsetRange>& touched);

}  // namespace logboom::bitflip
