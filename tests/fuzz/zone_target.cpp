#include <gtest/gtest.h>

#include "lib/parse/zone.h"
#include "tests/fuzz/targets.h"

namespace logboom::fuzz {

void Zone(ByteView input) {
  constexpr std::int64_t kOffsetMax = 26 * 3600;
  constexpr std::int64_t kStep = 86'400LL * 365 * 7 + 12'345;
  const auto zone = parse::Zone::FromTzif(input);
  if (!zone.ok()) {
    EXPECT_FALSE(zone.error().message.empty());
    return;
  }
  for (std::int64_t at = -62'000'000'000; at < 253'000'000'000; at += kStep) {
    const std::int64_t offset = zone->OffsetAt(at);
    EXPECT_LE(std::max(offset, -offset), kOffsetMax);
    const std::int64_t apart = zone->ToUtc(at) - at;
    EXPECT_LE(std::max(apart, -apart), kOffsetMax);
  }
}

}  // namespace logboom::fuzz
