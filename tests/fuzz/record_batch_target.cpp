#include <gtest/gtest.h>

#include <limits>

#include "lib/record/span.h"
#include "tests/fuzz/targets.h"
#include "tests/lib/record/sample.h"

namespace logboom::fuzz {
namespace {

void SpanHeaders(ByteView span, ByteView identity) {
  if (const auto decoded = record::DecodeSpan(span); decoded.ok()) {
    EXPECT_LE(decoded->begin, decoded->end);
    EXPECT_EQ(record::EncodeSpan(*decoded), span);
  }
  if (const auto decoded = record::DecodeSourceIdentity(identity); decoded.ok()) {
    EXPECT_EQ(record::EncodeSourceIdentity(*decoded), identity);
  }
}

// The records of a batch, where all of them can be walked.
std::optional<std::vector<record::SampleRecord>> Walk(ByteView batch) {
  record::BatchReader reader;
  if (!reader.Open(batch).ok()) return std::nullopt;
  const record::BatchHeader& header = reader.header();
  EXPECT_EQ(header.size_bytes(), batch.size());
  std::vector<record::SampleRecord> records;
  std::size_t bytes = 0;
  std::optional<Offset> last;
  while (true) {
    const auto next = reader.Next();
    if (!next.ok()) return std::nullopt;
    if (*next == nullptr) break;
    const record::Record& one = **next;
    EXPECT_TRUE(!last || one.offset > *last);
    EXPECT_TRUE(one.offset >= header.base_offset && one.offset <= header.last_offset());
    last = one.offset;
    SpanHeaders(one.Header(record::kSpanHeader).value_or(ByteView()),
                one.Header(record::kSourceHeader).value_or(ByteView()));
    records.push_back(record::Own(one));
    bytes += one.value.value_or(ByteView()).size() + one.key.value_or(ByteView()).size();
  }
  EXPECT_EQ(records.size(), static_cast<std::size_t>(header.record_count));
  EXPECT_LE(bytes, record::kRecordsBytesMax);
  return records;
}

// What one batch was walked to, another one of ours holds too, whatever its codec.
void BuildAgain(const std::vector<record::SampleRecord>& records, record::Codec codec) {
  record::BatchBuilder builder({.codec = codec});
  std::vector<record::SampleRecord> added;
  for (const record::SampleRecord& one : records) {
    if (record::AddWhereItFits(builder, one)) added.push_back(one);
  }
  if (added.empty()) return;
  const auto built = builder.Finish();
  ASSERT_TRUE(built.ok()) << built.error().message;
  EXPECT_LE(built->size(), record::kBatchBytesMax);
  const auto again = Walk(*built);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(*again, added);
}

void WalkAndBuildAgain(ByteView batch) {
  const auto records = Walk(batch);
  if (!records) return;
  for (const record::Codec codec :
       {record::Codec::kNone, record::Codec::kLz4, record::Codec::kZstd}) {
    BuildAgain(*records, codec);
  }
}

// Base offset and epoch lie outside of the checksum.
void MoveVerified(ByteView input) {
  Bytes batch(input);
  record::SetBaseOffset(batch.data(), Offset(7));
  record::SetLeaderEpoch(batch.data(), LeaderEpoch(3));
  const auto moved = record::VerifyBatch(batch);
  ASSERT_TRUE(moved.ok()) << moved.error().message;
  EXPECT_EQ(moved->base_offset, Offset(7));
  EXPECT_EQ(moved->leader_epoch, LeaderEpoch(3));
}

}  // namespace

void RecordBatch(ByteView input) {
  SpanHeaders(input, input);
  if (const auto header = record::ParseBatchHeader(input); header.ok()) {
    EXPECT_GE(header->size_bytes(), record::kBatchHeaderBytes);
    EXPECT_LE(header->size_bytes(), record::kBatchBytesMax);
    EXPECT_GE(header->record_count, 0);
    EXPECT_GE(header->last_offset(), header->base_offset);
  }
  if (record::VerifyBatch(input).ok()) MoveVerified(input);
  WalkAndBuildAgain(input);

  if (input.size() < record::kBatchHeaderBytes || input.size() > record::kBatchBytesMax) return;
  Bytes sealed(input);
  sealed[16] = static_cast<char>(record::kMagic);
  record::SealBatch(sealed.data(), sealed.size());
  if (sealed != input) WalkAndBuildAgain(sealed);
}

}  // namespace logboom::fuzz
