// Our batches against an independent implementation of the format, kafka-python: it decodes ours,
// and we decode what its builder made.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "lib/base/random.h"
#include "tests/lib/record/sample.h"

namespace logboom::record {
namespace {

constexpr std::string_view kGoldenFolder = LOGBOOM_SOURCE_DIR "/tests/data/golden/record/";
constexpr std::string_view kDecoder = LOGBOOM_SOURCE_DIR "/tests/lib/record/decode_batches.py";

Bytes ReadGolden(std::string_view name) {
  const std::string path = fmt::format("{}{}.batch", kGoldenFolder, name);
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path;
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return std::move(bytes).str();
}

// What kafka-python says of these batches, a line for each batch and record.
std::string DecodedByKafkaPython(ByteView batches) {
  const std::string path = fmt::format("{}{}.batches", testing::TempDir(), ::getpid());
  std::ofstream(path, std::ios::binary).write(batches.data(), std::ssize(batches));
  const std::string command = fmt::format("/usr/bin/python3 {} {} 2>&1", kDecoder, path);
  std::FILE* pipe = ::popen(command.c_str(), "r");
  EXPECT_NE(pipe, nullptr);
  std::string output;
  char buffer[4096];
  while (const std::size_t count = std::fread(buffer, 1, sizeof(buffer), pipe)) {
    output.append(buffer, count);
  }
  const int exit_status = ::pclose(pipe);
  static_cast<void>(std::remove(path.c_str()));
  EXPECT_EQ(exit_status, 0) << output
                            << "needs Debian's python3-kafka, python3-lz4, python3-zstandard";
  return output;
}

std::string Expected(ByteView batch, const std::vector<SampleRecord>& samples) {
  const BatchHeader header = VerifyBatch(batch).value();
  std::string text = fmt::format(
      R"({{"attributes":{},"base_offset":{},"count":{},"crc_ok":true,"last_offset_delta":{},)"
      R"("leader_epoch":{},"magic":2,"max_timestamp":{},"producer":[{},{},{}]}})"
      "\n",
      static_cast<int>(header.codec), header.base_offset, samples.size(), samples.size() - 1,
      header.leader_epoch, header.max_timestamp, header.producer_id, header.producer_epoch,
      header.base_sequence);
  std::int64_t offset = header.base_offset.value();
  for (const SampleRecord& sample : samples) text += Describe(sample, offset++) + "\n";
  return text;
}

std::optional<Bytes> RandomBytes(SeededRandom& random, std::uint64_t size_max) {
  if (random.Below(10) == 0) return std::nullopt;
  Bytes bytes(random.Below(size_max + 1), 'x');
  for (char& byte : bytes) {
    if (random.Below(3) == 0) byte = static_cast<char>(random.Next());
  }
  return bytes;
}

std::vector<SampleRecord> RandomRecords(std::uint64_t seed) {
  SeededRandom random(seed);
  std::vector<SampleRecord> samples(1 + random.Below(80));
  for (SampleRecord& sample : samples) {
    sample.timestamp_ms = static_cast<std::int64_t>(random.Next() >> (20 + random.Below(40)));
    sample.key = RandomBytes(random, 100);
    sample.value = RandomBytes(random, 500);
    for (std::uint64_t i = random.Below(4); i > 0; --i) {
      sample.headers.emplace_back(fmt::format("header-{}", random.Below(100)),
                                  RandomBytes(random, 60));
    }
  }
  return samples;
}

TEST(GoldenBatches, KafkaPythonReadsOurs) {
  constexpr std::uint64_t kSeed = 42;
  SCOPED_TRACE(kSeed);
  Bytes batches;
  std::string expected;
  std::int64_t base = 0;
  for (const Codec codec : {Codec::kNone, Codec::kLz4, Codec::kZstd}) {
    for (const auto& samples : {GoldenRecords(), RandomRecords(kSeed), RandomRecords(kSeed + 1)}) {
      Bytes batch = Build(samples, codec);
      SetBaseOffset(batch.data(), Offset(base));
      base += std::ssize(samples);
      expected += Expected(batch, samples);
      batches += batch;
    }
  }
  EXPECT_EQ(DecodedByKafkaPython(batches), expected);
}

TEST(GoldenBatches, KafkaPythonFindsTheChecksumOfABrokenOneWrong) {
  Bytes batch = Build(GoldenRecords(), Codec::kNone);
  batch[30] = static_cast<char>(batch[30] ^ 1);  // the base timestamp
  EXPECT_NE(DecodedByKafkaPython(batch).find(R"("crc_ok":false)"), std::string::npos);
  EXPECT_FALSE(VerifyBatch(batch).ok());
}

class KafkaPython : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(GoldenBatches, KafkaPython,
                         testing::Values("none", "lz4", "lz4_linked", "zstd", "zstd_stream"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_P(KafkaPython, OneOfItsBatchesReads) {
  const auto samples = ReadAll(ReadGolden(GetParam()));
  ASSERT_TRUE(samples.ok()) << samples.error().message;
  EXPECT_EQ(*samples, GoldenRecords());
}

TEST_P(KafkaPython, OneOfItsBatchesIsRefusedOnceBroken) {
  Bytes batch = ReadGolden(GetParam());
  batch.back() = static_cast<char>(batch.back() ^ 1);
  const Result<BatchHeader> header = VerifyBatch(batch);
  ASSERT_FALSE(header.ok());
  EXPECT_EQ(header.error().code, ErrorCode::kCorrupt);
}

TEST_P(KafkaPython, OneOfItsFramesIsBoundedWithAndWithoutContentSize) {
  const Bytes batch = ReadGolden(GetParam());
  const Codec codec = VerifyBatch(batch).value().codec;
  const ByteView frame = ByteView(batch).substr(kBatchHeaderBytes);
  const std::size_t size = ReadGolden("none").size() - kBatchHeaderBytes;
  Decompressor decompressor;
  Bytes out;
  EXPECT_TRUE(decompressor.Decompress(codec, frame, size, out).ok());
  EXPECT_EQ(out.size(), size);
  const Status refused = decompressor.Decompress(codec, frame, size - 1, out);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kLimit);
}

// Without compression there is one way to write a batch: byte for byte.
TEST(GoldenBatches, OursOfTheSameRecordsIsTheSame) {
  Bytes theirs = ReadGolden("none");
  SetLeaderEpoch(theirs.data(), LeaderEpoch(-1));  // it leaves 0
  EXPECT_EQ(ToHex(Build(GoldenRecords(), Codec::kNone)), ToHex(theirs));
}

TEST(GoldenBatches, AppendTimeBatchReads) {
  const Bytes batch = ReadGolden("append_time");
  std::vector<SampleRecord> expected = GoldenRecords();
  for (SampleRecord& sample : expected) sample.timestamp_ms = 1'800'000'000'000;
  EXPECT_EQ(ReadAll(batch).value(), expected);
  const BatchHeader header = VerifyBatch(batch).value();
  EXPECT_EQ(header.base_offset, Offset(4200));
  EXPECT_EQ(header.leader_epoch, LeaderEpoch(7));
  EXPECT_EQ(header.next_offset(), Offset(4260));
}

TEST(GoldenBatches, TransactionalBatchTellsItsProducer) {
  const BatchHeader header = VerifyBatch(ReadGolden("transactional")).value();
  EXPECT_TRUE(header.transactional);
  EXPECT_EQ(header.producer_id, 77);
  EXPECT_EQ(header.producer_epoch, 5);
  EXPECT_EQ(header.base_sequence, 1000);
}

TEST(GoldenBatches, GzipVerifiesButItsRecordsAreUnsupported) {
  const Bytes batch = ReadGolden("gzip");
  EXPECT_EQ(VerifyBatch(batch).value().codec, Codec::kGzip);
  const auto read = ReadAll(batch);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace logboom::record
