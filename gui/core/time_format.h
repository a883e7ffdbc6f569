// Times as the console shows them: in the zone of this machine, which each view names once. Any
// thread; the zone is the process's.
#pragma once

#include <string>

#include "lib/base/types.h"

namespace logboom::gui {

// "14:02:11.123"
std::string FormatClock(TimestampMs time);
// "14:02"
std::string FormatHourMinute(TimestampMs time);
// "2026-11-22 14:02:11.123 +01:00"
std::string FormatDateTime(TimestampMs time);
// What clock times mean at `time`: "UTC", "CET (+01:00)".
std::string ZoneName(TimestampMs time);

}  // namespace logboom::gui
