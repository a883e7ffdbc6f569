// Offsets that can't be read below the durable end (bit rot); never silent.
#pragma once

#include <string>

#include "lib/base/types.h"

namespace logboom::broker {

struct UnreadableRange {
  Offset begin;
  Offset end;
  std::string reason;
};

}  // namespace logboom::broker
