// What an administrative verb says when it is done.
#pragma once

#include <string>

#include "cli/environment.h"
#include "cli/exit_code.h"

namespace logboom::cli {

struct Deed {
  std::string done;  // "created"
  std::string noun;  // "topic"
  std::string name;
};

// Text says what was done; JSON, {"created":"web"}, is for scripts, which see the exit code. An
// error is complained about.
ExitCode Tell(Context& context, const Status& status, const Deed& deed);

}  // namespace logboom::cli
