// <base>.timeindex, as Kafka's TimeIndex: entries of 12 bytes, i64 largest create time so far, i32
// last offset, relative to the base, of the batch that holds it. Both grow.
// docs/formats/indexes.md.
#pragma once

#include <cstdint>
#include <optional>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/segment/entry_file.h"

namespace logboom::segment {

struct TimeIndexEntry {
  static constexpr std::size_t kBytes = 12;
  static constexpr std::size_t kHeaderBytes = 0;

  TimestampMs timestamp;
  Offset offset;

  static Bytes Header(Offset) { return {}; }
  static Status CheckHeader(ByteView, Offset) { return Ok(); }
  void Encode(char* out, Offset base) const {
    StoreBig(out, timestamp.value());
    StoreBig(out + 8, static_cast<std::int32_t>(offset - base));
  }
  static TimeIndexEntry Decode(const char* in, Offset base) {
    return {TimestampMs(LoadBig<std::int64_t>(in)), base + LoadBig<std::int32_t>(in + 8)};
  }
  bool FollowsOn(const std::optional<TimeIndexEntry>& previous) const {
    // Zeros are what a crash may leave: a batch from 1970 goes without.
    if (!previous) return timestamp.value() > 0;
    return timestamp > previous->timestamp && offset > previous->offset;
  }
  friend bool operator==(const TimeIndexEntry&, const TimeIndexEntry&) = default;
};

using TimeIndex = EntryFile<TimeIndexEntry>;

}  // namespace logboom::segment
