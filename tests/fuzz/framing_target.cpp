#include <gtest/gtest.h>

#include "agent/framing/framer.h"
#include "tests/fuzz/targets.h"

namespace logboom::fuzz {
namespace {

using agent::Encoding;
using agent::FoldKind;

constexpr std::size_t kHeadBytes = 4;
constexpr std::size_t kRecordBytesMin = 6;

struct Script {
  agent::FramingOptions options;
  std::size_t first_read = 0;
};

Script ReadScript(ByteView head) {
  const auto at = [head](std::size_t i) { return static_cast<unsigned char>(head[i]); };
  return {.options = {.record_bytes_max = kRecordBytesMin + at(0),
                      .encoding = static_cast<Encoding>(at(1) % 6U),
                      .strip_cr = at(1) >= 128,
                      .container = static_cast<agent::ContainerFormat>(at(2) / 8U % 3U),
                      .fold = static_cast<FoldKind>(at(2) % 8U)},
          .first_read = at(3)};
}

}  // namespace

void Framing(ByteView input) {
  if (input.size() < kHeadBytes) return;
  const Script script = ReadScript(input);
  const ByteView file = input.substr(kHeadBytes);
  const Encoding encoding = ResolveByteOrder(script.options.encoding, file.substr(0, 2));
  agent::Framer framer(script.options);
  agent::Framer again(script.options);
  std::size_t at = 0;
  std::size_t end = std::min(file.size(), script.first_read);
  while (at < file.size()) {
    const agent::FramingPlace place{encoding, static_cast<std::int64_t>(at)};
    const auto rest = end == file.size() ? agent::RestRule::kSentAsLine : agent::RestRule::kWaits;
    const auto piece = framer.Next(file.substr(at, end - at), place, rest);
    if (!piece) {
      // Enough for any record, or more was to be read.
      ASSERT_LT(end - at, script.options.record_bytes_max + 4);
      ASSERT_LT(end, file.size());
      ++end;
      continue;
    }
    ASSERT_GT(piece->consumed, 0U);
    ASSERT_LE(piece->consumed, end - at);
    ASSERT_LE(piece->value.size(), script.options.record_bytes_max);
    if (piece->more || rest == agent::RestRule::kWaits) {
      const auto whole = again.Next(file.substr(at), place, agent::RestRule::kSentAsLine);
      ASSERT_TRUE(whole);
      EXPECT_EQ(whole->value, piece->value);
      EXPECT_EQ(whole->consumed, piece->consumed);
    }
    at += piece->consumed;
  }
}

}  // namespace logboom::fuzz
