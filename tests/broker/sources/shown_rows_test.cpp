#include "broker/sources/shown_rows.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/broker/sources/table_fixture.h"

namespace logboom::broker {
namespace {

const TopicPartition kHere{IdOf(1), PartitionIndex{0}};
const TopicPartition kThere{IdOf(1), PartitionIndex{1}};

ShownRow GapAt(const TopicPartition& where, std::int64_t offset) {
  return {where,
          Offset{offset},
          0,
          "agent-1",
          "/a/b",
          RowOf(3, RowKind::kGap, 10, 20),
          TimestampMs{1'700'000'000'000}};
}

std::vector<std::pair<std::int64_t, std::uint32_t>> Places(const std::vector<ShownRow>& rows) {
  std::vector<std::pair<std::int64_t, std::uint32_t>> places;
  for (const ShownRow& row : rows) places.emplace_back(row.offset.value(), row.sequence);
  return places;
}

using Expected = std::vector<std::pair<std::int64_t, std::uint32_t>>;

TEST(ShownRows, RowsOfOneOffsetStandOneBehindTheOther) {
  ShownRows rows;
  for (int i = 0; i < 3; ++i) rows.Add(rows.Next(GapAt(kHere, 7)));
  rows.Add(rows.Next(GapAt(kHere, 9)));
  rows.Add(rows.Next(GapAt(kThere, 7)));
  EXPECT_EQ(Places(rows.Between(kHere, Offset{0}, Offset{100}, 100)),
            (Expected{{7, 0}, {7, 1}, {7, 2}, {9, 0}}));
  EXPECT_EQ(rows.size(), 5U);
}

TEST(ShownRows, RowsOnTheirWayToTheStoreHavePlacesOfTheirOwn) {
  ShownRows rows;
  const ShownRow first = rows.Next(GapAt(kHere, 7));
  const ShownRow second = rows.Next(GapAt(kHere, 7));
  const ShownRow elsewhere = rows.Next(GapAt(kThere, 7));
  EXPECT_NE(ShownRowKey(first), ShownRowKey(second));
  EXPECT_EQ(elsewhere.sequence, 0U);
  rows.Add(second);  // the first one failed
  EXPECT_EQ(rows.Next(GapAt(kHere, 7)).sequence, 2U);
  EXPECT_EQ(rows.Next(GapAt(kHere, 8)).sequence, 0U);
}

TEST(ShownRows, SequenceGoesOnBehindWhatTheStoreHeld) {
  ShownRows rows;
  ShownRow stored = GapAt(kHere, 7);
  stored.sequence = 4;
  rows.Add(stored);
  EXPECT_EQ(rows.Next(GapAt(kHere, 7)).sequence, 5U);
  EXPECT_EQ(rows.Next(GapAt(kHere, 6)).sequence, 0U);
}

TEST(ShownRows, BetweenTakesBothEnds) {
  ShownRows rows;
  for (std::int64_t offset : {1, 5, 9}) rows.Add(rows.Next(GapAt(kHere, offset)));
  EXPECT_EQ(Places(rows.Between(kHere, Offset{1}, Offset{5}, 100)), (Expected{{1, 0}, {5, 0}}));
  EXPECT_EQ(Places(rows.Between(kHere, Offset{2}, Offset{4}, 100)), Expected{});
  EXPECT_EQ(Places(rows.Between(kHere, Offset{6}, Offset{9}, 100)), (Expected{{9, 0}}));
  EXPECT_TRUE(rows.Between(kThere, Offset{0}, Offset{9}, 100).empty());
  EXPECT_EQ(Places(rows.Between(kHere, Offset{0}, Offset{9}, 2)), (Expected{{1, 0}, {5, 0}}));
}

TEST(ShownRows, RowsGoWithTheRecordsThatTheyPrecede) {
  ShownRows rows;
  for (std::int64_t offset : {1, 5, 9}) rows.Add(rows.Next(GapAt(kHere, offset)));
  rows.Add(rows.Next(GapAt(kThere, 1)));
  EXPECT_EQ(rows.DropBelow(kHere, Offset{1}).size(), 0U);
  EXPECT_EQ(rows.DropBelow(kHere, Offset{9}),
            (std::vector<Bytes>{ShownRowKey(GapAt(kHere, 1)), ShownRowKey(GapAt(kHere, 5))}));
  EXPECT_EQ(rows.size(), 2U);
  EXPECT_TRUE(rows.DropBelow({IdOf(9), PartitionIndex{0}}, Offset{9}).empty());
}

TEST(ShownRows, ATopicsRowsGoWithIt) {
  ShownRows rows;
  rows.Add(rows.Next(GapAt(kHere, 1)));
  rows.Add(rows.Next(GapAt(kThere, 1)));
  rows.Add(rows.Next(GapAt({IdOf(2), PartitionIndex{0}}, 1)));
  EXPECT_EQ(rows.TopicIds(), (std::set<Uuid>{IdOf(1), IdOf(2)}));
  EXPECT_EQ(rows.DropTopic(IdOf(1)).size(), 2U);
  EXPECT_EQ(rows.TopicIds(), std::set<Uuid>{IdOf(2)});
  EXPECT_EQ(rows.Next(GapAt(kHere, 1)).sequence, 0U);
}

TEST(ShownRow, GoesThroughTheStore) {
  ShownRow row = GapAt(kThere, 12'345);
  row.sequence = 6;
  row.row.reason = "rotated away";
  row.row.end_is_exact = false;
  auto back = DecodeShownRow(ShownRowKey(row), EncodeShownRow(row));
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

TEST(ShownRow, LayoutIsAsDocumented) {
  ShownRow row = GapAt(kThere, 7);
  row.sequence = 2;
  row.row.reason = "x";
  EXPECT_EQ(ToHex(ShownRowKey(row)),
            "0000000000000000"
            "0000000000000001"
            "00000001"
            "0000000000000007"
            "00000002");
  EXPECT_EQ(ToHex(EncodeShownRow(row)),
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

TEST(ShownRow, KeysSortAsRowsDo) {
  EXPECT_LT(ShownRowKey(GapAt(kHere, 255)), ShownRowKey(GapAt(kHere, 256)));
  ShownRow second = GapAt(kHere, 255);
  second.sequence = 1;
  EXPECT_LT(ShownRowKey(GapAt(kHere, 255)), ShownRowKey(second));
  EXPECT_LT(ShownRowKey(second), ShownRowKey(GapAt(kThere, 0)));
}

// Nothing where the row is taken.
template <typename Row>
std::optional<ErrorCode> CodeOf(const Result<Row>& row) {
  return row.ok() ? std::nullopt : std::optional(row.error().code);
}

TEST(ShownRow, EveryTruncationIsRefused) {
  const ShownRow row = GapAt(kHere, 5);
  const Bytes key = ShownRowKey(row);
  const Bytes value = EncodeShownRow(row);
  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(CodeOf(DecodeShownRow(key, value.substr(0, size))), ErrorCode::kCorrupt) << size;
  }
  for (std::size_t size = 0; size < key.size(); ++size) {
    EXPECT_EQ(CodeOf(DecodeShownRow(key.substr(0, size), value)), ErrorCode::kCorrupt) << size;
  }
  EXPECT_FALSE(DecodeShownRow(key, value + 'x').ok());
  EXPECT_FALSE(DecodeShownRow(key + 'x', value).ok());
  Bytes newer = value;
  newer[0] = 3;
  EXPECT_EQ(DecodeShownRow(key, newer).error().code, ErrorCode::kUnsupported);
}

// ---- lines left out

ShownRow LeftOutAt(std::int64_t offset, std::int64_t begin, std::int64_t end,
                   std::uint32_t dropped) {
  ShownRow row = GapAt(kHere, offset);
  row.row = RowOf(3, RowKind::kProgress, begin, end);
  row.row.dropped = dropped;
  return row;
}

TEST(ShownRows, ARowThatGoesOnFromTheBeginOfTheLastTakesItsPlace) {
  ShownRows rows;
  rows.Add(LeftOutAt(1, 10, 20, 2));
  EXPECT_EQ(rows.LeftOutUpTo(kHere, IdOf(3), SourcePosition{20})->row.dropped, 2U);
  EXPECT_EQ(rows.LeftOutUpTo(kHere, IdOf(3), SourcePosition{21}), nullptr);
  EXPECT_EQ(rows.LeftOutUpTo(kHere, IdOf(4), SourcePosition{20}), nullptr);
  rows.Add(LeftOutAt(5, 10, 40, 7));
  EXPECT_EQ(Places(rows.Between(kHere, Offset{0}, Offset{9}, 9)), (Expected{{5, 0}}));
  rows.Add(LeftOutAt(6, 60, 80, 1));
  EXPECT_EQ(Places(rows.Between(kHere, Offset{0}, Offset{9}, 9)), (Expected{{5, 0}, {6, 0}}));
  rows.DropBelow(kHere, Offset{7});
  EXPECT_EQ(rows.LeftOutUpTo(kHere, IdOf(3), SourcePosition{80}), nullptr);
  rows.Add(LeftOutAt(8, 60, 90, 3));
  EXPECT_EQ(rows.size(), 1U);
}

TEST(ShownRows, LinesLeftOutAreStoredWithTheirNumber) {
  const ShownRow row = LeftOutAt(7, 10, 20, 5);
  const auto read = DecodeShownRow(ShownRowKey(row), EncodeShownRow(row));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->row.kind, RowKind::kProgress);
  EXPECT_EQ(read->row.dropped, 5U);
  EXPECT_EQ(read->offset, Offset{7});
}

}  // namespace
}  // namespace logboom::broker
