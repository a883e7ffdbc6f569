// When compaction is due, and what becomes of its plan where files can't be read.
#include "lib/segment/compaction_checkpoint.h"
#include "tests/broker/storage/compaction_fixture.h"

namespace logboom::broker {
namespace {

class CompactionPlanning : public CompactionFixture {
 protected:
  Result<std::optional<CompactionPlan>> Plan() {
    clock_.Observe({TimestampMs(now_ms_), MonotonicMs(now_ms_)});
    return log_->PlanCompaction(clock_);
  }
  // An orderly stop, and a start that opens nothing.
  void Restart(file::FileSystem& fs) {
    ASSERT_TRUE(log_->Close().ok());
    checkpoint_ = Checkpoint();
    Start(fs);
  }
  void Start(file::FileSystem& fs) {
    ASSERT_TRUE(OpenOn(fs, checkpoint_, true).ok());
    ASSERT_EQ(log_->open_files(), 0U);
  }

  PartitionCheckpoint checkpoint_;
};

TEST_F(CompactionPlanning, IsOverdueOnceTheOldestRecordIsOlderThanTheLag) {
  options_.min_cleanable_dirty_ratio = 1;
  options_.max_compaction_lag_ms = 60'000;
  ASSERT_TRUE(Open().ok());
  const std::int64_t came = now_ms_;
  Fill(2, 5);
  now_ms_ = came + 60'000;
  EXPECT_FALSE(*Plan());
  ++now_ms_;
  EXPECT_TRUE(*Plan());
}

TEST_F(CompactionPlanning, RecordsAreOldEnoughAtTheMinimalLag) {
  options_.min_compaction_lag_ms = 60'000;
  ASSERT_TRUE(Open().ok());
  Fill(1, 5);
  const std::int64_t last = segment::ReadSeal(*fs_, kDirectory, Offset(0))->max_append_time.value();
  now_ms_ = last + 59'999;
  EXPECT_FALSE(*Plan());
  ++now_ms_;
  EXPECT_TRUE(*Plan());
}

// Nobody opens a file of each segment to learn what does not matter.
TEST_F(CompactionPlanning, WhereNothingIsTooYoungNoSealIsRead) {
  ASSERT_TRUE(Open().ok());
  Fill(3, 5);
  file::FaultyFileSystem watched(*fs_);
  ASSERT_NO_FATAL_FAILURE(Restart(watched));
  bool seal_read = false;
  watched.Add({.matches = [&](file::CallKind, const std::string& path) {
    seal_read = seal_read || path.ends_with(segment::kSealSuffix);
    return false;
  }});
  EXPECT_TRUE(*Plan());
  EXPECT_FALSE(seal_read);
  log_.reset();
}

TEST_F(CompactionPlanning, ABrokenLogIsNotCompacted) {
  ASSERT_TRUE(Open().ok());
  Fill(2, 5);
  ASSERT_TRUE(*Plan());
  log_->SetBroken({ErrorCode::kIo, "a disk"});
  log_->SetBroken({ErrorCode::kIo, "what came of it"});
  EXPECT_FALSE(*Plan());
  EXPECT_NE(log_->broken()->message.find("a disk"), std::string::npos) << "the first reason counts";
}

// A plan of whose producers or whose checkpoint nothing is known would drop what it must keep.
TEST_F(CompactionPlanning, AFailedCallIsToldAndADamagedCheckpointMakesAllDirty) {
  options_.min_compaction_lag_ms = 1;
  ASSERT_TRUE(Open().ok());
  Put({{.key = 1, .producer_id = 7}});
  Fill(2, 5);
  ASSERT_TRUE(Compact(*fs_).value());
  Fill(4, 5);
  now_ms_ += 1'000;
  ASSERT_NO_FATAL_FAILURE(Restart(*fs_));
  const Offset clean = (*Plan())->first_dirty;
  ASSERT_GT(clean, Offset(0));
  for (const bool damaged : {false, true}) {
    if (damaged) {
      FlipByte(fmt::format("{}/{}", kDirectory, segment::kCompactionCheckpointName), 20);
    }
    std::size_t told = 0;
    for (std::uint64_t call = 0;; ++call) {
      SCOPED_TRACE(fmt::format("damaged: {}, call {}", damaged, call));
      file::FaultyFileSystem faulty(*fs_);
      ASSERT_NO_FATAL_FAILURE(Start(faulty));
      faulty.Add({.after_calls = call});
      const auto plan = Plan();
      if (plan.ok()) {
        ASSERT_TRUE(*plan);
        EXPECT_EQ((*plan)->first_dirty, damaged ? Offset(0) : clean);
        EXPECT_EQ((*plan)->segments.size(), log_->Copyable().size());
        EXPECT_EQ((*plan)->producers.size(), 1U);
      }
      told += plan.ok() ? 0U : 1U;
      log_.reset();
      if (faulty.faults().empty()) break;
    }
    EXPECT_GT(told, 3U);
  }
  // Segments may have holes then up to where the active one begins: nothing new is to be said.
  ASSERT_NO_FATAL_FAILURE(Start(*fs_));
  const auto plan = Plan();
  fs_->SetCapacity(0);
  EXPECT_TRUE(log_->BeginCompaction(**plan).ok());
}

TEST_F(CompactionPlanning, AnIdleSegmentEndsAtItsAge) {
  options_.max_compaction_lag_ms = 5'000;
  ASSERT_TRUE(Open().ok());
  const std::int64_t came = now_ms_;
  Put({{.key = 1}});
  now_ms_ = came + 4'999;
  ASSERT_TRUE(RollIfOld().ok());
  EXPECT_EQ(log_->segment_count(), 1U);
  ++now_ms_;
  ASSERT_TRUE(RollIfOld().ok());
  EXPECT_EQ(log_->segment_count(), 2U);
}

TEST_F(CompactionPlanning, ASegmentThatIsNotDurableOrCantBeOpenedEndsLater) {
  options_.max_compaction_lag_ms = 5'000;
  ASSERT_TRUE(Open().ok());
  AppendMany(1);
  now_ms_ += 6'000;
  ASSERT_TRUE(RollIfOld().ok());
  EXPECT_EQ(log_->segment_count(), 1U) << "not all of it is durable";
  ASSERT_TRUE(Commit().ok());
  file::FaultyFileSystem faulty(*fs_);
  ASSERT_NO_FATAL_FAILURE(Restart(faulty));
  faulty.Add({.kind = file::CallKind::kOpen, .code = ErrorCode::kLimit});
  EXPECT_EQ(RollIfOld().error().code, ErrorCode::kBusy);
  EXPECT_EQ(log_->segment_count(), 1U);
  ASSERT_TRUE(RollIfOld().ok());
  EXPECT_EQ(log_->segment_count(), 2U);
  log_.reset();
}

}  // namespace
}  // namespace logboom::broker
