#include <gtest/gtest.h>

#include "tests/fuzz/parser_check.h"
#include "tests/fuzz/targets.h"

namespace logboom::fuzz {

void Regex(ByteView input) {
  const std::size_t newline = std::min(input.find('\n'), input.size());
  const ByteView line = input.substr(std::min(newline + 1, input.size()));
  const auto parser =
      parse::MakeParser({.kind = "regex", .pattern = Bytes(input.substr(0, newline))});
  if (!parser.ok()) {
    EXPECT_FALSE(parser.error().message.empty());
    return;
  }
  const auto fields = CheckedFields(**parser, line);
  if (!fields) return;
  for (const auto& [name, value] : *fields) EXPECT_NE(line.find(value), ByteView::npos) << name;
}

}  // namespace logboom::fuzz
