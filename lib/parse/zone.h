// A time zone: how far its clocks are from UTC, and since when.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/parse/zone_rule.h"

namespace logboom::file {
class FileSystem;
}

namespace logboom::parse {

inline constexpr std::string_view kZoneDirectory = "/usr/share/zoneinfo";
inline constexpr std::string_view kLocalZoneFile = "/etc/localtime";

// A value without a clock or the environment: what changes on the machine afterwards changes
// nothing here. Safe to read from several threads.
class Zone {
 public:
  Zone() = default;  // UTC
  // Always so many seconds east of UTC.
  static Zone Fixed(std::int32_t offset_s);
  // The bytes of a TZif file (RFC 8536), version 2 or later. kCorrupt, kUnsupported with what is
  // wrong.
  static Result<Zone> FromTzif(ByteView bytes);

  // East of UTC, in seconds.
  std::int32_t OffsetAt(std::int64_t utc_s) const;
  // What UTC is when the wall clock shows `local_s` (seconds since 1970, as if it were UTC's). An
  // hour that the clock shows twice is the first of the two; one that it skips counts on from
  // before the skip (02:30 is 03:30). Both are the offset from before the change.
  std::int64_t ToUtc(std::int64_t local_s) const;

 private:
  struct Change {
    std::int64_t utc_s = 0;
    std::int64_t local_s = 0;  // once the wall clock is here, it has changed for certain
    std::int32_t offset_s = 0;
  };

  std::int32_t first_offset_s_ = 0;
  std::vector<Change> changes_;   // ascending
  std::optional<ZoneRule> rule_;  // behind the last change
};

// "UTC", an offset ("+01:00", "-0700"), "local" (the machine's zone, or UTC where it has none), or
// a name as in `directory` ("Europe/Berlin"). kInvalid, kNotFound with what would be right.
Result<Zone> LoadZone(file::FileSystem& fs, std::string_view name,
                      std::string_view directory = kZoneDirectory);

}  // namespace logboom::parse
