// How often this program has allocated from the heap with new.
#pragma once

#include <cstdint>

namespace logboom::parse {

std::uint64_t Allocations();

}  // namespace logboom::parse
