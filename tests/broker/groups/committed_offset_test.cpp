// The row of a committed offset, byte for byte (docs/formats/metadata.md).
#include "broker/groups/committed_offset.h"

#include "broker/groups/limits.h"
#include "lib/base/random.h"
#include "tests/broker/groups/fake_group_log.h"

namespace logboom::broker {
namespace {

const CommittedOffset kSample{Offset{500}, LeaderEpoch{3}, "note", TimestampMs{1'700'000'000'123}};

Result<CommittedOffsetRow> Decode(const CommittedOffset& committed) {
  return DecodeCommittedOffsetRow(CommittedOffsetKey("g", PartitionOf(1, 2)),
                                  EncodeCommittedOffset(committed));
}

TEST(CommittedOffsetRow, GivesBackWhatWasWritten) {
  auto row = Decode(kSample);
  ASSERT_TRUE(row.ok()) << row.error().message;
  EXPECT_EQ(row->group, "g");
  EXPECT_EQ(row->where, PartitionOf(1, 2));
  EXPECT_EQ(row->committed, kSample);
}

TEST(CommittedOffsetRow, LayoutIsAsDocumented) {
  EXPECT_EQ(ToHex(CommittedOffsetKey("g", PartitionOf(1, 2))),
            "00000001"
            "67"
            "0000000000000000"
            "0000000000000001"
            "00000002");
  EXPECT_EQ(ToHex(EncodeCommittedOffset(kSample)),
            "01"
            "00000000000001f4"
            "00000003"
            "0000018bcfe5687b"
            "00000004"
            "6e6f7465");
}

TEST(CommittedOffsetRow, EveryTruncationIsRefused) {
  const Bytes key = CommittedOffsetKey("group", PartitionOf(1, 2));
  const Bytes value = EncodeCommittedOffset(kSample);
  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_FALSE(DecodeCommittedOffsetRow(key, value.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(DecodeCommittedOffsetRow(key, value + '\0').ok());
  for (std::size_t size = 0; size < key.size(); ++size) {
    EXPECT_FALSE(DecodeCommittedOffsetRow(key.substr(0, size), value).ok()) << size;
  }
  EXPECT_FALSE(DecodeCommittedOffsetRow(key + '\0', value).ok());
}

TEST(CommittedOffsetRow, SenselessValuesAreRefused) {
  auto with = [](auto change) {
    CommittedOffset changed = kSample;
    change(changed);
    return Decode(changed).ok();
  };
  EXPECT_TRUE(with([](CommittedOffset& one) { one.offset = Offset{0}; }));
  EXPECT_FALSE(with([](CommittedOffset& one) { one.offset = Offset{-1}; }));
  EXPECT_TRUE(with([](CommittedOffset& one) { one.leader_epoch = LeaderEpoch{-1}; }));
  EXPECT_FALSE(with([](CommittedOffset& one) { one.leader_epoch = LeaderEpoch{-2}; }));
  EXPECT_TRUE(
      with([](CommittedOffset& one) { one.metadata.assign(kOffsetMetadataBytesMax, 'm'); }));
  EXPECT_FALSE(
      with([](CommittedOffset& one) { one.metadata.assign(kOffsetMetadataBytesMax + 1, 'm'); }));
  const Bytes value = EncodeCommittedOffset(kSample);
  EXPECT_FALSE(DecodeCommittedOffsetRow(CommittedOffsetKey("", PartitionOf(1, 2)), value).ok());
  EXPECT_FALSE(DecodeCommittedOffsetRow(CommittedOffsetKey("g", PartitionOf(1, -1)), value).ok());
  Bytes newer = value;
  newer[0] = 2;
  auto refused = DecodeCommittedOffsetRow(CommittedOffsetKey("g", PartitionOf(1, 2)), newer);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
}

// Whatever a disk makes of a row: it is refused, or it is a sound one.
TEST(CommittedOffsetRow, ChangedBytesNeverMakeAnUnsoundRow) {
  constexpr std::uint64_t kSeed = 11;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  SeededRandom random(kSeed);
  const Bytes key = CommittedOffsetKey("group", PartitionOf(1, 2));
  const Bytes value = EncodeCommittedOffset(kSample);
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes[] = {key, value};
    for (std::uint64_t n = 1 + random.Below(3); n > 0; --n) {
      Bytes& changed = bytes[random.Below(2)];
      changed[random.Below(changed.size())] = static_cast<char>(random.Below(256));
    }
    auto row = DecodeCommittedOffsetRow(bytes[0], bytes[1]);
    if (!row.ok()) continue;
    EXPECT_GE(row->committed.offset, Offset{0});
    EXPECT_GE(row->committed.leader_epoch, LeaderEpoch{-1});
    EXPECT_GE(row->where.partition, PartitionIndex{0});
    EXPECT_EQ(CommittedOffsetKey(row->group, row->where), bytes[0]);
    EXPECT_EQ(EncodeCommittedOffset(row->committed), bytes[1]);
  }
}

}  // namespace
}  // namespace logboom::broker
