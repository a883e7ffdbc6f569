// libFuzzer's side of one target; LOGBOOM_FUZZ_TARGET is the name of its function.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/targets.h"

// A failed EXPECT becomes an exception that nobody catches: libFuzzer saves the input of an abort.
extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  testing::GTEST_FLAG(throw_on_failure) = true;
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  logboom::fuzz::LOGBOOM_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
