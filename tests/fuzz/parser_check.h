// What every parser of lib/parse promises, on any line.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/parse/limits.h"
#include "lib/parse/parser.h"
#include "tests/lib/parse/parsed.h"

namespace logboom::fuzz {

inline bool IsInside(ByteView part, ByteView whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

// The fields of `line`, or nothing; in between, that they are within the limits, and that each text
// stands in the line or in the arena: what is outside of the line does not change with it.
inline std::optional<parse::Pairs> CheckedFields(const parse::Parser& parser, ByteView line) {
  std::vector<char> bytes(line.begin(), line.end());
  const ByteView own(bytes.data(), bytes.size());
  parse::Fields fields;
  if (!parser.Parse(own, fields)) {
    EXPECT_TRUE(fields.empty());
    return std::nullopt;
  }
  EXPECT_LE(fields.size(), parse::kFieldsMax);
  parse::Pairs pairs = parse::ToPairs(fields);
  std::fill(bytes.begin(), bytes.end(), '#');
  for (std::size_t i = 0; i < fields.size(); ++i) {
    EXPECT_LE(fields[i].name.size(), parse::kFieldNameBytesMax);
    if (!IsInside(fields[i].name, own)) {
      EXPECT_EQ(fields[i].name, pairs[i].first);
    }
    if (!IsInside(fields[i].value, own)) {
      EXPECT_EQ(fields[i].value, pairs[i].second);
    }
  }
  return pairs;
}

inline std::optional<parse::Pairs> CheckedFields(std::string_view kind, ByteView line) {
  return CheckedFields(*parse::Made(kind), line);
}

}  // namespace logboom::fuzz
