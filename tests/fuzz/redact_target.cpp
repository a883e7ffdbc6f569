#include <gtest/gtest.h>

#include <array>

#include "agent/redaction.h"
#include "tests/fuzz/targets.h"

namespace logboom::fuzz {
namespace {

constexpr std::array<const char*, 4> kPresets{"card", "email", "token", "ip"};

}  // namespace

void Redact(ByteView input) {
  if (input.empty()) return;
  const auto choice = static_cast<unsigned char>(input[0]);
  const ByteView line = input.substr(1);
  const char* preset = kPresets[choice % kPresets.size()];
  const bool hashes = choice >= 128;
  const auto redaction = agent::Redaction::Make(
      {.presets = {preset}, .patterns = {}, .hash_key = hashes ? "key" : ""});
  ASSERT_TRUE(redaction.ok());
  Bytes out;
  const std::uint32_t places = redaction->Apply(line, line.size(), out);
  ASSERT_LE(out.size(), line.size());
  if (places == 0) {
    ASSERT_EQ(out, line);
  }
  // What is put in place of a place is of bounded length.
  const std::uint32_t named = redaction->Apply(line, line.size() * 30 + 100, out);
  ASSERT_LE(out.size(), line.size() + named * std::size_t{30});
}

}  // namespace logboom::fuzz
