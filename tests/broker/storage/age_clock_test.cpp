// Age is time that passed, whatever the wall clock does.
#include "broker/storage/age_clock.h"

#include <gtest/gtest.h>

#include "lib/file/memory_file_system.h"
#include "lib/segment/slot_file.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kDay = 24 * 60 * kMinute;
constexpr std::int64_t kYear = 365 * kDay;
constexpr TimestampMs kStart{1'700'000'000'000};

// A machine whose wall clock is `skew` off.
class AgeClockTest : public testing::Test {
 protected:
  Instant Now() const { return {kStart + passed_ + skew_, MonotonicMs{passed_}}; }
  void Pass(std::int64_t ms) {
    // As the broker does it: now and then.
    for (; ms > 0; ms -= kMinute) {
      passed_ += std::min(ms, kMinute);
      clock_.Observe(Now());
    }
  }
  void Jump(std::int64_t ms) { skew_ += ms; }
  // The process ends, and another one starts.
  void Restart(std::int64_t after_ms, TimestampMs newest_append = TimestampMs{-1}) {
    const AgeClockState stored = clock_.TakeState();
    passed_ += after_ms;
    clock_ = AgeClock(stored, newest_append, Now());
  }
  std::int64_t passed_ = 0;
  std::int64_t skew_ = 0;
  AgeClock clock_{Now()};
};

TEST_F(AgeClockTest, GoesWithTheWallClock) {
  Pass(3 * kDay);
  EXPECT_EQ(clock_.AgeMs(kStart), 3 * kDay);
  EXPECT_EQ(clock_.AgeMs(kStart + 3 * kDay), 0);
  EXPECT_TRUE(clock_.jumps().empty());
}

TEST_F(AgeClockTest, WhatAJumpForwardSkipsCountsForNothingThatWasThere) {
  Pass(kDay);
  const TimestampMs before = Now().wall;
  Jump(kYear);
  const TimestampMs behind = Now().wall;
  Pass(kDay);
  EXPECT_EQ(clock_.AgeMs(kStart), 2 * kDay);
  EXPECT_EQ(clock_.AgeMs(before), kDay);
  EXPECT_EQ(clock_.AgeMs(behind), kDay) << "what came after it has its age";
  EXPECT_EQ(clock_.skipped_ms(), kYear);
  EXPECT_TRUE(clock_.jumped());
}

TEST_F(AgeClockTest, AJumpThatIsTakenBackLeavesNothing) {
  Pass(kDay);
  Jump(kYear);
  Pass(kDay);
  Jump(-kYear);
  Pass(kDay);
  EXPECT_EQ(clock_.AgeMs(kStart), 3 * kDay);
  EXPECT_TRUE(clock_.jumps().empty());
}

TEST_F(AgeClockTest, AJumpBackMakesNothingOlder) {
  Pass(kDay);
  Jump(-kYear);
  Pass(kDay);
  EXPECT_LT(clock_.AgeMs(kStart), 2 * kDay);
  Jump(kYear);
  Pass(kDay);
  EXPECT_EQ(clock_.AgeMs(kStart), 3 * kDay) << "it was put right";
}

TEST_F(AgeClockTest, AClockThatStartsInThePastAndIsPutRight) {
  // No battery: records of the first minutes are from 1970.
  skew_ = -kStart.value();
  clock_ = AgeClock(AgeClockState{}, TimestampMs{-1}, Now());
  const TimestampMs early = Now().wall;
  Pass(kMinute);
  Jump(kStart.value());
  Pass(kMinute);
  EXPECT_EQ(clock_.AgeMs(early), 2 * kMinute);
}

TEST_F(AgeClockTest, StepsUpToAMinuteArePassingTime) {
  Jump(AgeClock::kStepMax);
  clock_.Observe(Now());
  EXPECT_TRUE(clock_.jumps().empty());
  Jump(1);
  clock_.Observe(Now());
  ASSERT_EQ(clock_.jumps().size(), 1U);
  EXPECT_EQ(clock_.jumps()[0].by_ms, AgeClock::kStepMax + 1);
}

TEST_F(AgeClockTest, ManySmallStepsDoNotAddUpUnseen) {
  for (int i = 0; i < 100; ++i) {
    Jump(kMinute / 2);
    passed_ += 1'000;
    clock_.Observe(Now());
  }
  EXPECT_LT(clock_.AgeMs(kStart), 100'000 + 2 * kMinute);
}

TEST_F(AgeClockTest, AStopUpToTenMinutesIsPassingTimeAndALongerOneIsNot) {
  Pass(kDay);
  Restart(AgeClock::kStopMax);
  EXPECT_EQ(clock_.AgeMs(kStart), kDay + AgeClock::kStopMax);
  Restart(AgeClock::kStopMax + 1);
  EXPECT_EQ(clock_.AgeMs(kStart), kDay + AgeClock::kStopMax);
  Restart(30 * kDay);
  EXPECT_EQ(clock_.AgeMs(kStart), kDay + AgeClock::kStopMax);
  EXPECT_EQ(clock_.jumps().size(), 2U);
}

TEST_F(AgeClockTest, AJumpWhileItDoesNotRunIsSkippedToo) {
  Pass(kDay);
  Jump(kYear);
  Restart(kMinute);
  EXPECT_EQ(clock_.AgeMs(kStart), kDay);
  Jump(-kYear);
  Restart(kMinute);
  EXPECT_NEAR(static_cast<double>(clock_.AgeMs(kStart)), static_cast<double>(kDay), 3 * kMinute);
}

TEST_F(AgeClockTest, TheNewestRecordIsEvidenceAsWell) {
  // A crash: what it saw last was stored a minute before its newest record.
  Pass(kDay);
  const AgeClockState stored = clock_.TakeState();
  Pass(kMinute);
  const TimestampMs newest = Now().wall;
  passed_ += 30 * kDay;
  clock_ = AgeClock(stored, newest, Now());
  EXPECT_EQ(clock_.AgeMs(newest), 0);
  // A lost file: the newest record is all there is.
  clock_ = AgeClock(AgeClockState{}, newest, Now());
  EXPECT_EQ(clock_.AgeMs(newest), 0);
}

TEST_F(AgeClockTest, ARecordFromBehindAJumpIsNoEvidence) {
  // The clock jumps, a record comes, the process dies: nothing of it was stored.
  Pass(kDay);
  const AgeClockState stored = clock_.TakeState();
  const TimestampMs before = Now().wall;
  Jump(kYear);
  passed_ += 1'000;
  clock_ = AgeClock(stored, Now().wall, Now());
  EXPECT_LT(clock_.AgeMs(before), kMinute);
  // Set back while it did not run: the record is from the future.
  Jump(-kYear);
  clock_ = AgeClock(stored, Now().wall + kYear, Now());
  EXPECT_LT(clock_.AgeMs(before), kMinute);
}

TEST_F(AgeClockTest, StepsBackUpToAMinuteTakeNothingBack) {
  Jump(kDay);
  clock_.Observe(Now());
  Jump(-AgeClock::kStepMax);
  clock_.Observe(Now());
  ASSERT_EQ(clock_.jumps().size(), 1U);
  EXPECT_EQ(clock_.jumps()[0].by_ms, kDay);
  Jump(-1);
  clock_.Observe(Now());
  EXPECT_EQ(clock_.jumps()[0].by_ms, kDay - AgeClock::kStepMax - 1);
  EXPECT_TRUE(clock_.jumped());
}

TEST_F(AgeClockTest, AStartUpToTenMinutesInThePastTakesNothingBack) {
  Jump(kDay);
  clock_.Observe(Now());
  Jump(-AgeClock::kStopMax);
  Restart(0);
  EXPECT_EQ(clock_.skipped_ms(), kDay);
  EXPECT_FALSE(clock_.jumped());
  Jump(-AgeClock::kStopMax - 1);
  Restart(0);
  EXPECT_EQ(clock_.skipped_ms(), kDay - AgeClock::kStopMax - 1);
  EXPECT_TRUE(clock_.jumped());
}

// It stores what it sees every minute: a record of long after that came while the clock was ahead.
TEST_F(AgeClockTest, ARecordUpToTenMinutesYoungerThanWhatWasStoredIsEvidence) {
  for (const std::int64_t past : {0, 1}) {
    const TimestampMs newest = kStart + AgeClock::kStopMax + past;
    passed_ = AgeClock::kStopMax + past + kMinute;
    clock_ = AgeClock(AgeClockState{kStart, {}}, newest, Now());
    EXPECT_EQ(clock_.jumps().size(), static_cast<std::size_t>(past));
  }
  EXPECT_EQ(clock_.jumps()[0].at, kStart);
}

TEST_F(AgeClockTest, OfTooManyJumpsTheOldestAreJoined) {
  std::vector<TimestampMs> records;
  for (std::size_t i = 0; i <= AgeClock::kJumpsMax; ++i) {
    records.push_back(Now().wall);
    Pass(kMinute);
    Jump(kDay);
    clock_.Observe(Now());
  }
  EXPECT_EQ(clock_.jumps().size(), AgeClock::kJumpsMax);
  EXPECT_EQ(clock_.skipped_ms(), static_cast<std::int64_t>(records.size()) * kDay);
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto passed = static_cast<std::int64_t>(records.size() - i) * kMinute;
    EXPECT_LE(clock_.AgeMs(records[i]), passed) << "nothing is older than it is";
  }
}

TEST_F(AgeClockTest, IsReadAsItWasWritten) {
  file::MemoryFileSystem fs;
  ASSERT_TRUE(fs.CreateDirectories("/data").ok());
  EXPECT_EQ(ReadAgeClock(fs, "/data").error().code, ErrorCode::kNotFound);
  AgeClockState state{kStart, {}};
  for (std::size_t i = 0; i < AgeClock::kJumpsMax; ++i) {
    state.jumps.push_back(
        {kStart + static_cast<std::int64_t>(i), static_cast<std::int64_t>(i) + 1});
    ASSERT_TRUE(WriteAgeClock(fs, "/data", state).ok());
    EXPECT_EQ(*ReadAgeClock(fs, "/data"), state);
  }
}

TEST_F(AgeClockTest, OfMoreThanItKeepsOnlyTheNewestAreTaken) {
  for (const std::size_t count : {AgeClock::kJumpsMax, AgeClock::kJumpsMax + 1}) {
    AgeClockState stored{Now().wall, {}};
    for (std::size_t i = 0; i < count; ++i) {
      stored.jumps.push_back({kStart + static_cast<std::int64_t>(i), kDay});
    }
    clock_ = AgeClock(stored, TimestampMs{-1}, Now());
    ASSERT_EQ(clock_.jumps().size(), AgeClock::kJumpsMax);
    EXPECT_EQ(clock_.jumps().back(), stored.jumps.back());
  }
}

TEST_F(AgeClockTest, WhatIsStoredOtherwiseIsCorrupt) {
  file::MemoryFileSystem fs;
  ASSERT_TRUE(fs.CreateDirectories("/data").ok());
  for (const std::int64_t by_ms : {-1, 0, 1}) {
    ASSERT_TRUE(WriteAgeClock(fs, "/data", {kStart, {{kStart, by_ms}}}).ok());
    EXPECT_EQ(ReadAgeClock(fs, "/data").ok(), by_ms > 0);
  }
  Bytes payload;
  ByteWriter writer(payload);
  writer.Int(kStart.value());
  writer.Int(std::uint32_t{1});
  writer.Int(kStart.value());
  writer.Int(std::int64_t{5});
  const segment::SlotFormat format{.magic = "LBac", .version = 1};
  for (std::size_t size = 0; size <= payload.size() + 1; ++size) {
    Bytes cut = payload;
    cut.resize(size);
    ASSERT_TRUE(segment::WriteSlot(fs, "/data/clock", format, cut).ok());
    const auto read = ReadAgeClock(fs, "/data");
    ASSERT_EQ(read.ok(), size == payload.size()) << size;
    if (!read.ok()) {
      EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
    }
  }
}

}  // namespace
}  // namespace logboom::broker
