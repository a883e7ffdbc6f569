// A format of a user's own for times, as strptime has it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/parse/time_patterns.h"

namespace logboom::parse {

//   %Y %y %m %b %B %d %e   year, of the century (69 to 99: 19..), month, its name, day
//   %H %I %p %M %S %f %L   hour of 24, of 12, AM or PM, minute, second, digits of a fraction (both)
//   %z %Z                  Z, +01:00 or -0700; letters, of which UTC, GMT and Z alone mean
// something
//   %s %a %A               seconds since 1970; a weekday's name, which means nothing
//   %F %T %R %D            %Y-%m-%d, %H:%M:%S, %H:%M, %m/%d/%y
//   blank %n %t %%         any number of blanks, also none; a percent sign
// Any other byte is itself. Numbers may lack leading zeros (but %Y), and have blanks in front (%d
// %e).
class TimeFormat {
 public:
  // kInvalid where it can't be understood or can't tell a day, with the part that is wrong.
  static Result<TimeFormat> Make(std::string_view format);

  // As the patterns of time_patterns.h.
  std::optional<WrittenTime> Take(Scanner& in) const;

 private:
  explicit TimeFormat(std::string format) : format_(std::move(format)) {}

  std::string format_;  // without %F %T %R %D %n %t
};

}  // namespace logboom::parse
