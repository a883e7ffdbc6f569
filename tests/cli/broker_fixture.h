// The command line and a real broker.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/cli/program.h"

namespace logboom::cli {

class CommandLineE2e : public testing::Test {
 protected:
  void SetUp() override { ASSERT_FALSE(broker_.address().empty()); }

  Ended Call(const std::string& arguments, const std::string& input = {}) {
    return Logboom(arguments, broker_.address(), input);
  }
  std::string Out(const std::string& arguments) {
    const Ended ended = Call(arguments);
    EXPECT_EQ(ended.code, 0) << arguments << ": " << ended.err;
    return ended.out;
  }

  RunningBroker broker_{"one"};
};

}  // namespace logboom::cli
