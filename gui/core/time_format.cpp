#include "gui/core/time_format.h"

#include <fmt/format.h>
#include <time.h>

#include <cstdlib>

namespace logboom::gui {
namespace {

struct LocalTime {
  tm fields{};
  std::int64_t ms = 0;
};

LocalTime Localise(TimestampMs time) {
  LocalTime local;
  local.ms = ((time.value() % 1'000) + 1'000) % 1'000;
  const time_t seconds = (time.value() - local.ms) / 1'000;
  localtime_r(&seconds, &local.fields);
  return local;
}

// "+01:00"
std::string ZoneOffset(const tm& fields) {
  const long minutes = fields.tm_gmtoff / 60;
  const long size = std::labs(minutes);
  return fmt::format("{}{:02}:{:02}", minutes < 0 ? '-' : '+', size / 60, size % 60);
}

}  // namespace

std::string FormatClock(TimestampMs time) {
  const LocalTime local = Localise(time);
  return fmt::format("{:02}:{:02}:{:02}.{:03}", local.fields.tm_hour, local.fields.tm_min,
                     local.fields.tm_sec, local.ms);
}

std::string FormatHourMinute(TimestampMs time) {
  const tm fields = Localise(time).fields;
  return fmt::format("{:02}:{:02}", fields.tm_hour, fields.tm_min);
}

std::string FormatDateTime(TimestampMs time) {
  const tm fields = Localise(time).fields;
  return fmt::format("{:04}-{:02}-{:02} {} {}", fields.tm_year + 1900, fields.tm_mon + 1,
                     fields.tm_mday, FormatClock(time), ZoneOffset(fields));
}

std::string ZoneName(TimestampMs time) {
  const tm fields = Localise(time).fields;
  if (fields.tm_gmtoff == 0) return "UTC";
  return fmt::format("{} ({})", fields.tm_zone, ZoneOffset(fields));
}

}  // namespace logboom::gui
