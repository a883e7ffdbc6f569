// `logboom-broker features list | enable NAME --data-dir DIR`: which on-disk features a data
// directory uses. A new format is switched on by this command, never by a new program's start.
#pragma once

#include <string>
#include <vector>

#include "lib/file/file_system.h"

namespace logboom::broker {

struct FeaturesOutcome {
  int exit_code = 0;  // 0, 1 (refused or failed) or 2 (usage)
  std::string text;   // for stdout where the code is 0, else for stderr
};

// `words` are what stands behind "features". Only reads: there is no feature to enable yet.
FeaturesOutcome RunFeatures(file::FileSystem& fs, const std::vector<std::string>& words);

}  // namespace logboom::broker
