// The styles of rotation that tests/torture/rotation_styles.py has with real files, and how to do
// one of each.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "tests/sim/rotated_log.h"

namespace logboom::sim {

struct RotationStyle {
  std::string name;
  void (*rotate)(RotatedLog&);
  // Comes first, and stands for a while; none: nothing is copied.
  void (*copy)(RotatedLog&) = nullptr;
  int prepared = 0;     // rotations before anything goes wrong
  bool ordered = true;  // its files come in the order in which they were written
  Beginning beginning = Beginning::kAnything;
};

const std::vector<RotationStyle>& RotationStyles();
inline void PrintTo(const RotationStyle& style, std::ostream* out) { *out << style.name; }

}  // namespace logboom::sim
