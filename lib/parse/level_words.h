// What levels are called: for LevelOf and DetectLevel.
#pragma once

#include <optional>

#include "lib/parse/level.h"

namespace logboom::parse {

// A name of at least three letters, in any case.
std::optional<Level> LevelFromName(ByteView text);

// Of syslog's priority, with the facility in it.
Level LevelFromPriority(int priority);

// A field's name that usually holds a level, in any case.
bool IsLevelKey(ByteView word);

}  // namespace logboom::parse
