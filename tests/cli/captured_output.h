// Takes what is written to a descriptor.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "cli/output.h"

namespace logboom::cli {

// An Output into a temporary file, and what is in it.
class CapturedOutput {
 public:
  CapturedOutput() : descriptor_(Temporary()), out_(descriptor_) {}
  ~CapturedOutput() { close(descriptor_); }
  CapturedOutput(const CapturedOutput&) = delete;
  CapturedOutput& operator=(const CapturedOutput&) = delete;

  Output& out() { return out_; }
  // Flushes, and gives all that was written so far.
  std::string Text() {
    out_.Flush();
    const off_t size = lseek(descriptor_, 0, SEEK_END);
    std::string text(static_cast<std::size_t>(size), '\0');
    EXPECT_EQ(pread(descriptor_, text.data(), text.size(), 0), size);
    return text;
  }

 private:
  static int Temporary() {
    std::string name = testing::TempDir() + "logboom-output-XXXXXX";
    const int descriptor = mkstemp(name.data());
    EXPECT_GE(descriptor, 0);
    unlink(name.c_str());
    return descriptor;
  }

  int descriptor_;
  Output out_;
};

}  // namespace logboom::cli
