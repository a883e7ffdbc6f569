// Tombstones in a compacted log: each stays for its time, and for as long as it hides something.
#include "tests/broker/storage/compaction_fixture.h"

namespace logboom::broker {
namespace {

class CompactionTombstones : public CompactionFixture {
 protected:
  // Of key 100, its tombstone and what that hides, however long and often.
  void ExpectBothStay() {
    for (int pass = 0; pass < 3; ++pass) {
      ASSERT_TRUE(Compact(*fs_).value());
      ASSERT_EQ(OfKey(100).size(), 2U);
      now_ms_ += 2 * kDayMs;
      Fill(log_->Copyable().size() + 1, 5);
    }
  }
};

TEST_F(CompactionTombstones, ATombstoneStaysForItsTimeAndThenGoes) {
  ASSERT_TRUE(Open().ok());
  Put({{.key = 100}});
  Put({{.key = 100, .tombstone = true}});
  Fill(2, 5);
  ASSERT_TRUE(Compact(*fs_).value());
  ASSERT_EQ(OfKey(100).size(), 1U);
  EXPECT_FALSE(OfKey(100).front().value);
  now_ms_ += kDayMs - 1000;
  Fill(log_->Copyable().size() + 1, 5);
  ASSERT_TRUE(Compact(*fs_).value());
  EXPECT_EQ(OfKey(100).size(), 1U);
  now_ms_ += 10'000;
  Fill(log_->Copyable().size() + 1, 5);
  ASSERT_TRUE(Compact(*fs_).value());
  EXPECT_TRUE(OfKey(100).empty());
}

// A clock that is set ahead by a year ends no tombstone's time.
TEST_F(CompactionTombstones, ATombstoneStaysWhereTheClockJumps) {
  ASSERT_TRUE(Open().ok());
  Put({{.key = 100, .tombstone = true}});
  Fill(2, 5);
  ASSERT_TRUE(Compact(*fs_).value());
  now_ms_ += 365 * kDayMs;
  skipped_ms_ += 365 * kDayMs;
  Fill(log_->Copyable().size() + 1, 5);
  ASSERT_TRUE(Compact(*fs_).value());
  EXPECT_EQ(OfKey(100).size(), 1U);
  now_ms_ += kDayMs;
  Fill(log_->Copyable().size() + 1, 5);
  ASSERT_TRUE(Compact(*fs_).value());
  EXPECT_TRUE(OfKey(100).empty());
}

// Lines of an agent, from before the topic was compacted: they all stay, and so must what hides
// them.
TEST_F(CompactionTombstones, ATombstoneStaysBehindAValueThatCanNotGo) {
  ASSERT_TRUE(Open().ok());
  Put({{.key = 100, .of_agent = true}});
  Put({{.key = 100, .tombstone = true}});
  Fill(2, 5);
  ExpectBothStay();
}

TEST_F(CompactionTombstones, ATombstoneStaysBehindABatchThatCanNotBeTakenApart) {
  ASSERT_TRUE(Open().ok());
  Put({{.key = 100}, {.key = 101, .transactional = true}});
  Put({{.key = 100, .tombstone = true}});
  Fill(2, 5);
  ExpectBothStay();
}

// Its time begins with the pass that has its key in the map: before, older values still stand.
TEST_F(CompactionTombstones, ATombstoneThatIsNotMappedYetHasNoHorizon) {
  ASSERT_TRUE(Open().ok());
  for (int key = 0; key < 800; key += 8) {
    std::vector<Keyed> eight;
    for (int i = 0; i < 8; ++i) eight.push_back({.key = key + i, .tombstone = key >= 720});
    Put(eight);
  }
  Fill(log_->Copyable().size() + 1, 3);
  ASSERT_TRUE(Compact(*fs_, {.map_bytes_max = 1}).value());  // holds 768 keys
  int with = 0;
  int without = 0;
  for (const record::BatchHeader& header : Headers()) {
    if (header.base_offset < Offset(720) || header.base_offset >= Offset(800)) continue;
    ++(header.has_delete_horizon ? with : without);
    EXPECT_EQ(header.has_delete_horizon, header.next_offset() <= Offset(768));
  }
  EXPECT_GT(with, 0);
  EXPECT_GT(without, 0);
}

// Who begins to read while its older value still stands must have its time to meet it.
TEST_F(CompactionTombstones, ATombstoneBehindTheEndOfTheMapOutlivesTheOlderValue) {
  constexpr int kKey = 5000;
  ASSERT_TRUE(Open().ok());
  Put({{.key = kKey}});
  for (int key = 0; key < 770; key += 10) {
    std::vector<Keyed> batch;
    for (int i = 0; i < 10; ++i) batch.push_back({.key = key + i});
    // The map holds 768 keys, and is full in the middle of the last batch.
    if (key == 760) batch.back() = {.key = kKey, .tombstone = true};
    Put(batch);
  }
  Fill(log_->Copyable().size() + 2, 3);
  ASSERT_TRUE(Compact(*fs_, {.map_bytes_max = 1}).value());
  ASSERT_EQ(log_->compacted_end(), Offset(768));
  ASSERT_EQ(OfKey(kKey).size(), 2U);
  for (int pass = 0; pass < 2; ++pass) {
    now_ms_ += 2 * kDayMs;
    Fill(log_->Copyable().size() + 1, 3);
    ASSERT_TRUE(Compact(*fs_).value());
    EXPECT_EQ(OfKey(kKey).size(), pass == 0 ? 1U : 0U);
  }
}

}  // namespace
}  // namespace logboom::broker
