// Files of logs are opened on use, within a budget.
#include <gtest/gtest.h>

#include <set>

#include "broker/storage/limits.h"
#include "tests/broker/engine/engine_rig.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kLongMs = 61'000;

class FilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    rig_.open_files_max = 3 * kActiveSegmentFiles;
    rig_.MustOpen();
    ASSERT_TRUE(rig_.CreateTopic("web", 20).ok());
  }
  TopicPartition Where(std::int32_t partition) const { return rig_.Where("web", partition); }

  // As a client does: what is refused is sent again.
  void AppendInTheEnd(std::int32_t partition, const Bytes& value) {
    auto appended = rig_.Append(Where(partition), {value});
    for (int i = 0; i < 100 && !appended.ok(); ++i) {
      ASSERT_EQ(appended.error().code, ErrorCode::kBusy);
      rig_.Tick();
      appended = rig_.Append(Where(partition), {value});
    }
    ASSERT_TRUE(appended.ok());
    EXPECT_LE(rig_.engine->open_files(), rig_.open_files_max);
  }

  EngineRig rig_;
};

TEST_F(FilesTest, NewPartitionsAndAStartHoldNoFile) {
  EXPECT_EQ(rig_.engine->open_files(), 0U);
  rig_.Settle();
  ASSERT_TRUE(rig_.engine->Close().ok());
  rig_.Kill();
  rig_.MustOpen();
  EXPECT_TRUE(rig_.engine->open_report().clean_start);
  EXPECT_EQ(rig_.engine->open_files(), 0U);
}

// There may be ten thousand of them.
TEST_F(FilesTest, AStartAfterAnOrderlyStopListsPartitionsAndLooksAtSizes) {
  AppendInTheEnd(3, "a");
  rig_.Settle();
  ASSERT_TRUE(rig_.engine->Close().ok());
  rig_.Kill();
  std::set<std::string> calls;
  rig_.fs.Add({.matches = [&](file::CallKind kind, const std::string& path) {
    if (!path.starts_with("/data/1-")) return false;
    const std::size_t slash = path.find('/', 7);
    const std::string name = slash == std::string::npos ? "" : path.substr(slash + 1);
    calls.insert(fmt::format("{} {}", file::CallKindName(kind), name));
    return false;
  }});
  rig_.MustOpen();
  EXPECT_EQ(calls, (std::set<std::string>{"list ", "stat 00000000000000000000.log"}));
}

// The clean one must not outlive the first record.
TEST_F(FilesTest, AStartThatCantWriteItsManifestLeavesNoneAndOneThatFailsToEnds) {
  for (const ErrorCode code : {ErrorCode::kNoSpace, ErrorCode::kIo}) {
    rig_.Settle();
    ASSERT_TRUE(rig_.engine->Close().ok());
    rig_.Kill();
    rig_.fs.Add({.kind = file::CallKind::kWrite, .path_part = "/data/manifest", .code = code});
    const Status opened = rig_.Open();
    rig_.fs.Heal();
    ASSERT_EQ(opened.ok(), code == ErrorCode::kNoSpace);
    if (!opened.ok()) continue;
    EXPECT_FALSE(rig_.disk.Stat("/data/manifest").ok());
    AppendInTheEnd(0, "a");
    rig_.Settle();
    rig_.Kill();
    rig_.MustOpen();
    EXPECT_FALSE(rig_.engine->open_report().clean_start);
    EXPECT_EQ(rig_.State(Where(0)).durable_end, Offset{1});
  }
}

TEST_F(FilesTest, WithFewFilesManyPartitionsAreWrittenAndRead) {
  for (int round = 0; round < 3; ++round) {
    for (std::int32_t i = 0; i < 20; ++i) AppendInTheEnd(i, Bytes(5'000, 'x'));
    rig_.Settle();
  }
  for (std::int32_t i = 0; i < 20; ++i) {
    auto fetched = rig_.engine->Fetch(Where(i), Offset{0}, 1 << 20);
    for (int n = 0; n < 100 && !fetched.ok(); ++n) {
      rig_.Tick();
      fetched = rig_.engine->Fetch(Where(i), Offset{0}, 1 << 20);
    }
    ASSERT_TRUE(fetched.ok());
    EXPECT_EQ(fetched->next_offset, Offset{3});
    EXPECT_LE(rig_.engine->open_files(), rig_.open_files_max);
  }
}

TEST_F(FilesTest, WhatIsNotSyncedStaysOpenAndOthersWait) {
  rig_.commits.Hold();
  for (std::int32_t i = 0; i < 3; ++i) ASSERT_TRUE(rig_.Append(Where(i), {"a"}).ok());
  for (int i = 0; i < 10; ++i) rig_.Tick();
  EXPECT_EQ(rig_.Append(Where(3), {"a"}).error().code, ErrorCode::kBusy);
  EXPECT_TRUE(rig_.Append(Where(0), {"b"}).ok()) << "it is open";
  rig_.commits.Release();
  AppendInTheEnd(3, "a");
}

TEST_F(FilesTest, ALogThatNobodyUsesClosesItsFiles) {
  ASSERT_TRUE(rig_.Append(Where(0), {"a"}).ok());
  rig_.Settle();
  EXPECT_EQ(rig_.engine->open_files(), kActiveSegmentFiles);
  for (int i = 0; i < 5; ++i) rig_.Tick(i == 0 ? kLongMs : 1'001);
  EXPECT_EQ(rig_.engine->open_files(), 0U);
  EXPECT_EQ(rig_.State(Where(0)).durable_end, Offset{1});
  EXPECT_TRUE(rig_.Append(Where(0), {"b"}).ok());
}

TEST_F(FilesTest, AfterACrashOnlyWhatWasWrittenSinceIsScanned) {
  for (std::int32_t i = 0; i < 3; ++i) AppendInTheEnd(i, "a");
  rig_.Settle();
  // Settled, and in the manifest.
  for (int i = 0; i < 10; ++i) rig_.Tick(kLongMs);
  AppendInTheEnd(1, "b");
  rig_.Settle();
  rig_.Crash();
  rig_.MustOpen();
  ASSERT_EQ(rig_.engine->open_report().scanned.size(), 1U);
  EXPECT_EQ(rig_.engine->open_report().scanned[0].partition, PartitionIndex{1});
  EXPECT_EQ(rig_.State(Where(0)).durable_end, Offset{1});
  EXPECT_EQ(rig_.State(Where(1)).durable_end, Offset{2});
}

// What somebody did to the directory while no broker ran.
void Extend(file::FileSystem& fs, const std::string& directory) {
  const auto log = fs.Open(directory + "/00000000000000000000.log", file::OpenMode::kReadWrite);
  ASSERT_TRUE(log.ok());
  ASSERT_TRUE((*log)->PWrite((*log)->Stat()->size_bytes, Bytes(10, '\0')).ok());
}
void AddSegment(file::FileSystem& fs, const std::string& directory) {
  ASSERT_TRUE(fs.Open(directory + "/00000000000000000001.log", file::OpenMode::kCreate).ok());
}
void LeaveTemporary(file::FileSystem& fs, const std::string& directory) {
  ASSERT_TRUE(fs.Open(directory + "/log-start.tmp", file::OpenMode::kCreate).ok());
}

TEST_F(FilesTest, AManifestThatDoesNotFitTheFilesIsNotBelieved) {
  for (const auto change : {Extend, AddSegment, LeaveTemporary}) {
    AppendInTheEnd(0, "a");
    rig_.Settle();
    const Offset end = rig_.State(Where(0)).durable_end;
    ASSERT_TRUE(rig_.engine->Close().ok());
    rig_.Kill();
    ASSERT_NO_FATAL_FAILURE(change(rig_.disk, "/data/1-0"));
    rig_.MustOpen();
    EXPECT_TRUE(rig_.engine->open_report().clean_start);
    EXPECT_EQ(rig_.State(Where(0)).durable_end, end);
    EXPECT_EQ(rig_.engine->Fetch(Where(0), Offset{0}, 1 << 20)->next_offset, end);
    EXPECT_FALSE(rig_.disk.Stat("/data/1-0/log-start.tmp").ok());
    AppendInTheEnd(0, "b");
  }
}

TEST_F(FilesTest, APartitionThatTheStartDidNotLookIntoSaysWhoseItIsAgain) {
  rig_.Settle();
  ASSERT_TRUE(rig_.engine->Close().ok());
  rig_.Kill();
  const Bytes whole = *file::ReadWholeFile(rig_.disk, "/data/1-7/partition.metadata", 1 << 20);
  ASSERT_TRUE(file::ReplaceFile(rig_.disk, "/data/1-7/partition.metadata", "rotten").ok());
  ASSERT_TRUE(rig_.disk.Remove("/data/1-9/partition.metadata").ok());
  rig_.MustOpen();
  for (int i = 0; i < 5; ++i) rig_.Tick();
  EXPECT_EQ(*file::ReadWholeFile(rig_.disk, "/data/1-7/partition.metadata", 1 << 20), whole);
  EXPECT_TRUE(rig_.disk.Stat("/data/1-9/partition.metadata").ok());
}

TEST_F(FilesTest, AnOlderManifestThanTheFilesLosesNothing) {
  rig_.Settle();
  ASSERT_TRUE(rig_.engine->Close().ok());
  const Bytes older = *file::ReadWholeFile(rig_.disk, "/data/manifest", 1 << 20);
  rig_.Kill();
  rig_.MustOpen();
  for (std::int32_t i = 0; i < 20; i += 2) AppendInTheEnd(i, "a");
  rig_.Settle();
  rig_.Kill();
  ASSERT_TRUE(file::ReplaceFile(rig_.disk, "/data/manifest", older).ok());
  rig_.MustOpen();
  for (std::int32_t i = 0; i < 20; ++i) {
    EXPECT_EQ(rig_.State(Where(i)).durable_end, Offset{i % 2 == 0 ? 1 : 0});
  }
}

TEST_F(FilesTest, APowerLossAmongSleepingLogsLosesNothingThatWasDurable) {
  constexpr std::uint64_t kSeeds = 20;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    for (int step = 0; step < 60; ++step) {
      const auto partition = static_cast<std::int32_t>(random.Below(20));
      AppendInTheEnd(partition, Bytes(random.Below(3'000), 'x'));
      if (random.Below(3) == 0) rig_.Tick(static_cast<std::int64_t>(random.Below(40'000)));
    }
    std::vector<Offset> durable;
    for (std::int32_t i = 0; i < 20; ++i) durable.push_back(rig_.State(Where(i)).durable_end);
    if (random.Below(2) == 0) {
      rig_.Crash();
    } else {
      rig_.Kill();
    }
    rig_.MustOpen();
    for (std::int32_t i = 0; i < 20; ++i) {
      const PartitionState state = rig_.State(Where(i));
      EXPECT_GE(state.durable_end, durable[static_cast<std::size_t>(i)]);
      const auto fetched = rig_.engine->Fetch(Where(i), Offset{0}, 1 << 30);
      ASSERT_TRUE(fetched.ok()) << fetched.error().message;
      EXPECT_EQ(fetched->next_offset, state.durable_end);
      EXPECT_TRUE(fetched->unreadable.empty());
    }
  }
}

TEST_F(FilesTest, WithoutDescriptorsAppendsAreRefusedAndGoOnLater) {
  for (const std::uint64_t opens : {0U, 2U}) {
    rig_.fs.Add({.matches =
                     [](file::CallKind kind, const std::string& path) {
                       return kind == file::CallKind::kOpen && !path.ends_with("manifest.tmp");
                     },
                 .after_calls = opens,
                 .code = ErrorCode::kLimit,
                 .span = file::FaultSpan::kFromThenOn});
    EXPECT_EQ(rig_.Append(Where(0), {"a"}).error().code, ErrorCode::kBusy);
    rig_.Tick();
    EXPECT_FALSE(rig_.engine->failure().has_value());
    rig_.fs.Heal();
  }
  ASSERT_TRUE(rig_.Append(Where(0), {"a"}).ok());
  rig_.Settle();
  EXPECT_EQ(rig_.State(Where(0)).durable_end, Offset{1});
}

}  // namespace
}  // namespace logboom::broker
