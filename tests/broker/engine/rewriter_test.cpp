// Small batches are put together once their segment is finished, and nothing else about them
// changes.
#include "broker/engine/rewriter.h"

#include "lib/record/batch_view.h"
#include "tests/broker/engine/engine_rig.h"

namespace logboom::broker {
namespace {

class RewriterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    rig_.rewriting.round_interval_ms = 60'000;  // the first round comes after Fill()
    rig_.rewriting.step_bytes = 200'000;
    rig_.rewriting.limits.segment_bytes_min = 0;
  }

  // Finished segments of small batches, and an active one.
  void Fill(int batches) {
    rig_.MustOpen();
    ASSERT_TRUE(rig_.CreateTopic("web", 1, {{"segment.bytes", "1048576"}}).ok());
    for (int i = 0; i < batches; ++i) {
      ASSERT_TRUE(rig_.Append(rig_.Where("web"), {Bytes(3'000, static_cast<char>('a' + i % 26)),
                                                  fmt::format("line {}", i)})
                      .ok());
      rig_.Tick(5);
    }
    rig_.Settle();
  }

  void Run(std::int64_t ms) {
    for (std::int64_t i = 0; i < ms; i += 100) rig_.Tick(100);
  }

  std::vector<std::pair<Offset, Bytes>> Records() {
    std::vector<std::pair<Offset, Bytes>> records;
    record::BatchReader reader;
    const TopicPartition where = rig_.Where("web");
    for (Offset from; from < rig_.State(where).durable_end;) {
      const auto fetched = rig_.engine->Fetch(where, from, 100'000);
      EXPECT_TRUE(fetched.ok() && fetched->unreadable.empty());
      for (ByteView rest = fetched->bytes; !rest.empty();) {
        const auto header = record::ParseBatchHeader(rest);
        EXPECT_TRUE(reader.Open(rest.substr(0, header->size_bytes())).ok());
        for (auto record = reader.Next(); *record != nullptr; record = reader.Next()) {
          if ((*record)->offset >= from) {
            records.emplace_back((*record)->offset, Bytes(*(*record)->value));
          }
        }
        rest.remove_prefix(header->size_bytes());
      }
      from = fetched->next_offset;
    }
    return records;
  }

  EngineRig rig_;
};

TEST_F(RewriterTest, FinishedSegmentsShrinkAndKeepTheirRecords) {
  Fill(1'000);
  const auto before = Records();
  const std::int64_t size = rig_.State(rig_.Where("web")).size_bytes;
  Run(120'000);
  EXPECT_EQ(rig_.engine->rewrite_counters().segments, 2U);
  EXPECT_EQ(rig_.engine->rewrite_counters().failures, 0U);
  EXPECT_LT(rig_.State(rig_.Where("web")).size_bytes, size / 2);
  EXPECT_EQ(Records(), before);
  rig_.Crash();
  rig_.MustOpen();
  EXPECT_EQ(Records(), before);
}

TEST_F(RewriterTest, ASegmentIsRewrittenOnce) {
  Fill(800);
  Run(120'000);
  EXPECT_EQ(rig_.engine->rewrite_counters().segments, 2U);
  ASSERT_TRUE(rig_.engine->Close().ok());
  rig_.Kill();
  rig_.MustOpen();
  Run(120'000);
  EXPECT_EQ(rig_.engine->rewrite_counters().segments, 0U);
}

TEST_F(RewriterTest, TheRateBoundsIt) {
  rig_.rewriting.bytes_per_second = 100'000;
  Fill(800);
  Run(60'000);  // a megabyte takes ten seconds, and the round has begun at sixty
  EXPECT_EQ(rig_.engine->rewrite_counters().segments, 0U);
  Run(120'000);
  EXPECT_GE(rig_.engine->rewrite_counters().segments, 1U);
}

TEST_F(RewriterTest, ARateOfNothingTurnsItOff) {
  rig_.rewriting.bytes_per_second = 0;
  Fill(800);
  Run(120'000);
  EXPECT_EQ(rig_.engine->rewrite_counters().segments, 0U);
}

TEST_F(RewriterTest, ATopicMayBeDeletedMeanwhile) {
  rig_.rewriting.bytes_per_second = 100'000;
  Fill(800);
  Run(60'000);
  ASSERT_TRUE(rig_.DeleteTopic("web").ok());
  Run(60'000);
  EXPECT_EQ(rig_.engine->rewrite_counters().segments, 0U);
  EXPECT_FALSE(rig_.engine->failure());
}

TEST_F(RewriterTest, AFullDiskLeavesTheSegmentAsItIs) {
  Fill(800);
  const auto before = Records();
  rig_.fs.Add({.matches =
                   [](file::CallKind kind, const std::string& path) {
                     return kind == file::CallKind::kWrite &&
                            path.find(".log.cleaned") != std::string::npos;
                   },
               .code = ErrorCode::kNoSpace,
               .span = file::FaultSpan::kFromThenOn});
  Run(120'000);
  EXPECT_GE(rig_.engine->rewrite_counters().failures, 1U);
  EXPECT_FALSE(rig_.engine->failure());
  EXPECT_EQ(Records(), before);
  rig_.fs.Heal();
}

TEST_F(RewriterTest, AFailedSyncOfTheSwapEndsTheAppends) {
  Fill(800);
  const auto before = Records();
  rig_.fs.Add({.matches = [](file::CallKind kind, const std::string& path) {
    return kind == file::CallKind::kRename && path.find(".log.swap") != std::string::npos;
  }});
  Run(120'000);
  ASSERT_TRUE(rig_.engine->failure());
  rig_.Kill();
  rig_.MustOpen();
  EXPECT_EQ(Records(), before);
}

}  // namespace
}  // namespace logboom::broker
