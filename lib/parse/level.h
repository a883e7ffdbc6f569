// How serious a line is. docs/parsing.md has the rules.
#pragma once

#include <optional>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/parse/fields.h"

namespace logboom::parse {

enum class Level { kTrace, kDebug, kInfo, kWarn, kError, kFatal };

// "trace", "debug", "info", "warn", "error", "fatal".
std::string_view LevelName(Level level);

// Of a field's text: a name in any case (warning, err, crit, notice), a letter (I, W, E, F), a
// number of syslog's (0 to 7) or of pino's and bunyan's (10, 20 to 60). Nothing where it is none.
std::optional<Level> LevelFromText(ByteView text);

// Of the first field that usually holds one (level, severity, lvl, log.level, levelname, priority,
// in any case) and does.
std::optional<Level> LevelOf(const Fields& fields);

// Of free text, by its first kLevelBytesMax bytes: the first of
//   <3>, I0102 15:04:05              at the start of the line: syslog's priority, klog's letter
//   level=error  "level":"error"     a key as in LevelOf, and a name (a number where the key is
// quoted)
//   [warn]  [core:error]  <info>     in brackets, in any case
//   ERROR                            a word of its own in capitals
//   error: text                      in any case, at the start or behind ": " or "] "
// What stands in double quotes does not count, but for a quoted key's value. Nothing where there is
// none. Takes time for those bytes alone.
std::optional<Level> DetectLevel(ByteView line);

}  // namespace logboom::parse
