// The oracle itself: what it would overlook, everybody would. It is shown good logs and bad ones.
#include <gtest/gtest.h>

#include "lib/file/memory_file_system.h"
#include "lib/record/batch_builder.h"
#include "lib/segment/names.h"
#include "tests/sim/log_archive.h"
#include "tests/sim/source_fold.h"

namespace logboom::sim {
namespace {

// An application that has written five lines of 8 bytes, and the log that an agent made of them.
class OracleOfSources : public ::testing::Test {
 protected:
  static constexpr std::int64_t kLineBytes = 8;

  explicit OracleOfSources(SourceFold::Lines lines = SourceFold::Lines::kAll)
      : file_(written_.Begin("host", "app", "/log/app.log", {.inode = 7})),
        fold_(written_, verdict_, SourceFold::FileOrder::kKept, lines,
              [](const Uuid&, const Uuid&) { return std::nullopt; }) {
    for (int i = 0; i < 5; ++i) file_.Append(fmt::format("app {} x\n", i));
  }

  // Lines [first, end) of the file as one span, with these bytes or its own.
  void Log(int first, int end, std::uint64_t source = 1, std::optional<Bytes> bytes = {}) {
    const Bytes content =
        bytes.value_or(file_.content.substr(static_cast<std::size_t>(first * kLineBytes),
                                            static_cast<std::size_t>((end - first) * kLineBytes)));
    record::SourceSpan span;
    span.source_id = Id(source);
    span.begin = SourcePosition{first * kLineBytes};
    span.end = SourcePosition{end * kLineBytes};
    span.records = static_cast<std::uint32_t>(end - first);
    AddBatch(span, content);
  }

  void AddBatch(const record::SourceSpan& span, ByteView content) {
    record::SourceIdentity identity;
    identity.agent_id = "host";
    identity.inode = 7;
    const Bytes span_bytes = record::EncodeSpan(span);
    const Bytes source_bytes = record::EncodeSourceIdentity(identity);
    const record::HeaderView headers[] = {{record::kSpanHeader, span_bytes},
                                          {record::kSourceHeader, source_bytes}};
    record::BatchBuilder builder({.codec = record::Codec::kNone});
    bool first = true;
    for (std::size_t newline = content.find('\n'); newline != ByteView::npos;
         newline = content.find('\n')) {
      builder.Add({.timestamp = TimestampMs{1},
                   .key = {},
                   .value = content.substr(0, newline),
                   .headers = first ? std::span(headers) : std::span<const record::HeaderView>()});
      first = false;
      content.remove_prefix(newline + 1);
    }
    const auto batch = builder.Finish();
    ASSERT_TRUE(batch.ok());
    fold_.AddBatch(topic_, *batch);
  }

  void Gap(int first, int end) {
    fold_.AddGap(topic_, Id(1), SourcePosition{first * kLineBytes},
                 SourcePosition{end * kLineBytes});
  }

  static Uuid Id(std::uint64_t number) {
    Bytes bytes(8, '\0');
    ByteWriter(bytes).Int(number);
    return *Uuid::FromBytes(bytes);
  }

  bool Complete() {
    if (verdict_.ok()) fold_.CheckComplete(verdict_);
    return verdict_.ok();
  }

  WrittenFiles written_;
  Incarnation& file_;
  Verdict verdict_;
  Uuid topic_ = Id(99);
  SourceFold fold_;
};

// Of the lines 0 to 4 number 3 is one to be left out.
class OracleOfLinesLeftOut : public OracleOfSources {
 protected:
  OracleOfLinesLeftOut() : OracleOfSources(SourceFold::Lines::kSomeLeftOut) {}
  // All lines as one span, which holds these bytes and leaves out so many.
  void Log(const Bytes& bytes, std::uint32_t dropped) {
    record::SourceSpan span;
    span.source_id = Id(1);
    span.end = SourcePosition{5 * kLineBytes};
    span.records = static_cast<std::uint32_t>(std::count(bytes.begin(), bytes.end(), '\n'));
    span.dropped = dropped;
    AddBatch(span, bytes);
  }
  void LeftOut(int first, int end) {
    fold_.AddLeftOut(topic_, Id(1), SourcePosition{first * kLineBytes},
                     SourcePosition{end * kLineBytes});
  }
};

TEST_F(OracleOfLinesLeftOut, ASpanWithoutThemThatCountsThemIsGood) {
  Log("app 0 x\napp 1 x\napp 2 x\napp 4 x\n", 1);
  EXPECT_TRUE(Complete()) << verdict_.text();
}

TEST_F(OracleOfLinesLeftOut, ASpanThatCountsThemWrongIsSeen) {
  Log("app 0 x\napp 1 x\napp 2 x\napp 4 x\n", 0);
  ASSERT_FALSE(verdict_.ok());
  EXPECT_EQ(verdict_.invariant(), Invariant::kBytesAsWritten);
}

TEST_F(OracleOfLinesLeftOut, ALineThatIsThereAlthoughItShouldNotBeIsSeen) {
  Log("app 0 x\napp 1 x\napp 2 x\napp 3 x\napp 4 x\n", 0);
  EXPECT_FALSE(verdict_.ok());
}

TEST_F(OracleOfLinesLeftOut, AnotherLineThatIsNotThereIsSeen) {
  Log("app 0 x\napp 1 x\napp 4 x\n", 2);
  EXPECT_FALSE(verdict_.ok());
}

TEST_F(OracleOfLinesLeftOut, ARowTellsOfThemToo) {
  OracleOfSources::Log(0, 3);
  LeftOut(3, 4);
  OracleOfSources::Log(4, 5);
  EXPECT_TRUE(Complete()) << verdict_.text();
}

TEST_F(OracleOfLinesLeftOut, ARowThatLeavesOutAnotherLineLosesIt) {
  OracleOfSources::Log(0, 3);
  LeftOut(3, 5);
  EXPECT_FALSE(Complete());
}

// What was written of it for a while was left out, and the rest was gone before it was read.
TEST_F(OracleOfLinesLeftOut, AGapMayBeginInsideOfALineThatIsLeftOut) {
  file_.destroyed = true;
  OracleOfSources::Log(0, 3);
  fold_.AddLeftOut(topic_, Id(1), SourcePosition{3 * kLineBytes},
                   SourcePosition{3 * kLineBytes + 6});
  fold_.AddGap(topic_, Id(1), SourcePosition{3 * kLineBytes + 6}, SourcePosition{5 * kLineBytes});
  EXPECT_TRUE(Complete()) << verdict_.text();
}

TEST_F(OracleOfLinesLeftOut, WhatIsNeitherLeftOutNorInAGapIsALoss) {
  file_.destroyed = true;
  OracleOfSources::Log(0, 3);
  fold_.AddLeftOut(topic_, Id(1), SourcePosition{3 * kLineBytes},
                   SourcePosition{3 * kLineBytes + 5});
  fold_.AddGap(topic_, Id(1), SourcePosition{3 * kLineBytes + 6}, SourcePosition{5 * kLineBytes});
  EXPECT_FALSE(Complete());
}

TEST_F(OracleOfSources, EveryLineOnceIsGood) {
  Log(0, 2);
  Log(2, 5);
  EXPECT_TRUE(Complete()) << verdict_.text();
  EXPECT_EQ(fold_.lines_seen(), 5U);
}

TEST_F(OracleOfSources, ALineThatIsMissingAtTheEndIsLost) {
  Log(0, 4);
  ASSERT_FALSE(Complete());
  EXPECT_EQ(verdict_.invariant(), Invariant::kEachByteOnceInOrder);
}

TEST_F(OracleOfSources, ALineThatIsMissingInTheMiddleIsLost) {
  Log(0, 2);
  Log(3, 5);
  ASSERT_FALSE(verdict_.ok());
  EXPECT_EQ(verdict_.invariant(), Invariant::kEachByteOnceInOrder);
}

TEST_F(OracleOfSources, ASpanTwiceIsADouble) {
  Log(0, 3);
  Log(2, 5);
  ASSERT_FALSE(verdict_.ok());
  EXPECT_EQ(verdict_.invariant(), Invariant::kEachByteOnceInOrder);
}

TEST_F(OracleOfSources, TheSameLineFromAnotherSourceIsADouble) {
  Log(0, 5);
  Log(0, 1, 2);
  ASSERT_FALSE(verdict_.ok());
  EXPECT_EQ(verdict_.invariant(), Invariant::kEachByteOnceInOrder);
}

TEST_F(OracleOfSources, LinesInAnotherOrderAreSeen) {
  Log(0, 2, 1, "app 1 x\napp 0 x\n");
  ASSERT_FALSE(verdict_.ok());
  EXPECT_EQ(verdict_.invariant(), Invariant::kBytesAsWritten);
}

TEST_F(OracleOfSources, AChangedByteIsSeen) {
  Log(0, 2, 1, "app 0 x\napp 1 y\n");
  ASSERT_FALSE(verdict_.ok());
  EXPECT_EQ(verdict_.invariant(), Invariant::kBytesAsWritten);
}

// Nobody can tell it from a file that has grown, where nobody saw it being emptied.
TEST_F(OracleOfSources, AFileThatIsWrittenAnewWithTheSameBeginningMayGoOn) {
  Log(0, 2);
  Incarnation& anew = written_.Begin("host", "app", "/log/app.log", {.inode = 7});
  anew.Append("app 0 x\napp 1 x\napp 5 x\n");
  Log(2, 3, 1, "app 5 x\n");
  EXPECT_TRUE(verdict_.ok()) << verdict_.text();
}

TEST_F(OracleOfSources, AFileThatIsWrittenAnewWithAnotherBeginningIsAnother) {
  Log(0, 2);
  Incarnation& anew = written_.Begin("host", "app", "/log/app.log", {.inode = 7});
  anew.Append("app 4 x\napp 1 x\napp 5 x\n");
  Log(2, 3, 1, "app 5 x\n");
  ASSERT_FALSE(verdict_.ok());
  EXPECT_EQ(verdict_.invariant(), Invariant::kBytesAsWritten);
}

TEST_F(OracleOfSources, ASpanThatCountsWrongIsSeen) {
  record::SourceSpan span;
  span.source_id = Id(1);
  span.end = SourcePosition{kLineBytes};
  span.records = 2;
  AddBatch(span, "app 0 x\n");
  ASSERT_FALSE(verdict_.ok());
  EXPECT_EQ(verdict_.invariant(), Invariant::kBytesAsWritten);
}

TEST_F(OracleOfSources, AFileThatNobodyMadeIsSeen) {
  file_.file.inode = 8;
  Log(0, 1);
  ASSERT_FALSE(verdict_.ok());
  EXPECT_EQ(verdict_.invariant(), Invariant::kBytesAsWritten);
}

TEST_F(OracleOfSources, AGapExcusesDestroyedBytes) {
  file_.destroyed = true;
  Log(0, 3);
  Gap(3, 5);
  EXPECT_TRUE(Complete()) << verdict_.text();
}

TEST_F(OracleOfSources, AGapThatIsTooShortExcusesNothingBehindIt) {
  file_.destroyed = true;
  Log(0, 3);
  Gap(3, 4);
  ASSERT_FALSE(Complete());
  EXPECT_EQ(verdict_.invariant(), Invariant::kLossIsAGap);
}

TEST_F(OracleOfSources, DestroyedBytesWithoutAGapAreALoss) {
  file_.destroyed = true;
  Log(0, 3);
  ASSERT_FALSE(Complete());
  EXPECT_EQ(verdict_.invariant(), Invariant::kLossIsAGap);
}

TEST_F(OracleOfSources, AGapWhereBytesStandIsALoss) {
  Log(0, 3);
  Gap(3, 5);
  ASSERT_FALSE(Complete());
  EXPECT_EQ(verdict_.invariant(), Invariant::kLossIsAGap);
}

// A partition with three batches of two records each, all of them durable.
class OracleOfTheLog : public ::testing::Test {
 protected:
  OracleOfTheLog() {
    EXPECT_TRUE(fs_.CreateDirectories("/p").ok());
    for (int i = 0; i < 3; ++i) bytes_ += Batch(2 * i, fmt::format("value {}", i));
    Write(bytes_);
    archive_.Extend(fs_, Offset{6}, [this](const auto&, ByteView) { ++batches_; });
  }

  static Bytes Batch(std::int64_t base, const std::string& value) {
    record::BatchBuilder builder({.codec = record::Codec::kNone});
    for (int i = 0; i < 2; ++i) {
      builder.Add({.timestamp = TimestampMs{1}, .key = {}, .value = value, .headers = {}});
    }
    Bytes batch(*builder.Finish());
    record::SetBaseOffset(batch.data(), Offset{base});
    record::SetLeaderEpoch(batch.data(), LeaderEpoch{0});
    return batch;
  }
  void Write(const Bytes& bytes) {
    auto log = fs_.Open(segment::SegmentPath("/p", Offset{0}, segment::kLogSuffix),
                        file::OpenMode::kCreate);
    ASSERT_TRUE(log.ok() && (*log)->Truncate(0).ok() && (*log)->PWrite(0, bytes).ok());
  }
  std::size_t BatchBytes() const { return bytes_.size() / 3; }
  static void Serve(PartitionArchive& archive, const Bytes& batch) {
    archive.CheckServed(*record::ParseBatchHeader(batch), batch);
  }
  // The first two batches as one.
  static Bytes Merged(const std::string& second, std::int64_t timestamp_ms = 1) {
    record::BatchBuilder builder({.codec = record::Codec::kZstd});
    for (const std::string& value : {std::string("value 0"), second}) {
      for (int i = 0; i < 2; ++i) {
        builder.Add(
            {.timestamp = TimestampMs{timestamp_ms}, .key = {}, .value = value, .headers = {}});
      }
    }
    return Bytes(*builder.FinishAt(
        {.base_offset = Offset{0}, .leader_epoch = LeaderEpoch{0}, .last_offset_delta = 3}));
  }

  file::MemoryFileSystem fs_;
  Verdict verdict_;
  Bytes bytes_;
  int batches_ = 0;
  PartitionArchive archive_{"web-0", "/p", verdict_, Rewriting::kOff};
};

TEST_F(OracleOfTheLog, TheSameLogIsGood) {
  archive_.CompareWith(fs_, Offset{0});
  EXPECT_TRUE(verdict_.ok()) << verdict_.text();
  EXPECT_EQ(batches_, 3);
}

TEST_F(OracleOfTheLog, ALogThatWasCutIsSeen) {
  Write(bytes_.substr(0, 2 * BatchBytes()));
  archive_.CompareWith(fs_, Offset{0});
  ASSERT_FALSE(verdict_.ok());
  EXPECT_EQ(verdict_.invariant(), Invariant::kAckedIsInTheLog);
}

TEST_F(OracleOfTheLog, ADamagedByteIsSeen) {
  bytes_.back() = '!';
  Write(bytes_);
  archive_.CompareWith(fs_, Offset{0});
  ASSERT_FALSE(verdict_.ok());
  EXPECT_EQ(verdict_.invariant(), Invariant::kAckedIsInTheLog);
}

TEST_F(OracleOfTheLog, OtherRecordsAtAnOffsetAreSeen) {
  Write(bytes_.substr(0, 2 * BatchBytes()) + Batch(4, "other 2"));
  archive_.CompareWith(fs_, Offset{0});
  ASSERT_FALSE(verdict_.ok());
  EXPECT_EQ(verdict_.invariant(), Invariant::kOffsetsNeverReassigned);
}

TEST_F(OracleOfTheLog, ADurableEndThatFallsIsSeen) {
  archive_.Extend(fs_, Offset{4}, [](const auto&, ByteView) {});
  ASSERT_FALSE(verdict_.ok());
  EXPECT_EQ(verdict_.invariant(), Invariant::kDurableEndNeverFalls);
}

TEST_F(OracleOfTheLog, ADurableEndBehindTheLogIsSeen) {
  archive_.Extend(fs_, Offset{8}, [](const auto&, ByteView) {});
  ASSERT_FALSE(verdict_.ok());
  EXPECT_EQ(verdict_.invariant(), Invariant::kAckedIsInTheLog);
}

TEST_F(OracleOfTheLog, ServingWhatIsNotDurableIsSeen) {
  Serve(archive_, Batch(6, "value 3"));
  ASSERT_FALSE(verdict_.ok());
  EXPECT_EQ(verdict_.invariant(), Invariant::kServedIsDurable);
}

TEST_F(OracleOfTheLog, ServingOtherRecordsIsSeen) {
  Serve(archive_, Batch(4, "other 2"));
  ASSERT_FALSE(verdict_.ok());
  EXPECT_EQ(verdict_.invariant(), Invariant::kOffsetsNeverReassigned);
}

TEST_F(OracleOfTheLog, BatchesThatWerePutTogetherAreGoodWhereThatIsAllowed) {
  PartitionArchive rewritten("web-0", "/p", verdict_, Rewriting::kOn);
  rewritten.Extend(fs_, Offset{6}, [](const auto&, ByteView) {});
  Write(Merged("value 1") + bytes_.substr(2 * BatchBytes()));
  rewritten.CompareWith(fs_, Offset{0});
  Serve(rewritten, Merged("value 1"));
  EXPECT_TRUE(verdict_.ok()) << verdict_.text();
  archive_.CompareWith(fs_, Offset{0});
  EXPECT_FALSE(verdict_.ok());
}

TEST_F(OracleOfTheLog, ARecordThatChangedWhileItWasRewrittenIsSeen) {
  for (const Bytes& wrong : {Merged("value 9"), Merged("value 1", 2)}) {
    Verdict verdict;
    PartitionArchive rewritten("web-0", "/p", verdict, Rewriting::kOn);
    Write(bytes_);
    rewritten.Extend(fs_, Offset{6}, [](const auto&, ByteView) {});
    Write(wrong + bytes_.substr(2 * BatchBytes()));
    rewritten.CompareWith(fs_, Offset{0});
    ASSERT_FALSE(verdict.ok());
    EXPECT_EQ(verdict.invariant(), Invariant::kOffsetsNeverReassigned);
  }
}

// Its records have one key, the empty one.
TEST_F(OracleOfTheLog, OfACompactedLogWhatALaterRecordReplacedMayBeGone) {
  const Clocks clocks;
  PartitionArchive compacted("web-0", "/p", verdict_, Rewriting::kCompacted, &clocks, 1'000);
  compacted.Extend(fs_, Offset{6}, [](const auto&, ByteView) {});
  Write(bytes_.substr(BatchBytes()));
  compacted.CompareWith(fs_, Offset{0});
  EXPECT_TRUE(verdict_.ok()) << verdict_.text();
  EXPECT_EQ(compacted.records_compacted(), 2U);
}

// Of the six records of one key the first ones.
Bytes FirstRecords(int count) {
  record::BatchBuilder builder({.codec = record::Codec::kZstd});
  for (int i = 0; i < count; ++i) {
    builder.Add({.timestamp = TimestampMs{1}, .key = {}, .value = "value 0", .headers = {}});
  }
  return Bytes(*builder.FinishAt(
      {.base_offset = Offset{0}, .leader_epoch = LeaderEpoch{0}, .last_offset_delta = 5}));
}

TEST_F(OracleOfTheLog, TheLastRecordOfAKeyThatIsGoneIsSeen) {
  const Clocks clocks;
  PartitionArchive compacted("web-0", "/p", verdict_, Rewriting::kCompacted, &clocks, 1'000);
  compacted.Extend(fs_, Offset{6}, [](const auto&, ByteView) {});
  Write(FirstRecords(2));
  compacted.CompareWith(fs_, Offset{0});
  ASSERT_FALSE(verdict_.ok());
  EXPECT_EQ(verdict_.invariant(), Invariant::kAckedIsInTheLog);
  EXPECT_NE(verdict_.text().find("last of its key"), std::string::npos) << verdict_.text();
}

TEST_F(OracleOfTheLog, TheLastRecordOfAKeyThatABackupLacksIsSeen) {
  const Clocks clocks;
  PartitionArchive compacted("web-0", "/p", verdict_, Rewriting::kCompacted, &clocks, 1'000);
  compacted.Extend(fs_, Offset{6}, [](const auto&, ByteView) {});
  compacted.CompareRestored(fs_, Offset{6});
  EXPECT_TRUE(verdict_.ok()) << verdict_.text();
  Write(FirstRecords(2));
  compacted.CompareRestored(fs_, Offset{6});
  ASSERT_FALSE(verdict_.ok());
  EXPECT_NE(verdict_.text().find("last of its key"), std::string::npos) << verdict_.text();
}

TEST_F(OracleOfTheLog, WhatWasGoneBeforeALogCameBackIsNotMissed) {
  const Clocks clocks;
  Write(FirstRecords(2));
  PartitionArchive compacted("web-0", "/p", verdict_, Rewriting::kCompacted, &clocks, 1'000);
  compacted.SetCameBack();
  compacted.Extend(fs_, Offset{6}, [](const auto&, ByteView) {});
  compacted.CompareWith(fs_, Offset{0});
  EXPECT_TRUE(verdict_.ok()) << verdict_.text();
  Write(FirstRecords(1));
  compacted.CompareWith(fs_, Offset{0});
  EXPECT_FALSE(verdict_.ok());
}

}  // namespace
}  // namespace logboom::sim
