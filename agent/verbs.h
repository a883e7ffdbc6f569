// What logboom-agent does beside running: its verbs.
#pragma once

#include <optional>

namespace logboom::agent {

// The exit code of the verb that the first argument names; nothing where it names none.
std::optional<int> RunVerb(int argc, char** argv);

}  // namespace logboom::agent
