#include "lib/record/batch_header.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "tests/lib/record/sample.h"

namespace logboom::record {
namespace {

constexpr auto kMax64 = std::numeric_limits<std::int64_t>::max();

BatchHeader Sample() {
  BatchHeader header;
  header.base_offset = Offset(0x0102030405060708);
  header.length = 0x1234;
  header.leader_epoch = LeaderEpoch(0x11121314);
  header.crc = 0xA1A2A3A4;
  header.codec = Codec::kZstd;
  header.timestamp_type = TimestampType::kAppendTime;
  header.transactional = true;
  header.control = true;
  header.has_delete_horizon = true;
  header.last_offset_delta = 0x21222324;
  header.base_timestamp = TimestampMs(0x3132333435363738);
  header.max_timestamp = TimestampMs(0x4142434445464748);
  header.producer_id = 0x5152535455565758;
  header.producer_epoch = 0x6162;
  header.base_sequence = 0x71727374;
  header.record_count = 0x01020304;
  return header;
}

Bytes Encoded(const BatchHeader& header) {
  Bytes bytes(kBatchHeaderBytes, '\0');
  WriteBatchHeader(bytes.data(), header);
  return bytes;
}

ErrorCode CodeOf(const Result<BatchHeader>& result) {
  EXPECT_FALSE(result.ok());
  return result.ok() ? ErrorCode::kInvalid : result.error().code;
}

TEST(BatchHeader, LayoutGolden) {
  EXPECT_EQ(ToHex(Encoded(Sample())),
            "0102030405060708"
            "00001234"
            "11121314"
            "02"
            "a1a2a3a4"
            "007c"
            "21222324"
            "3132333435363738"
            "4142434445464748"
            "5152535455565758"
            "6162"
            "71727374"
            "01020304");
}

TEST(BatchHeader, ParsesWhatIsWritten) {
  const Bytes bytes = Encoded(Sample());
  const Result<BatchHeader> header = ParseBatchHeader(bytes);
  ASSERT_TRUE(header.ok()) << header.error().message;
  EXPECT_EQ(Encoded(*header), bytes);
  EXPECT_EQ(header->size_bytes(), 0x1234U + kBatchPrefixBytes);
  EXPECT_EQ(header->next_offset() - header->base_offset, 0x21222324 + 1);
}

TEST(BatchHeader, BaseOffsetAndEpochAreSetInPlaceWithoutBreakingTheChecksum) {
  Bytes batch = Build(GoldenRecords(), Codec::kZstd);
  SetBaseOffset(batch.data(), Offset(123'456));
  SetLeaderEpoch(batch.data(), LeaderEpoch(9));
  const Result<BatchHeader> header = VerifyBatch(batch);
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->base_offset, Offset(123'456));
  EXPECT_EQ(header->leader_epoch, LeaderEpoch(9));
  EXPECT_EQ(header->last_offset(), Offset(123'456 + 59));
}

TEST(BatchHeader, EachFieldOutOfBoundsIsCorrupt) {
  const auto broken = [](const std::function<void(BatchHeader&)>& change) {
    BatchHeader header = Sample();
    change(header);
    return CodeOf(ParseBatchHeader(Encoded(header)));
  };
  EXPECT_EQ(broken([](BatchHeader& h) { h.length = 48; }), ErrorCode::kCorrupt);
  EXPECT_EQ(broken([](BatchHeader& h) { h.length = -1; }), ErrorCode::kCorrupt);
  EXPECT_EQ(broken([](BatchHeader& h) { h.record_count = -1; }), ErrorCode::kCorrupt);
  EXPECT_EQ(broken([](BatchHeader& h) { h.last_offset_delta = -1; }), ErrorCode::kCorrupt);
  EXPECT_EQ(broken([](BatchHeader& h) { h.record_count = h.last_offset_delta + 2; }),
            ErrorCode::kCorrupt);
  EXPECT_EQ(broken([](BatchHeader& h) { h.base_offset = Offset(-1); }), ErrorCode::kCorrupt);
  EXPECT_EQ(broken([](BatchHeader& h) { h.base_offset = Offset(kMax64 - h.last_offset_delta); }),
            ErrorCode::kCorrupt);
  EXPECT_EQ(broken([](BatchHeader& h) { h.codec = static_cast<Codec>(5); }), ErrorCode::kCorrupt);
}

TEST(BatchHeader, FieldsAtTheirBoundsAreTaken) {
  BatchHeader header = Sample();
  header.record_count = header.last_offset_delta + 1;
  header.base_offset = Offset(kMax64 - header.last_offset_delta - 1);
  header.length = 49;
  EXPECT_TRUE(ParseBatchHeader(Encoded(header)).ok());
  header.length = kBatchBytesMax - kBatchPrefixBytes;
  EXPECT_TRUE(ParseBatchHeader(Encoded(header)).ok());
  ++header.length;
  EXPECT_EQ(CodeOf(ParseBatchHeader(Encoded(header))), ErrorCode::kCorrupt);
}

TEST(BatchHeader, UnknownAttributeBitsAreCorrupt) {
  for (const unsigned bit : {7U, 8U, 15U}) {
    Bytes bytes = Encoded(Sample());
    StoreBig<std::uint16_t>(bytes.data() + 21, static_cast<std::uint16_t>(1U << bit));
    EXPECT_EQ(CodeOf(ParseBatchHeader(bytes)), ErrorCode::kCorrupt) << bit;
  }
}

TEST(BatchHeader, OtherMagicIsUnsupported) {
  for (const char magic : {'\0', '\1', '\3', '\xff'}) {
    Bytes bytes = Encoded(Sample());
    bytes[16] = magic;
    EXPECT_EQ(CodeOf(ParseBatchHeader(bytes)), ErrorCode::kUnsupported);
  }
}

TEST(BatchHeader, ShortHeaderIsCorrupt) {
  const Bytes bytes = Encoded(Sample());
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_EQ(CodeOf(ParseBatchHeader(ByteView(bytes).substr(0, cut))), ErrorCode::kCorrupt);
  }
}

TEST(VerifyBatch, EveryFlippedBitUnderTheChecksumIsFound) {
  const Bytes batch =
      Build({{.timestamp_ms = 5, .key = "k", .value = "line", .headers = {}}}, Codec::kNone);
  ASSERT_TRUE(VerifyBatch(batch).ok());
  for (std::size_t bit = 17 * 8; bit < batch.size() * 8; ++bit) {
    Bytes flipped = batch;
    flipped[bit / 8] =
        static_cast<char>(static_cast<unsigned char>(flipped[bit / 8]) ^ (1U << (bit % 8)));
    EXPECT_FALSE(VerifyBatch(flipped).ok()) << "bit " << bit;
  }
}

// The length lies outside of the checksum.
TEST(VerifyBatch, EveryFlippedBitOfLengthAndMagicIsFound) {
  const Bytes batch = Build(GoldenRecords(), Codec::kZstd);
  for (const std::size_t at : {8U, 9U, 10U, 11U, 16U}) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes flipped = batch;
      flipped[at] = static_cast<char>(static_cast<unsigned char>(flipped[at]) ^ (1U << bit));
      EXPECT_FALSE(VerifyBatch(flipped).ok()) << "byte " << at << " bit " << bit;
    }
  }
}

TEST(VerifyBatch, TakesExactlyOneBatch) {
  const Bytes batch = Build(GoldenRecords(), Codec::kLz4);
  EXPECT_EQ(CodeOf(VerifyBatch(batch + "x")), ErrorCode::kCorrupt);
  EXPECT_EQ(CodeOf(VerifyBatch(ByteView(batch).substr(0, batch.size() - 1))), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace logboom::record
