// From an append to what is durable, and what a failed sync does.
#include <gtest/gtest.h>

#include "tests/broker/engine/engine_rig.h"

namespace logboom::broker {
namespace {

class RecordsTest : public testing::Test {
 protected:
  void SetUp() override {
    rig_.MustOpen();
    ASSERT_TRUE(rig_.CreateTopic("web", 2).ok());
    where_ = rig_.Where("web");
    rig_.Settle();
  }
  // Notes `name` when it is called, with what.
  DoneCallback Note(const std::string& name) {
    return [this, name](const Status& status) {
      notes_.push_back(name + (status.ok() ? " ok" : " failed"));
    };
  }
  std::size_t Fetched(Offset from, std::size_t bytes_max = 1U << 20U) {
    auto fetched = rig_.engine->Fetch(where_, from, bytes_max);
    EXPECT_TRUE(fetched.ok()) << fetched.error().message;
    return fetched.ok() ? fetched->bytes.size() : 0;
  }

  EngineRig rig_;
  TopicPartition where_;
  std::vector<std::string> notes_;
};

using Notes = std::vector<std::string>;

TEST_F(RecordsTest, AppendsAreSeenOnceTheyAreDurable) {
  rig_.commits.Hold();
  auto appended = rig_.Append(where_, {"a", "b"});
  ASSERT_TRUE(appended.ok());
  EXPECT_EQ(appended->base_offset, Offset{0});
  EXPECT_EQ(appended->next_offset, Offset{2});
  EXPECT_EQ(appended->append_time, rig_.now().wall);
  for (int i = 0; i < 3; ++i) rig_.Tick();
  EXPECT_EQ(rig_.State(where_).log_end, Offset{2});
  EXPECT_EQ(rig_.State(where_).durable_end, Offset{0});
  EXPECT_EQ(Fetched(Offset{0}), 0U);
  EXPECT_GT(rig_.engine->counters().bytes_not_durable, 0);
  rig_.commits.Release();
  rig_.Tick();
  EXPECT_EQ(rig_.State(where_).durable_end, Offset{2});
  EXPECT_GT(Fetched(Offset{0}), 0U);
  EXPECT_EQ(rig_.engine->counters().bytes_not_durable, 0);
  EXPECT_EQ(rig_.engine->counters().records_appended, 2U);
}

// Of several partitions, one group at a time: what comes meanwhile counts as not durable.
TEST_F(RecordsTest, CountsWhatIsAppendedAndWhatIsNotDurable) {
  const auto& counters = rig_.engine->counters();
  const std::uint64_t syncs = counters.syncs;
  ASSERT_TRUE(rig_.Append(where_, {"a", "b"}).ok());
  const auto one = static_cast<std::int64_t>(counters.bytes_appended);
  EXPECT_EQ(counters.records_appended, 2U);
  EXPECT_EQ(counters.bytes_not_durable, one);
  rig_.commits.Hold();
  rig_.Tick();
  ASSERT_TRUE(rig_.Append(where_, {"c", "d"}).ok());
  ASSERT_TRUE(rig_.Append(rig_.Where("web", 1), {"e", "f"}).ok());
  EXPECT_EQ(counters.bytes_not_durable, 3 * one);
  rig_.commits.Let(1);
  rig_.Tick();
  EXPECT_EQ(counters.syncs, syncs + 1);
  EXPECT_EQ(counters.bytes_not_durable, 2 * one);
  rig_.commits.Release();
  rig_.Settle();
  EXPECT_EQ(counters.syncs, syncs + 2);
  EXPECT_EQ(counters.bytes_not_durable, 0);
  EXPECT_EQ(counters.bytes_appended, static_cast<std::uint64_t>(3 * one));
  EXPECT_EQ(counters.records_appended, 6U);
}

TEST_F(RecordsTest, SlowSyncsAreToldUntilEnoughOthersFollowed) {
  const auto sync = [&](std::int64_t takes_us, int times) {
    rig_.sync_takes_us = takes_us;
    for (int i = 0; i < times; ++i) {
      ASSERT_TRUE(rig_.Append(where_, {"a"}).ok());
      rig_.Settle();
    }
  };
  sync(9, 1);
  EXPECT_EQ(rig_.engine->SyncP99Us(), 9);
  sync(9, 11);
  sync(1, 1'012);
  EXPECT_EQ(rig_.engine->SyncP99Us(), 9) << "12 of 1024";
  sync(1, 1);
  EXPECT_EQ(rig_.engine->SyncP99Us(), 1) << "11 of 1024";
}

TEST_F(RecordsTest, DurableCallbacksComeInOrderAndOnceCovered) {
  rig_.engine->WhenDurable(where_, Note("nothing to wait for"));
  EXPECT_EQ(notes_, Notes{"nothing to wait for ok"});
  notes_.clear();
  rig_.commits.Hold();
  ASSERT_TRUE(rig_.Append(where_, {"a"}).ok());
  rig_.engine->WhenDurable(where_, Note("first"));
  rig_.engine->WhenDurable(where_, Note("second"));
  rig_.Tick();  // submits the group
  ASSERT_TRUE(rig_.Append(where_, {"b"}).ok());
  rig_.engine->WhenDurable(where_, Note("third"));
  rig_.Tick();
  EXPECT_TRUE(notes_.empty());
  rig_.commits.Let(1);
  rig_.Tick();
  EXPECT_EQ(notes_, (Notes{"first ok", "second ok"})) << "the third is not in that group";
  rig_.commits.Release();
  rig_.Tick();
  rig_.Tick();
  EXPECT_EQ(notes_, (Notes{"first ok", "second ok", "third ok"}));
}

TEST_F(RecordsTest, WhatACallbackAsksForComesBehindThoseBeforeIt) {
  ASSERT_TRUE(rig_.Append(where_, {"a"}).ok());
  rig_.engine->WhenDurable(where_, [this](const Status&) {
    notes_.emplace_back("first");
    rig_.engine->WhenDurable(where_, Note("asked for by the first"));
  });
  rig_.engine->WhenDurable(where_, Note("second"));
  rig_.Settle();
  EXPECT_EQ(notes_, (Notes{"first", "second ok", "asked for by the first ok"}));
}

TEST_F(RecordsTest, WhileOneGroupIsSyncedTheNextGathers) {
  rig_.commits.Hold();
  ASSERT_TRUE(rig_.Append(where_, {"a"}).ok());
  rig_.Tick();
  EXPECT_EQ(rig_.commits.waiting(), 1U);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(rig_.Append(where_, {"b"}).ok());
    ASSERT_TRUE(rig_.Append(rig_.Where("web", 1), {"c"}).ok());
    rig_.Tick();
    EXPECT_EQ(rig_.commits.waiting(), 1U) << "one group at a time";
  }
  const std::uint64_t syncs = rig_.engine->counters().syncs;
  rig_.commits.Release();
  rig_.Settle();
  EXPECT_EQ(rig_.engine->counters().syncs - syncs, 2U);
  EXPECT_EQ(rig_.State(where_).durable_end, Offset{6});
  EXPECT_EQ(rig_.State(rig_.Where("web", 1)).durable_end, Offset{5});
}

TEST_F(RecordsTest, ObserverHearsOfPartitionsThatRose) {
  std::vector<TopicPartition> risen;
  rig_.engine->SetDurableObserver([&](const TopicPartition& one) { risen.push_back(one); });
  ASSERT_TRUE(rig_.Append(where_, {"a"}).ok());
  rig_.Settle();
  EXPECT_EQ(risen, std::vector{where_});
}

TEST_F(RecordsTest, DurableRecordsSurviveAPowerLossAndOthersHaveNotBeenServed) {
  ASSERT_TRUE(rig_.Append(where_, {"a", "b"}).ok());
  rig_.Settle();
  rig_.commits.Hold();
  ASSERT_TRUE(rig_.Append(where_, {"c"}).ok());
  rig_.Tick();
  rig_.Crash();
  rig_.commits.Release();
  rig_.MustOpen();
  EXPECT_GE(rig_.State(where_).durable_end, Offset{2});
  EXPECT_LE(rig_.State(where_).durable_end, Offset{3});
  EXPECT_EQ(rig_.State(where_).durable_end, rig_.State(where_).log_end);
}

TEST_F(RecordsTest, AFailedSyncStopsAllAcksAndIsMarked) {
  rig_.commits.Hold();
  ASSERT_TRUE(rig_.Append(where_, {"a"}).ok());
  rig_.engine->WhenDurable(where_, Note("first"));
  ASSERT_TRUE(rig_.Append(rig_.Where("web", 1), {"b"}).ok());
  rig_.engine->WhenDurable(rig_.Where("web", 1), Note("other partition"));
  rig_.Tick();
  ASSERT_TRUE(rig_.Append(where_, {"c"}).ok());
  rig_.engine->WhenDurable(where_, Note("not in the group"));
  rig_.fs.Add({.kind = file::CallKind::kSync, .path_part = ".log"});
  rig_.commits.Release();
  rig_.Tick();
  ASSERT_TRUE(rig_.engine->failure().has_value());
  EXPECT_EQ(rig_.engine->failure()->code, ErrorCode::kIo);
  std::sort(notes_.begin(), notes_.end());
  EXPECT_EQ(notes_, (Notes{"first failed", "not in the group failed", "other partition failed"}));
  EXPECT_TRUE(rig_.disk.Stat("/data/FAILED").ok());

  notes_.clear();
  EXPECT_FALSE(rig_.Append(where_, {"d"}).ok());
  rig_.engine->WhenDurable(where_, Note("later"));
  EXPECT_EQ(notes_, Notes{"later failed"});
  for (int i = 0; i < 5; ++i) rig_.Tick();
  EXPECT_EQ(rig_.State(where_).durable_end, Offset{0});
  EXPECT_FALSE(rig_.engine->Close().ok());

  rig_.Crash();
  rig_.MustOpen();
  EXPECT_FALSE(rig_.disk.Stat("/data/FAILED").ok());
  EXPECT_FALSE(rig_.engine->open_report().notes.empty());
  ASSERT_TRUE(rig_.Append(where_, {"e"}).ok());
  rig_.Settle();
  EXPECT_FALSE(rig_.engine->failure().has_value());
}

// A batch is half written, and can't be cut off again: nobody could append there any more.
TEST_F(RecordsTest, ALogThatTakesNoMoreIsAFailure) {
  ASSERT_TRUE(rig_.Append(where_, {"one"}).ok());
  rig_.Settle();
  rig_.fs.Add({.kind = file::CallKind::kWrite, .path_part = ".log", .short_write_bytes = 20});
  rig_.fs.Add({.kind = file::CallKind::kTruncate, .path_part = ".log"});
  EXPECT_FALSE(rig_.Append(where_, {"two"}).ok());
  rig_.Tick();
  ASSERT_TRUE(rig_.engine->failure().has_value());
  rig_.Kill();
  rig_.MustOpen();
  EXPECT_EQ(rig_.State(where_).durable_end, Offset{1});
  EXPECT_TRUE(rig_.Append(where_, {"two"}).ok());
}

TEST_F(RecordsTest, ABrokenStoreIsAFailureAndAFullOneIsNot) {
  MetadataTransaction put;
  put.Put(Table::kAgent, "k", "v");
  rig_.store.Fail(Fail(ErrorCode::kNoSpace, "full"));
  rig_.engine->Commit(put, Note("full"));
  rig_.Tick();
  EXPECT_EQ(notes_, Notes{"full failed"});
  EXPECT_FALSE(rig_.engine->failure().has_value());
  rig_.store.Fail(Fail(ErrorCode::kIo, "broken"));
  ASSERT_TRUE(rig_.Append(where_, {"a"}).ok());
  rig_.engine->WhenDurable(where_, Note("durable"));
  rig_.engine->Commit(put, Note("broken"));
  rig_.Tick();
  EXPECT_EQ(notes_, (Notes{"full failed", "durable failed", "broken failed"}));
  EXPECT_TRUE(rig_.engine->failure().has_value());
  EXPECT_TRUE(rig_.disk.Stat("/data/FAILED").ok());
}

TEST_F(RecordsTest, CommitsOfMetadataEndInOrder) {
  rig_.writes.Hold();
  for (int i = 0; i < 3; ++i) {
    MetadataTransaction put;
    put.Put(Table::kAgent, "k", std::to_string(i));
    rig_.engine->Commit(std::move(put), Note(std::to_string(i)));
  }
  rig_.Tick();
  EXPECT_TRUE(notes_.empty());
  rig_.writes.Release();
  rig_.Tick();
  EXPECT_EQ(notes_, (Notes{"0 ok", "1 ok", "2 ok"}));
}

TEST_F(RecordsTest, RowsAreTakenOnce) {
  MetadataTransaction put;
  put.Put(Table::kAgent, "k", "v");
  rig_.engine->Commit(std::move(put), Note("put"));
  rig_.Settle();
  rig_.Crash();
  rig_.MustOpen();
  EXPECT_EQ(rig_.engine->TakeRows(Table::kAgent),
            (std::vector<MetadataRow>{{Table::kAgent, "k", "v"}}));
  EXPECT_TRUE(rig_.engine->TakeRows(Table::kAgent).empty());
}

TEST_F(RecordsTest, BelowTheReserveNothingIsWrittenUntilThereIsSpaceAgain) {
  ASSERT_TRUE(rig_.Append(where_, {"a"}).ok());
  rig_.Settle();
  rig_.Crash();
  rig_.reserve_bytes = 1'000'000;
  rig_.disk.SetCapacity(100'000'000);
  rig_.MustOpen();
  ASSERT_TRUE(rig_.Append(where_, {"b"}).ok());
  rig_.Settle();
  const auto space = rig_.disk.SpaceOf("/data");
  const std::int64_t used = space->total_bytes - space->available_bytes;
  rig_.disk.SetCapacity(used + 999'999);
  rig_.Tick(1'100);
  EXPECT_TRUE(rig_.engine->below_reserve());
  EXPECT_EQ(rig_.Append(where_, {"c"}).error().code, ErrorCode::kNoSpace);
  EXPECT_GT(Fetched(Offset{0}), 0U) << "it goes on serving";
  EXPECT_TRUE(rig_.AlterTopic("web", {{"retention.ms", "1"}}).ok());
  rig_.disk.SetCapacity(used + 2'000'000);
  rig_.Tick(1'100);
  EXPECT_TRUE(rig_.Append(where_, {"d"}).ok()) << "and resumes by itself";
  rig_.Settle();
  rig_.Kill();
  rig_.reserve_bytes = 1'000'000'000;
  rig_.MustOpen();
  EXPECT_TRUE(rig_.engine->below_reserve()) << "before the first look at the clock";
}

TEST_F(RecordsTest, RetentionRunsByItselfAndItsFailureIsTold) {
  ASSERT_TRUE(
      rig_.AlterTopic("web", {{"segment.bytes", "1048576"}, {"retention.bytes", "0"}}).ok());
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(rig_.Append(where_, {Bytes(300'000, 'x')}).ok());
    rig_.Settle();
  }
  EXPECT_GT(rig_.State(where_).segments, 3);
  const auto files = [this] {
    std::size_t logs = 0;
    const auto entries = rig_.disk.List("/data");
    for (const auto& directory : *entries) {
      if (directory.kind != file::FileKind::kDirectory) continue;
      const auto names = rig_.disk.List("/data/" + directory.name);
      for (const auto& file : *names) {
        if (file.name.ends_with(".log")) ++logs;
      }
    }
    return logs;
  };
  rig_.fs.Add({.kind = file::CallKind::kRemove, .span = file::FaultSpan::kFromThenOn});
  rig_.Tick(31'000);
  rig_.Tick();
  EXPECT_TRUE(rig_.engine->retention_failure().has_value());
  EXPECT_GT(files(), 2U);
  rig_.fs.Heal();
  rig_.Tick(31'000);
  for (int i = 0; i < 5; ++i) rig_.Tick();  // beside the loop, one after the other
  EXPECT_EQ(files(), 2U) << "the active ones of two partitions";
  EXPECT_FALSE(rig_.engine->retention_failure().has_value());
  EXPECT_EQ(rig_.State(where_).segments, 1);
  EXPECT_GT(rig_.State(where_).log_start, Offset{0});
}

TEST_F(RecordsTest, AnOrderlyStopIsACleanStart) {
  ASSERT_TRUE(rig_.Append(where_, {"a"}).ok());
  rig_.Settle();
  ASSERT_TRUE(rig_.engine->Close().ok());
  rig_.Kill();
  rig_.MustOpen();
  EXPECT_TRUE(rig_.engine->open_report().clean_start);
  EXPECT_TRUE(rig_.engine->open_report().scanned.empty());
  EXPECT_EQ(rig_.State(where_).durable_end, Offset{1});
  rig_.Kill();
  rig_.MustOpen();
  EXPECT_FALSE(rig_.engine->open_report().clean_start) << "that one was not closed";
  EXPECT_EQ(rig_.State(where_).durable_end, Offset{1});
}

TEST_F(RecordsTest, ARecordsArrivalIsKnown) {
  ASSERT_TRUE(rig_.CreateTopic("arrivals").ok());
  const TopicPartition where = rig_.Where("arrivals");
  ASSERT_TRUE(rig_.Append(where, {"a"}).ok());
  const TimestampMs first = rig_.now().wall;
  rig_.Tick(5'000);
  ASSERT_TRUE(rig_.Append(where, {"b"}).ok());
  EXPECT_EQ(*rig_.engine->AppendTimeAt(where, Offset{0}), first);
  EXPECT_EQ(*rig_.engine->AppendTimeAt(where, Offset{1}), first + 5'000);
  EXPECT_EQ(*rig_.engine->AppendTimeAt(where, Offset{2}), std::nullopt);
  EXPECT_EQ(rig_.engine->AppendTimeAt({}, Offset{0}).error().code, ErrorCode::kNotFound);
}

TEST_F(RecordsTest, OffsetsByTime) {
  const TimestampMs first = rig_.now().wall;
  ASSERT_TRUE(rig_.Append(where_, {"a", "b"}).ok());
  rig_.Tick(1'000);
  ASSERT_TRUE(rig_.Append(where_, {"c"}).ok());
  rig_.Settle();
  EXPECT_EQ(*rig_.engine->OffsetAtTime(where_, first), Offset{0});
  EXPECT_EQ(*rig_.engine->OffsetAtTime(where_, first + 1), Offset{2});
  EXPECT_EQ(*rig_.engine->OffsetAtTime(where_, first + 5'000), std::nullopt);
}

}  // namespace
}  // namespace logboom::broker
