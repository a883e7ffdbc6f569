// How long a group has been asleep, and its row in the metadata store (docs/formats/metadata.md).
// Functions without state; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"

namespace logboom::broker {

struct GroupSleep {
  std::string group;
  // Without members and without a commit, while a broker ran.
  std::int64_t slept_ms = 0;
  TimestampMs as_of;
};

// Key: the group's name. Value: version u8 = 1, slept i64 ms, as of i64 ms; big endian.
Bytes EncodeGroupSleep(const GroupSleep& sleep);
Result<GroupSleep> DecodeGroupSleepRow(ByteView key, ByteView value);

}  // namespace logboom::broker
