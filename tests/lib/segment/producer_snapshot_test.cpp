// Snapshots of producers: Kafka's format, byte for byte, and how verify and dump look at them.
#include "lib/segment/producer_snapshot.h"

#include <gtest/gtest.h>

#include <limits>

#include "lib/file/memory_file_system.h"
#include "lib/file/posix_file_system.h"
#include "lib/segment/dump.h"
#include "lib/segment/leader_epoch_checkpoint.h"
#include "lib/segment/names.h"
#include "lib/segment/verify.h"
#include "tests/lib/segment/batches.h"

namespace logboom::segment {
namespace {

const std::string kGolden =
    std::string(LOGBOOM_SOURCE_DIR) + "/tests/data/golden/producer_snapshot";

// Those of make_golden.py.
std::vector<ProducerSnapshotEntry> GoldenProducers() {
  constexpr std::int64_t kTime = 1'700'000'000'000;
  return {
      {.producer_id = 0,
       .epoch = 0,
       .last_sequence = 0,
       .last_offset = Offset(0),
       .timestamp = TimestampMs(kTime)},
      {.producer_id = 7,
       .epoch = 3,
       .last_sequence = std::numeric_limits<std::int32_t>::max(),
       .last_offset = Offset(411),
       .offset_delta = 11,
       .timestamp = TimestampMs(kTime + 500)},
      {.producer_id = 4000,
       .epoch = std::numeric_limits<std::int16_t>::max(),
       .last_sequence = 4,
       .last_offset = Offset(499),
       .offset_delta = 9,
       .timestamp = TimestampMs(kTime + 1000)},
      {.producer_id = std::int64_t{1} << 62U, .epoch = 1, .timestamp = TimestampMs(kTime + 1001)}};
}

TEST(ProducerSnapshot, IsWhatKafkasSchemaSays) {
  file::PosixFileSystem fs;
  const auto golden = file::ReadWholeFile(fs, kGolden + "/00000000000000000500.snapshot", 1'000);
  ASSERT_TRUE(golden.ok()) << golden.error().message;
  EXPECT_EQ(EncodeProducerSnapshot(GoldenProducers()), *golden);
  const auto read = ReadProducerSnapshot(fs, kGolden, Offset(500));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, GoldenProducers());
}

TEST(ProducerSnapshot, OfNobodyHasTenBytes) {
  const Bytes bytes = EncodeProducerSnapshot({});
  EXPECT_EQ(bytes.size(), kProducerSnapshotHeaderBytes);
  EXPECT_TRUE(DecodeProducerSnapshot(bytes).value().empty());
}

TEST(ProducerSnapshot, AnyChangedOrMissingByteIsFound) {
  const Bytes whole = EncodeProducerSnapshot(GoldenProducers());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    Bytes broken = whole;
    broken[i] = static_cast<char>(broken[i] ^ 1);
    EXPECT_FALSE(DecodeProducerSnapshot(broken).ok()) << i;
    EXPECT_FALSE(DecodeProducerSnapshot(whole.substr(0, i)).ok()) << i;
  }
  EXPECT_FALSE(DecodeProducerSnapshot(whole + '\0').ok());
}

TEST(ProducerSnapshot, AnotherVersionIsUnsupported) {
  Bytes bytes = EncodeProducerSnapshot({});
  StoreBig(bytes.data(), std::int16_t{2});
  EXPECT_EQ(DecodeProducerSnapshot(bytes).error().code, ErrorCode::kUnsupported);
}

TEST(ProducerSnapshot, WhatNoProducerCanHaveIsCorrupt) {
  const ProducerSnapshotEntry good = GoldenProducers()[1];
  std::vector<ProducerSnapshotEntry> bad(6, good);
  bad[0].producer_id = -1;
  bad[1].epoch = -1;
  bad[2].last_sequence = -1;
  bad[3].offset_delta = -1;
  bad[4].last_offset = Offset(good.offset_delta - 1);
  bad[5].last_sequence = -2;
  for (const ProducerSnapshotEntry& one : bad) {
    const auto decoded = DecodeProducerSnapshot(EncodeProducerSnapshot({&one, 1}));
    ASSERT_FALSE(decoded.ok());
    EXPECT_EQ(decoded.error().code, ErrorCode::kCorrupt);
  }
}

TEST(ProducerSnapshot, DoesNotTellOfLaterOffsetsThanItsName) {
  file::MemoryFileSystem fs;
  const Bytes bytes = EncodeProducerSnapshot(GoldenProducers());
  for (const auto& [offset, ok] : {std::pair(500, true), std::pair(499, false)}) {
    WriteFile(fs, SegmentPath("", Offset(offset), kProducerSnapshotSuffix), bytes);
    EXPECT_EQ(ReadProducerSnapshot(fs, "", Offset(offset)).ok(), ok) << offset;
  }
}

TEST(ProducerSnapshot, DumpShowsAProducerARow) {
  std::vector<DumpRow> rows;
  file::PosixFileSystem fs;
  ASSERT_TRUE(DumpFile(fs, kGolden + "/00000000000000000500.snapshot", [&](const DumpRow& row) {
                rows.push_back(row);
              }).ok());
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[1][0].name, "producer_id");
  EXPECT_EQ(std::get<std::int64_t>(rows[1][0].value), 7);
  EXPECT_EQ(std::get<std::int64_t>(rows[1][2].value), std::numeric_limits<std::int32_t>::max());
}

// One segment of two batches, the second one of producer 5, and a snapshot behind both.
class SnapshotBesideALog : public ::testing::Test {
 protected:
  void SetUp() override {
    Bytes log = MakeBatch({.base_offset = Offset(0), .records = 2});
    Bytes batch = MakeBatch({.base_offset = Offset(2), .records = 3});
    record::BatchHeader header = *record::ParseBatchHeader(batch);
    header.producer_id = 5;
    header.producer_epoch = 1;
    header.base_sequence = std::numeric_limits<std::int32_t>::max() - 1;
    record::WriteBatchHeader(batch.data(), header);
    record::SealBatch(batch.data(), batch.size());
    WriteFile(fs_, SegmentPath("", Offset(0), kLogSuffix), log + batch);
    LeaderEpochs epochs;
    epochs.Begin(LeaderEpoch(0), Offset(0));
    ASSERT_TRUE(WriteLeaderEpochs(fs_, "", epochs).ok());
  }

  // What verify says of a snapshot with this entry, beside what it says without one.
  std::vector<std::string> ProblemsWith(const ProducerSnapshotEntry& entry) {
    const std::string path = SegmentPath("", Offset(5), kProducerSnapshotSuffix);
    WriteFile(fs_, path, EncodeProducerSnapshot({&entry, 1}));
    std::vector<std::string> problems;
    const DirectoryReport report = VerifyDirectory(fs_, "", {}).value();
    for (const Problem& problem : report.problems) {
      if (problem.file == path) problems.push_back(problem.what);
    }
    return problems;
  }

  file::MemoryFileSystem fs_;
  // The sequence has wrapped: max - 1, max, 0.
  const ProducerSnapshotEntry right_{.producer_id = 5,
                                     .epoch = 1,
                                     .last_sequence = 0,
                                     .last_offset = Offset(4),
                                     .offset_delta = 2,
                                     .timestamp = TimestampMs(1)};
};

TEST_F(SnapshotBesideALog, IsGoodWhereItSaysWhatTheBatchSays) {
  EXPECT_TRUE(ProblemsWith(right_).empty());
}

TEST_F(SnapshotBesideALog, IsBlamedForEachWrongField) {
  std::vector<ProducerSnapshotEntry> wrong(5, right_);
  wrong[0].producer_id = 6;
  wrong[1].epoch = 2;
  wrong[2].last_sequence = 1;
  wrong[3].offset_delta = 1;
  wrong[4].last_offset = Offset(3);  // inside of the batch
  for (const ProducerSnapshotEntry& one : wrong) EXPECT_EQ(ProblemsWith(one).size(), 1U);
}

TEST_F(SnapshotBesideALog, IsBlamedWhereItCantBeRead) {
  WriteFile(fs_, SegmentPath("", Offset(3), kProducerSnapshotSuffix), "torn");
  const DirectoryReport report = VerifyDirectory(fs_, "", {}).value();
  EXPECT_TRUE(std::ranges::any_of(report.problems, [](const Problem& problem) {
    return problem.file.ends_with(kProducerSnapshotSuffix);
  }));
}

}  // namespace
}  // namespace logboom::segment
