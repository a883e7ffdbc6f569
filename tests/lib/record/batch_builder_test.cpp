#include "lib/record/batch_builder.h"

#include <gtest/gtest.h>

#include <limits>

#include "lib/base/random.h"
#include "lib/record/batch_view.h"
#include "lib/record/span.h"
#include "tests/lib/record/sample.h"

namespace logboom::record {
namespace {

RecordView Line(ByteView line, std::int64_t timestamp_ms = 1000) {
  return {
      .timestamp = TimestampMs(timestamp_ms), .key = std::nullopt, .value = line, .headers = {}};
}

BatchHeader HeaderOf(ByteView batch) {
  const Result<BatchHeader> header = VerifyBatch(batch);
  EXPECT_TRUE(header.ok());
  return header.value_or(BatchHeader{});
}

TEST(BatchBuilder, LayoutGolden) {
  const HeaderView headers[] = {{"h", "\xff"}, {"n", std::nullopt}};
  BatchBuilder builder({.codec = Codec::kNone});
  builder.Add({.timestamp = TimestampMs(1000), .key = "k", .value = "one", .headers = {}});
  builder.Add({.timestamp = TimestampMs(998), .key = {}, .value = {}, .headers = headers});
  const Result<ByteView> batch = builder.Finish();
  ASSERT_TRUE(batch.ok());
  const std::string header =
      "0000000000000000"
      "0000004a"
      "ffffffff"
      "02"
      "CRC32C-0"
      "0000"
      "00000001"
      "00000000000003e8"
      "00000000000003e8"
      "ffffffffffffffff"
      "ffff"
      "ffffffff"
      "00000002";
  const std::string records =
      "14"
      "00"
      "00"
      "00"
      "026b"
      "066f6e65"
      "00"
      "1a"
      "00"
      "03"
      "02"
      "01"
      "01"
      "04"
      "0268"
      "02ff"
      "026e"
      "01";
  const std::string hex = ToHex(*batch);
  EXPECT_EQ(hex.substr(0, 34), header.substr(0, 34));
  EXPECT_EQ(hex.substr(42), header.substr(42) + records);
}

TEST(BatchBuilder, EachCodecReadsBackWhatWasAdded) {
  const std::vector<SampleRecord> samples = GoldenRecords();
  for (const Codec codec : {Codec::kNone, Codec::kLz4, Codec::kZstd}) {
    const Bytes batch = Build(samples, codec);
    EXPECT_EQ(HeaderOf(batch).codec, codec);
    EXPECT_EQ(ReadAll(batch).value(), samples);
  }
}

TEST(BatchBuilder, HeaderTellsCountTimesAndNoProducer) {
  BatchBuilder builder({});
  for (const std::int64_t time : {500, 900, 100}) builder.Add(Line("a line", time));
  const BatchHeader header = HeaderOf(*builder.Finish());
  EXPECT_EQ(header.base_offset, Offset(0));
  EXPECT_EQ(header.leader_epoch, LeaderEpoch(-1));
  EXPECT_EQ(header.base_timestamp, TimestampMs(500));
  EXPECT_EQ(header.max_timestamp, TimestampMs(900));
  EXPECT_EQ(header.record_count, 3);
  EXPECT_EQ(header.last_offset_delta, 2);
  EXPECT_EQ(header.producer_id, -1);
  EXPECT_EQ(header.producer_epoch, -1);
  EXPECT_EQ(header.base_sequence, -1);
}

TEST(BatchBuilder, ProducerStandsInTheNextBatchAndInThatOnly) {
  BatchBuilder builder({});
  builder.SetProducer(7'000'000'000, 3, 42);
  builder.Add(Line("a"));
  const BatchHeader first = HeaderOf(*builder.Finish());
  EXPECT_EQ(first.producer_id, 7'000'000'000);
  EXPECT_EQ(first.producer_epoch, 3);
  EXPECT_EQ(first.base_sequence, 42);
  builder.Add(Line("b"));
  EXPECT_EQ(HeaderOf(*builder.Finish()).producer_id, -1);
}

TEST(BatchBuilder, ABatchMadeAnewKeepsItsPlaceAndItsHoles) {
  BatchBuilder builder({.codec = Codec::kZstd});
  builder.AddAt(2, Line("a", 1000));
  builder.AddAt(5, Line("b", 900));
  const Result<ByteView> batch = builder.FinishAt({.base_offset = Offset(40),
                                                   .leader_epoch = LeaderEpoch(3),
                                                   .last_offset_delta = 9,
                                                   .timestamp_type = TimestampType::kCreateTime});
  const BatchHeader header = HeaderOf(batch.value());
  EXPECT_EQ(header.base_offset, Offset(40));
  EXPECT_EQ(header.next_offset(), Offset(50));
  EXPECT_EQ(header.leader_epoch, LeaderEpoch(3));
  EXPECT_EQ(header.record_count, 2);
  BatchReader reader;
  ASSERT_TRUE(reader.Open(*batch).ok());
  EXPECT_EQ((*reader.Next())->offset, Offset(42));
  const Record* second = *reader.Next();
  EXPECT_EQ(second->offset, Offset(45));
  EXPECT_EQ(second->timestamp, TimestampMs(900));
  builder.Add(Line("c"));
  EXPECT_EQ(HeaderOf(builder.Finish().value()).last_offset_delta, 0);
}

TEST(BatchBuilder, ADeleteHorizonStandsInThePlaceOfTheBaseTimestamp) {
  BatchBuilder builder({.codec = Codec::kNone});
  builder.SetDeleteHorizon(TimestampMs(86'400'000));
  builder.Add(Line("a", 1000));
  builder.Add(Line("b", 2000));
  const Result<ByteView> batch = builder.Finish();
  const BatchHeader header = HeaderOf(batch.value());
  EXPECT_TRUE(header.has_delete_horizon);
  EXPECT_EQ(header.base_timestamp, TimestampMs(86'400'000));
  EXPECT_EQ(header.max_timestamp, TimestampMs(2000));
  BatchReader reader;
  ASSERT_TRUE(reader.Open(*batch).ok());
  EXPECT_EQ((*reader.Next())->timestamp, TimestampMs(1000));
  EXPECT_EQ((*reader.Next())->timestamp, TimestampMs(2000));
  builder.Add(Line("c"));
  EXPECT_FALSE(HeaderOf(builder.Finish().value()).has_delete_horizon);
}

TEST(BatchBuilder, IsEmptyAfterFinishAndStartsAfresh) {
  BatchBuilder builder({.codec = Codec::kLz4});
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(builder.empty());
    EXPECT_EQ(builder.raw_bytes(), 0U);
    const std::vector<SampleRecord> samples(
        50, {.timestamp_ms = round, .key = "k", .value = "line", .headers = {}});
    for (const SampleRecord& sample : samples) Add(builder, sample);
    EXPECT_EQ(builder.record_count(), 50);
    EXPECT_EQ(ReadAll(*builder.Finish()).value(), samples);
  }
}

TEST(BatchBuilder, WhatDoesNotShrinkIsSentUncompressed) {
  for (const Codec codec : {Codec::kLz4, Codec::kZstd}) {
    BatchBuilder builder({.codec = codec});
    builder.Add(Line("x"));
    const Result<ByteView> batch = builder.Finish();
    EXPECT_EQ(HeaderOf(*batch).codec, Codec::kNone);
    EXPECT_EQ(ReadAll(*batch).value().at(0).value, "x");
  }
}

TEST(BatchBuilder, CodecThatIsNotWrittenKeepsTheRecords) {
  BatchBuilder builder({.codec = Codec::kGzip});
  builder.Add(Line("x"));
  const Result<ByteView> batch = builder.Finish();
  ASSERT_FALSE(batch.ok());
  EXPECT_EQ(batch.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(builder.record_count(), 1);
}

TEST(BatchBuilder, TimesAnywhereIn64BitsRoundTrip) {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  std::vector<SampleRecord> samples;
  for (const std::int64_t time : {kMax, kMin, std::int64_t{0}, kMax, std::int64_t{-1}}) {
    samples.push_back({.timestamp_ms = time, .key = {}, .value = "x", .headers = {}});
  }
  EXPECT_EQ(ReadAll(Build(samples, Codec::kNone)).value(), samples);
}

TEST(BatchBuilder, SizeOfIsAnUpperBoundThatIsExactButForTheDeltas) {
  SeededRandom random(11);
  BatchBuilder builder({});
  for (int i = 0; i < 2000; ++i) {
    const Bytes value(random.Below(300), 'v');
    const Bytes key(random.Below(100), 'k');
    const HeaderView headers[] = {{key, value}, {value, std::nullopt}};
    const RecordView record{
        .timestamp = TimestampMs(static_cast<std::int64_t>(random.Next() >> 20U)),
        .key = key,
        .value = value,
        .headers = std::span(headers).first(random.Below(3))};
    if (!builder.Fits(record)) {
      ASSERT_TRUE(builder.Finish().ok());
    }
    const std::size_t before = builder.raw_bytes();
    builder.Add(record);
    const std::size_t added = builder.raw_bytes() - before;
    EXPECT_LE(added, BatchBuilder::SizeOf(record));
    EXPECT_GE(added + 15, BatchBuilder::SizeOf(record));
  }
}

TEST(BatchBuilder, FitsUpToTheLimitAndNotOneBytePast) {
  BatchBuilder builder({.codec = Codec::kNone, .level = 1, .batch_bytes_max = 1000});
  Bytes line;
  while (builder.Fits(Line(line + "x"))) line += 'x';
  EXPECT_EQ(BatchBuilder::SizeOf(Line(line)), 1000 - kBatchHeaderBytes);
  EXPECT_FALSE(builder.Fits(Line(line + "x")));
  builder.Add(Line(line));
  const Result<ByteView> batch = builder.Finish();
  EXPECT_LE(batch->size(), 1000U);
  EXPECT_TRUE(VerifyBatch(*batch).ok());
}

TEST(BatchBuilder, ABatchOfNoiseFilledToTheDefaultLimitStaysStorable) {
  SeededRandom random(3);
  BatchBuilder builder({});
  Bytes line;
  while (line.size() < 5000) line += static_cast<char>(random.Next());
  while (builder.Fits(Line(line))) builder.Add(Line(line));
  EXPECT_LE(builder.Finish()->size(), kBatchBytesMax);
}

TEST(BatchBuilder, HeadersFitUpToTheirLimit) {
  const BatchBuilder builder({});
  std::vector<HeaderView> headers(kHeadersPerRecordMax);
  RecordView record = Line("x");
  record.headers = headers;
  EXPECT_TRUE(builder.Fits(record));
  headers.emplace_back();
  record.headers = headers;
  EXPECT_FALSE(builder.Fits(record));
}

TEST(BatchBuilder, SlotIsFilledInOnceTheSpanIsKnown) {
  const SourceSpan span{.log_tag = 1,
                        .source_id = {},
                        .begin = SourcePosition(10),
                        .end = SourcePosition(90),
                        .window = 2,
                        .records = 3,
                        .dropped = 0};
  const Bytes room(kSpanBytes, '\0');
  const HeaderView headers[] = {{"before", "b"}, {kSpanHeader, room}, {"after", "abc"}, {"n", {}}};
  RecordView first = Line("first");
  first.headers = headers;
  BatchBuilder builder({.codec = Codec::kLz4});
  builder.Add(Line("of another source"));
  const HeaderSlot slot = builder.AddWithSlot(first, 1);
  for (int i = 0; i < 500; ++i) builder.Add(Line("more lines, so that the buffer moves"));
  EXPECT_EQ(slot.size, kSpanBytes);
  builder.PatchHeader(slot, EncodeSpan(span));

  BatchReader reader;
  const Result<ByteView> batch = builder.Finish();
  ASSERT_TRUE(reader.Open(*batch).ok());
  ASSERT_TRUE(reader.Next().ok());
  const Record* record = reader.Next().value();
  ASSERT_EQ(record->headers.size(), 4U);
  EXPECT_EQ(DecodeSpan(record->Header(kSpanHeader).value()).value(), span);
  EXPECT_EQ(record->Header("before"), "b");
  EXPECT_EQ(record->Header("after"), "abc");
  EXPECT_EQ(record->value, "first");
}

TEST(BatchBuilderDeathTest, MisuseIsCaught) {
  EXPECT_DEATH(static_cast<void>(BatchBuilder({}).Finish()), "empty");
  EXPECT_DEATH(BatchBuilder({.codec = Codec::kNone, .level = 1, .batch_bytes_max = 100})
                   .Add(Line(Bytes(200, 'x'))),
               "batch_bytes_max");
  EXPECT_DEATH(BatchBuilder({}).AddWithSlot(Line("x"), 0), "index");
}

}  // namespace
}  // namespace logboom::record
