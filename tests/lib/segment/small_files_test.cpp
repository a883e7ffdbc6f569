// What the small files of a partition may not say, and how a file that can't be read is told.
#include <gtest/gtest.h>

#include <optional>

#include "lib/file/faulty_file_system.h"
#include "lib/file/memory_file_system.h"
#include "lib/segment/checked_text.h"
#include "lib/segment/compaction_checkpoint.h"
#include "lib/segment/index_sums.h"
#include "lib/segment/leader_epoch_checkpoint.h"
#include "lib/segment/leader_epochs_side_car.h"
#include "lib/segment/limits.h"
#include "lib/segment/log_start.h"
#include "lib/segment/names.h"
#include "lib/segment/seal.h"
#include "lib/segment/side_car.h"
#include "lib/segment/slot_file.h"
#include "lib/segment/sources.h"
#include "tests/lib/segment/batches.h"

namespace logboom::segment {
namespace {

// Nothing where the file is taken.
template <typename Value>
std::optional<ErrorCode> CodeOf(const Result<Value>& read) {
  return read.ok() ? std::nullopt : std::optional(read.error().code);
}

Bytes Numbers(const std::vector<std::int64_t>& numbers) {
  Bytes bytes;
  for (const std::int64_t number : numbers) ByteWriter(bytes).Int(number);
  return bytes;
}

class SmallFiles : public ::testing::Test {
 protected:
  void FailEach(file::CallKind kind, ErrorCode code = ErrorCode::kIo) {
    fs_.Heal();
    fs_.Add({.kind = kind, .code = code, .span = file::FaultSpan::kFromThenOn});
  }

  file::MemoryFileSystem disk_;
  file::FaultyFileSystem fs_{disk_};
};

TEST_F(SmallFiles, ATextWithoutALineIsOneOfNoFields) {
  const auto none = ParseCheckedText(FormatCheckedText({}));
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none->empty());
  EXPECT_EQ(CodeOf(ParseCheckedText("")), ErrorCode::kCorrupt);
}

TEST_F(SmallFiles, ANumberInATextStandsAloneAndInItsRange) {
  const TextFields fields = {{"zero", "0"},   {"limit", "7"},   {"over", "8"},
                             {"below", "-1"}, {"behind", "1x"}, {"words", "x"},
                             {"nothing", ""}, {"spaced", " 1"}, {"wide", Bytes(30, '9')}};
  EXPECT_EQ(FieldNumber(fields, "zero", 7).value(), 0);
  EXPECT_EQ(FieldNumber(fields, "limit", 7).value(), 7);
  for (const char* key :
       {"over", "below", "behind", "words", "nothing", "spaced", "wide", "lost"}) {
    EXPECT_EQ(CodeOf(FieldNumber(fields, key, 7)), ErrorCode::kCorrupt) << key;
  }
}

TEST_F(SmallFiles, ACompactionCheckpointHoldsTwoOffsetsThatGrow) {
  const auto read = [&](const Bytes& payload) {
    WriteFile(disk_, fmt::format("/{}", kCompactionCheckpointName),
              EncodeSideCar({.magic = "LBcp", .version = 1}, payload));
    return ReadCompactionCheckpoint(fs_, "");
  };
  EXPECT_EQ(read(Numbers({0, 0})).value(), (CompactionCheckpoint{Offset(0), Offset(0)}));
  EXPECT_EQ(read(Numbers({5, 5})).value(), (CompactionCheckpoint{Offset(5), Offset(5)}));
  EXPECT_EQ(read(Numbers({5, 9})).value(), (CompactionCheckpoint{Offset(5), Offset(9)}));
  for (const Bytes& payload :
       {Numbers({5, 4}), Numbers({-1, 4}), Numbers({5}), Numbers({5, 9, 9}), Bytes()}) {
    EXPECT_EQ(CodeOf(read(payload)), ErrorCode::kCorrupt) << ToHex(payload);
    EXPECT_TRUE(MayHaveHoles(fs_, "", Offset(100)).value()) << "who knows";
  }
  FailEach(file::CallKind::kRead);
  EXPECT_EQ(CodeOf(MayHaveHoles(fs_, "", Offset(100))), ErrorCode::kIo);
}

TEST_F(SmallFiles, NoCompactionCheckpointMeansThatNothingWasCompacted) {
  EXPECT_EQ(ReadCompactionCheckpoint(fs_, "").value(), CompactionCheckpoint{});
  EXPECT_FALSE(MayHaveHoles(fs_, "", Offset(0)).value());
  ASSERT_TRUE(WriteCompactionCheckpoint(fs_, "", {Offset(3), Offset(9)}).ok());
  EXPECT_TRUE(MayHaveHoles(fs_, "", Offset(8)).value());
  EXPECT_FALSE(MayHaveHoles(fs_, "", Offset(9)).value());
}

TEST_F(SmallFiles, ALogStartIsOneOffset) {
  const auto read = [&](const Bytes& payload) {
    const std::string path = fmt::format("/{}", kLogStartName);
    EXPECT_TRUE(WriteSlot(disk_, path, {.magic = "LBls", .version = 1}, payload).ok());
    return ReadLogStart(fs_, "");
  };
  EXPECT_EQ(read(Numbers({0})).value(), Offset(0));
  for (const Bytes& payload : {Numbers({-1}), Numbers({1, 2}), Bytes("1"), Bytes()}) {
    EXPECT_EQ(CodeOf(read(payload)), ErrorCode::kCorrupt) << ToHex(payload);
  }
}

TEST_F(SmallFiles, ASlotOfAnotherVersionIsUnsupported) {
  ASSERT_TRUE(WriteSlot(fs_, "/value", {.magic = "TEST", .version = 2}, "new").ok());
  EXPECT_EQ(CodeOf(ReadSlots(fs_, "/value", {.magic = "TEST", .version = 1})),
            ErrorCode::kUnsupported);
  EXPECT_EQ(CodeOf(ReadSlots(fs_, "/value", {.magic = "ELSE", .version = 2})), ErrorCode::kCorrupt);
}

TEST_F(SmallFiles, ASlotThatCantBeReadOrWrittenIsTold) {
  const SlotFormat format{.magic = "TEST", .version = 1};
  ASSERT_TRUE(WriteSlot(fs_, "/value", format, "old").ok());
  for (const auto& [kind, code] : {std::pair(file::CallKind::kRead, ErrorCode::kIo),
                                   std::pair(file::CallKind::kWrite, ErrorCode::kNoSpace),
                                   std::pair(file::CallKind::kSync, ErrorCode::kIo)}) {
    FailEach(kind, code);
    const Status written = WriteSlot(fs_, "/value", format, "new");
    ASSERT_FALSE(written.ok()) << file::CallKindName(kind);
    EXPECT_EQ(written.error().code, code);
  }
}

TEST_F(SmallFiles, EachCallOfAWriteIntoASlotThatFailsIsTold) {
  const SlotFormat format{.magic = "TEST", .version = 1};
  ASSERT_TRUE(WriteSlot(fs_, "/value", format, "old").ok());
  std::size_t failed = 0;
  for (std::uint64_t call = 0;; ++call) {
    fs_.Heal();
    fs_.Add({.after_calls = call});
    const Status written = WriteSlot(fs_, "/value", format, "new");
    if (fs_.faults().size() == failed) break;
    ++failed;
    EXPECT_FALSE(written.ok()) << call;
  }
  EXPECT_GE(failed, 7U) << "a look, and two slots";
}

Seal SomeSeal() {
  Seal seal{.base_offset = Offset(10), .next_offset = Offset(30), .totals = {}};
  seal.sums = {.offsets = 1, .times = 2, .append_times = 3};
  return seal;
}

// The flags stand behind two offsets, 44 bytes of totals and a time.
TEST_F(SmallFiles, ASealWithAnUnknownFlagIsUnsupported) {
  constexpr std::size_t kFlagsAt = 16 + 44 + 8;
  const Bytes sealed = EncodeSeal(SomeSeal());
  const SideCarFormat format{.magic = "LBsl", .version = 1};
  Bytes payload(DecodeSideCar(format, sealed).value());
  ASSERT_EQ(LoadBig<std::uint32_t>(payload.data() + kFlagsAt), 4U) << "it has sums";
  StoreBig(payload.data() + kFlagsAt, std::uint32_t{4 | 16});
  EXPECT_EQ(CodeOf(DecodeSeal(EncodeSideCar(format, payload))), ErrorCode::kUnsupported);
}

TEST_F(SmallFiles, ASealsOffsetsAreThoseOfASegment) {
  for (const auto& [base, next, good] :
       {std::tuple(10, 30, true), std::tuple(10, 10, true), std::tuple(0, 0, true),
        std::tuple(10, 9, false), std::tuple(-1, 9, false)}) {
    Seal seal = SomeSeal();
    seal.base_offset = Offset(base);
    seal.next_offset = Offset(next);
    EXPECT_EQ(CodeOf(DecodeSeal(EncodeSeal(seal))),
              good ? std::nullopt : std::optional(ErrorCode::kCorrupt))
        << base << " to " << next;
  }
  Seal seal = SomeSeal();
  seal.next_offset = Offset(9);
  WriteFile(disk_, SegmentPath("", Offset(10), kSealSuffix), EncodeSeal(seal));
  const auto read = ReadSeal(fs_, "", Offset(10));
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.error().message.find(kSealSuffix), std::string::npos) << "it is named";
}

TEST_F(SmallFiles, ASealSaysWhatBecameOfItsSegment) {
  for (const bool compacted : {false, true}) {
    for (const bool holes : {false, true}) {
      for (const bool rewritten : {false, true}) {
        Seal seal = SomeSeal();
        if (rewritten) seal.sums = {};
        seal.compacted = compacted;
        seal.holes = compacted && holes;
        seal.rewritten = rewritten;
        EXPECT_EQ(DecodeSeal(EncodeSeal(seal)).value(), seal);
      }
    }
  }
}

TEST_F(SmallFiles, ASourcesFileBeginsWithAnOffset) {
  const auto read = [&](const Bytes& payload) {
    WriteFile(disk_, SegmentPath("", Offset(10), kSourcesSuffix),
              EncodeSideCar({.magic = "LBsr", .version = 1}, payload));
    return ReadSources(fs_, "", Offset(10));
  };
  EXPECT_EQ(read(Numbers({0})).value().bytes, "");
  for (const Bytes& payload : {Numbers({-1}), Bytes("short"), Bytes()}) {
    const auto refused = read(payload);
    EXPECT_EQ(CodeOf(refused), ErrorCode::kCorrupt);
    EXPECT_NE(refused.error().message.find(kSourcesSuffix), std::string::npos) << "it is named";
  }
}

TEST_F(SmallFiles, ASideCarIsCutShortWhereItsHeaderSaysMore) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}}) {
    const Bytes whole = EncodeSideCar({.magic = "TEST", .version = 1}, Bytes(size, 'x'));
    EXPECT_FALSE(IsCutShort(whole));
    EXPECT_FALSE(IsCutShort(whole + "behind"));
    for (std::size_t kept = 0; kept < whole.size(); ++kept) {
      EXPECT_TRUE(IsCutShort(ByteView(whole).substr(0, kept))) << kept;
    }
  }
}

TEST_F(SmallFiles, EpochsAndOffsetsOfATextAreInTheirRanges) {
  EXPECT_TRUE(LeaderEpochs::Parse("0\n1\n2147483647 9223372036854775807\n").ok());
  EXPECT_TRUE(LeaderEpochs::Parse("0\n0\n").ok());
  for (const char* text :
       {"0\n1\n2147483648 0\n", "0\n1\n0 9223372036854775808\n", "0\n-1\n", "0\n1\n0 0",
        "0\n1\n0\t0\n", "0\n2\n1 0\n1 5\n", "0\n2\n0 5\n1 4\n", "0 0\n"}) {
    EXPECT_EQ(CodeOf(LeaderEpochs::Parse(text)), ErrorCode::kCorrupt) << text;
  }
}

// The text alone may be what Kafka's tools read; the side-car has a checksum.
TEST_F(SmallFiles, EpochsComeFromTheTextWhereTheSideCarIsBrokenAndNotWhereItCantBeRead) {
  LeaderEpochs epochs;
  epochs.Begin(LeaderEpoch(3), Offset(0));
  const std::string side_car = fmt::format("/{}", kLeaderEpochsName);
  ASSERT_TRUE(WriteLeaderEpochs(fs_, "", epochs).ok());
  WriteFile(disk_, side_car, EncodeSideCar({.magic = "LBle", .version = 1}, "no epochs"));
  const auto broken = ReadLeaderEpochsSideCar(fs_, "");
  EXPECT_EQ(CodeOf(broken), ErrorCode::kCorrupt);
  EXPECT_NE(broken.error().message.find(side_car), std::string::npos) << "it is named";
  EXPECT_EQ(ReadLeaderEpochs(fs_, "").value().current(), LeaderEpoch(3));
  ASSERT_TRUE(MendLeaderEpochs(fs_, "", epochs).ok());
  EXPECT_EQ(ReadLeaderEpochsSideCar(fs_, "").value().current(), LeaderEpoch(3));

  fs_.Add({.path_part = side_car, .span = file::FaultSpan::kFromThenOn});
  EXPECT_EQ(CodeOf(ReadLeaderEpochs(fs_, "")), ErrorCode::kIo);
}

TEST_F(SmallFiles, EpochsThatStandInBothFilesAreNotWrittenAgain) {
  LeaderEpochs epochs;
  epochs.Begin(LeaderEpoch(3), Offset(0));
  ASSERT_TRUE(MendLeaderEpochs(fs_, "", epochs).ok());
  const auto written = fs_.calls(file::CallKind::kWrite);
  ASSERT_GT(written, 0U);
  ASSERT_TRUE(MendLeaderEpochs(fs_, "", epochs).ok());
  EXPECT_EQ(fs_.calls(file::CallKind::kWrite), written);
  for (const std::string_view name : {kLeaderEpochsName, kLeaderEpochCheckpointName}) {
    ASSERT_TRUE(disk_.Remove(fmt::format("/{}", name)).ok());
    ASSERT_TRUE(MendLeaderEpochs(fs_, "", epochs).ok());
    EXPECT_TRUE(disk_.Stat(fmt::format("/{}", name)).ok());
  }
  FailEach(file::CallKind::kRename);
  ASSERT_TRUE(disk_.Remove(fmt::format("/{}", kLeaderEpochsName)).ok());
  EXPECT_FALSE(MendLeaderEpochs(fs_, "", epochs).ok());
}

TEST_F(SmallFiles, AnEpochHoldsFromItsFirstOffsetOn) {
  LeaderEpochs epochs;
  EXPECT_EQ(epochs.EpochAt(Offset(5)), std::nullopt);
  epochs.Begin(LeaderEpoch(1), Offset(5));
  epochs.Begin(LeaderEpoch(4), Offset(9));
  EXPECT_EQ(epochs.EpochAt(Offset(4)), std::nullopt);
  EXPECT_EQ(epochs.EpochAt(Offset(5)), LeaderEpoch(1));
  EXPECT_EQ(epochs.EpochAt(Offset(8)), LeaderEpoch(1));
  EXPECT_EQ(epochs.EpochAt(Offset(9)), LeaderEpoch(4));
  epochs.Begin(LeaderEpoch(5), Offset(9));
  EXPECT_EQ(epochs.EpochAt(Offset(9)), LeaderEpoch(5));
  EXPECT_EQ(epochs.starts().size(), 2U) << "nothing was written in epoch 4";
}

TEST_F(SmallFiles, TheSumOfAFileThatCantBeReadIsNone) {
  const auto sum = [&] { return SumFile(**fs_.Open("/index", file::OpenMode::kRead)); };
  WriteFile(disk_, "/index", "entries");
  EXPECT_NE(sum(), 0U);
  for (const file::CallKind kind : {file::CallKind::kStat, file::CallKind::kRead}) {
    FailEach(kind);
    EXPECT_EQ(sum(), 0U) << file::CallKindName(kind);
  }
  fs_.Heal();
  auto file = disk_.Open("/index", file::OpenMode::kReadWrite);
  ASSERT_TRUE((*file)->Truncate(std::int64_t{kIndexFileBytesMax}).ok());
  EXPECT_NE(sum(), 0U);
  ASSERT_TRUE((*file)->Truncate(std::int64_t{kIndexFileBytesMax} + 1).ok());
  EXPECT_EQ(sum(), 0U);
}

TEST_F(SmallFiles, WithoutADescriptorNothingIsKnownOfIndexes) {
  EXPECT_EQ(SumIndexes(fs_, "", Offset(0)).value(), IndexSums{}) << "none is there";
  FailEach(file::CallKind::kOpen, ErrorCode::kLimit);
  EXPECT_EQ(CodeOf(SumIndexes(fs_, "", Offset(0))), ErrorCode::kLimit);
}

}  // namespace
}  // namespace logboom::segment
