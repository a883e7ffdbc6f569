// Looking a time up, and when a record came.
#include <limits>

#include "broker/storage/limits.h"
#include "lib/record/batch_view.h"
#include "tests/broker/storage/log_fixture.h"

namespace logboom::broker {
namespace {

class PartitionLogTimes : public LogFixture {};

TEST_F(PartitionLogTimes, OffsetAtTimeIsExactToTheRecord) {
  options_.segment_bytes = 40'000;
  ASSERT_TRUE(Open().ok());
  for (int i = 0; i < 150; ++i) {
    AppendMany(1, {.records = 1 + i % 7,
                   .value_bytes = static_cast<std::size_t>(50 + (i * 131) % 1500),
                   .timestamp = TimestampMs(1'000'000 + 100 * i + (i * 7919) % 3000)});
  }
  ASSERT_TRUE(Commit().ok());
  // What a look at every record gives.
  std::vector<std::pair<Offset, TimestampMs>> records;
  for (const AppendedCopy& batch : batches_) {
    record::BatchReader reader;
    ASSERT_TRUE(reader.Open(batch.bytes).ok());
    while (const record::Record* record = *reader.Next()) {
      records.emplace_back(record->offset, record->timestamp);
    }
  }
  for (std::int64_t time = 999'000; time < 1'020'000; time += 113) {
    std::optional<Offset> expected;
    for (const auto& [offset, timestamp] : records) {
      if (timestamp.value() < time) continue;
      expected = offset;
      break;
    }
    const auto found = log_->OffsetAtTime(TimestampMs(time));
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(*found, expected) << time;
  }
}

// Times as agents bring them: in disorder, many alike; while the start moves, and after restarts.
TEST_F(PartitionLogTimes, OffsetAtTimeIsThatOfALookAtEveryRecordWhateverTheOrder) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    fs_ = std::make_unique<file::MemoryFileSystem>();
    LogFixture::SetUp();
    batches_.clear();
    options_.segment_bytes = 4'000;
    ASSERT_TRUE(Open().ok());
    const auto time = [&random] {
      return TimestampMs(1'000 + static_cast<std::int64_t>(random.Below(60)) * 10);
    };
    const auto check = [&] {
      for (std::int64_t at = 985; at < 1'640; at += 5) {
        std::optional<Offset> expected;
        for (const AppendedCopy& batch : batches_) {
          if (expected || batch.next_offset <= log_->log_start()) continue;
          record::BatchReader reader;
          ASSERT_TRUE(reader.Open(batch.bytes).ok());
          while (const record::Record* record = *reader.Next()) {
            if (record->timestamp.value() < at || record->offset < log_->log_start()) continue;
            expected = record->offset;
            break;
          }
        }
        const auto found = log_->OffsetAtTime(TimestampMs(at));
        ASSERT_TRUE(found.ok());
        ASSERT_EQ(*found, expected) << "at " << at << ", log start " << log_->log_start().value();
      }
    };
    for (int round = 0; round < 4; ++round) {
      const auto batches = 10 + static_cast<int>(random.Below(40));
      for (int i = 0; i < batches; ++i) {
        const int records = 1 + static_cast<int>(random.Below(5));
        AppendMany(1, {.records = records, .value_bytes = 100, .timestamp = time()});
        if (random.Below(4) == 0) {
          ASSERT_TRUE(Commit().ok());
        }
      }
      ASSERT_TRUE(Commit().ok());
      check();
      const auto kept = static_cast<std::uint64_t>(log_->log_end() - log_->log_start());
      const Offset start = log_->log_start() + static_cast<std::int64_t>(random.Below(kept + 1));
      ASSERT_TRUE(log_->TrimBefore(start).ok());
      check();
      if (round % 2 == 0) {
        ASSERT_TRUE(Open().ok());
        check();
      }
    }
  }
}

TEST_F(PartitionLogTimes, OffsetAtTimeAtBothEnds) {
  ASSERT_TRUE(Open().ok());
  EXPECT_FALSE(*log_->OffsetAtTime(TimestampMs(0))) << "nothing is there";
  AppendMany(1, {.records = 3, .timestamp = TimestampMs(100)});  // 100, 101, 102
  ASSERT_TRUE(Commit().ok());
  EXPECT_EQ(*log_->OffsetAtTime(TimestampMs(std::numeric_limits<std::int64_t>::min())), Offset(0));
  EXPECT_EQ(*log_->OffsetAtTime(TimestampMs(100)), Offset(0));
  EXPECT_EQ(*log_->OffsetAtTime(TimestampMs(102)), Offset(2));
  EXPECT_FALSE(*log_->OffsetAtTime(TimestampMs(103)));
  EXPECT_FALSE(*log_->OffsetAtTime(TimestampMs(std::numeric_limits<std::int64_t>::max())));
  ASSERT_TRUE(log_->TrimBefore(Offset(3)).ok());
  EXPECT_FALSE(*log_->OffsetAtTime(TimestampMs(100))) << "what was trimmed is not found";
}

TEST_F(PartitionLogTimes, OffsetAtTimeSeesOnlyWhatIsDurable) {
  ASSERT_TRUE(Open().ok());
  AppendMany(1, {.records = 1, .timestamp = TimestampMs(100)});
  ASSERT_TRUE(Commit().ok());
  AppendMany(1, {.records = 1, .timestamp = TimestampMs(200)});
  EXPECT_EQ(*log_->OffsetAtTime(TimestampMs(100)), Offset(0));
  EXPECT_FALSE(*log_->OffsetAtTime(TimestampMs(101)));
}

TEST_F(PartitionLogTimes, OffsetAtTimeOpensNothingThatHoldsNothingDurable) {
  options_.segment_bytes = 1;
  ASSERT_TRUE(Open().ok());
  AppendMany(1, {.records = 1, .timestamp = TimestampMs(100)});
  ASSERT_TRUE(Commit().ok());
  AppendMany(2, {.records = 1, .timestamp = TimestampMs(200)});
  ASSERT_EQ(log_->segment_count(), 3U);
  const std::size_t before = log_->open_files();
  EXPECT_FALSE(*log_->OffsetAtTime(TimestampMs(150)));
  EXPECT_EQ(log_->open_files(), before);
  StartAnew();
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(log_->Close().ok());
  ASSERT_EQ(log_->open_files(), 0U);
  EXPECT_FALSE(*log_->OffsetAtTime(TimestampMs(0)));
  EXPECT_EQ(log_->open_files(), 0U);
}

TEST_F(PartitionLogTimes, OffsetAtTimeOpensNothingThatIsTooOldOrWasLetGo) {
  options_.segment_bytes = 1;
  ASSERT_TRUE(Open().ok());
  for (const int time : {100, 200, 300, 400, 500}) {
    AppendMany(1, {.records = 1, .timestamp = TimestampMs(time)});
  }
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Commit().ok());
  ASSERT_TRUE(log_->Close().ok());
  PartitionCheckpoint checkpoint = Checkpoint();
  ASSERT_TRUE(Open(checkpoint, true).ok());
  EXPECT_EQ(*log_->OffsetAtTime(TimestampMs(350)), Offset(3));
  EXPECT_EQ(log_->open_files(), kSealedSegmentFiles);
  auto settled = std::make_shared<SettledLog>(*checkpoint.settled);
  settled->log_start = Offset(2);
  checkpoint.settled = settled;
  ASSERT_TRUE(Open(checkpoint, true).ok());
  EXPECT_EQ(*log_->OffsetAtTime(TimestampMs(0)), Offset(2));
  EXPECT_EQ(log_->open_files(), kSealedSegmentFiles);
  EXPECT_EQ(log_->WouldTrim(Offset(2))->bytes, 0) << "what was let go goes with retention";
}

TEST_F(PartitionLogTimes, OffsetAtTimeDoesNotLookAtWhatWasTrimmed) {
  ASSERT_TRUE(Open().ok());
  AppendMany(5);
  ASSERT_TRUE(Commit().ok());
  FlipByte(PathOf(Offset(0), segment::kLogSuffix),
           static_cast<std::int64_t>(batches_[0].bytes.size()) + 80);
  ASSERT_TRUE(log_->TrimBefore(Offset(9)).ok());
  const TimestampMs time = record::ParseBatchHeader(batches_[3].bytes)->base_timestamp;
  EXPECT_EQ(*log_->OffsetAtTime(time), Offset(9));
  EXPECT_TRUE(log_->unreadable().empty());
}

// Its first record is the newest one, and what is left of it is older than the time.
TEST_F(PartitionLogTimes, OffsetAtTimePassesOverABatchWhoseNewestRecordWasTrimmed) {
  ASSERT_TRUE(Open().ok());
  record::BatchBuilder builder({.codec = record::Codec::kNone});
  for (const int time : {300, 100}) {
    builder.Add({.timestamp = TimestampMs(time), .key = {}, .value = "v", .headers = {}});
  }
  Bytes batch(*builder.Finish());
  const auto header = record::ParseBatchHeader(batch);
  ASSERT_TRUE(log_->Append(batch.data(), *header, TimestampMs(now_ms_)).ok());
  AppendMany(1, {.records = 1, .timestamp = TimestampMs(200)});
  ASSERT_TRUE(Commit().ok());
  EXPECT_EQ(*log_->OffsetAtTime(TimestampMs(150)), Offset(0));
  ASSERT_TRUE(log_->TrimBefore(Offset(1)).ok());
  EXPECT_EQ(*log_->OffsetAtTime(TimestampMs(150)), Offset(2));
  EXPECT_EQ(*log_->OffsetAtTime(TimestampMs(100)), Offset(1));
  EXPECT_FALSE(*log_->AppendTimeAt(Offset(0))) << "nor is it told when that one came";
  EXPECT_TRUE(*log_->AppendTimeAt(Offset(1)));
}

// Whatever has rotted in a batch, the search goes on behind it.
TEST_F(PartitionLogTimes, OffsetAtTimePassesOverARottenBatchAndTellsIt) {
  ASSERT_TRUE(Open().ok());
  for (const int time : {100, 200, 300}) {
    AppendMany(1, {.records = 2, .value_bytes = 20, .timestamp = TimestampMs(time)});
  }
  ASSERT_TRUE(Commit().ok());
  const std::string path = PathOf(Offset(0), segment::kLogSuffix);
  const auto bytes = static_cast<std::int64_t>(batches_[1].bytes.size());
  const auto begin = static_cast<std::int64_t>(batches_[0].bytes.size());
  // The epoch is outside of the checksum, and is not asked for.
  for (std::int64_t at = 16; at < bytes; ++at) {
    SCOPED_TRACE(at);
    FlipByte(path, begin + at, 0x01);
    const auto found = log_->OffsetAtTime(TimestampMs(150));
    ASSERT_TRUE(found.ok()) << found.error().message;
    EXPECT_EQ(*found, Offset(4));
    EXPECT_EQ(*log_->OffsetAtTime(TimestampMs(50)), Offset(0));
    FlipByte(path, begin + at, 0x01);
  }
  ASSERT_FALSE(log_->unreadable().empty());
  EXPECT_EQ(log_->unreadable()[0].begin, Offset(2));
  EXPECT_EQ(log_->unreadable()[0].end, Offset(4));
}

// Its last byte is a zero, as one that can't be read would seem to be.
TEST_F(PartitionLogTimes, OffsetAtTimePassesOverABatchThatWasCutShort) {
  ASSERT_TRUE(Open().ok());
  AppendMany(1, {.records = 2, .timestamp = TimestampMs(100)});
  ASSERT_TRUE(Commit().ok());
  const std::string path = PathOf(Offset(0), segment::kLogSuffix);
  const auto size = static_cast<std::int64_t>(batches_[0].bytes.size());
  ASSERT_EQ(batches_[0].bytes.back(), '\0');
  ASSERT_TRUE((*fs_->Open(path, file::OpenMode::kReadWrite))->Truncate(size - 1).ok());
  EXPECT_FALSE(*log_->OffsetAtTime(TimestampMs(100)));
  EXPECT_EQ(log_->unreadable().size(), 1U);
}

TEST_F(PartitionLogTimes, AppendTimesAreKnownToTheSecond) {
  ASSERT_TRUE(Open().ok());
  std::vector<std::int64_t> times;
  for (int i = 0; i < 50; ++i) {
    now_ms_ += 310;
    AppendMany(1, {.records = 1});
    times.push_back(now_ms_);
  }
  for (int i = 0; i < 50; ++i) {
    const auto time = log_->AppendTimeAt(Offset(i));
    ASSERT_TRUE(time.ok() && *time);
    const std::int64_t early = times[static_cast<std::size_t>(i)] - (*time)->value();
    EXPECT_GE(early, 0);
    EXPECT_LT(early, 1000);
  }
  EXPECT_FALSE(*log_->AppendTimeAt(Offset(50)));
}

}  // namespace
}  // namespace logboom::broker
