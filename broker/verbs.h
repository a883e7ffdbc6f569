// What logboom-broker does beside serving: `backup` and `restore`.
#pragma once

#include <optional>

namespace logboom::broker {

// The exit code, where the command line names a verb; nothing: the broker is to serve. 0 done,
// 1 refused or failed, 2 usage, 3 no broker reached, 4 not authorised.
std::optional<int> RunVerb(int argc, char** argv);

}  // namespace logboom::broker
