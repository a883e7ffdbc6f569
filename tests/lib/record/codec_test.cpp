#include "lib/record/codec.h"

#include <gtest/gtest.h>

#include "lib/base/random.h"

namespace logboom::record {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20U;

Bytes Text(std::size_t size) {
  Bytes text;
  for (std::int64_t i = 0; text.size() < size; ++i)
    text += fmt::format("line {} of the log, ", i * i);
  text.resize(size);
  return text;
}

Bytes Noise(std::size_t size) {
  SeededRandom random(5);
  Bytes noise;
  while (noise.size() < size) noise += static_cast<char>(random.Next());
  return noise;
}

Bytes Compress(Codec codec, ByteView raw) {
  Compressor compressor(codec);
  Bytes out;
  EXPECT_TRUE(compressor.Compress(raw, out).ok());
  return out;
}

ErrorCode CodeOf(const Status& status) {
  EXPECT_FALSE(status.ok());
  return status.ok() ? ErrorCode::kInvalid : status.error().code;
}

class EachCodec : public testing::TestWithParam<Codec> {};
INSTANTIATE_TEST_SUITE_P(Codec, EachCodec, testing::Values(Codec::kNone, Codec::kLz4, Codec::kZstd),
                         [](const auto& tested) { return std::string(CodecName(tested.param)); });

TEST_P(EachCodec, RoundTripsOneAfterTheOtherWithOneContext) {
  Compressor compressor(GetParam());
  EXPECT_EQ(compressor.codec(), GetParam());
  Decompressor decompressor;
  Bytes out;
  for (const std::size_t size : {0U, 1U, 100U, 65'536U, 300'000U, 7U, 2'000'000U}) {
    for (const Bytes& raw : {Text(size), Noise(size), Bytes(size, 'a')}) {
      Bytes packed;
      ASSERT_TRUE(compressor.Compress(raw, packed).ok());
      ASSERT_TRUE(decompressor.Decompress(GetParam(), packed, 4 * kMiB, out).ok()) << size;
      EXPECT_EQ(out, raw);
    }
  }
}

TEST_P(EachCodec, CompressAppendsAndDecompressReplaces) {
  const Bytes raw = Text(1000);
  Compressor compressor(GetParam());
  Bytes packed = "before";
  ASSERT_TRUE(compressor.Compress(raw, packed).ok());
  ASSERT_EQ(packed.substr(0, 6), "before");
  Bytes out = "something else";
  ASSERT_TRUE(Decompressor().Decompress(GetParam(), packed.substr(6), raw.size(), out).ok());
  EXPECT_EQ(out, raw);
}

TEST_P(EachCodec, BoundIsTakenExactlyAndOneByteMoreIsNot) {
  const Bytes raw(3 * kMiB, 'x');
  const Bytes packed = Compress(GetParam(), raw);
  Bytes out;
  EXPECT_TRUE(Decompressor().Decompress(GetParam(), packed, raw.size(), out).ok());
  EXPECT_EQ(out, raw);
  EXPECT_EQ(CodeOf(Decompressor().Decompress(GetParam(), packed, raw.size() - 1, out)),
            ErrorCode::kLimit);
}

class EachFrame : public testing::TestWithParam<Codec> {};
INSTANTIATE_TEST_SUITE_P(Codec, EachFrame, testing::Values(Codec::kLz4, Codec::kZstd),
                         [](const auto& tested) { return std::string(CodecName(tested.param)); });

TEST_P(EachFrame, StaysUsableAfterAnError) {
  const Bytes raw = Text(100'000);
  const Bytes packed = Compress(GetParam(), raw);
  Decompressor decompressor;
  Bytes out;
  EXPECT_EQ(
      CodeOf(decompressor.Decompress(GetParam(), packed.substr(0, packed.size() / 2), kMiB, out)),
      ErrorCode::kCorrupt);
  EXPECT_EQ(CodeOf(decompressor.Decompress(GetParam(), "no frame at all", kMiB, out)),
            ErrorCode::kCorrupt);
  EXPECT_EQ(CodeOf(decompressor.Decompress(GetParam(), {}, kMiB, out)), ErrorCode::kCorrupt);
  EXPECT_EQ(CodeOf(decompressor.Decompress(GetParam(), packed + "x", kMiB, out)),
            ErrorCode::kCorrupt);
  ASSERT_TRUE(decompressor.Decompress(GetParam(), packed, kMiB, out).ok());
  EXPECT_EQ(out, raw);
}

TEST_P(EachFrame, EveryTruncationIsAnError) {
  const Bytes packed = Compress(GetParam(), Text(5000));
  Decompressor decompressor;
  Bytes out;
  for (std::size_t cut = 0; cut < packed.size(); ++cut) {
    const Bytes torn = packed.substr(0, cut);
    EXPECT_EQ(CodeOf(decompressor.Decompress(GetParam(), torn, kMiB, out)), ErrorCode::kCorrupt);
  }
}

TEST(Codec, AClaimThatTheBytesCannotHoldIsRefusedBeforeItIsAllocated) {
  // A zstd frame of one empty block that claims 8 MiB, and an lz4 frame's header that does.
  const auto zstd = FromHex("28b52ffda000008000010000");
  Bytes out;
  EXPECT_EQ(CodeOf(Decompressor().Decompress(Codec::kZstd, *zstd, 16 * kMiB, out)),
            ErrorCode::kCorrupt);
  EXPECT_LT(out.capacity(), kMiB);
  Bytes lz4 = Compress(Codec::kLz4, Bytes(8 * kMiB, 'x')).substr(0, 100);
  EXPECT_EQ(CodeOf(Decompressor().Decompress(Codec::kLz4, lz4, 16 * kMiB, out)),
            ErrorCode::kCorrupt);
  EXPECT_LT(out.capacity(), kMiB);
}

TEST(Codec, Lz4BlocksAreIndependentBecauseKafkaRefusesOthers) {
  constexpr unsigned kIndependentBit = 0x20;  // of the frame descriptor's first byte
  const Bytes packed = Compress(Codec::kLz4, Text(kMiB));
  EXPECT_NE(static_cast<unsigned char>(packed.at(4)) & kIndependentBit, 0U);
}

TEST(Codec, ZstdLevelChangesTheOutput) {
  const Bytes raw = Text(200'000);
  Bytes fast;
  Bytes other;
  ASSERT_TRUE(Compressor(Codec::kZstd, 1).Compress(raw, fast).ok());
  ASSERT_TRUE(Compressor(Codec::kZstd, 12).Compress(raw, other).ok());
  EXPECT_NE(other, fast);
  Bytes clamped;
  EXPECT_TRUE(Compressor(Codec::kZstd, 1000).Compress("x", clamped).ok());
}

TEST(Codec, GzipAndSnappyAreUnsupportedBothWays) {
  for (const Codec codec : {Codec::kGzip, Codec::kSnappy}) {
    Bytes out = "kept";
    EXPECT_EQ(CodeOf(Compressor(codec).Compress("x", out)), ErrorCode::kUnsupported);
    EXPECT_EQ(out, "kept");
    EXPECT_EQ(CodeOf(Decompressor().Decompress(codec, "x", 100, out)), ErrorCode::kUnsupported);
  }
}

TEST(Codec, NamesRoundTrip) {
  for (const Codec codec :
       {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
    EXPECT_EQ(ParseCodec(CodecName(codec)).value(), codec);
  }
  const Result<Codec> unknown = ParseCodec("brotli");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, ErrorCode::kInvalid);
  EXPECT_NE(unknown.error().message.find("zstd"), std::string::npos);
}

}  // namespace
}  // namespace logboom::record
