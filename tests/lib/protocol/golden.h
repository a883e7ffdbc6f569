// Envelopes against the files of earlier releases. A field that is renumbered or retyped makes
// these red: then give the field its number back. To add one: LOGBOOM_WRITE_GOLDEN=1 protocol_test
// writes the files that are missing, and never touches one that is there.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "lib/base/bytes.h"
#include "lib/protocol/protocol.h"

namespace logboom::protocol {

inline std::filesystem::path PathOf(const std::string& name) {
  return std::filesystem::path(LOGBOOM_SOURCE_DIR) / "tests/data/golden/protocol" / (name + ".bin");
}

inline std::string ReadWhole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

template <typename Message>
void ExpectGolden(const std::string& name, const Message& message) {
  const auto path = PathOf(name);
  const std::string written = message.SerializeAsString();
  if (std::getenv("LOGBOOM_WRITE_GOLDEN") != nullptr && !std::filesystem::exists(path)) {
    std::ofstream(path, std::ios::binary) << written;
  }
  ASSERT_TRUE(std::filesystem::exists(path)) << path;
  const std::string golden = ReadWhole(path);
  EXPECT_EQ(ToHex(golden), ToHex(written)) << name;
  Message read;
  ASSERT_TRUE(read.ParseFromString(golden));
  EXPECT_EQ(read.SerializeAsString(), written);
}

}  // namespace logboom::protocol
