// What a start makes of a swap that was committed, where the new segment's seal is lost too.
#include "broker/storage/segment_swap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "broker/storage/partition_log.h"
#include "lib/file/memory_file_system.h"
#include "lib/file/trees.h"
#include "lib/segment/names.h"
#include "tests/lib/segment/batches.h"

namespace logboom::broker {
namespace {

using segment::MakeBatch;
using segment::SegmentPath;

// A new segment of offsets 0 to 29, in batches of ten, takes the place of three; what is appended
// begins at 30.
class SegmentSwapTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(fs_.CreateDirectories(kDirectory).ok());
    for (const int base : {0, 10, 20, 30}) {
      segment::WriteFile(fs_, PathOf(base), BatchAt(base));
    }
    new_ = BatchAt(0) + BatchAt(10) + BatchAt(20);
  }
  static Bytes BatchAt(int base) { return MakeBatch({.base_offset = Offset(base), .records = 10}); }
  static std::string PathOf(int base, std::string_view suffix = segment::kLogSuffix) {
    return SegmentPath(kDirectory, Offset(base), suffix);
  }
  void Start() {
    segment::WriteFile(fs_, PathOf(0).append(segment::kSwapSuffix), new_);
    const Status done = FinishOrDropSwaps(fs_, kDirectory);
    ASSERT_TRUE(done.ok()) << done.error().message;
    EXPECT_EQ(*file::ReadWholeFile(fs_, PathOf(0), 1U << 20U), new_);
  }
  // The base offsets of the logs that are left; nothing else is.
  std::vector<Offset> Left() {
    std::vector<Offset> bases;
    const auto entries = fs_.List(kDirectory);
    for (const file::DirectoryEntry& entry : *entries) {
      const auto name = segment::ParseSegmentFileName(entry.name);
      EXPECT_TRUE(name && name->suffix == segment::kLogSuffix) << entry.name;
      bases.push_back(name->base_offset);
    }
    std::ranges::sort(bases);
    return bases;
  }
  static std::vector<Offset> Bases(const std::vector<int>& bases) {
    return {bases.begin(), bases.end()};
  }
  Bytes ReadAll() {
    PartitionCheckpoint synced;
    synced.recovery_point = synced.segment_base = Offset(30);
    const auto log = PartitionLog::Open(fs_, kDirectory, "/quarantine", {}, synced, false,
                                        TimestampMs(1'700'000'000'000), {});
    Bytes all;
    for (Offset at{0}; log.ok() && at < (*log)->durable_end();) {
      const Result<FetchedBytes> fetched = (*log)->Read(at, 1U << 20U);
      if (!fetched.ok() || fetched->next_offset <= at) break;
      all += fetched->bytes;
      at = fetched->next_offset;
    }
    return all;
  }
  void Flip(std::size_t position) { new_[position] = static_cast<char>(new_[position] ^ 1); }

  inline static const std::string kDirectory = "/log";
  file::MemoryFileSystem fs_;
  Bytes new_;
};

constexpr std::size_t kEpochPosition = 15;  // its last byte, in a batch
constexpr std::size_t kBasePosition = 6;    // 256 offsets a step

TEST_F(SegmentSwapTest, WhatTheNewSegmentCoversGoes) {
  Start();
  EXPECT_EQ(Left(), Bases({0, 30}));
}

TEST_F(SegmentSwapTest, AnEpochThatHasRottedIsNotItsEnd) {
  Flip(kEpochPosition);
  Start();
  EXPECT_EQ(Left(), Bases({0, 30}));
}

TEST_F(SegmentSwapTest, ABaseOffsetThatHasRottedTakesNothingBehindIt) {
  Flip(2 * BatchAt(0).size() + kBasePosition);
  Start();
  EXPECT_EQ(Left(), Bases({0, 20, 30}));
}

// The old segment is read in place of what is damaged.
TEST_F(SegmentSwapTest, WhatStandsBehindDamageInTheNewSegmentStays) {
  Flip(2 * BatchAt(0).size() - 1);
  Start();
  EXPECT_EQ(Left(), Bases({0, 10, 20, 30}));
  EXPECT_EQ(ReadAll(), BatchAt(0) + BatchAt(10) + BatchAt(20) + BatchAt(30));
}

// Half of it is known to be in the new one, and half is not.
TEST_F(SegmentSwapTest, ASegmentThatIsCoveredInPartStays) {
  segment::WriteFile(fs_, PathOf(10), BatchAt(10) + BatchAt(20));
  ASSERT_TRUE(fs_.Remove(PathOf(20)).ok());
  Flip(new_.size() - 1);
  Start();
  EXPECT_EQ(Left(), Bases({0, 10, 30}));
}

}  // namespace
}  // namespace logboom::broker
