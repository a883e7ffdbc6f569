#include "cli/exit_code.h"

#include <algorithm>

namespace logboom::cli {

ExitCode ExitCodeOf(const Error& error) {
  switch (error.code) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout: return ExitCode::kNotReached;
    case ErrorCode::kPermission: return ExitCode::kNotAuthorised;
    default: return ExitCode::kFailed;
  }
}

ExitCode Worse(ExitCode a, ExitCode b) { return std::max(a, b); }

}  // namespace logboom::cli
