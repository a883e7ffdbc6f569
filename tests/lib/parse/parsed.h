// A line's fields as values, for tests.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/parse/parser.h"

namespace logboom::parse {

using Pairs = std::vector<std::pair<std::string, std::string>>;

inline std::unique_ptr<Parser> Made(std::string_view kind, std::string_view pattern = "") {
  auto parser = MakeParser({.kind = std::string(kind), .pattern = std::string(pattern)});
  EXPECT_TRUE(parser.ok()) << parser.error().message;
  return *std::move(parser);
}

inline Pairs ToPairs(const Fields& fields) {
  Pairs pairs;
  for (const auto& [name, value] : fields) pairs.emplace_back(name, value);
  return pairs;
}

// Nothing: the line is not of that kind.
inline std::optional<Pairs> Parsed(const Parser& parser, std::string_view line) {
  Fields fields;
  fields.Add("left", "over");
  if (!parser.Parse(line, fields)) {
    EXPECT_TRUE(fields.empty()) << line;
    return std::nullopt;
  }
  return ToPairs(fields);
}

inline std::optional<Pairs> Parsed(std::string_view kind, std::string_view line) {
  return Parsed(*Made(kind), line);
}

}  // namespace logboom::parse
