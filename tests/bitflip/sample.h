// A data directory with a bit of everything in it, cleanly stopped: several topics and partitions,
// many sealed segments and active ones, a log start and a leader epoch that have moved, sources,
// gaps, committed offsets; a compacted topic with several compacted segments, and some that are not
// yet.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/random.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "tests/bitflip/compacted.h"
#include "tests/bitflip/contents.h"

namespace logboom::bitflip {

inline constexpr const char* kKeyedPartition = "keyed-0";
inline constexpr std::int64_t kTombstonesStayMs = 30 * 60'000;

struct Sample {
  TimestampMs stopped;
  // What was acked: by partition, base offset, the batch as sent but for its base offset and epoch.
  std::map<PartitionName, std::map<std::int64_t, Bytes>> acked;
  // Likewise, of the compacted topic.
  KeyedRecords keyed;
};

// `directory` is empty. A failure is one of the broker, or of the machine.
Result<Sample> MakeSample(const std::string& directory, Random& random);

}  // namespace logboom::bitflip
