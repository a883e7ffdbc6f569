// Times as lines spell them: reads one where the scanner stands, and moves it behind. Where it
// isn't there the answer is nothing, and the scanner stays. Nothing here knows a zone or a clock.
#pragma once

#include <cstdint>
#include <optional>

#include "lib/parse/scanner.h"

namespace logboom::parse {

// A wall clock's reading: year, day and hour as written, checked one by one against their ranges,
// but the day not against its month.
struct WrittenTime {
  std::optional<int> year;  // without: the one nearest to now
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;  // 60: a leap second
  int millisecond = 0;
  std::optional<std::int32_t> offset_s;  // east of UTC; without: in the zone that is configured
  std::optional<std::int64_t> unix_ms;   // written as a number since 1970: nothing else counts
};

// RFC 3339 and what is near to it: 2026-11-23T10:00:00.123456+01:00, 2026-11-23 10:00:00,123,
// 2026/11/23 10:00, 20261123T100000Z. The zone may stand apart: 2026-11-23 10:00:00 +0100, ... UTC.
std::optional<WrittenTime> TakeIsoTime(Scanner& in);

// RFC 3164 and C's ctime: Nov 23 10:00:00, Nov  3 2026 10:00:00.123.
std::optional<WrittenTime> TakeSyslogTime(Scanner& in);

// Access logs: 10/Oct/2000:13:55:36 -0700.
std::optional<WrittenTime> TakeAccessTime(Scanner& in);

// klog and glog, behind the letter: 1123 10:00:00.123456, 20261123 10:00:00.123456.
std::optional<WrittenTime> TakeKlogTime(Scanner& in);

// Since 1970, as a number of at most 19 digits; with a fraction, of which milliseconds are kept.
enum class UnixUnit { kByDigits, kSeconds, kMilliseconds, kMicroseconds, kNanoseconds };
// kByDigits takes 9 to 11 digits as seconds (from 1973 on), up to 14 as milliseconds, up to 17 as
// microseconds and up to 19 as nanoseconds, and no sign.
std::optional<WrittenTime> TakeUnixTime(Scanner& in, UnixUnit unit);

// Parts, which formats of their own are made of. Numbers in their ranges; nothing taken else.
std::optional<int> TakeNumber(Scanner& in, std::size_t digits, int min, int max);
std::optional<int> TakeMonthName(Scanner& in);        // Jan, 1 to 12, in any case
bool TakeClock(Scanner& in, WrittenTime& time);       // 10:00, 10:00:00, 10:00:00.123456
int TakeFraction(Scanner& in);                        // digits behind the dot; in milliseconds
std::optional<std::int32_t> TakeOffset(Scanner& in);  // Z, +01:00, -0700, +01; in seconds

}  // namespace logboom::parse
