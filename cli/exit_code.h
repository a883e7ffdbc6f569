// How the command line ends; scripts rely on the numbers.
#pragma once

#include "lib/base/result.h"

namespace logboom::cli {

enum class ExitCode {
  kDone = 0,
  kFailed = 1,         // refused or failed
  kUsage = 2,          // a wrong command line
  kNotReached = 3,     // no broker answered in time
  kNotAuthorised = 4,  // the broker answered, and said no
  kFenced = 5,         // another reader of the group took the instance id over
};

// Of an error from a broker.
ExitCode ExitCodeOf(const Error& error);

// Of two things done: the graver one.
ExitCode Worse(ExitCode a, ExitCode b);

}  // namespace logboom::cli
