#include "lib/record/varint.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "lib/base/bytes.h"
#include "lib/base/random.h"

namespace logboom::record {
namespace {

constexpr auto kMin32 = std::numeric_limits<std::int32_t>::min();
constexpr auto kMax32 = std::numeric_limits<std::int32_t>::max();
constexpr auto kMin64 = std::numeric_limits<std::int64_t>::min();
constexpr auto kMax64 = std::numeric_limits<std::int64_t>::max();

Bytes Encode(std::int64_t value) {
  char buffer[kVarlongBytesMax];
  return {buffer, WriteVarint(buffer, value)};
}

// Nothing where it is refused; else the value, having checked that all bytes are taken.
std::optional<std::int64_t> DecodeLong(ByteView bytes) {
  std::int64_t value = 0;
  const char* end = bytes.data() + bytes.size();
  const char* behind = ReadVarlong(bytes.data(), end, value);
  if (behind == nullptr) return std::nullopt;
  EXPECT_EQ(behind, end);
  return value;
}

std::optional<std::int32_t> Decode(ByteView bytes) {
  std::int32_t value = 0;
  const char* end = bytes.data() + bytes.size();
  const char* behind = ReadVarint(bytes.data(), end, value);
  if (behind == nullptr) return std::nullopt;
  EXPECT_EQ(behind, end);
  return value;
}

TEST(Varint, KnownBytes) {
  EXPECT_EQ(ToHex(Encode(0)), "00");
  EXPECT_EQ(ToHex(Encode(-1)), "01");
  EXPECT_EQ(ToHex(Encode(1)), "02");
  EXPECT_EQ(ToHex(Encode(-64)), "7f");
  EXPECT_EQ(ToHex(Encode(64)), "8001");
  EXPECT_EQ(ToHex(Encode(300)), "d804");
  EXPECT_EQ(ToHex(Encode(kMax32)), "feffffff0f");
  EXPECT_EQ(ToHex(Encode(kMin32)), "ffffffff0f");
  EXPECT_EQ(ToHex(Encode(kMax64)), "feffffffffffffffff01");
  EXPECT_EQ(ToHex(Encode(kMin64)), "ffffffffffffffffff01");
}

TEST(Varint, EveryBitLengthRoundTripsAndHasItsSize) {
  for (unsigned bit = 0; bit < 63; ++bit) {
    const std::int64_t power = std::int64_t{1} << bit;
    for (const std::int64_t value : {power - 1, power, power + 1, -power, -power - 1}) {
      EXPECT_EQ(DecodeLong(Encode(value)), value);
      EXPECT_EQ(Encode(value).size(), VarintSize(value)) << value;
    }
  }
  EXPECT_EQ(VarintSize(kMin64), kVarlongBytesMax);
  EXPECT_EQ(VarintSize(kMin32), kVarintBytesMax);
}

TEST(Varint, RandomValuesRoundTrip) {
  constexpr std::uint64_t kSeed = 20261122;
  SCOPED_TRACE(kSeed);
  SeededRandom random(kSeed);
  for (int i = 0; i < 10'000; ++i) {
    const auto value = static_cast<std::int64_t>(random.Next() >> random.Below(64));
    EXPECT_EQ(DecodeLong(Encode(value)), value);
    const auto small = static_cast<std::int32_t>(value);
    EXPECT_EQ(Decode(Encode(small)), small);
  }
}

TEST(Varint, LimitsOf32BitsAreReadAndOnePastIsNot) {
  EXPECT_EQ(Decode(Encode(kMax32)), kMax32);
  EXPECT_EQ(Decode(Encode(kMin32)), kMin32);
  EXPECT_EQ(Decode(Encode(std::int64_t{kMax32} + 1)), std::nullopt);
  EXPECT_EQ(Decode(Encode(std::int64_t{kMin32} - 1)), std::nullopt);
}

TEST(Varint, TooManyBytesAreRefused) {
  EXPECT_EQ(Decode(Bytes("\x80\x80\x80\x80\x80\x00", 6)), std::nullopt);
  EXPECT_EQ(Decode(Bytes("\x80\x80\x80\x80\x00", 5)), 0) << "padding within the limit is legal";
  EXPECT_EQ(DecodeLong(Bytes(10, '\x80') + Bytes(1, '\0')), std::nullopt);
  EXPECT_EQ(DecodeLong(Bytes(9, '\x80') + Bytes(1, '\x02')), std::nullopt) << "bit 64";
}

TEST(Varint, EndingEarlyIsRefused) {
  EXPECT_EQ(Decode({}), std::nullopt);
  for (const std::int64_t value : {std::int64_t{300}, std::int64_t{kMax32}, kMin64}) {
    const Bytes whole = Encode(value);
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
      const Bytes torn = whole.substr(0, cut);
      EXPECT_EQ(Decode(torn), std::nullopt);
      EXPECT_EQ(DecodeLong(torn), std::nullopt);
    }
  }
}

}  // namespace
}  // namespace logboom::record
