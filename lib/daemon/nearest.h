// The name that a mistyped one most likely meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace logboom::daemon {

// Of `known` the one with the fewest letters changed, added or left out; the first of equals; empty
// where `known` is.
std::string Nearest(std::string_view typed, std::span<const std::string> known);

}  // namespace logboom::daemon
