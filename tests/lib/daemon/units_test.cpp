#include "lib/daemon/units.h"

#include <gtest/gtest.h>

namespace logboom::daemon {
namespace {

using std::chrono::milliseconds;

TEST(Units, DurationsHaveUnits) {
  EXPECT_EQ(ParseDuration("500ms"), milliseconds(500));
  EXPECT_EQ(ParseDuration("30s"), milliseconds(30'000));
  EXPECT_EQ(ParseDuration("1h30m"), milliseconds(5'400'000));
  EXPECT_EQ(ParseDuration("7d"), milliseconds(604'800'000));
  EXPECT_EQ(ParseDuration("0"), milliseconds(0));
  for (const char* text : {"", "5", "-5s", "s", "5x", "5s ", " 5s", "1.5s", "99999999999999d",
                           "9223372036854775807ms1ms"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

TEST(Units, ByteCountsMayHaveUnits) {
  EXPECT_EQ(ParseByteCount("0"), 0);
  EXPECT_EQ(ParseByteCount("1048576"), 1048576);
  EXPECT_EQ(ParseByteCount("256 MiB"), 256LL << 20);
  EXPECT_EQ(ParseByteCount("1.5GB"), 1'500'000'000);
  EXPECT_EQ(ParseByteCount("10kB"), 10'000);
  EXPECT_EQ(ParseByteCount("7B"), 7);
  for (const char* text : {"", "MB", "-1", "-1 MB", "1 mb", "1 MBx", "9999999999 TB", "nan MB"}) {
    EXPECT_EQ(ParseByteCount(text), std::nullopt) << text;
  }
}

TEST(Units, FormattedTextParsesBack) {
  for (const std::int64_t number : {0LL, 1LL, 999LL, 1000LL, 60'000LL, 5'400'000LL, 86'400'000LL}) {
    EXPECT_EQ(ParseDuration(FormatDuration(milliseconds(number))), milliseconds(number));
    EXPECT_EQ(ParseByteCount(FormatByteCount(number)), number);
  }
  EXPECT_EQ(FormatDuration(milliseconds(5'400'000)), "90m");
  EXPECT_EQ(FormatDuration(milliseconds(1'500)), "1500ms");
  EXPECT_EQ(FormatByteCount(256 << 20), "256MiB");
}

}  // namespace
}  // namespace logboom::daemon
