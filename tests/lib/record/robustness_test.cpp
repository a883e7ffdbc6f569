// Bytes that nobody meant: mutated batches and headers, from a seed. Nothing may crash, nor read
// outside of its input, which stands alone on the heap so that an address sanitizer sees the first
// byte too many.
#include <gtest/gtest.h>

#include <memory>

#include "lib/base/random.h"
#include "lib/record/span.h"
#include "tests/fuzz/mutate.h"
#include "tests/lib/record/sample.h"

namespace logboom::record {
namespace {

constexpr std::uint64_t kSeed = 19550;
constexpr int kMutations = 6000;

using fuzz::FlipBits;
using fuzz::Mutate;
using fuzz::Overwrite;

// Walks a batch as far as it goes and copies every byte that it is given. How many records came.
std::int32_t Walk(BatchReader& reader, ByteView batch) {
  if (!reader.Open(batch).ok()) return 0;
  std::int32_t records = 0;
  while (true) {
    const Result<const Record*> record = reader.Next();
    if (!record.ok() || *record == nullptr) break;
    static_cast<void>(Own(**record));
    ++records;
  }
  EXPECT_LE(records, reader.header().record_count);
  return records;
}

class MutatedBatches : public testing::TestWithParam<Codec> {};
INSTANTIATE_TEST_SUITE_P(Codec, MutatedBatches,
                         testing::Values(Codec::kNone, Codec::kLz4, Codec::kZstd),
                         [](const auto& tested) { return std::string(CodecName(tested.param)); });

// Runs `mutate` on copies of a batch; how many of them still gave records.
template <typename Mutation>
int Survivors(Codec codec, Mutation mutate) {
  SCOPED_TRACE(kSeed);
  SeededRandom random(kSeed);
  const Bytes whole = Build(GoldenRecords(), codec);
  BatchReader reader;
  int survivors = 0;
  for (int i = 0; i < kMutations; ++i) {
    Bytes batch = whole;
    mutate(random, batch);
    const auto alone = std::make_unique<char[]>(batch.size());
    batch.copy(alone.get(), batch.size());
    const ByteView view(alone.get(), batch.size());
    static_cast<void>(ParseBatchHeader(view).ok());
    if (Walk(reader, view) > 0) ++survivors;
  }
  return survivors;
}

TEST_P(MutatedBatches, AreRefusedByTheChecksum) {
  const int survivors = Survivors(GetParam(), [](SeededRandom& random, Bytes& batch) {
    // From the attributes on: all that the checksum covers.
    const Bytes before = batch;
    while (batch == before) Mutate(random, batch, 21);
  });
  EXPECT_EQ(survivors, 0);
}

TEST_P(MutatedBatches, NeverCrashTheReaderOnceTheChecksumIsPutRight) {
  const int survivors = Survivors(GetParam(), [](SeededRandom& random, Bytes& batch) {
    Mutate(random, batch, kBatchHeaderBytes);
    SealBatch(batch.data(), batch.size());
  });
  EXPECT_GT(survivors, 0) << "the mutations never reached the records";
}

TEST_P(MutatedBatches, NeverCrashTheReaderWithAHeaderThatLies) {
  Survivors(GetParam(), [](SeededRandom& random, Bytes& batch) {
    Bytes head = batch.substr(0, kBatchHeaderBytes);
    FlipBits(random, head, 0);
    Overwrite(random, head, random.Below(kBatchHeaderBytes));
    head[16] = static_cast<char>(kMagic);
    batch.replace(0, kBatchHeaderBytes, head);
    SealBatch(batch.data(), batch.size());
  });
}

TEST(MutatedHeaders, OfSourcesNeverCrash) {
  SCOPED_TRACE(kSeed);
  SeededRandom random(kSeed);
  const Bytes span = EncodeSpan({.log_tag = 1,
                                 .source_id = {},
                                 .begin = SourcePosition(1),
                                 .end = SourcePosition(9),
                                 .window = 2,
                                 .records = 1,
                                 .dropped = 0});
  const Bytes identity = EncodeSourceIdentity({.agent_id = "a",
                                               .path = "/var/log/x",
                                               .device = 1,
                                               .inode = 2,
                                               .birth_time_ns = 3,
                                               .file_system_uuid = "u",
                                               .head_bytes = 4,
                                               .head_hash = 5});
  for (int i = 0; i < kMutations; ++i) {
    Bytes bytes = random.Below(2) == 0 ? span : identity;
    Mutate(random, bytes);
    const auto alone = std::make_unique<char[]>(bytes.size());
    bytes.copy(alone.get(), bytes.size());
    const ByteView view(alone.get(), bytes.size());
    const Result<SourceSpan> decoded = DecodeSpan(view);
    EXPECT_TRUE(!decoded.ok() || decoded->begin < decoded->end);
    static_cast<void>(DecodeSourceIdentity(view).ok());
  }
}

}  // namespace
}  // namespace logboom::record
