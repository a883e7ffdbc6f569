// What retention and trimming let go, and what a crash in between leaves.
#include "broker/storage/limits.h"
#include "broker/storage/retention.h"
#include "lib/file/faulty_file_system.h"
#include "tests/broker/storage/log_fixture.h"

namespace logboom::broker {
namespace {

TEST(Retention, JudgesByAgeAndSize) {
  constexpr auto kKeep = RetentionVerdict::kKeep;
  const RetentionCandidate old{.age_ms = 50, .size_bytes = 100, .log_bytes = 500};
  EXPECT_EQ(Judge(old, {.retention_ms = 50}), kKeep);
  EXPECT_EQ(Judge(old, {.retention_ms = 49}), RetentionVerdict::kTooOld);
  EXPECT_EQ(Judge(old, {.retention_ms = -1}), kKeep);
  EXPECT_EQ(Judge({.age_ms = -1}, {.retention_ms = 0}), kKeep) << "from the future";
  EXPECT_EQ(Judge({.age_ms = 0}, {.retention_ms = 0}), kKeep);
  EXPECT_EQ(Judge({.age_ms = 1}, {.retention_ms = 0}), RetentionVerdict::kTooOld);
  EXPECT_EQ(Judge(old, {.retention_bytes = 401}), kKeep);
  EXPECT_EQ(Judge(old, {.retention_bytes = 400}), RetentionVerdict::kTooMany);
  EXPECT_EQ(Judge(old, {.retention_bytes = 0}), RetentionVerdict::kTooMany);
}

class PartitionLogRetention : public LogFixture {
 protected:
  // One segment a batch, a minute apart.
  void Fill(int batches) {
    options_.segment_bytes = 800;
    options_.segment_ms = 3'600'000;
    options_.retention_ms = -1;
    ASSERT_TRUE(Open().ok());
    for (int i = 0; i < batches; ++i) {
      now_ms_ += 60'000;
      AppendMany(1);
    }
    for (int i = 0; i <= batches; ++i)
      ASSERT_TRUE(Commit().ok());  // a seal each, but for the first
    ASSERT_EQ(log_->segments().size(), static_cast<std::size_t>(batches));
  }
  std::int64_t Retain(std::int64_t retention_ms, std::int64_t retention_bytes = -1) {
    options_.retention_ms = retention_ms;
    options_.retention_bytes = retention_bytes;
    log_->SetOptions(options_);
    const Result<TrimmedRange> gone = log_->Retain(AgeClock({TimestampMs(now_ms_), {}}));
    EXPECT_TRUE(gone.ok());
    return gone.ok() ? gone->records() : -1;
  }
};

TEST_F(PartitionLogRetention, LetsOldSegmentsGo) {
  Fill(6);
  EXPECT_EQ(Retain(3 * 60'000), 6);  // two segments are older than three minutes
  EXPECT_EQ(log_->log_start(), Offset(6));
  EXPECT_FALSE(Exists(PathOf(Offset(3), segment::kLogSuffix)));
  EXPECT_FALSE(Exists(PathOf(Offset(3), segment::kSealSuffix)));
  EXPECT_TRUE(Exists(PathOf(Offset(6), segment::kLogSuffix)));
  EXPECT_EQ(ReadAll(Offset(6)), Expected(Offset(6), Offset(18)));
  EXPECT_EQ(log_->Read(Offset(5), 100).error().code, ErrorCode::kInvalid);
}

TEST_F(PartitionLogRetention, NeverTheActiveSegment) {
  Fill(3);
  EXPECT_EQ(Retain(-1, 0), 6);
  EXPECT_EQ(log_->segments().size(), 1U);
  EXPECT_EQ(ReadAll(log_->log_start()), Expected(Offset(6), Offset(9)));
}

TEST_F(PartitionLogRetention, AnIdleLogAgesToo) {
  sources_hook_ = [] { return Bytes("positions"); };
  Fill(2);
  now_ms_ += 60'001;
  EXPECT_EQ(Retain(60'000), 6);
  EXPECT_FALSE(log_->dirty());
  EXPECT_FALSE(log_->HasUnsealed());
  EXPECT_TRUE(log_->TakeSyncWork().directories.empty());
  EXPECT_EQ(log_->log_start(), Offset(6));
  EXPECT_EQ(log_->segments().size(), 1U);
  EXPECT_EQ(log_->size_bytes(), 0);
  SeededRandom random(1);
  fs_->Crash(random);
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(log_->log_start(), Offset(6));
  EXPECT_EQ((*log_->NewestSealedSources())->as_of, Offset(6));
  EXPECT_EQ(Append()->base_offset, Offset(6));
  EXPECT_EQ(Retain(60'000), 0);
}

TEST_F(PartitionLogRetention, WhatIsAsOldAsTheLimitStays) {
  for (const std::int64_t limit : {0, 60'000}) {
    StartAnew();
    Fill(2);
    now_ms_ += limit;
    EXPECT_EQ(Retain(limit), 3) << "the older segment alone";
    EXPECT_EQ(log_->segments().size(), 1U);
    now_ms_ += 1;
    EXPECT_EQ(Retain(limit), 3);
    EXPECT_EQ(log_->log_start(), log_->log_end());
  }
}

TEST_F(PartitionLogRetention, AnIdleLogWaitsForItsSync) {
  Fill(1);
  AppendMany(1);
  now_ms_ += 60'001;
  EXPECT_EQ(Retain(60'000), 0);
  ASSERT_TRUE(Commit().ok());
  EXPECT_EQ(Retain(60'000), 6);
}

TEST_F(PartitionLogRetention, LetsGoWhatIsTooMany) {
  Fill(6);
  const std::int64_t one = log_->segments()[0].size_bytes;
  EXPECT_EQ(Retain(-1, 3 * one), 9);
  EXPECT_EQ(log_->size_bytes(), 3 * one);
}

TEST_F(PartitionLogRetention, KeepsWhatIsNotDurable) {
  options_.segment_bytes = 800;
  ASSERT_TRUE(Open().ok());
  AppendMany(4);
  EXPECT_EQ(Retain(-1, 0), 0);
  ASSERT_TRUE(Commit().ok());
  EXPECT_EQ(Retain(-1, 0), 9);
}

TEST_F(PartitionLogRetention, AppendTimesSurviveARestart) {
  Fill(6);
  ASSERT_TRUE(log_->Close().ok());
  const PartitionCheckpoint checkpoint = Checkpoint();
  ASSERT_TRUE(Open(checkpoint, true).ok());
  EXPECT_EQ(Retain(3 * 60'000), 6);
}

TEST_F(PartitionLogRetention, LostSealsMakeNothingOlder) {
  Fill(6);
  for (const SegmentSummary& segment : log_->segments()) {
    [[maybe_unused]] const Status removed =
        fs_->Remove(PathOf(segment.base_offset, segment::kSealSuffix));
  }
  ASSERT_TRUE(log_->Close().ok());
  const PartitionCheckpoint checkpoint = Checkpoint();
  ASSERT_TRUE(Open(checkpoint, true).ok());
  EXPECT_EQ(Retain(3 * 60'000), 6);
}

TEST_F(PartitionLogRetention, TrimsToAnyOffset) {
  Fill(4);
  EXPECT_EQ(log_->TrimBefore(Offset(7))->records(), 7);
  EXPECT_EQ(log_->log_start(), Offset(7));
  EXPECT_EQ(log_->segments().size(), 2U);
  EXPECT_EQ(log_->Read(Offset(7), 1)->bytes, batches_[2].bytes);
  EXPECT_EQ(log_->TrimBefore(Offset(3))->records(), 0);
  EXPECT_EQ(log_->TrimBefore(Offset(13)).error().code, ErrorCode::kInvalid);
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(log_->log_start(), Offset(7));
  EXPECT_EQ(log_->TrimBefore(Offset(12))->records(), 5);
  EXPECT_EQ(log_->log_start(), log_->log_end());
}

TEST_F(PartitionLogRetention, ATrimTellsWhatGoesBeforeAndWhatWentBehind) {
  Fill(4);
  const std::int64_t one = log_->segments()[0].size_bytes;
  // Segments begin at 0, 3, 6 and 9.
  for (const auto& [offset, segments] :
       std::vector<std::pair<int, int>>{{0, 0}, {2, 0}, {3, 1}, {4, 1}, {6, 2}, {9, 3}, {11, 3}}) {
    EXPECT_EQ(log_->WouldTrim(Offset(offset))->bytes, segments * one) << offset;
    EXPECT_EQ(log_->WouldTrim(Offset(offset))->records(), offset);
  }
  EXPECT_EQ(log_->WouldTrim(Offset(12))->bytes, 4 * one) << "the active one goes too";
  EXPECT_EQ(log_->TrimBefore(Offset(6))->bytes, 2 * one);
  EXPECT_EQ(log_->segments().size(), 2U);
  EXPECT_EQ(log_->segments()[0].base_offset, Offset(6));
  EXPECT_EQ(log_->WouldTrim(Offset(6))->records(), 0);
  EXPECT_EQ(log_->size_bytes(), 2 * one);
  const auto oldest = log_->OldestSealed(TimestampMs(now_ms_));
  ASSERT_TRUE(oldest.ok() && *oldest);
  EXPECT_EQ((*oldest)->next_offset, Offset(9));
  EXPECT_EQ((*oldest)->max_append_time, TimestampMs(now_ms_ - 60'000));
  EXPECT_EQ(log_->TrimBefore(Offset(12))->bytes, 2 * one);
  EXPECT_EQ(log_->segments().size(), 1U);
  EXPECT_EQ(log_->size_bytes(), 0);
  EXPECT_FALSE(*log_->OldestSealed(TimestampMs(now_ms_)));
}

// Those of a segment that is not synced may be gone after a crash: until then the ones before stay.
TEST_F(PartitionLogRetention, SourcesStayUntilThoseThatReplaceThemAreSynced) {
  sources_hook_ = [this] { return Bytes("as of ") + std::to_string(log_->log_end().value()); };
  Fill(3);
  AppendMany(1);  // the third segment ends, and waits for its sync
  ASSERT_TRUE(Exists(PathOf(Offset(6), segment::kSourcesSuffix)));
  ASSERT_EQ(log_->TrimBefore(Offset(6))->records(), 6);
  EXPECT_TRUE(Exists(PathOf(Offset(3), segment::kSourcesSuffix)));
  EXPECT_FALSE(Exists(PathOf(Offset(0), segment::kSourcesSuffix)));
  EXPECT_FALSE(*log_->OldestSealed(TimestampMs(now_ms_)));
  ASSERT_TRUE(Commit().ok());
  EXPECT_TRUE(log_->OldestSealed(TimestampMs(now_ms_))->has_value());
}

TEST_F(PartitionLogRetention, TheNewestSourcesOutliveTheirSegment) {
  sources_hook_ = [this] { return Bytes("as of ") + std::to_string(log_->log_end().value()); };
  Fill(4);
  EXPECT_EQ(Retain(-1, 0), 9);
  EXPECT_FALSE(Exists(PathOf(Offset(3), segment::kSourcesSuffix)));
  EXPECT_EQ((*log_->NewestSealedSources())->bytes, "as of 9");
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ((*log_->NewestSealedSources())->bytes, "as of 9");
}

TEST_F(PartitionLogRetention, SourcesStayAsLongAsTheirSegment) {
  sources_hook_ = [this] { return Bytes("as of ") + std::to_string(log_->log_end().value()); };
  Fill(5);
  ASSERT_EQ(log_->TrimBefore(Offset(6))->records(), 6);
  // The newest can't be read: the one before stands in for it, as long as there is one.
  for (const Offset newest : {Offset(9), Offset(6)}) {
    EXPECT_EQ((*log_->NewestSealedSources())->as_of, newest + 3);
    FlipByte(PathOf(newest, segment::kSourcesSuffix), 30);
  }
  EXPECT_FALSE(*log_->NewestSealedSources());
}

TEST_F(PartitionLogRetention, WhatIsUnreadableIsForgottenWithTheRecordsThatWereThere) {
  Fill(4);
  for (const Offset rotten : {Offset(3), Offset(6)}) {
    FlipByte(PathOf(rotten, segment::kLogSuffix), 100);
  }
  ReadAll(Offset(0));
  ASSERT_EQ(log_->unreadable().size(), 2U);
  ASSERT_TRUE(log_->TrimBefore(Offset(5)).ok());
  EXPECT_EQ(log_->unreadable().size(), 2U);
  ASSERT_TRUE(log_->TrimBefore(Offset(6)).ok());
  ASSERT_EQ(log_->unreadable().size(), 1U);
  EXPECT_EQ(log_->unreadable()[0].begin, Offset(6));
}

// A crash may tear the .sources of the newest segment; the segment itself is whole, and goes later.
TEST_F(PartitionLogRetention, SourcesThatACrashTookAreWrittenAnewBeforeTheirSegmentGoes) {
  sources_hook_ = [this] { return Bytes("as of ") + std::to_string(log_->log_end().value()); };
  Fill(4);
  ASSERT_TRUE(fs_->Remove(PathOf(Offset(6), segment::kSourcesSuffix)).ok());
  options_.segment_bytes = 1'000'000;
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ((*log_->NewestSealedSources())->bytes, "as of 6");
  // Not ahead of the records that it speaks of.
  AppendMany(1);
  EXPECT_EQ(Retain(-1, 0), 0);
  EXPECT_EQ(log_->TrimBefore(Offset(9)).error().code, ErrorCode::kBusy);
  ASSERT_TRUE(Commit().ok());
  EXPECT_EQ(Retain(-1, 0), 9);
  EXPECT_EQ((*log_->NewestSealedSources())->bytes, "as of 15");
  SeededRandom random(1);
  fs_->Crash(random);
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ((*log_->NewestSealedSources())->bytes, "as of 15");
}

TEST_F(PartitionLogRetention, WhereThereAreNoSourcesSegmentsGoWithout) {
  Fill(3);
  sources_hook_ = [] { return Bytes(); };
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(Retain(-1, 0), 6);
}

TEST_F(PartitionLogRetention, FilesOfSegmentsThatWentAreClosed) {
  Fill(4);
  const std::size_t active = log_->open_files();
  for (const int offset : {0, 3, 6}) ASSERT_TRUE(log_->Read(Offset(offset), 1).ok());
  ASSERT_TRUE(log_->TrimBefore(Offset(6)).ok());
  EXPECT_EQ(log_->open_files(), active + kSealedSegmentFiles);
}

TEST_F(PartitionLogRetention, SegmentsAreGivenToWhoeverRemovesThem) {
  Fill(4);
  std::vector<Offset> given;
  log_->SetRemover([&](std::vector<Offset> bases) { given = std::move(bases); });
  ASSERT_TRUE(log_->TrimBefore(Offset(7)).ok());
  EXPECT_EQ(given, (std::vector{Offset(0), Offset(3)}));
  EXPECT_TRUE(Exists(PathOf(Offset(0), segment::kLogSuffix)));
}

TEST_F(PartitionLogRetention, ATrimWaitsForTheSyncOfASegmentThatHasEnded) {
  options_.segment_bytes = 800;
  ASSERT_TRUE(Open().ok());
  AppendMany(1);
  ASSERT_TRUE(Commit().ok());
  AppendMany(1);
  ASSERT_EQ(log_->durable_end(), Offset(3));
  EXPECT_EQ(log_->TrimBefore(Offset(3)).error().code, ErrorCode::kBusy);
  ASSERT_TRUE(Commit().ok());
  EXPECT_EQ(log_->TrimBefore(Offset(3))->records(), 3);
}

// Neither old records nor their segments stay because there is no room for a new one; a disk that
// fails is told.
TEST_F(PartitionLogRetention, WhereNoNewSegmentCanBeginTheRecordsGoAllTheSame) {
  for (const ErrorCode code : {ErrorCode::kNoSpace, ErrorCode::kIo}) {
    for (const bool trims : {false, true}) {
      StartAnew();
      Fill(2);
      file::FaultyFileSystem faulty(*fs_);
      ASSERT_TRUE(OpenOn(faulty).ok());
      faulty.Add({.kind = file::CallKind::kOpen,
                  .path_part = PathOf(Offset(6), segment::kLogSuffix),
                  .code = code});
      now_ms_ += 60'001;
      options_.retention_ms = 60'000;
      log_->SetOptions(options_);
      const auto gone =
          trims ? log_->TrimBefore(Offset(6)) : log_->Retain(AgeClock({TimestampMs(now_ms_), {}}));
      ASSERT_EQ(gone.ok(), code == ErrorCode::kNoSpace);
      if (gone.ok()) {
        EXPECT_EQ(gone->records(), trims ? 6 : 3);
        EXPECT_EQ(log_->Retain(AgeClock({TimestampMs(now_ms_), {}}))->records(), trims ? 0 : 3);
        EXPECT_EQ(log_->size_bytes(), 0);
      }
      log_.reset();
    }
  }
}

TEST_F(PartitionLogRetention, ALogStartThatCantBeSyncedEndsTheAppendsAndOneWithoutRoomDoesNot) {
  for (const ErrorCode code : {ErrorCode::kNoSpace, ErrorCode::kIo}) {
    StartAnew();
    Fill(2);
    file::FaultyFileSystem faulty(*fs_);
    ASSERT_TRUE(OpenOn(faulty).ok());
    faulty.Add({.path_part = "/log-start", .code = code});
    EXPECT_EQ(log_->TrimBefore(Offset(3)).error().code, code);
    EXPECT_EQ(log_->broken().has_value(), code == ErrorCode::kIo);
    EXPECT_EQ(log_->log_start(), Offset(0));
    log_.reset();
  }
}

TEST_F(PartitionLogRetention, AFullDiskLetsSegmentsGoWithoutTheirSources) {
  Fill(3);
  sources_hook_ = [] { return Bytes("positions"); };
  ASSERT_TRUE(Open().ok());
  fs_->SetCapacity(0);
  EXPECT_EQ(Retain(-1, 0), 6);
}

TEST_F(PartitionLogRetention, ACrashLeavesOrphansAndNoHole) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    fs_->Crash(random);
    fs_ = std::make_unique<file::MemoryFileSystem>();
    LogFixture::SetUp();
    batches_.clear();
    now_ms_ = 1'700'000'000'000;
    Fill(5);
    // The failure comes while the log start is written, or the crash right after the removals.
    if (seed % 2 == 0) fs_->FailNextSync(kDirectory + "/log-start");
    options_.retention_ms = 60'000;
    log_->SetOptions(options_);
    const Result<TrimmedRange> gone = log_->Retain(AgeClock({TimestampMs(now_ms_), {}}));
    const Offset promised = gone.ok() ? gone->new_start : Offset(0);
    log_.reset();
    fs_->Crash(random);
    options_.retention_ms = -1;
    ASSERT_TRUE(Open().ok());
    ASSERT_GE(log_->log_start(), promised);
    ASSERT_EQ(ReadAll(log_->log_start()), Expected(log_->log_start(), Offset(15)));
    ASSERT_TRUE(unreadable_.empty());
  }
}

}  // namespace
}  // namespace logboom::broker
