#include <gtest/gtest.h>

#include "tests/fuzz/parser_check.h"
#include "tests/fuzz/targets.h"

namespace logboom::fuzz {

// Behind a priority anything is a message.
void Syslog(ByteView input) {
  CheckedFields("syslog", input);
  const Bytes line = "<191>" + Bytes(input);
  const auto fields = CheckedFields("syslog", line);
  ASSERT_TRUE(fields);
  ASSERT_GE(fields->size(), 2U);
  EXPECT_EQ((*fields)[0], (parse::Pairs::value_type("facility", "local7")));
  EXPECT_EQ((*fields)[1], (parse::Pairs::value_type("severity", "debug")));
}

}  // namespace logboom::fuzz
