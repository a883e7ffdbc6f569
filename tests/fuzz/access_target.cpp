#include <gtest/gtest.h>

#include "tests/fuzz/parser_check.h"
#include "tests/fuzz/targets.h"

namespace logboom::fuzz {

void Access(ByteView input) { CheckedFields("nginx", input); }

}  // namespace logboom::fuzz
