// Looking for the next good batch behind damage, wherever it stands.
#include "lib/segment/find_batch.h"

#include <gtest/gtest.h>

#include "lib/file/faulty_file_system.h"
#include "lib/file/memory_file_system.h"
#include "tests/lib/segment/batches.h"

namespace logboom::segment {
namespace {

// What is read at once.
constexpr std::size_t kChunkBytes = std::size_t{1} << 20U;

class FindBatchTest : public ::testing::Test {
 protected:
  // Where the first batch of `log` is found from `begin` on.
  std::optional<std::int64_t> Find(const Bytes& log, std::int64_t begin = 0,
                                   const Expectation& expected = {.next_offset = Offset(5)}) {
    const auto file = WriteFile(counted_, "/log", log);
    const auto found = FindBatch(*file, FilePosition(begin),
                                 FilePosition(static_cast<std::int64_t>(log.size())), expected);
    EXPECT_TRUE(found.ok());
    if (!found.ok() || !*found) return std::nullopt;
    return (*found)->position.value();
  }
  // A header alone, as compaction leaves it of a batch.
  static Bytes HeaderOnly(Offset base) {
    record::BatchHeader header;
    header.base_offset = base;
    header.leader_epoch = LeaderEpoch(0);
    header.last_offset_delta = 2;
    header.base_timestamp = TimestampMs(-1);
    header.max_timestamp = TimestampMs(-1);
    Bytes batch(record::kBatchHeaderBytes, '\0');
    record::WriteBatchHeader(batch.data(), header);
    record::SealBatch(batch.data(), batch.size());
    return batch;
  }

  file::MemoryFileSystem fs_;
  file::FaultyFileSystem counted_{fs_};
  const Bytes first_ = MakeBatch({.base_offset = Offset(5), .records = 3});
  const Bytes second_ = MakeBatch({.base_offset = Offset(8), .records = 2});
};

TEST_F(FindBatchTest, AtAnyPlaceAroundTheBordersOfWhatIsReadAtOnce) {
  for (const std::size_t border : {std::size_t{0}, kChunkBytes}) {
    for (const std::int64_t off : {-62, -61, -60, -17, -16, -1, 0, 1, 16, 61}) {
      const std::int64_t at = static_cast<std::int64_t>(border) + off;
      if (at < 0) continue;
      Bytes garbage(static_cast<std::size_t>(at), '\0');
      // Looks like the magic everywhere.
      if (at > 100) garbage.replace(garbage.size() - 100, 100, Bytes(100, '\2'));
      ASSERT_EQ(Find(garbage + first_ + second_), at);
      ASSERT_EQ(Find(garbage + first_), at);
      ASSERT_EQ(Find(garbage + HeaderOnly(Offset(5))), at);
    }
  }
}

TEST_F(FindBatchTest, NotBeforeWhereTheLookBegins) {
  EXPECT_EQ(Find(first_ + second_, 0), 0);
  EXPECT_EQ(Find(first_ + second_, 1), static_cast<std::int64_t>(first_.size()));
  EXPECT_EQ(Find(first_ + second_, static_cast<std::int64_t>(first_.size()) + 1), std::nullopt);
  EXPECT_EQ(Find("", 0), std::nullopt);
  EXPECT_EQ(Find(Bytes(200, '\2'), 0), std::nullopt);
}

TEST_F(FindBatchTest, OnlyOneThatMayStandThere) {
  EXPECT_EQ(Find(first_, 0, {.next_offset = Offset(6)}), std::nullopt) << "offsets never fall";
  EXPECT_EQ(Find(first_, 0, {.next_offset = Offset(4)}), 0);
  EXPECT_EQ(Find(first_, 0, {.next_offset = Offset(5), .epoch_min = LeaderEpoch(1)}), std::nullopt);
  // What does not go over into another batch, or end with the log, may be the value of a record.
  EXPECT_EQ(Find(first_ + "x"), std::nullopt);
  EXPECT_EQ(Find(first_ + Bytes(100, '\0')), std::nullopt);
  // Its own offsets count for the one behind it.
  EXPECT_EQ(Find(second_ + first_ + "x"), std::nullopt);
}

TEST_F(FindBatchTest, AChangedByteMakesItNone) {
  for (std::size_t at = 16; at < first_.size(); ++at) {
    Bytes changed = first_;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    ASSERT_EQ(Find(changed + second_), static_cast<std::int64_t>(first_.size())) << at;
  }
}

TEST_F(FindBatchTest, BytesThatAreNoHeaderAreReadOnce) {
  EXPECT_EQ(Find(Bytes(kChunkBytes / 2, '\2')), std::nullopt);
  EXPECT_LE(counted_.calls(file::CallKind::kRead), 2U);
}

TEST_F(FindBatchTest, AReadErrorIsTold) {
  const auto file = WriteFile(counted_, "/log", first_ + second_);
  const FilePosition end(static_cast<std::int64_t>(first_.size() + second_.size()));
  counted_.Add({.kind = file::CallKind::kRead, .span = file::FaultSpan::kFromThenOn});
  EXPECT_FALSE(FindBatch(*file, FilePosition(0), end, {}).ok());
  EXPECT_FALSE(IsZeros(*file, FilePosition(0), end).ok());
}

TEST_F(FindBatchTest, ZerosAreLookedAtToTheLastByte) {
  const auto zeros = [&](const Bytes& log, std::int64_t begin, std::int64_t end) {
    const auto file = WriteFile(fs_, "/log", log);
    return *IsZeros(*file, FilePosition(begin), FilePosition(end));
  };
  for (const std::size_t size : {std::size_t{1}, kChunkBytes, kChunkBytes + 1, 2 * kChunkBytes}) {
    Bytes log(size, '\0');
    const auto end = static_cast<std::int64_t>(size);
    EXPECT_TRUE(zeros(log, 0, end));
    log.back() = 'x';
    EXPECT_FALSE(zeros(log, 0, end)) << size;
    EXPECT_TRUE(zeros(log, 0, end - 1)) << size;
    EXPECT_FALSE(zeros(log, end - 1, end)) << size;
    EXPECT_TRUE(zeros(log, end, end)) << size;
  }
}

}  // namespace
}  // namespace logboom::segment
