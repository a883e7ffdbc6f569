#include <gtest/gtest.h>

#include "tests/fuzz/parser_check.h"
#include "tests/fuzz/targets.h"
#include "tests/lib/parse/render.h"

namespace logboom::fuzz {

void Logfmt(ByteView input) {
  const auto fields = CheckedFields("logfmt", input);
  if (!fields) return;
  EXPECT_FALSE(fields->empty());
  const std::string line = parse::RenderLogfmt(*fields);
  EXPECT_EQ(CheckedFields("logfmt", line), fields) << line;
}

}  // namespace logboom::fuzz
