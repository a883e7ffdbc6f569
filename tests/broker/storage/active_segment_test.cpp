// The segment that is appended to: its limits, what it reserves, and what it is told when it wakes.
#include "broker/storage/active_segment.h"

#include <gtest/gtest.h>

#include "broker/storage/limits.h"
#include "lib/file/faulty_file_system.h"
#include "lib/segment/limits.h"
#include "tests/broker/storage/log_fixture.h"

namespace logboom::broker {
namespace {

constexpr TimestampMs kNow{1'700'000'000'000};

class ActiveSegmentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(fs_.CreateDirectories("/p").ok());
    auto made = ActiveSegment::Create(faulty_, "/p", Offset(100));
    ASSERT_TRUE(made.ok());
    active_ = std::make_unique<ActiveSegment>(std::move(*made));
  }
  Status Append(const Bytes& built, TimestampMs now = kNow) {
    Bytes batch = built;
    record::SetBaseOffset(batch.data(), active_->next_offset());
    record::SetLeaderEpoch(batch.data(), LeaderEpoch(0));
    return active_->Append(batch, *record::ParseBatchHeader(batch), now);
  }
  std::uint64_t Calls(file::CallKind kind) const { return faulty_.calls(kind); }

  file::MemoryFileSystem fs_;
  file::FaultyFileSystem faulty_{fs_};
  std::unique_ptr<ActiveSegment> active_;
  const Bytes batch_ = BuildBatch({.records = 1});
};

TEST_F(ActiveSegmentTest, HasRoomUpToItsSize) {
  ASSERT_TRUE(Append(batch_).ok());
  const record::BatchHeader header = *record::ParseBatchHeader(batch_);
  const std::int64_t two = 2 * active_->size_bytes();
  EXPECT_TRUE(active_->HasRoomFor(header, two));
  EXPECT_FALSE(active_->HasRoomFor(header, two - 1));
}

TEST_F(ActiveSegmentTest, HasRoomForOffsetsThatItsIndexCanCount) {
  ASSERT_TRUE(Append(batch_).ok());
  record::BatchHeader header = *record::ParseBatchHeader(batch_);
  header.last_offset_delta = static_cast<std::int32_t>(segment::kRelativeOffsetMax - 1);
  EXPECT_TRUE(active_->HasRoomFor(header, 1'000'000));
  ++header.last_offset_delta;
  EXPECT_FALSE(active_->HasRoomFor(header, 1'000'000));
}

// In steps of its own size, so that a sync has to allocate now and then alone.
TEST_F(ActiveSegmentTest, BlocksAreReservedAheadOnlyWhereTheyEnd) {
  const auto size = static_cast<std::int64_t>(batch_.size());
  std::int64_t end = 0;
  std::int64_t reserved = 0;
  std::uint64_t times = 0;
  while (times < 3) {
    end += size;
    if (end > reserved) {
      reserved = end + std::max(end, kPreallocateBytesMin);
      ++times;
    }
    ASSERT_TRUE(Append(batch_).ok());
    ASSERT_EQ(Calls(file::CallKind::kPreallocate), times);
  }
  // What fits to the last byte needs no more.
  const auto left = static_cast<std::size_t>(reserved - end);
  std::size_t value_bytes = left - 100;
  while (BuildBatch({.records = 1, .value_bytes = value_bytes}).size() < left) ++value_bytes;
  const Bytes exact = BuildBatch({.records = 1, .value_bytes = value_bytes});
  ASSERT_EQ(exact.size(), left);
  ASSERT_TRUE(Append(exact).ok());
  EXPECT_EQ(Calls(file::CallKind::kPreallocate), 3U);
  ASSERT_TRUE(Append(batch_).ok());
  EXPECT_EQ(Calls(file::CallKind::kPreallocate), 4U);
}

TEST_F(ActiveSegmentTest, WhatIsReservedGoesBackOnce) {
  const std::int64_t before = fs_.SpaceOf("/p")->available_bytes;
  ASSERT_TRUE(Append(batch_).ok());
  ASSERT_LT(fs_.SpaceOf("/p")->available_bytes, before - kPreallocateBytesMin);
  const std::uint64_t truncated = Calls(file::CallKind::kTruncate);
  active_->ReturnReserve();
  EXPECT_GT(fs_.SpaceOf("/p")->available_bytes, before - 2 * active_->size_bytes());
  active_->ReturnReserve();
  EXPECT_EQ(Calls(file::CallKind::kTruncate), truncated + 1);
  ASSERT_TRUE(Append(batch_).ok());
  EXPECT_EQ(Calls(file::CallKind::kPreallocate), 2U);
}

TEST_F(ActiveSegmentTest, AfterAFailedWriteBlocksAreReservedAnew) {
  ASSERT_TRUE(Append(batch_).ok());
  faulty_.Add({.kind = file::CallKind::kWrite, .path_part = ".log", .short_write_bytes = 10});
  EXPECT_FALSE(Append(batch_).ok());
  EXPECT_FALSE(active_->broken());
  EXPECT_EQ(fs_.Stat("/p/00000000000000000100.log")->size_bytes, active_->size_bytes());
  ASSERT_TRUE(Append(batch_).ok());
  EXPECT_EQ(Calls(file::CallKind::kPreallocate), 2U);
  EXPECT_EQ(active_->next_offset(), Offset(102));
}

TEST_F(ActiveSegmentTest, AppendTimesAreNotedASecondApart) {
  for (const std::int64_t ms : {0, 999, 1'000, 1'999, 2'000}) {
    ASSERT_TRUE(Append(batch_, kNow + ms).ok());
  }
  ASSERT_EQ(active_->append_times().count(), 3);
  EXPECT_EQ(active_->append_times().At(1)->offset, Offset(102));
  EXPECT_EQ(active_->append_times().At(2)->offset, Offset(104));
  EXPECT_EQ(active_->first_append_time(), kNow);
  EXPECT_EQ(active_->last_append_time(), kNow + 2'000);
}

TEST_F(ActiveSegmentTest, ALogThatLostItsEndWhileItSleptIsCorrupt) {
  ASSERT_TRUE(Append(batch_).ok());
  active_->ReturnReserve();
  active_->Sleep();
  const auto log = *fs_.Open("/p/00000000000000000100.log", file::OpenMode::kReadWrite);
  ASSERT_TRUE(log->Truncate(active_->size_bytes() - 1).ok());
  const Status woken = active_->Wake(fs_, "/p", kNow);
  ASSERT_FALSE(woken.ok());
  EXPECT_EQ(woken.error().code, ErrorCode::kCorrupt);
  EXPECT_FALSE(active_->awake());
}

TEST_F(ActiveSegmentTest, WhatItKnewExactlyItKnowsWhenItWakes) {
  ASSERT_TRUE(Append(batch_, kNow).ok());
  ASSERT_TRUE(Append(batch_, kNow + 400).ok());
  active_->Sleep();
  ASSERT_TRUE(active_->Wake(fs_, "/p", kNow + 5'000).ok());
  EXPECT_EQ(active_->first_append_time(), kNow);
  EXPECT_EQ(active_->last_append_time(), kNow + 400);
  EXPECT_EQ(active_->append_times().count(), 1);
}

}  // namespace
}  // namespace logboom::broker
