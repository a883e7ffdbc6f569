// The small formats: names, texts, containers.
#include <gtest/gtest.h>

#include "lib/base/random.h"
#include "lib/file/memory_file_system.h"
#include "lib/segment/leader_epoch_checkpoint.h"
#include "lib/segment/limits.h"
#include "lib/segment/log_start.h"
#include "lib/segment/names.h"
#include "lib/segment/partition_metadata.h"
#include "lib/segment/seal.h"
#include "lib/segment/side_car.h"
#include "lib/segment/sources.h"

namespace logboom::segment {
namespace {

TEST(SegmentNames, AreTwentyDigitsAndASuffix) {
  EXPECT_EQ(FormatSegmentFileName(Offset(0), kLogSuffix), "00000000000000000000.log");
  EXPECT_EQ(SegmentPath("/d", Offset(1234), kTimeIndexSuffix), "/d/00000000000000001234.timeindex");
}

TEST(SegmentNames, ParseWhatTheyFormat) {
  const std::string name = FormatSegmentFileName(Offset(INT64_MAX), ".tix");
  const std::optional<SegmentFileName> parsed = ParseSegmentFileName(name);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->base_offset, Offset(INT64_MAX));
  EXPECT_EQ(parsed->suffix, ".tix");
}

TEST(SegmentNames, OtherNamesAreNone) {
  for (const char* name : {"", "log-start", "0.log", "0000000000000000000x.log",
                           "00000000000000000000", "00000000000000000000.", "lost+found",
                           "99999999999999999999.log", "-0000000000000000001.log"}) {
    EXPECT_FALSE(ParseSegmentFileName(name)) << name;
  }
}

PartitionMetadata SomeMetadata() {
  SeededRandom random(1);
  return {.topic_name = "web: access",
          .topic_id = Uuid::Make(random),
          .topic_number = 4294967295,
          .partition = PartitionIndex(2147483647)};
}

TEST(PartitionMetadata, RoundTrips) {
  const std::string text = FormatPartitionMetadata(SomeMetadata());
  const Result<PartitionMetadata> parsed = ParsePartitionMetadata(text);
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(*parsed, SomeMetadata());
}

TEST(PartitionMetadata, AnyChangedByteIsCorrupt) {
  const std::string text = FormatPartitionMetadata(SomeMetadata());
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string broken = text;
    broken[i] = static_cast<char>(broken[i] ^ 1);
    EXPECT_FALSE(ParsePartitionMetadata(broken).ok()) << i;
    EXPECT_FALSE(ParsePartitionMetadata(text.substr(0, i)).ok()) << i;
  }
}

TEST(PartitionMetadata, AnotherFormatIsUnsupported) {
  PartitionMetadata metadata = SomeMetadata();
  metadata.format = kPartitionFormat + 1;
  const Result<PartitionMetadata> parsed =
      ParsePartitionMetadata(FormatPartitionMetadata(metadata));
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, ErrorCode::kUnsupported);
}

TEST(LeaderEpochs, HaveKafkasLayout) {
  LeaderEpochs epochs;
  epochs.Begin(LeaderEpoch(0), Offset(0));
  epochs.Begin(LeaderEpoch(3), Offset(1200));
  EXPECT_EQ(epochs.Format(), "0\n2\n0 0\n3 1200\n");
  const Result<LeaderEpochs> parsed = LeaderEpochs::Parse(epochs.Format());
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->starts(), epochs.starts());
}

TEST(LeaderEpochs, BeginForgetsWhatItReplaces) {
  LeaderEpochs epochs;
  epochs.Begin(LeaderEpoch(0), Offset(0));
  epochs.Begin(LeaderEpoch(1), Offset(100));
  epochs.Begin(LeaderEpoch(2), Offset(80));
  EXPECT_EQ(epochs.Format(), "0\n2\n0 0\n2 80\n");
  EXPECT_EQ(epochs.current(), LeaderEpoch(2));
}

TEST(LeaderEpochs, EndOfAnEpochIsWhereTheNextBegins) {
  LeaderEpochs epochs;
  epochs.Begin(LeaderEpoch(1), Offset(0));
  epochs.Begin(LeaderEpoch(4), Offset(80));
  const auto end_of = [&](int epoch) { return epochs.EndOf(LeaderEpoch(epoch), Offset(200)); };
  EXPECT_EQ(end_of(0).epoch, LeaderEpoch(-1));
  EXPECT_EQ(end_of(1).end_offset, Offset(80));
  EXPECT_EQ(end_of(3).epoch, LeaderEpoch(1));
  EXPECT_EQ(end_of(4).end_offset, Offset(200));
  EXPECT_EQ(end_of(9).epoch, LeaderEpoch(4));
}

TEST(LeaderEpochs, BrokenTextIsCorrupt) {
  for (const char* text : {"", "0", "0\n", "0\n1\n", "0\n1\n0 0", "0\n2\n0 0\n0 5\n",
                           "0\n2\n0 5\n1 5\n", "0\n1\n0 0\n1 5\n", "0\n1\n-1 0\n", "0\n1\n0 x\n"}) {
    const Result<LeaderEpochs> parsed = LeaderEpochs::Parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kCorrupt);
  }
  EXPECT_EQ(LeaderEpochs::Parse("1\n0\n").error().code, ErrorCode::kUnsupported);
}

constexpr SideCarFormat kFormat{.magic = "TEST", .version = 2};

TEST(SideCar, RoundTrips) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100'000}}) {
    const Bytes payload(size, 'x');
    const Bytes bytes = EncodeSideCar(kFormat, payload);
    EXPECT_EQ(bytes.size(), kSideCarHeaderBytes + size);
    const Result<ByteView> decoded = DecodeSideCar(kFormat, bytes);
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(*decoded, payload);
  }
}

TEST(SideCar, EveryBitCounts) {
  const Bytes bytes = EncodeSideCar(kFormat, "payload");
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes broken = bytes;
    broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(DecodeSideCar(kFormat, broken).ok()) << bit;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeSideCar(kFormat, ByteView(bytes).substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(DecodeSideCar(kFormat, bytes + "x").ok());
}

TEST(SideCar, AnotherVersionIsUnsupported) {
  const Bytes bytes = EncodeSideCar({.magic = "TEST", .version = 3}, "");
  EXPECT_EQ(DecodeSideCar(kFormat, bytes).error().code, ErrorCode::kUnsupported);
}

TEST(Seal, RoundTrips) {
  Seal seal{.base_offset = Offset(10),
            .next_offset = Offset(30),
            .totals = {},
            .max_append_time = TimestampMs(77),
            .compacted = true};
  seal.totals = {.size_bytes = 1,
                 .batches = 2,
                 .records = 3,
                 .heads_crc = 4,
                 .max_timestamp = TimestampMs(5),
                 .max_timestamp_offset = Offset(6)};
  const Result<Seal> decoded = DecodeSeal(EncodeSeal(seal));
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(*decoded, seal);
}

TEST(Seal, OfAnotherSegmentIsCorrupt) {
  file::MemoryFileSystem fs;
  const Seal seal{.base_offset = Offset(10), .next_offset = Offset(30), .totals = {}};
  ASSERT_TRUE(
      file::ReplaceFile(fs, SegmentPath("", Offset(11), kSealSuffix), EncodeSeal(seal)).ok());
  EXPECT_EQ(ReadSeal(fs, "", Offset(11)).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(ReadSeal(fs, "", Offset(10)).error().code, ErrorCode::kNotFound);
}

TEST(Sources, RoundTrip) {
  const Sources sources{.as_of = Offset(12), .bytes = Bytes("any\0bytes", 9)};
  const Result<Sources> decoded = DecodeSources(EncodeSources(sources));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, sources);
}

}  // namespace
}  // namespace logboom::segment
