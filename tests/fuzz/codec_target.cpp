#include <gtest/gtest.h>

#include <algorithm>

#include "lib/record/codec.h"
#include "tests/fuzz/targets.h"

namespace logboom::fuzz {
namespace {

constexpr std::size_t kSizeMax = std::size_t{1} << 20U;
constexpr std::uint8_t kCodecs = 5;

void Unpack(record::Codec codec, ByteView packed) {
  record::Decompressor decompressor;
  Bytes raw;
  if (!decompressor.Decompress(codec, packed, kSizeMax, raw).ok()) return;
  ASSERT_LE(raw.size(), kSizeMax);
  Bytes exact;
  EXPECT_TRUE(decompressor.Decompress(codec, packed, raw.size(), exact).ok());
  EXPECT_EQ(exact, raw);
  if (raw.empty()) return;
  EXPECT_FALSE(decompressor.Decompress(codec, packed, raw.size() - 1, exact).ok());
}

void PackAndUnpack(record::Codec codec, ByteView raw) {
  record::Compressor compressor(codec);
  Bytes packed;
  if (!compressor.Compress(raw, packed).ok()) return;  // not a codec that is written
  EXPECT_LE(packed.size(), compressor.SizeMax(raw.size()));
  record::Decompressor decompressor;
  Bytes again;
  ASSERT_TRUE(decompressor.Decompress(codec, packed, raw.size(), again).ok());
  EXPECT_EQ(again, raw);
}

}  // namespace

void Codec(ByteView input) {
  if (input.empty()) return;
  const auto codec = static_cast<record::Codec>(static_cast<std::uint8_t>(input[0]) % kCodecs);
  Unpack(codec, input.substr(1));
  PackAndUnpack(codec, input.substr(1));
}

}  // namespace logboom::fuzz
