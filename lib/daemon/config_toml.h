// Merges one TOML text into a configuration. Inside of lib/daemon.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/daemon/config_builder.h"

namespace logboom::daemon {

// `path` is how messages name the file. kInvalid with file and line.
Status MergeToml(std::string_view text, const std::string& path, ConfigBuilder& into);

}  // namespace logboom::daemon
