// When something happened, by what a line or a field says. docs/parsing.md has the formats.
#pragma once

#include <optional>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/parse/fields.h"
#include "lib/parse/time_format.h"
#include "lib/parse/zone.h"

namespace logboom::parse {

// Reads times of one format, or of any that it knows. A value; safe to use from several threads.
// Its work is linear in the text's digits and blanks, and nothing is allocated.
class TimeParser {
 public:
  // `format`: "auto", "iso", "syslog", "access", "klog", "unix", "unix_ms", "unix_us", "unix_ns",
  // or one of your own with percent signs (time_format.h). `zone` is that of times which name none.
  // kInvalid with what is wrong.
  static Result<TimeParser> Make(std::string_view format, Zone zone);

  // The time that `text` is, blanks around it aside. `now` gives a time without a year the year
  // that puts it nearest. Nothing where it is none: another format, a day that its month has not, a
  // year above 9999.
  std::optional<TimestampMs> Parse(ByteView text, TimestampMs now) const;

  // The time that `line` begins with: behind blanks, <PRI>, klog's letter, or a bracket.
  std::optional<TimestampMs> ParseAtStart(ByteView line, TimestampMs now) const;

 private:
  enum class Kind { kAuto, kIso, kSyslog, kAccess, kKlog, kUnix, kUnixMs, kUnixUs, kUnixNs, kOwn };

  TimeParser(Kind kind, Zone zone) : kind_(kind), zone_(std::move(zone)) {}
  std::optional<WrittenTime> Take(Scanner& in) const;

  Kind kind_;
  Zone zone_;
  std::optional<TimeFormat> own_;  // of kOwn
};

// The instant of a written time. Nothing where its month has no such day, or behind the year 9999.
std::optional<TimestampMs> Resolve(const WrittenTime& time, const Zone& zone, TimestampMs now);

// The first of the fields that usually hold the time: time, timestamp, @timestamp, ts, @t, date,
// datetime, eventTime.
std::optional<ByteView> FindTime(const Fields& fields);

}  // namespace logboom::parse
