// Power cuts by seed: whatever was durable is there afterwards, byte for byte.
#include <cstdlib>

#include "lib/segment/sources.h"
#include "lib/segment/verify.h"
#include "tests/broker/storage/log_fixture.h"

namespace logboom::broker {
namespace {

class PartitionLogCrash : public LogFixture {
 protected:
  struct Promise {
    Offset durable_end;
    // As the manifest would have it: it may lag, and a clean one may be left over from the last
    // stop.
    PartitionCheckpoint checkpoint;
    bool has_checkpoint = false;
    bool clean = false;
  };

  void RandomAppend(Random& random) {
    now_ms_ += static_cast<std::int64_t>(random.Below(2000));
    ASSERT_TRUE(
        Append({.records = 1 + static_cast<int>(random.Below(5)),
                .value_bytes = random.Below(1500),
                .timestamp = TimestampMs(now_ms_ - static_cast<std::int64_t>(random.Below(5000))),
                .fill = static_cast<char>('a' + random.Below(26))})
            .ok());
  }

  // One life of the broker: appends, commits, now and then a checkpoint; ends anywhere, perhaps
  // with a group that is half synced.
  void Live(Random& random, Promise& promise) {
    const std::uint64_t steps = random.Below(60);
    for (std::uint64_t i = 0; i < steps; ++i) {
      RandomAppend(random);
      if (random.Below(4) == 0) {
        ASSERT_TRUE(Commit().ok());
        promise.durable_end = log_->durable_end();
      }
      if (random.Below(10) == 0) {
        promise.checkpoint = Checkpoint();
        promise.has_checkpoint = true;
        promise.clean = false;
      }
      if (random.Below(30) == 0) {
        ASSERT_TRUE(log_->Close().ok());
        promise = {log_->durable_end(), Checkpoint(), true, true};
      }
    }
    if (random.Below(2) == 0) {
      const SyncWork work = log_->TakeSyncWork();
      for (const auto& file : work.files) {
        if (random.Below(2) == 0) {
          ASSERT_TRUE(file->Sync().ok());
        }
      }
    }
  }

  // What was appended and is not in the log any more is forgotten by the test as well.
  void ForgetBehind(Offset end) {
    std::erase_if(batches_, [&](const AppendedCopy& batch) { return batch.base_offset >= end; });
  }

  void CheckKept(const Promise& promise) {
    ASSERT_GE(log_->log_end(), promise.durable_end);
    ASSERT_EQ(log_->durable_end(), log_->log_end());
    const Bytes got = ReadAll(Offset(0), 5000);
    ASSERT_TRUE(got == Expected(Offset(0), log_->log_end()));
    ASSERT_TRUE(unreadable_.empty());
    const auto sources = log_->NewestSealedSources();
    ASSERT_TRUE(sources.ok());
    if (*sources) {
      ASSERT_LE((*sources)->as_of, log_->log_end());
    }
    ForgetBehind(log_->log_end());
  }

  void RunSeed(std::uint64_t seed) {
    SeededRandom random(seed);
    options_.segment_bytes = 4000 + static_cast<std::int64_t>(random.Below(20'000));
    sources_hook_ = [] { return Bytes("positions"); };
    ASSERT_TRUE(Open().ok());
    Promise promise;
    for (int life = 0; life < 4; ++life) {
      SCOPED_TRACE(life);
      ASSERT_NO_FATAL_FAILURE(Live(random, promise));
      fs_->Crash(random);
      const bool use_checkpoint = promise.has_checkpoint && random.Below(3) != 0;
      const Status opened = use_checkpoint ? Open(promise.checkpoint, promise.clean) : Open();
      ASSERT_TRUE(opened.ok()) << opened.error().message;
      ASSERT_NO_FATAL_FAILURE(CheckKept(promise));
      ASSERT_NO_FATAL_FAILURE(ExpectVerified());
      promise.durable_end = log_->durable_end();
      if (random.Below(3) == 0) {
        // A second power cut, while nothing was appended: recovery has made all durable.
        fs_->Crash(random);
        ASSERT_TRUE(Open().ok());
        ASSERT_EQ(log_->log_end(), promise.durable_end);
        ASSERT_NO_FATAL_FAILURE(ExpectVerified());
      }
    }
  }

  void StartOver() {
    log_.reset();
    fs_ = std::make_unique<file::MemoryFileSystem>();
    batches_.clear();
    unreadable_.clear();
    LogFixture::SetUp();
  }
};

// LOGBOOM_CRASH_SEEDS=N runs N seeds, LOGBOOM_CRASH_SEED=S begins with S.
std::uint64_t FromEnvironment(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

TEST_F(PartitionLogCrash, WhatWasDurableIsThereAfterAnyPowerCut) {
  const std::uint64_t first = FromEnvironment("LOGBOOM_CRASH_SEED", 1);
  const std::uint64_t count = FromEnvironment("LOGBOOM_CRASH_SEEDS", 200);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    StartOver();
    RunSeed(seed);
    if (HasFatalFailure()) return;
  }
}

TEST_F(PartitionLogCrash, AKilledProcessLosesNothingThatWasAppended) {
  ASSERT_TRUE(Open().ok());
  AppendMany(20);
  const Offset end = log_->log_end();
  fs_->KillProcess();
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(log_->log_end(), end);
  EXPECT_EQ(ReadAll(Offset(0)), Expected(Offset(0), end));
}

// A broken broker that forgets to sync the directory at a roll loses the new segment's name: the
// model of the disk must show it, or the tests above prove nothing.
TEST_F(PartitionLogCrash, TheModelCatchesAMissingDirectorySync) {
  bool lost = false;
  for (std::uint64_t seed = 1; seed <= 50 && !lost; ++seed) {
    StartOver();
    SeededRandom random(seed);
    options_.segment_bytes = 1000;
    ASSERT_TRUE(Open().ok());
    AppendMany(3);
    const SyncWork work = log_->TakeSyncWork();
    for (const auto& file : work.files) ASSERT_TRUE(file->Sync().ok());  // and no directory
    fs_->Crash(random);
    ASSERT_TRUE(Open().ok());
    lost = log_->log_end() < work.covers;
  }
  EXPECT_TRUE(lost);
}

TEST_F(PartitionLogCrash, RecoveryItselfMayBeCutAnywhere) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    StartOver();
    SeededRandom random(seed);
    options_.segment_bytes = 3000;
    ASSERT_TRUE(Open().ok());
    AppendMany(4);
    ASSERT_TRUE(Commit().ok());
    const Offset durable = log_->durable_end();
    const PartitionCheckpoint checkpoint = Checkpoint();
    AppendMany(12);
    // Whole batches behind the durable end, one of them bad: quarantine, epoch, truncation.
    ASSERT_TRUE(SyncAll(*fs_, log_->TakeSyncWork()).ok());
    FlipByte(PathOf(log_->segments()[1].base_offset, segment::kLogSuffix), 300);
    const std::vector<std::string> steps = {
        kDirectory,
        kQuarantine,
        kQuarantine + "/7-0-" + std::to_string(now_ms_),
        kDirectory + "/leader-epoch-checkpoint.tmp",
        PathOf(log_->segments()[1].base_offset, segment::kLogSuffix),
        PathOf(log_->segments()[1].base_offset, segment::kOffsetIndexSuffix)};
    fs_->FailNextSync(steps[seed % steps.size()]);
    [[maybe_unused]] const Status cut_short = Open(checkpoint);
    log_.reset();
    fs_->Crash(random);
    ASSERT_TRUE(Open(checkpoint).ok());
    ASSERT_GE(log_->log_end(), durable);
    const Bytes got = ReadAll(Offset(0));
    ASSERT_TRUE(got == Expected(Offset(0), log_->log_end()));
    ASSERT_NO_FATAL_FAILURE(ExpectVerified());
    ASSERT_GE(log_->leader_epoch(), LeaderEpoch(1));
  }
}

}  // namespace
}  // namespace logboom::broker
