// Trims: what an administrator lets go.
#include <gtest/gtest.h>

#include "tests/broker/engine/engine_rig.h"

namespace logboom::broker {
namespace {

class TrimTest : public testing::Test {
 protected:
  void SetUp() override {
    rig_.MustOpen();
    ASSERT_TRUE(rig_.CreateTopic("web", 2, {{"segment.ms", "1000"}}).ok());
    where_ = rig_.Where("web");
  }
  // A sealed segment each, but for the last one, which is active.
  void Fill(int batches) {
    for (int i = 0; i < batches; ++i) {
      rig_.Tick(2'000);
      ASSERT_TRUE(rig_.Append(where_, {"a", "b", "c"}).ok());
      rig_.Settle();
    }
    ASSERT_EQ(rig_.State(where_).segments, batches);
  }
  Result<TrimmedRange> Trim(Offset offset) { return rig_.Trim(where_, offset); }

  EngineRig rig_;
  TopicPartition where_;
};

TEST_F(TrimTest, MovesTheStartAndFreesWholeSegments) {
  Fill(4);
  const std::int64_t size = rig_.State(where_).size_bytes;
  const auto would = rig_.engine->WouldTrim(where_, Offset{7});
  ASSERT_TRUE(would.ok());
  EXPECT_EQ(rig_.State(where_).log_start, Offset{0}) << "that was a dry run";
  const auto trimmed = Trim(Offset{7});
  ASSERT_TRUE(trimmed.ok());
  EXPECT_EQ(trimmed->old_start, Offset{0});
  EXPECT_EQ(trimmed->new_start, Offset{7});
  EXPECT_EQ(trimmed->bytes, would->bytes);
  EXPECT_EQ(rig_.State(where_).log_start, Offset{7});
  EXPECT_EQ(rig_.State(where_).size_bytes, size - trimmed->bytes);
  EXPECT_EQ(rig_.State(where_).segments, 2);
  EXPECT_EQ(Trim(Offset{3})->records(), 0) << "the start does not go back";
  rig_.Crash();
  rig_.MustOpen();
  EXPECT_EQ(rig_.State(where_).log_start, Offset{7});
}

TEST_F(TrimTest, UpToTheEndLeavesAnEmptySegmentThatGoesOn) {
  Fill(2);
  const std::int64_t size = rig_.State(where_).size_bytes;
  EXPECT_EQ(Trim(Offset{7}).error().code, ErrorCode::kInvalid);
  const auto would = rig_.engine->WouldTrim(where_, Offset{6});
  const auto trimmed = Trim(Offset{6});
  ASSERT_TRUE(trimmed.ok());
  EXPECT_EQ(trimmed->bytes, size);
  EXPECT_EQ(would->bytes, size);
  EXPECT_EQ(rig_.State(where_).size_bytes, 0);
  EXPECT_EQ(rig_.State(where_).segments, 1);
  EXPECT_EQ(rig_.Append(where_, {"d"})->base_offset, Offset{6});
  rig_.Settle();
  rig_.Crash();
  rig_.MustOpen();
  EXPECT_EQ(rig_.State(where_).log_start, Offset{6});
  EXPECT_EQ(rig_.State(where_).durable_end, Offset{7});
}

TEST_F(TrimTest, RecordsThatAreNotDurableStay) {
  Fill(1);
  rig_.commits.Hold();
  ASSERT_TRUE(rig_.Append(where_, {"d"}).ok());
  rig_.Tick();
  EXPECT_EQ(Trim(Offset{4}).error().code, ErrorCode::kInvalid);
  const auto trimmed = Trim(Offset{3});
  ASSERT_TRUE(trimmed.ok());
  EXPECT_EQ(trimmed->bytes, 0) << "they are in the active segment";
  rig_.commits.Release();
  rig_.Settle();
  EXPECT_EQ(rig_.State(where_).log_start, Offset{3});
  EXPECT_GT(rig_.engine->Fetch(where_, Offset{3}, 100)->bytes.size(), 0U);
}

TEST_F(TrimTest, WorksWithoutAFreeByteAndFreesWhatIsLeftLater) {
  Fill(3);
  auto space = rig_.disk.SpaceOf("/data");
  rig_.disk.SetCapacity(space->total_bytes - space->available_bytes);
  const auto trimmed = Trim(Offset{9});
  ASSERT_TRUE(trimmed.ok()) << trimmed.error().message;
  EXPECT_EQ(rig_.State(where_).log_start, Offset{9});
  EXPECT_GT(trimmed->bytes, 0);
  rig_.Tick(31'000);  // retention's next round
  rig_.Settle();
  EXPECT_EQ(rig_.State(where_).size_bytes, 0);
}

TEST_F(TrimTest, OneAfterTheOther) {
  Fill(3);
  int done = 0;
  const auto count = [&done](const Result<TrimmedRange>& trimmed) {
    EXPECT_TRUE(trimmed.ok());
    ++done;
  };
  rig_.engine->Trim(where_, Offset{3}, count);
  rig_.engine->Trim(where_, Offset{6}, count);
  EXPECT_TRUE(rig_.engine->hurried());
  rig_.Tick();
  EXPECT_EQ(done, 1);
  rig_.Tick();
  EXPECT_EQ(done, 2);
  EXPECT_FALSE(rig_.engine->hurried());
}

TEST_F(TrimTest, OfATopicThatGoesMeanwhileIsRefused) {
  Fill(1);
  std::optional<ErrorCode> code;
  ASSERT_TRUE(rig_.DeleteTopic("web").ok());
  rig_.engine->Trim(where_, Offset{1},
                    [&code](const Result<TrimmedRange>& trimmed) { code = trimmed.error().code; });
  rig_.Tick();
  EXPECT_EQ(code, ErrorCode::kNotFound);
}

TEST_F(TrimTest, AStartThatCannotBeSyncedEndsTheBroker) {
  Fill(2);
  const auto directories = rig_.disk.List("/data");
  for (const auto& entry : *directories) {
    if (entry.name.ends_with("-0")) rig_.disk.FailNextSync("/data/" + entry.name + "/log-start");
  }
  EXPECT_EQ(Trim(Offset{3}).error().code, ErrorCode::kIo);
  rig_.Tick();
  EXPECT_TRUE(rig_.engine->failure().has_value()) << "no sync is tried twice";
}

TEST_F(TrimTest, RetentionRunsWhileRecordsNeverCease) {
  Fill(3);
  ASSERT_TRUE(rig_.AlterTopic("web", {{"retention.ms", "10000"}}).ok());
  // A commit is under way at every Tick.
  rig_.commits.Hold();
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(rig_.Append(where_, {"d"}).ok());
    rig_.Tick(1'000);
    rig_.commits.Let(1);
  }
  EXPECT_GE(rig_.State(where_).log_start, Offset{9});
}

}  // namespace
}  // namespace logboom::broker
