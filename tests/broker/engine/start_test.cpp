// Starts from what crashes, older copies of the store and foreign directories leave, and starts in
// which one call of the file system fails.
#include <gtest/gtest.h>

#include <algorithm>

#include "broker/engine/topic_row.h"
#include "lib/segment/names.h"
#include "lib/segment/partition_metadata.h"
#include "tests/broker/engine/engine_rig.h"

namespace logboom::broker {
namespace {

class StartTest : public ::testing::Test {
 protected:
  // Between a kill and the next start.
  static void PutRow(EngineRig& rig, const Topic& topic, TopicRowState state) {
    MetadataTransaction rows;
    rows.Put(Table::kTopic, TopicRowKey(topic.number), EncodeTopicRow(topic, state));
    ASSERT_TRUE(rig.store.Apply(rows).ok());
  }
  // A directory that says it is a partition of this topic.
  void MakeDirectory(const std::string& name, const segment::PartitionMetadata& metadata) {
    const std::string path = "/data/" + name;
    ASSERT_TRUE(rig_.disk.CreateDirectories(path).ok());
    ASSERT_TRUE(file::ReplaceFile(rig_.disk,
                                  fmt::format("{}/{}", path, segment::kPartitionMetadataName),
                                  segment::FormatPartitionMetadata(metadata))
                    .ok());
  }
  bool IsNoted(const std::string& part) const {
    return std::ranges::any_of(rig_.engine->open_report().notes, [&](const std::string& note) {
      return note.find(part) != std::string::npos;
    });
  }
  EngineRig rig_;
};

// A topic with a record, one that is being deleted, one that is being made, and a failed sync.
void LeaveMuchToDo(EngineRig& rig) {
  ASSERT_NO_FATAL_FAILURE(rig.MustOpen());
  for (const char* name : {"web", "gone", "made"}) ASSERT_TRUE(rig.CreateTopic(name).ok());
  ASSERT_TRUE(rig.Append(rig.Where("web"), {"kept"}).ok());
  rig.Settle();
  const Topic gone = *rig.engine->FindTopic("gone");
  const Topic made = *rig.engine->FindTopic("made");
  rig.Kill();
  MetadataTransaction rows;
  rows.Put(Table::kTopic, TopicRowKey(gone.number), EncodeTopicRow(gone, TopicRowState::kDeleting));
  rows.Put(Table::kTopic, TopicRowKey(made.number), EncodeTopicRow(made, TopicRowState::kMaking));
  ASSERT_TRUE(rig.store.Apply(rows).ok());
  ASSERT_TRUE(file::ReplaceFile(rig.disk, "/data/FAILED", "a failed sync").ok());
}

void ExpectAllDone(EngineRig& rig) {
  ASSERT_EQ(rig.engine->Topics().size(), 1U);
  EXPECT_EQ(rig.State(rig.Where("web")).durable_end, Offset{1});
  EXPECT_FALSE(rig.disk.Stat("/data/FAILED").ok());
  for (const char* path : {"/data/2-0", "/data/3-0"}) EXPECT_FALSE(rig.disk.Stat(path).ok());
  const std::vector<MetadataRow> rows = *rig.store.Load();
  EXPECT_EQ(std::ranges::count(rows, Table::kTopic, &MetadataRow::table), 1);
}

TEST_F(StartTest, ACallThatFailsEndsItOrCostsNothing) {
  std::size_t told = 0;
  for (std::uint64_t call = 0;; ++call) {
    EngineRig rig;
    ASSERT_NO_FATAL_FAILURE(LeaveMuchToDo(rig));
    rig.fs.Add({.after_calls = call});
    const Status started = rig.Open();
    const std::vector<file::InjectedFault> faults = rig.fs.faults();
    rig.fs.Heal();
    if (faults.empty()) break;
    SCOPED_TRACE(
        fmt::format("call {}: {} {}", call, file::CallKindName(faults[0].kind), faults[0].path));
    if (!started.ok()) {
      ++told;
      EXPECT_NE(started.error().message.find("injected fault"), std::string::npos)
          << started.error().message;
      rig.Kill();
      ASSERT_NO_FATAL_FAILURE(rig.MustOpen());
    } else {
      EXPECT_NE(faults[0].kind, file::CallKind::kSync);
    }
    ASSERT_NO_FATAL_FAILURE(ExpectAllDone(rig));
  }
  EXPECT_GT(told, 30U);
}

// Few by themselves: a file system that others use may have much more to write.
TEST_F(StartTest, MoreThanAHundredLogsAreSyncedAtOnce) {
  rig_.MustOpen();
  ASSERT_TRUE(rig_.CreateTopic("web", 101).ok());
  for (const std::int32_t logs : {100, 101}) {
    for (std::int32_t i = 0; i < logs; ++i) {
      ASSERT_TRUE(rig_.Append(rig_.Where("web", i), {"x"}).ok());
    }
    // At rest, and in the manifest: a start does not scan them.
    for (int i = 0; i < 20; ++i) rig_.Tick(61'000);
    rig_.Kill();
    const auto before = rig_.fs.calls(file::CallKind::kSyncFileSystem);
    rig_.MustOpen();
    EXPECT_EQ(rig_.fs.calls(file::CallKind::kSyncFileSystem) - before, logs > 100 ? 1U : 0U);
  }
  rig_.Kill();
  rig_.fs.Add({.kind = file::CallKind::kSyncFileSystem});
  EXPECT_FALSE(rig_.Open().ok());
}

TEST_F(StartTest, ALogThatCantBeSyncedEndsIt) {
  rig_.MustOpen();
  ASSERT_TRUE(rig_.CreateTopic("web").ok());
  ASSERT_TRUE(rig_.Append(rig_.Where("web"), {"x"}).ok());
  for (int i = 0; i < 20; ++i) rig_.Tick(61'000);
  rig_.Kill();
  rig_.fs.Add({.kind = file::CallKind::kSync, .path_part = ".log"});
  EXPECT_FALSE(rig_.Open().ok());
}

TEST_F(StartTest, AClockThatCantBeReadEndsIt) {
  rig_.MustOpen();
  for (int i = 0; i < 5; ++i) rig_.Tick(61'000);
  rig_.Kill();
  ASSERT_TRUE(rig_.disk.Stat("/data/clock").ok());
  rig_.fs.Add({.path_part = "/data/clock"});
  EXPECT_FALSE(rig_.Open().ok());
}

TEST_F(StartTest, WhatItCorrectsIsStoredOnce) {
  rig_.MustOpen();
  ASSERT_TRUE(rig_.CreateTopic("web").ok());
  ASSERT_TRUE(rig_.Append(rig_.Where("web"), {"kept"}).ok());
  rig_.Settle();
  const Topic topic = *rig_.engine->FindTopic("web");
  const auto stored = [&] {
    const std::vector<MetadataRow> rows = *rig_.store.Load();
    const auto row = std::ranges::find(rows, Table::kTopic, &MetadataRow::table);
    return row == rows.end() ? DecodedTopicRow{} : *DecodeTopicRow(row->key, row->value);
  };
  rig_.Kill();
  PutRow(rig_, topic, TopicRowState::kMaking);
  rig_.MustOpen();
  EXPECT_EQ(stored().state, TopicRowState::kLive);
  rig_.Kill();
  rig_.store.Clear();
  rig_.store.Fail(Fail(ErrorCode::kIo, "the store"));
  EXPECT_FALSE(rig_.Open().ok());
  rig_.store.Fail(std::nullopt);
  rig_.MustOpen();
  EXPECT_EQ(stored().topic.name, "web");
  ASSERT_TRUE(rig_.AddPartitions("web", 2).ok());
  rig_.Kill();
  PutRow(rig_, topic, TopicRowState::kLive);
  rig_.MustOpen();
  EXPECT_EQ(stored().topic.partitions, 2);
}

TEST_F(StartTest, AStoreThatFailsEndsItUnlessItIsFull) {
  for (const ErrorCode code : {ErrorCode::kIo, ErrorCode::kNoSpace}) {
    EngineRig rig;
    ASSERT_NO_FATAL_FAILURE(LeaveMuchToDo(rig));
    rig.store.Fail(Fail(code, "the store"));
    EXPECT_EQ(rig.Open().ok(), code == ErrorCode::kNoSpace);
  }
}

TEST_F(StartTest, APartitionThatIsMissingIsMadeWithoutAWord) {
  rig_.MustOpen();
  ASSERT_TRUE(rig_.CreateTopic("web", 2).ok());
  for (const bool fails : {true, false}) {
    rig_.Kill();
    ASSERT_TRUE(file::RemoveTree(rig_.disk, "/data/1-1").ok());
    if (fails) rig_.fs.Add({.kind = file::CallKind::kCreateDirectories, .path_part = "1-1"});
    EXPECT_EQ(rig_.Open().ok(), !fails);
  }
  EXPECT_TRUE(rig_.engine->open_report().notes.empty());
  EXPECT_TRUE(rig_.Append(rig_.Where("web", 1), {"x"}).ok());
}

// Its number alone is the same: what has records there is another topic.
TEST_F(StartTest, ATopicThatWasBeingMadeTakesNoOthersDirectory) {
  rig_.MustOpen();
  ASSERT_TRUE(rig_.CreateTopic("web").ok());
  ASSERT_TRUE(rig_.Append(rig_.Where("web"), {"kept"}).ok());
  rig_.Settle();
  Topic other = *rig_.engine->FindTopic("web");
  rig_.Kill();
  other.name = "other";
  other.topic_id = Uuid::Make(rig_.random);
  PutRow(rig_, other, TopicRowState::kMaking);
  rig_.MustOpen();
  EXPECT_EQ(rig_.engine->FindTopic("other"), nullptr);
  EXPECT_EQ(rig_.State(rig_.Where("web")).durable_end, Offset{1});
}

TEST_F(StartTest, ATopicThatWasBeingMadeMayHaveNoDirectoryYet) {
  rig_.MustOpen();
  ASSERT_TRUE(rig_.CreateTopic("web", 2).ok());
  const Topic topic = *rig_.engine->FindTopic("web");
  rig_.Kill();
  ASSERT_TRUE(file::RemoveTree(rig_.disk, "/data/1-0").ok());
  PutRow(rig_, topic, TopicRowState::kMaking);
  rig_.MustOpen();
  EXPECT_TRUE(rig_.engine->Topics().empty());
  EXPECT_FALSE(rig_.disk.Stat("/data/1-1").ok());
}

TEST_F(StartTest, ADirectoryOfNobodyIsToldAndLeftAlone) {
  rig_.MustOpen();
  ASSERT_TRUE(rig_.CreateTopic("web").ok());
  rig_.Kill();
  ASSERT_TRUE(rig_.disk.CreateDirectories("/data/9-0").ok());
  ASSERT_TRUE(file::ReplaceFile(rig_.disk, "/data/9-0/partition.metadata", "rotten").ok());
  rig_.MustOpen();
  EXPECT_TRUE(IsNoted("no topic is known"));
  EXPECT_EQ(rig_.engine->Topics().size(), 1U);
  EXPECT_TRUE(rig_.disk.Stat("/data/9-0/partition.metadata").ok());
}

TEST_F(StartTest, ADirectoryOfAnotherTopicOfTheSameNameIsToldAndLeftAlone) {
  rig_.MustOpen();
  ASSERT_TRUE(rig_.CreateTopic("web").ok());
  const Uuid id = rig_.engine->FindTopic("web")->topic_id;
  rig_.Kill();
  MakeDirectory("7-3", {.topic_name = "web",
                        .topic_id = Uuid::Make(rig_.random),
                        .topic_number = 7,
                        .partition = PartitionIndex{3}});
  rig_.MustOpen();
  EXPECT_TRUE(IsNoted("another topic of the name 'web'"));
  EXPECT_EQ(rig_.engine->FindTopic("web")->topic_id, id);
  EXPECT_EQ(rig_.engine->FindTopic("web")->partitions, 1);
  EXPECT_TRUE(rig_.disk.Stat("/data/7-3").ok());
  ASSERT_TRUE(rig_.CreateTopic("next").ok());
  EXPECT_EQ(rig_.engine->FindTopic("next")->number, 8U);
}

TEST_F(StartTest, AStoreFromBeforePartitionsWereAddedLosesNoneOfThem) {
  rig_.MustOpen();
  ASSERT_TRUE(rig_.CreateTopic("web").ok());
  const Topic before = *rig_.engine->FindTopic("web");
  ASSERT_TRUE(rig_.AddPartitions("web", 2).ok());
  ASSERT_TRUE(rig_.Append(rig_.Where("web", 1), {"kept"}).ok());
  rig_.Settle();
  rig_.Kill();
  PutRow(rig_, before, TopicRowState::kLive);
  for (int turn = 0; turn < 2; ++turn) {
    rig_.MustOpen();
    EXPECT_EQ(rig_.engine->FindTopic("web")->partitions, 2);
    EXPECT_EQ(rig_.State(rig_.Where("web", 1)).durable_end, Offset{1});
    rig_.Kill();
  }
}

TEST_F(StartTest, ANewDirectoryIsACleanStartAndHasNothingToSay) {
  rig_.MustOpen();
  EXPECT_TRUE(rig_.engine->open_report().clean_start);
  EXPECT_TRUE(rig_.engine->open_report().notes.empty());
}

TEST_F(StartTest, AFailedSyncOfTheLastRunIsToldOnce) {
  ASSERT_NO_FATAL_FAILURE(LeaveMuchToDo(rig_));
  rig_.MustOpen();
  EXPECT_TRUE(IsNoted("a failed sync"));
  rig_.Kill();
  rig_.MustOpen();
  EXPECT_TRUE(rig_.engine->open_report().notes.empty());
}

TEST_F(StartTest, NobodyWaitsForAPartitionThatIsNotThere) {
  rig_.MustOpen();
  std::optional<Status> answered;
  rig_.engine->WhenDurable({Uuid::Make(rig_.random), PartitionIndex{0}},
                           [&](const Status& status) { answered = status; });
  ASSERT_TRUE(answered && !answered->ok());
  EXPECT_EQ(answered->error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace logboom::broker
