// The scrub of a data directory, by the engine's clock.
#include "tests/broker/engine/engine_rig.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1000;

class ScrubberTest : public ::testing::Test {
 protected:
  void SetUp() override {
    rig_.MustOpen();
    ASSERT_TRUE(rig_.CreateTopic("web", 2, {{"segment.ms", "1000"}}).ok());
    for (int i = 0; i < 10; ++i) {
      rig_.time_ms += 2000;
      for (std::int32_t partition = 0; partition < 2; ++partition) {
        ASSERT_TRUE(rig_.Append(rig_.Where("web", partition), {Bytes(500, 'v')}).ok());
      }
      rig_.Settle();
    }
  }

  // Long enough for a pass over a small directory.
  void LetPass() {
    for (int i = 0; i < 60; ++i) rig_.Tick(10'000);
  }
  const ScrubStatus& Status() const { return rig_.engine->scrubber().status(); }

  void FlipByte(const std::string& name, std::int64_t position) {
    const auto file = rig_.disk.Open("/data/1-0/" + name, file::OpenMode::kReadWrite);
    ASSERT_TRUE(file.ok()) << file.error().message;
    char byte = 0;
    ASSERT_TRUE((*file)->PRead(position, std::span(&byte, 1)).ok());
    byte = static_cast<char>(byte ^ 1);
    ASSERT_TRUE((*file)->PWrite(position, ByteView(&byte, 1)).ok());
  }

  EngineRig rig_;
};

TEST_F(ScrubberTest, APassADayReadsAllSealedSegmentsAndFindsNothing) {
  LetPass();
  EXPECT_EQ(Status().passes, 1U);
  EXPECT_EQ(Status().findings, 0U);
  EXPECT_TRUE(rig_.engine->UnreadableRanges().empty());
  const std::uint64_t once = Status().bytes_read;
  EXPECT_GT(once, 18U * 500U);
  rig_.time_ms += kDayMs;
  LetPass();
  EXPECT_EQ(Status().passes, 2U);
  EXPECT_EQ(Status().bytes_read, 2 * once);
}

TEST_F(ScrubberTest, ARottenBatchIsToldAndTheOthersAreServed) {
  ASSERT_NO_FATAL_FAILURE(FlipByte("00000000000000000003.log", 100));
  LetPass();
  const auto ranges = rig_.engine->UnreadableRanges();
  ASSERT_EQ(ranges.size(), 1U);
  EXPECT_EQ(ranges[0].topic, "web");
  EXPECT_EQ(ranges[0].partition, PartitionIndex(0));
  EXPECT_EQ(ranges[0].range.begin, Offset(3));
  EXPECT_EQ(ranges[0].range.end, Offset(4));
  EXPECT_EQ(Status().findings, 1U);
  const auto behind = rig_.engine->Fetch(rig_.Where("web"), Offset(3), 1U << 20U);
  ASSERT_TRUE(behind.ok());
  EXPECT_EQ(record::ParseBatchHeader(behind->bytes)->base_offset, Offset(4));
}

TEST_F(ScrubberTest, ABrokenSealIsMadeAnew) {
  ASSERT_NO_FATAL_FAILURE(FlipByte("00000000000000000003.seal", 30));
  LetPass();
  EXPECT_EQ(Status().findings, 1U);
  rig_.time_ms += kDayMs;
  LetPass();
  EXPECT_EQ(Status().passes, 2U);
  EXPECT_EQ(Status().findings, 1U);
}

TEST_F(ScrubberTest, ASealThatACrashCutShortIsMadeAnewWithoutAWord) {
  const std::string path = "/data/1-0/00000000000000000003.seal";
  {
    auto seal = rig_.disk.Open(path, file::OpenMode::kReadWrite);
    ASSERT_TRUE(seal.ok());
    ASSERT_TRUE((*seal)->Truncate(40).ok());
  }
  LetPass();
  EXPECT_EQ(Status().findings, 0U);
  EXPECT_GT(rig_.disk.Stat(path)->size_bytes, 40);
}

TEST_F(ScrubberTest, TheLastPassIsKnownAfterARestart) {
  LetPass();
  const auto last_pass = Status().last_pass;
  ASSERT_TRUE(last_pass.has_value());
  ASSERT_TRUE(rig_.engine->Close().ok());
  rig_.Kill();
  rig_.MustOpen();
  EXPECT_EQ(Status().last_pass, last_pass);
  LetPass();
  EXPECT_EQ(Status().passes, 0U);
}

}  // namespace
}  // namespace logboom::broker
