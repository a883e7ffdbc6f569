#include "lib/segment/log_walk.h"

#include <gtest/gtest.h>

#include "lib/file/faulty_file_system.h"
#include "lib/file/memory_file_system.h"
#include "tests/lib/segment/batches.h"

namespace logboom::segment {
namespace {

struct Walked {
  std::vector<Offset> bases;
  FilePosition end;
  std::optional<WalkStop> stop;
};

class LogWalkTest : public ::testing::Test {
 protected:
  Walked Walk(const Bytes& log, CrcCheck crc = CrcCheck::kVerify,
              OffsetRule rule = OffsetRule::kContiguous) {
    const auto file = WriteFile(fs_, "/log", log);
    LogWalk walk(*file, {.begin = FilePosition(0),
                         .end = FilePosition(static_cast<std::int64_t>(log.size())),
                         .expected = {.next_offset = Offset(0), .rule = rule},
                         .crc = crc});
    Walked walked;
    while (true) {
      const Result<bool> more = walk.Next();
      EXPECT_TRUE(more.ok());
      if (!more.ok() || !*more) break;
      walked.bases.push_back(walk.header().base_offset);
    }
    walked.end = walk.next_position();
    walked.stop = walk.stop();
    return walked;
  }

  file::MemoryFileSystem fs_;
  const Bytes first_ = MakeBatch({.base_offset = Offset(0), .records = 3});
  const Bytes second_ = MakeBatch({.base_offset = Offset(3), .records = 2});
};

TEST_F(LogWalkTest, WalksAllBatches) {
  for (const CrcCheck crc : {CrcCheck::kVerify, CrcCheck::kSkip}) {
    const Walked walked = Walk(first_ + second_, crc);
    EXPECT_EQ(walked.bases, (std::vector<Offset>{Offset(0), Offset(3)}));
    EXPECT_FALSE(walked.stop);
    EXPECT_EQ(walked.end.value(), static_cast<std::int64_t>(first_.size() + second_.size()));
  }
}

TEST_F(LogWalkTest, WalksBatchesOfEverySizeThroughOneBuffer) {
  Bytes log;
  std::int64_t next = 0;
  for (const std::size_t size : {10U, 1'000'000U, 50U, 1'000'000U, 1'000'000U, 4000U, 300'000U}) {
    log += MakeBatch({.base_offset = Offset(next++), .value_bytes = size});
  }
  EXPECT_EQ(Walk(log).bases.size(), 7U);
  EXPECT_EQ(Walk(log, CrcCheck::kSkip).bases.size(), 7U);
}

TEST_F(LogWalkTest, EveryCutOfTheLastBatchIsIncomplete) {
  for (std::size_t size = 1; size < second_.size(); ++size) {
    const Walked walked = Walk(first_ + second_.substr(0, size));
    ASSERT_TRUE(walked.stop) << size;
    // The first eight bytes of an offset below 2^32 begin with zeros.
    EXPECT_EQ(walked.stop->kind, size < 8 ? StopKind::kZeros : StopKind::kIncomplete) << size;
    EXPECT_EQ(walked.stop->position.value(), static_cast<std::int64_t>(first_.size()));
    EXPECT_EQ(walked.bases.size(), 1U);
  }
}

TEST_F(LogWalkTest, ZerosEndTheWalk) {
  const Walked walked = Walk(first_ + Bytes(100'000, '\0'));
  ASSERT_TRUE(walked.stop);
  EXPECT_EQ(walked.stop->kind, StopKind::kZeros);
}

TEST_F(LogWalkTest, EveryFlippedBitOfABatchIsFound) {
  for (std::size_t bit = 0; bit < first_.size() * 8; bit += 3) {
    Bytes log = first_ + second_;
    log[bit / 8] = static_cast<char>(log[bit / 8] ^ (1 << (bit % 8)));
    // The leader epoch alone may rise unseen: nothing says which it was. A seal would tell.
    const bool epoch_rose = bit / 8 >= 12 && bit / 8 < 16 && Walk(log).bases.size() != 0;
    EXPECT_TRUE(Walk(log).stop || epoch_rose) << bit;
  }
}

TEST_F(LogWalkTest, OffsetsMustFollowOn) {
  const Bytes late = MakeBatch({.base_offset = Offset(4)});
  const Walked walked = Walk(first_ + late);
  ASSERT_TRUE(walked.stop);
  EXPECT_EQ(walked.stop->kind, StopKind::kDamaged);
  EXPECT_NE(walked.stop->reason.find("base offset is 4, 3 is due"), std::string::npos);
  EXPECT_FALSE(Walk(first_ + late, CrcCheck::kVerify, OffsetRule::kGrowing).stop);
  EXPECT_TRUE(Walk(late + first_, CrcCheck::kVerify, OffsetRule::kGrowing).stop);
}

TEST_F(LogWalkTest, TheEpochMustNotFall) {
  const Bytes newer = MakeBatch({.base_offset = Offset(0), .records = 3, .epoch = LeaderEpoch(1)});
  ASSERT_TRUE(Walk(newer + second_).stop);
  EXPECT_FALSE(Walk(first_ + MakeBatch({.base_offset = Offset(3), .epoch = LeaderEpoch(7)})).stop);
}

// The next batch tells that it was no rise: what rots there is in no checksum.
TEST_F(LogWalkTest, AnEpochThatRotsUpwardsIsNotExpectedOfTheNextBatch) {
  LeaderEpochs epochs;
  epochs.Begin(LeaderEpoch(0), Offset(0));
  const Bytes rotten = MakeBatch({.base_offset = Offset(0), .records = 3, .epoch = LeaderEpoch(9)});
  const auto file = WriteFile(fs_, "/log", rotten + second_);
  for (const EpochRule rule : {EpochRule::kMayRotUp, EpochRule::kExact}) {
    LogWalk walk(*file, {.begin = FilePosition(0),
                         .end = FilePosition(file->Stat()->size_bytes),
                         .expected = {.epochs = &epochs, .epoch_rule = rule}});
    int batches = 0;
    while (*walk.Next()) ++batches;
    EXPECT_EQ(batches, rule == EpochRule::kMayRotUp ? 2 : 0);
  }
}

TEST_F(LogWalkTest, ReadsTheLogInPartsThatSuitIt) {
  Bytes log;
  for (int i = 0; i < 100; ++i) log += MakeBatch({.base_offset = Offset(i)});
  WriteFile(fs_, "/log", log);
  file::FaultyFileSystem counted(fs_);
  const auto file = counted.Open("/log", file::OpenMode::kRead);
  const auto reads = [&](CrcCheck crc) {
    const std::uint64_t before = counted.calls(file::CallKind::kRead);
    LogWalk walk(**file, {.begin = FilePosition(0),
                          .end = FilePosition(static_cast<std::int64_t>(log.size())),
                          .expected = {},
                          .crc = crc});
    while (*walk.Next()) continue;
    EXPECT_FALSE(walk.stop());
    return counted.calls(file::CallKind::kRead) - before;
  };
  ASSERT_GT(log.size(), 16'384U);
  EXPECT_EQ(reads(CrcCheck::kVerify), 1U);
  EXPECT_GE(reads(CrcCheck::kSkip), 4U) << "headers alone: parts of 4 KiB";
  EXPECT_LE(reads(CrcCheck::kSkip), 10U);
}

TEST_F(LogWalkTest, AFileThatEndsBeforeItsLogIsIncomplete) {
  const auto file = WriteFile(fs_, "/log", first_ + second_.substr(0, 30));
  LogWalk walk(*file, {.begin = FilePosition(0),
                       .end = FilePosition(static_cast<std::int64_t>(first_.size() + 200)),
                       .expected = {}});
  EXPECT_TRUE(*walk.Next());
  EXPECT_FALSE(*walk.Next());
  ASSERT_TRUE(walk.stop());
  EXPECT_EQ(walk.stop()->kind, StopKind::kIncomplete);
}

}  // namespace
}  // namespace logboom::segment
