// Compares what is served of a damaged directory with what was served of the sound one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/bitflip/contents.h"
#include "tests/bitflip/flip.h"

namespace logboom::bitflip {

// Empty where nothing wrong was served silently, and nothing is missing but the touched batch, of
// which it must be told. Else a sentence for each fault.
std::vector<std::string> Judge(const Contents& sound, const Contents& damaged,
                               const std::optional<TouchedBatch>& touched);

}  // namespace logboom::bitflip
