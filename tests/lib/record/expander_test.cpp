#include "lib/record/expander.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/record/codec.h"

namespace logboom::record {
namespace {

Bytes Gzip(ByteView raw) {
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  Bytes out(deflateBound(&stream, raw.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(raw.data()));
  stream.avail_in = static_cast<uInt>(raw.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

Bytes Zstd(ByteView raw) {
  Bytes out;
  EXPECT_TRUE(Compressor(Codec::kZstd).Compress(raw, out).ok());
  return out;
}

Bytes Text(SeededRandom& random, std::size_t size) {
  Bytes text;
  while (text.size() < size) text += fmt::format("line {}\n", random.Below(1'000));
  text.resize(size);
  return text;
}

struct Expanded {
  Bytes bytes;
  std::size_t left = 0;  // of the input
  bool failed = false;
};

// In blocks of random sizes, as files are read.
Expanded Expand(ByteView in, SeededRandom& random) {
  Expanded expanded;
  const auto expander = MakeExpander(in.substr(0, 4));
  if (!expander) return {{}, in.size(), true};
  std::vector<char> out(1 + random.Below(3'000));
  std::size_t at = 0;
  std::size_t end = 0;
  while (true) {
    const auto step = expander->Expand(in.substr(at, end - at), out);
    if (!step.ok()) {
      expanded.failed = true;
      break;
    }
    at += step->taken;
    expanded.bytes.append(out.data(), step->given);
    if (step->taken > 0 || step->given > 0) continue;
    if (end == in.size()) break;
    end = std::min(in.size(), end + 1 + random.Below(500));
  }
  expanded.left = in.size() - at;
  return expanded;
}

class ExpanderTest : public testing::TestWithParam<Bytes (*)(ByteView)> {
 protected:
  SeededRandom random{17};
};
INSTANTIATE_TEST_SUITE_P(Format, ExpanderTest, testing::Values(Gzip, Zstd));

TEST_P(ExpanderTest, WhatWasCompressedComesBackInWhateverBlocks) {
  for (const std::size_t size : {0U, 1U, 100U, 70'000U, 1'000'000U}) {
    const Bytes text = Text(random, size);
    const Expanded expanded = Expand(GetParam()(text), random);
    EXPECT_FALSE(expanded.failed);
    EXPECT_EQ(expanded.left, 0U);
    ASSERT_TRUE(expanded.bytes == text) << size;
  }
}

TEST_P(ExpanderTest, ManyPartsAreOneStream) {
  Bytes text;
  Bytes compressed;
  for (int i = 0; i < 20; ++i) {
    const Bytes part = Text(random, random.Below(5'000));
    text += part;
    compressed += GetParam()(part);
  }
  const Expanded expanded = Expand(compressed, random);
  EXPECT_FALSE(expanded.failed);
  ASSERT_TRUE(expanded.bytes == text);
}

TEST_P(ExpanderTest, OfATruncatedStreamTheBeginningComes) {
  const Bytes text = Text(random, 300'000);
  const Bytes compressed = GetParam()(text);
  const Expanded expanded = Expand(ByteView(compressed).substr(0, compressed.size() / 2), random);
  EXPECT_FALSE(expanded.failed);
  EXPECT_GT(expanded.bytes.size(), 0U);
  EXPECT_TRUE(text.starts_with(expanded.bytes));
}

TEST_P(ExpanderTest, ABrokenStreamIsAnError) {
  const Bytes text = Text(random, 300'000);
  Bytes compressed = GetParam()(text);
  for (std::size_t i = compressed.size() / 2; i < compressed.size(); ++i) compressed[i] ^= '\x55';
  const Expanded expanded = Expand(compressed, random);
  EXPECT_TRUE(expanded.failed);
}

TEST_P(ExpanderTest, ResetBeginsAnew) {
  const Bytes text = Text(random, 10'000);
  const Bytes compressed = GetParam()(text);
  const auto expander = MakeExpander(compressed);
  Bytes out(5'000, '\0');
  ASSERT_TRUE(expander->Expand(compressed, out).ok());
  expander->Reset();
  const auto step = expander->Expand(compressed, out);
  ASSERT_TRUE(step.ok());
  EXPECT_TRUE(text.starts_with(ByteView(out).substr(0, step->given)));
}

TEST(Expander, ZerosBehindAMemberAreNoMember) {
  SeededRandom random(3);
  const Expanded expanded = Expand(Gzip("text") + Bytes(512, '\0'), random);
  EXPECT_FALSE(expanded.failed);
  EXPECT_EQ(expanded.bytes, "text");
  EXPECT_EQ(expanded.left, 512U);
}

TEST(Expander, OtherFilesHaveNone) {
  EXPECT_EQ(MakeExpander(""), nullptr);
  EXPECT_EQ(MakeExpander("\x1f"), nullptr);
  EXPECT_EQ(MakeExpander("text"), nullptr);
}

}  // namespace
}  // namespace logboom::record
