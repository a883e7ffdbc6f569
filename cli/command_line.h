// The whole command line: parses it, runs the verb, and says how to end.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/environment.h"
#include "cli/exit_code.h"

namespace logboom::cli {

// `arguments` without the program's name. `broker_variable` is LOGBOOM_BROKER, or empty: addresses
// with commas between them, used where there is no --broker.
ExitCode RunCommandLine(std::vector<std::string> arguments, const std::string& broker_variable,
                        Environment& environment);

}  // namespace logboom::cli
