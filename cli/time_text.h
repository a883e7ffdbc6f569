// Times as people write and read them. Functions without state; the time of day is an argument.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/client/consumer.h"

namespace logboom::cli {

// "2026-11-22T20:29:15.123Z", "2026-11-22t21:29:15+01:00": RFC 3339, to the millisecond. A zone is
// needed. Nothing where it is not one, or not a day of the calendar.
std::optional<TimestampMs> ParseRfc3339(std::string_view text);

// "2026-11-22T20:29:15.123Z".
std::string FormatUtc(TimestampMs time);
void AppendUtc(TimestampMs time, std::string& out);

// An instant: RFC 3339, or how long ago: "90s", "10m", "2h", "3d", "1w".
std::optional<TimestampMs> ParseTime(std::string_view text, TimestampMs now);

// What --from takes: earliest, latest, an offset, or a time. kInvalid says so.
Result<client::StartAt> ParseStart(std::string_view text, TimestampMs now);

}  // namespace logboom::cli
