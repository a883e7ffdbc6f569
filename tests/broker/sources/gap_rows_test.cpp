#include "broker/sources/gap_rows.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/broker/sources/table_fixture.h"

namespace logboom::broker {
namespace {

const TopicPartition kHere{IdOf(1), PartitionIndex{0}};
const TopicPartition kThere{IdOf(1), PartitionIndex{1}};

GapRow GapAt(const TopicPartition& where, std::int64_t offset) {
  return {where,
          Offset{offset},
          0,
          "agent-1",
          "/a/b",
          RowOf(3, RowKind::kGap, 10, 20),
          TimestampMs{1'700'000'000'000}};
}

std::vector<std::pair<std::int64_t, std::uint32_t>> Places(const std::vector<GapRow>& rows) {
  std::vector<std::pair<std::int64_t, std::uint32_t>> places;
  for (const GapRow& row : rows) places.emplace_back(row.offset.value(), row.sequence);
  return places;
}

using Expected = std::vector<std::pair<std::int64_t, std::uint32_t>>;

TEST(GapRows, RowsOfOneOffsetStandOneBehindTheOther) {
  GapRows rows;
  for (int i = 0; i < 3; ++i) rows.Add(rows.Next(GapAt(kHere, 7)));
  rows.Add(rows.Next(GapAt(kHere, 9)));
  rows.Add(rows.Next(GapAt(kThere, 7)));
  EXPECT_EQ(Places(rows.Between(kHere, Offset{0}, Offset{100}, 100)),
            (Expected{{7, 0}, {7, 1}, {7, 2}, {9, 0}}));
  EXPECT_EQ(rows.size(), 5U);
}

TEST(GapRows, RowsOnTheirWayToTheStoreHavePlacesOfTheirOwn) {
  GapRows rows;
  const GapRow first = rows.Next(GapAt(kHere, 7));
  const GapRow second = rows.Next(GapAt(kHere, 7));
  const GapRow elsewhere = rows.Next(GapAt(kThere, 7));
  EXPECT_NE(GapRowKey(first), GapRowKey(second));
  EXPECT_EQ(elsewhere.sequence, 0U);
  rows.Add(second);  // the first one failed
  EXPECT_EQ(rows.Next(GapAt(kHere, 7)).sequence, 2U);
  EXPECT_EQ(rows.Next(GapAt(kHere, 8)).sequence, 0U);
}

TEST(GapRows, SequenceGoesOnBehindWhatTheStoreHeld) {
  GapRows rows;
  GapRow stored = GapAt(kHere, 7);
  stored.sequence = 4;
  rows.Add(stored);
  EXPECT_EQ(rows.Next(GapAt(kHere, 7)).sequence, 5U);
  EXPECT_EQ(rows.Next(GapAt(kHere, 6)).sequence, 0U);
}

TEST(GapRows, BetweenTakesBothEnds) {
  GapRows rows;
  for (std::int64_t offset : {1, 5, 9}) rows.Add(rows.Next(GapAt(kHere, offset)));
  EXPECT_EQ(Places(rows.Between(kHere, Offset{1}, Offset{5}, 100)), (Expected{{1, 0}, {5, 0}}));
  EXPECT_EQ(Places(rows.Between(kHere, Offset{2}, Offset{4}, 100)), Expected{});
  EXPECT_EQ(Places(rows.Between(kHere, Offset{6}, Offset{9}, 100)), (Expected{{9, 0}}));
  EXPECT_TRUE(rows.Between(kThere, Offset{0}, Offset{9}, 100).empty());
  EXPECT_EQ(Places(rows.Between(kHere, Offset{0}, Offset{9}, 2)), (Expected{{1, 0}, {5, 0}}));
}

TEST(GapRows, RowsGoWithTheRecordsThatTheyPrecede) {
  GapRows rows;
  for (std::int64_t offset : {1, 5, 9}) rows.Add(rows.Next(GapAt(kHere, offset)));
  rows.Add(rows.Next(GapAt(kThere, 1)));
  EXPECT_EQ(rows.DropBelow(kHere, Offset{1}).size(), 0U);
  EXPECT_EQ(rows.DropBelow(kHere, Offset{9}),
            (std::vector<Bytes>{GapRowKey(GapAt(kHere, 1)), GapRowKey(GapAt(kHere, 5))}));
  EXPECT_EQ(rows.size(), 2U);
  EXPECT_TRUE(rows.DropBelow({IdOf(9), PartitionIndex{0}}, Offset{9}).empty());
}

TEST(GapRows, ATopicsRowsGoWithIt) {
  GapRows rows;
  rows.Add(rows.Next(GapAt(kHere, 1)));
  rows.Add(rows.Next(GapAt(kThere, 1)));
  rows.Add(rows.Next(GapAt({IdOf(2), PartitionIndex{0}}, 1)));
  EXPECT_EQ(rows.TopicIds(), (std::set<Uuid>{IdOf(1), IdOf(2)}));
  EXPECT_EQ(rows.DropTopic(IdOf(1)).size(), 2U);
  EXPECT_EQ(rows.TopicIds(), std::set<Uuid>{IdOf(2)});
  EXPECT_EQ(rows.Next(GapAt(kHere, 1)).sequence, 0U);
}

TEST(GapRow, GoesThroughTheStore) {
  GapRow row = GapAt(kThere, 12'345);
  row.sequence = 6;
  row.row.reason = "rotated away";
  row.row.end_is_exact = false;
  auto back = DecodeGapRow(GapRowKey(row), EncodeGapRow(row));
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->where, kThere);
  EXPECT_EQ(back->offset, row.offset);
  EXPECT_EQ(back->sequence, 6U);
  EXPECT_EQ(back->agent_id, "agent-1");
  EXPECT_EQ(back->path, "/a/b");
  EXPECT_EQ(back->time, row.time);
  EXPECT_EQ(back->row.source_id, IdOf(3));
  EXPECT_EQ(back->row.kind, RowKind::kGap);
  EXPECT_EQ(back->row.begin, SourcePosition{10});
  EXPECT_EQ(back->row.end, SourcePosition{20});
  EXPECT_FALSE(back->row.end_is_exact);
  EXPECT_EQ(back->row.reason, "rotated away");
}

TEST(GapRow, LayoutIsAsDocumented) {
  GapRow row = GapAt(kThere, 7);
  row.sequence = 2;
  row.row.reason = "x";
  EXPECT_EQ(ToHex(GapRowKey(row)),
            "0000000000000000"
            "0000000000000001"
            "00000001"
            "0000000000000007"
            "00000002");
  EXPECT_EQ(ToHex(EncodeGapRow(row)),
            "01"
            "0000018bcfe56800"
            "0000000000000000"
            "0000000000000003"
            "000000000000000a"
            "0000000000000014"
            "01"
            "00000007"
            "6167656e742d31"
            "00000004"
            "2f612f62"
            "00000001"
            "78");
}

TEST(GapRow, KeysSortAsRowsDo) {
  EXPECT_LT(GapRowKey(GapAt(kHere, 255)), GapRowKey(GapAt(kHere, 256)));
  GapRow second = GapAt(kHere, 255);
  second.sequence = 1;
  EXPECT_LT(GapRowKey(GapAt(kHere, 255)), GapRowKey(second));
  EXPECT_LT(GapRowKey(second), GapRowKey(GapAt(kThere, 0)));
}

// Nothing where the row is taken.
template <typename Row>
std::optional<ErrorCode> CodeOf(const Result<Row>& row) {
  return row.ok() ? std::nullopt : std::optional(row.error().code);
}

TEST(GapRow, EveryTruncationIsRefused) {
  const GapRow row = GapAt(kHere, 5);
  const Bytes key = GapRowKey(row);
  const Bytes value = EncodeGapRow(row);
  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(CodeOf(DecodeGapRow(key, value.substr(0, size))), ErrorCode::kCorrupt) << size;
  }
  for (std::size_t size = 0; size < key.size(); ++size) {
    EXPECT_EQ(CodeOf(DecodeGapRow(key.substr(0, size), value)), ErrorCode::kCorrupt) << size;
  }
  EXPECT_FALSE(DecodeGapRow(key, value + 'x').ok());
  EXPECT_FALSE(DecodeGapRow(key + 'x', value).ok());
  Bytes newer = value;
  newer[0] = 2;
  EXPECT_EQ(DecodeGapRow(key, newer).error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace logboom::broker
