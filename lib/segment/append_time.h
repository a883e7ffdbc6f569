// <base>.appendtime: when records arrived by the broker's clock. Behind a header of 16 bytes
// ("LBat", version u16, 0 u16, base offset i64), entries as .timeindex's: i64 append time, i32
// offset relative to the base: records from that offset on, up to the next entry's, arrived at or
// after that time and less than kAppendTimeIntervalMs later. docs/formats/indexes.md.
#pragma once

#include <cstdint>
#include <optional>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/segment/entry_file.h"

namespace logboom::segment {

struct AppendTimeEntry {
  static constexpr std::size_t kBytes = 12;
  static constexpr std::size_t kHeaderBytes = 16;

  TimestampMs time;
  Offset offset;

  static Bytes Header(Offset base);
  static Status CheckHeader(ByteView header, Offset base);
  void Encode(char* out, Offset base) const {
    StoreBig(out, time.value());
    StoreBig(out + 8, static_cast<std::int32_t>(offset - base));
  }
  static AppendTimeEntry Decode(const char* in, Offset base) {
    return {TimestampMs(LoadBig<std::int64_t>(in)), base + LoadBig<std::int32_t>(in + 8)};
  }
  bool FollowsOn(const std::optional<AppendTimeEntry>& previous) const {
    if (!previous) return time.value() > 0;  // zeros are what a crash may leave
    return time > previous->time && offset > previous->offset;
  }
  friend bool operator==(const AppendTimeEntry&, const AppendTimeEntry&) = default;
};

using AppendTimes = EntryFile<AppendTimeEntry>;

}  // namespace logboom::segment
