#include <gtest/gtest.h>

#include "tests/fuzz/parser_check.h"
#include "tests/fuzz/targets.h"
#include "tests/lib/parse/render.h"

namespace logboom::fuzz {

void Json(ByteView input) {
  const auto fields = CheckedFields("json", input);
  if (!fields) return;
  const std::string line = parse::RenderJson(*fields);
  EXPECT_EQ(CheckedFields("json", line), fields) << line;
}

}  // namespace logboom::fuzz
