#include "lib/record/batch_view.h"

#include <gtest/gtest.h>

#include <limits>

#include "lib/record/varint.h"
#include "tests/lib/record/sample.h"

namespace logboom::record {
namespace {

Bytes Varint(std::int64_t value) {
  char buffer[kVarlongBytesMax];
  return {buffer, WriteVarint(buffer, value)};
}

// A record from its body, which begins with the attributes.
Bytes WithLength(const Bytes& body) {
  return Varint(static_cast<std::int64_t>(body.size())) + body;
}

Bytes Plain(std::int32_t offset_delta) {
  return WithLength(Bytes(2, '\0') + Varint(offset_delta) + Varint(-1) + Varint(1) + "v" +
                    Varint(0));
}

BatchHeader HeaderFor(std::int32_t count) {
  BatchHeader header;
  header.base_offset = Offset(100);
  header.record_count = count;
  header.last_offset_delta = std::max(count - 1, 0);
  return header;
}

// The error of a batch of `count` records that stand in `section`.
Error Refusal(const Bytes& section, std::int32_t count = 1) {
  const Result<std::vector<SampleRecord>> read = ReadAll(MakeBatch(HeaderFor(count), section));
  EXPECT_FALSE(read.ok());
  return read.ok() ? Error{} : read.error();
}

void ExpectCorrupt(const Bytes& section, std::string_view reason, std::int32_t count = 1) {
  const Error error = Refusal(section, count);
  EXPECT_EQ(error.code, ErrorCode::kCorrupt) << error.message;
  EXPECT_NE(error.message.find(reason), std::string::npos) << error.message;
}

TEST(BatchReader, GivesOffsetsFromTheBase) {
  Bytes batch = Build(GoldenRecords(), Codec::kZstd);
  SetBaseOffset(batch.data(), Offset(5000));
  BatchReader reader;
  ASSERT_TRUE(reader.Open(batch).ok());
  for (int i = 0; i < 60; ++i) {
    const Result<const Record*> record = reader.Next();
    ASSERT_TRUE(record.ok() && *record != nullptr);
    EXPECT_EQ((*record)->offset, Offset(5000 + i));
  }
  EXPECT_EQ(reader.Next().value(), nullptr);
  EXPECT_EQ(reader.Next().value(), nullptr);
}

TEST(BatchReader, IsReusedForBatchesOfAllCodecs) {
  BatchReader reader;
  for (const Codec codec : {Codec::kZstd, Codec::kNone, Codec::kLz4, Codec::kZstd}) {
    const Bytes batch = Build(GoldenRecords(), codec);
    ASSERT_TRUE(reader.Open(batch).ok());
    EXPECT_EQ(reader.header().codec, codec);
    EXPECT_EQ(Own(*reader.Next().value()), GoldenRecords().front());
  }
}

TEST(BatchReader, GivesNothingBeforeOpenAndAfterAFailedOne) {
  BatchReader reader;
  EXPECT_EQ(reader.Next().value(), nullptr);
  const Bytes batch = Build(GoldenRecords(), Codec::kZstd);
  ASSERT_TRUE(reader.Open(batch).ok());
  EXPECT_FALSE(reader.Open("no batch").ok());
  EXPECT_EQ(reader.Next().value(), nullptr);
}

TEST(BatchReader, MovesWithItsPlace) {
  const std::vector<SampleRecord> samples(
      3, {.timestamp_ms = 1, .key = {}, .value = "moved", .headers = {}});
  Compressor zstd(Codec::kZstd);
  const Bytes plain = Build(samples, Codec::kNone);
  Bytes section;
  ASSERT_TRUE(zstd.Compress(plain.substr(kBatchHeaderBytes), section).ok());
  BatchHeader header = VerifyBatch(plain).value();
  header.codec = Codec::kZstd;
  const Bytes batch = MakeBatch(header, section);
  BatchReader first;
  ASSERT_TRUE(first.Open(batch).ok());
  ASSERT_TRUE(first.Next().ok());
  BatchReader second = std::move(first);
  EXPECT_EQ(second.Next().value()->offset, Offset(1));
  EXPECT_EQ(second.Next().value()->value, "moved");
}

TEST(BatchReader, AppendTimeIsTheTimeOfEachRecord) {
  BatchHeader header = HeaderFor(1);
  header.timestamp_type = TimestampType::kAppendTime;
  header.base_timestamp = TimestampMs(5);
  header.max_timestamp = TimestampMs(777);
  EXPECT_EQ(ReadAll(MakeBatch(header, Plain(0))).value().at(0).timestamp_ms, 777);
}

TEST(BatchReader, OffsetsOfACompactedBatchHaveHoles) {
  BatchHeader header = HeaderFor(2);
  header.last_offset_delta = 9;
  const Bytes batch = MakeBatch(header, Plain(3) + Plain(7));
  BatchReader reader;
  ASSERT_TRUE(reader.Open(batch).ok());
  EXPECT_EQ(reader.Next().value()->offset, Offset(103));
  EXPECT_EQ(reader.Next().value()->offset, Offset(107));
  EXPECT_EQ(reader.Next().value(), nullptr);
  EXPECT_EQ(reader.header().next_offset(), Offset(110));
}

TEST(BatchReader, AnEmptiedBatchHasNoRecords) {
  BatchHeader header = HeaderFor(0);
  header.last_offset_delta = 4;
  EXPECT_TRUE(ReadAll(MakeBatch(header, {})).value().empty());
}

TEST(BatchReader, OffsetDeltasRiseWithinTheBatch) {
  ExpectCorrupt(Plain(1), "offset delta");
  ExpectCorrupt(Plain(-1), "offset delta");
  ExpectCorrupt(Plain(0) + Plain(0), "offset delta", 2);
  ExpectCorrupt(Plain(1) + Plain(0), "offset delta", 2);
  BatchHeader header = HeaderFor(1);
  header.base_offset = Offset(0);
  header.last_offset_delta = std::numeric_limits<std::int32_t>::max();
  EXPECT_TRUE(ReadAll(MakeBatch(header, Plain(header.last_offset_delta))).ok());
}

TEST(BatchReader, CountAndBytesAgree) {
  ExpectCorrupt(Plain(0), "record 1 of 2", 2);
  ExpectCorrupt(Plain(0) + Plain(1), "behind the last record");
  ExpectCorrupt(Plain(0) + "x", "behind the last record");
  ExpectCorrupt({}, "record length");
}

TEST(BatchReader, LengthsAreBoundedByTheBytesLeft) {
  const Bytes start(3, '\0');  // attributes, deltas
  ExpectCorrupt(Varint(-1), "record length");
  ExpectCorrupt(Varint(-2), "record length");
  ExpectCorrupt(Varint(100) + "short", "record length");
  ExpectCorrupt(Varint(std::int64_t{1} << 40U), "record length");
  ExpectCorrupt(WithLength({}), "attributes");
  ExpectCorrupt(WithLength(Bytes(1, '\0')), "timestamp delta");
  ExpectCorrupt(WithLength(Bytes(2, '\0')), "offset delta");
  ExpectCorrupt(WithLength(start), "key length");
  ExpectCorrupt(WithLength(start + Varint(-2) + Bytes(9, '\0')), "key length");
  ExpectCorrupt(WithLength(start + Varint(10) + "short"), "key length");
  ExpectCorrupt(WithLength(start + Varint(-1) + Varint(2'000'000'000) + "v"), "value length");
  ExpectCorrupt(WithLength(start + Varint(-1) + Varint(-1)), "header count");
  ExpectCorrupt(WithLength(start + Varint(-1) + Varint(-1) + Varint(0) + "x"),
                "bytes behind the last header");
}

TEST(BatchReader, HeaderCountsAreBoundedByTheBytesLeft) {
  const Bytes start = Bytes(3, '\0') + Varint(-1) + Varint(-1);
  ExpectCorrupt(WithLength(start + Varint(-1)), "header count");
  ExpectCorrupt(WithLength(start + Varint(2'000'000'000) + Bytes(20, '\0')), "header count");
  ExpectCorrupt(WithLength(start + Varint(3) + Bytes(5, '\0')), "header count");
  ExpectCorrupt(WithLength(start + Varint(1) + Varint(-1) + Varint(0)), "header key");
  ExpectCorrupt(WithLength(start + Varint(1) + Varint(0) + Varint(-2)), "header value");
  ExpectCorrupt(WithLength(start + Varint(1) + Varint(1) + "k"), "header value");
}

TEST(BatchReader, HeadersAreReadUpToTheirLimitAndNotOnePast) {
  const auto section = [](std::int32_t count) {
    return WithLength(Bytes(3, '\0') + Varint(-1) + Varint(-1) + Varint(count) +
                      Bytes(2 * static_cast<std::size_t>(count), '\0'));
  };
  const auto read = ReadAll(MakeBatch(HeaderFor(1), section(kHeadersPerRecordMax)));
  EXPECT_EQ(read.value().at(0).headers.size(), std::size_t{kHeadersPerRecordMax});
  ExpectCorrupt(section(kHeadersPerRecordMax + 1), "header count");
}

TEST(BatchReader, DecompressedRecordsAreReadUpToTheirLimitAndNotOnePast) {
  const auto batch = [](Codec codec, std::size_t section_bytes) {
    const std::size_t value_bytes = section_bytes - 13;  // what surrounds one of 16 MiB
    const Bytes section =
        WithLength(Bytes(3, '\0') + Varint(-1) + Varint(static_cast<std::int64_t>(value_bytes)) +
                   Bytes(value_bytes, 'v') + Varint(0));
    Bytes packed;
    EXPECT_TRUE(Compressor(codec).Compress(section, packed).ok());
    EXPECT_EQ(section.size(), section_bytes);
    BatchHeader header = HeaderFor(1);
    header.codec = codec;
    return MakeBatch(header, packed);
  };
  for (const Codec codec : {Codec::kLz4, Codec::kZstd}) {
    EXPECT_TRUE(ReadAll(batch(codec, kRecordsBytesMax)).ok());
    const auto larger = ReadAll(batch(codec, kRecordsBytesMax + 1));
    ASSERT_FALSE(larger.ok());
    EXPECT_EQ(larger.error().code, ErrorCode::kLimit);
  }
}

TEST(BatchReader, AnErrorIsToldAgain) {
  const Bytes batch = MakeBatch(HeaderFor(2), Plain(0) + "x");
  BatchReader reader;
  ASSERT_TRUE(reader.Open(batch).ok());
  EXPECT_TRUE(reader.Next().ok());
  EXPECT_FALSE(reader.Next().ok());
  EXPECT_FALSE(reader.Next().ok());
}

TEST(Record, HeaderGivesTheFirstOfItsName) {
  Record record;
  record.headers = {{"a", "1"}, {"b", std::nullopt}, {"a", "2"}};
  EXPECT_EQ(record.Header("a"), "1");
  EXPECT_EQ(record.Header("b"), std::nullopt);
  EXPECT_EQ(record.Header("c"), std::nullopt);
}

}  // namespace
}  // namespace logboom::record
