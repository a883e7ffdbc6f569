// Topics are made, altered and deleted whole or not at all, whatever happens in between.
#include <gtest/gtest.h>

#include <algorithm>

#include "broker/engine/topic_row.h"
#include "lib/file/trees.h"
#include "tests/broker/engine/engine_rig.h"

namespace logboom::broker {
namespace {

class TopicsTest : public testing::Test {
 protected:
  void SetUp() override { rig_.MustOpen(); }
  // What a copy of the store from amid its making says; kills the process.
  void MarkAsBeingMade(const std::string& name) {
    const Topic topic = *rig_.engine->FindTopic(name);
    rig_.Kill();
    MetadataTransaction rows;
    rows.Put(Table::kTopic, TopicRowKey(topic.number),
             EncodeTopicRow(topic, TopicRowState::kMaking));
    ASSERT_TRUE(rig_.store.Apply(rows).ok());
  }
  EngineRig rig_;
};

TEST_F(TopicsTest, TheVersionOfTheTopicsChangesWithThem) {
  const std::uint64_t before = rig_.engine->topics_version();
  ASSERT_TRUE(rig_.CreateTopic("versioned").ok());
  const std::uint64_t made = rig_.engine->topics_version();
  EXPECT_NE(made, before);
  ASSERT_TRUE(rig_.AlterTopic("versioned", {{"retention.ms", "5000"}}).ok());
  EXPECT_EQ(rig_.engine->topics_version(), made) << "which topics there are is the same";
  ASSERT_TRUE(rig_.DeleteTopic("versioned").ok());
  EXPECT_NE(rig_.engine->topics_version(), made);
}

TEST_F(TopicsTest, ATopicIsThereOnceItIsMadeAndAfterARestart) {
  ASSERT_TRUE(rig_.CreateTopic("web", 3, {{"retention.ms", "1000"}}).ok());
  for (int turn = 0; turn < 2; ++turn) {
    const Topic* topic = rig_.engine->FindTopic("web");
    ASSERT_NE(topic, nullptr);
    EXPECT_EQ(rig_.engine->FindTopic(topic->topic_id), topic);
    EXPECT_EQ(topic->partitions, 3);
    EXPECT_EQ(topic->config, (TopicConfig{{"retention.ms", "1000"}}));
    for (std::int32_t i = 0; i < 3; ++i) {
      EXPECT_TRUE(rig_.engine->StateOf({topic->topic_id, PartitionIndex{i}}).has_value());
    }
    EXPECT_FALSE(rig_.engine->StateOf({topic->topic_id, PartitionIndex{3}}).has_value());
    EXPECT_EQ(rig_.engine->Topics().size(), 1U);
    rig_.Crash();
    rig_.MustOpen();
  }
}

TEST_F(TopicsTest, CreateIsRefusedWhereItCannotBe) {
  ASSERT_TRUE(rig_.CreateTopic("web").ok());
  EXPECT_EQ(rig_.CreateTopic("web").error().code, ErrorCode::kExists);
  EXPECT_EQ(rig_.CreateTopic("a", 0).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(rig_.CreateTopic("a", -1).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(rig_.CreateTopic("a", kTopicPartitionsMax + 1).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(rig_.CreateTopic("a", 1, {{"nonsense", "1"}}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(rig_.engine->Topics().size(), 1U);
  EXPECT_EQ(rig_.AlterTopic("none", {{"retention.ms", "1"}}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(rig_.DeleteTopic("none").error().code, ErrorCode::kNotFound);
}

TEST_F(TopicsTest, ATopicTakesAsManyPartitionsAsTheLimit) {
  EXPECT_TRUE(rig_.CreateTopic("wide", kTopicPartitionsMax).ok());
  EXPECT_EQ(rig_.engine->FindTopic("wide")->partitions, kTopicPartitionsMax);
}

TEST_F(TopicsTest, AlterSetsAndTakesBack) {
  ASSERT_TRUE(rig_.CreateTopic("web", 1, {{"retention.ms", "1000"}, {"segment.ms", "2000"}}).ok());
  ASSERT_TRUE(rig_.AlterTopic("web", {{"retention.ms", ""}, {"retention.bytes", "5"}}).ok());
  const TopicConfig expected{{"segment.ms", "2000"}, {"retention.bytes", "5"}};
  EXPECT_EQ(rig_.engine->FindTopic("web")->config, expected);
  EXPECT_EQ(rig_.AlterTopic("web", {{"segment.ms", "1"}}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(rig_.AlterTopic("web", {{"nonsense", "1"}}).error().code, ErrorCode::kInvalid);
  rig_.Crash();
  rig_.MustOpen();
  EXPECT_EQ(rig_.engine->FindTopic("web")->config, expected);
}

TEST_F(TopicsTest, TwoAltersAtOnceBothCount) {
  ASSERT_TRUE(rig_.CreateTopic("web").ok());
  rig_.writes.Hold();
  int done = 0;
  auto ended = [&done](const Status& status) { done += status.ok() ? 1 : 0; };
  rig_.engine->AlterTopic("web", {{{"retention.ms", "1000"}}, {}}, ended);
  rig_.engine->AlterTopic("web", {{{"retention.bytes", "5"}}, {}}, ended);
  rig_.writes.Release();
  rig_.Settle();
  EXPECT_EQ(done, 2);
  const TopicConfig both{{"retention.ms", "1000"}, {"retention.bytes", "5"}};
  EXPECT_EQ(rig_.engine->FindTopic("web")->config, both);
  rig_.Crash();
  rig_.MustOpen();
  EXPECT_EQ(rig_.engine->FindTopic("web")->config, both);
}

TEST_F(TopicsTest, TwoCreatesAtOnceMakeOneTopicAndTheSecondHearsSoOnceItIsThere) {
  rig_.writes.Hold();
  std::vector<std::string> heard;
  rig_.engine->CreateTopic({"web", 1, {}}, [&](const Status& made) {
    heard.emplace_back(made.ok() ? "made" : "failed");
  });
  rig_.engine->CreateTopic({"web", 1, {}}, [&](const Status& made) {
    heard.emplace_back(!made.ok() && made.error().code == ErrorCode::kExists ? "exists" : "failed");
    EXPECT_NE(rig_.engine->FindTopic("web"), nullptr);
  });
  EXPECT_TRUE(heard.empty());
  rig_.writes.Release();
  rig_.Settle();
  EXPECT_EQ(heard, (std::vector<std::string>{"made", "exists"}));
}

TEST_F(TopicsTest, ACreateBehindADeleteMakesANewTopic) {
  ASSERT_TRUE(rig_.CreateTopic("web").ok());
  const Uuid old = rig_.engine->FindTopic("web")->topic_id;
  rig_.writes.Hold();
  int done = 0;
  auto ended = [&done](const Status& status) { done += status.ok() ? 1 : 0; };
  rig_.engine->DeleteTopic("web", ended);
  EXPECT_EQ(rig_.engine->FindTopic("web"), nullptr) << "gone for callers at once";
  rig_.engine->CreateTopic({"web", 2, {}}, ended);
  rig_.writes.Release();
  rig_.Settle();
  EXPECT_EQ(done, 2);
  ASSERT_NE(rig_.engine->FindTopic("web"), nullptr);
  EXPECT_NE(rig_.engine->FindTopic("web")->topic_id, old);
  EXPECT_EQ(rig_.engine->FindTopic(old), nullptr);
  EXPECT_FALSE(rig_.engine->StateOf({old, PartitionIndex{0}}).has_value());
}

TEST_F(TopicsTest, ADeletedTopicEndsThoseWhoWaitForItsRecords) {
  ASSERT_TRUE(rig_.CreateTopic("web").ok());
  const TopicPartition where = rig_.Where("web");
  ASSERT_TRUE(rig_.Append(where, {"x"}).ok());
  std::optional<Status> durable;
  rig_.engine->WhenDurable(where, [&](const Status& status) { durable = status; });
  rig_.commits.Hold();
  rig_.Tick();
  std::optional<Status> deleted;
  rig_.engine->DeleteTopic("web", [&](const Status& status) { deleted = status; });
  rig_.Tick();
  rig_.Tick();
  EXPECT_FALSE(deleted.has_value()) << "a commit holds its files";
  ASSERT_TRUE(rig_.Append(where, {"y"}).ok()) << "it is gone by name, not yet by its log";
  std::optional<Status> second;
  rig_.engine->WhenDurable(where, [&](const Status& status) { second = status; });
  rig_.commits.Release();
  rig_.Settle();
  ASSERT_TRUE(durable.has_value());
  EXPECT_TRUE(durable->ok());
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(deleted.has_value());
  EXPECT_TRUE(deleted->ok());
  EXPECT_EQ(rig_.Append(where, {"z"}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(rig_.engine->Fetch(where, Offset{0}, 100).error().code, ErrorCode::kNotFound);
}

TEST_F(TopicsTest, AFailedWriteOfTheRowLeavesAllAsItWas) {
  ASSERT_TRUE(rig_.CreateTopic("web", 1, {{"retention.ms", "1000"}}).ok());
  rig_.store.Fail(Fail(ErrorCode::kNoSpace, "full"));
  EXPECT_EQ(rig_.CreateTopic("other").error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(rig_.AlterTopic("web", {{"retention.ms", "5"}}).error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(rig_.DeleteTopic("web").error().code, ErrorCode::kNoSpace);
  EXPECT_FALSE(rig_.engine->failure().has_value()) << "a full disk is no broken one";
  rig_.store.Fail(std::nullopt);
  EXPECT_EQ(rig_.engine->FindTopic("other"), nullptr);
  ASSERT_NE(rig_.engine->FindTopic("web"), nullptr);
  EXPECT_EQ(rig_.engine->FindTopic("web")->config, (TopicConfig{{"retention.ms", "1000"}}));
  ASSERT_TRUE(rig_.Append(rig_.Where("web"), {"still there"}).ok());
  EXPECT_TRUE(rig_.CreateTopic("other").ok());
  EXPECT_TRUE(rig_.DeleteTopic("web").ok());
}

TEST_F(TopicsTest, ADeletionThatHasNoRoomToForgetItsRowIsDone) {
  ASSERT_TRUE(rig_.CreateTopic("web").ok());
  std::optional<Status> deleted;
  rig_.writes.Hold();
  rig_.engine->DeleteTopic("web", [&deleted](const Status& status) { deleted = status; });
  for (int i = 0; i < 10; ++i) rig_.Tick();
  rig_.writes.Let(1);
  for (int i = 0; i < 10; ++i) rig_.Tick();
  EXPECT_FALSE(deleted.has_value());
  ASSERT_EQ(rig_.writes.waiting(), 1U);
  rig_.store.Fail(Fail(ErrorCode::kNoSpace, "full"));
  rig_.writes.Release();
  for (int i = 0; i < 10; ++i) rig_.Tick();
  ASSERT_TRUE(deleted.has_value());
  EXPECT_TRUE(deleted->ok());
  EXPECT_EQ(rig_.engine->FindTopic("web"), nullptr);
}

TEST_F(TopicsTest, PartitionsCanBecomeMoreAndNeverFewer) {
  ASSERT_TRUE(rig_.CreateTopic("web", 2, {{"segment.ms", "1000"}}).ok());
  ASSERT_TRUE(rig_.Append(rig_.Where("web", 1), {"kept"}).ok());
  rig_.Settle();
  const std::uint64_t version = rig_.engine->topics_version();
  EXPECT_EQ(rig_.AddPartitions("web", 1).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(rig_.AddPartitions("web", 0).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(rig_.AddPartitions("web", kTopicPartitionsMax + 1).error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(rig_.AddPartitions("web", 2).ok());
  EXPECT_EQ(rig_.engine->topics_version(), version) << "nothing has changed";
  ASSERT_TRUE(rig_.AddPartitions("web", 4).ok());
  EXPECT_NE(rig_.engine->topics_version(), version);
  EXPECT_EQ(rig_.engine->FindTopic("web")->partitions, 4);
  EXPECT_EQ(rig_.engine->FindTopic("web")->config.at("segment.ms"), "1000");
  EXPECT_EQ(rig_.Append(rig_.Where("web", 3), {"new"})->base_offset, Offset{0});
  rig_.Settle();
  rig_.Crash();
  rig_.MustOpen();
  EXPECT_EQ(rig_.engine->FindTopic("web")->partitions, 4);
  EXPECT_EQ(rig_.State(rig_.Where("web", 1)).durable_end, Offset{1});
  EXPECT_EQ(rig_.State(rig_.Where("web", 3)).durable_end, Offset{1});
}

TEST_F(TopicsTest, APartitionThatCannotBeAddedLeavesTheTopicAsItWas) {
  ASSERT_TRUE(rig_.CreateTopic("web", 1).ok());
  rig_.fs.Add({.kind = file::CallKind::kRename,
               .path_part = "-2",  // the third partition
               .code = ErrorCode::kNoSpace,
               .span = file::FaultSpan::kOnce});
  EXPECT_EQ(rig_.AddPartitions("web", 4).error().code, ErrorCode::kNoSpace);
  rig_.Settle();
  EXPECT_EQ(rig_.engine->FindTopic("web")->partitions, 1);
  rig_.Crash();
  rig_.MustOpen();
  EXPECT_EQ(rig_.engine->FindTopic("web")->partitions, 1);
  EXPECT_TRUE(rig_.AddPartitions("web", 4).ok());
}

TEST_F(TopicsTest, ATopicOfTheMostPartitionsDoesNotHoldTheLoop) {
  std::optional<Status> made;
  rig_.engine->CreateTopic({"wide", kTopicPartitionsMax, {}},
                           [&made](Status status) { made = std::move(status); });
  int ticks = 0;
  for (; !made && ticks < 2'000; ++ticks) rig_.Tick();
  ASSERT_TRUE(made && made->ok());
  EXPECT_GE(ticks, kTopicPartitionsMax) << "one partition a turn";
  EXPECT_EQ(rig_.engine->FindTopic("wide")->partitions, kTopicPartitionsMax);
  EXPECT_TRUE(rig_.DeleteTopic("wide").ok()) << "the files go behind it";
}

TEST_F(TopicsTest, ADirectoryThatCannotBeMadeUndoesTheTopic) {
  rig_.fs.Add({.kind = file::CallKind::kRename,
               .path_part = "-2",  // the third partition
               .code = ErrorCode::kNoSpace,
               .span = file::FaultSpan::kOnce});
  const Status made = rig_.CreateTopic("web", 3);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::kNoSpace);
  rig_.Settle();
  EXPECT_EQ(rig_.engine->FindTopic("web"), nullptr);
  rig_.Crash();
  rig_.MustOpen();
  EXPECT_TRUE(rig_.engine->Topics().empty());
  EXPECT_TRUE(rig_.CreateTopic("web", 3).ok());
}

TEST_F(TopicsTest, AStartOnAFullDiskDoesWithoutAPartitionThatWasNeverMade) {
  ASSERT_TRUE(rig_.CreateTopic("web", 2).ok());
  ASSERT_TRUE(rig_.CreateTopic("other").ok());
  rig_.Kill();
  ASSERT_TRUE(file::RemoveTree(rig_.disk, "/data/1-1").ok());
  rig_.fs.Add({.kind = file::CallKind::kCreateDirectories,
               .path_part = "1-1",
               .code = ErrorCode::kNoSpace,
               .span = file::FaultSpan::kFromThenOn});
  rig_.MustOpen();
  const std::vector<std::string>& notes = rig_.engine->open_report().notes;
  EXPECT_TRUE(std::any_of(notes.begin(), notes.end(), [](const std::string& note) {
    return note.find("'web' has no partition 1") != std::string::npos;
  }));
  EXPECT_FALSE(rig_.engine->StateOf(rig_.Where("web", 1)));
  EXPECT_EQ(rig_.Append(rig_.Where("web", 1), {"x"}).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(rig_.Append(rig_.Where("web", 0), {"x"}).ok());
  EXPECT_TRUE(rig_.Append(rig_.Where("other"), {"x"}).ok());
  rig_.Settle();
  rig_.fs.Heal();
  rig_.Kill();
  rig_.MustOpen();
  EXPECT_TRUE(rig_.Append(rig_.Where("web", 1), {"x"}).ok());
}

// Of a topic without any directory its row alone says which number it has.
TEST_F(TopicsTest, ATopicThatHasNoDirectoryKeepsItsNumberForItself) {
  ASSERT_TRUE(rig_.CreateTopic("web").ok());
  ASSERT_TRUE(rig_.CreateTopic("other").ok());
  rig_.Kill();
  ASSERT_TRUE(file::RemoveTree(rig_.disk, "/data/2-0").ok());
  rig_.fs.Add({.kind = file::CallKind::kCreateDirectories,
               .path_part = "2-0",
               .code = ErrorCode::kNoSpace,
               .span = file::FaultSpan::kFromThenOn});
  rig_.MustOpen();
  ASSERT_TRUE(rig_.CreateTopic("next").ok());
  EXPECT_NE(rig_.engine->FindTopic("next")->number, rig_.engine->FindTopic("other")->number);
}

// What its name and the topic's row say is written there again; a full disk must not keep it
// closed.
TEST_F(TopicsTest, ADirectoryThatForgotWhoseItIsIsMendedOrEndsTheStart) {
  ASSERT_TRUE(rig_.CreateTopic("web").ok());
  ASSERT_TRUE(rig_.Append(rig_.Where("web"), {"kept"}).ok());
  rig_.Settle();
  rig_.Kill();
  const std::string path = "/data/1-0/partition.metadata";
  ASSERT_TRUE(file::ReplaceFile(rig_.disk, path, "rotten").ok());
  rig_.fs.Add({.kind = file::CallKind::kWrite, .path_part = path, .code = ErrorCode::kIo});
  EXPECT_EQ(rig_.Open().error().code, ErrorCode::kIo);
  rig_.fs.Heal();
  rig_.fs.Add({.kind = file::CallKind::kWrite, .path_part = path, .code = ErrorCode::kNoSpace});
  for (int turn = 0; turn < 2; ++turn) {
    rig_.Kill();
    rig_.MustOpen();
    EXPECT_EQ(rig_.State(rig_.Where("web")).durable_end, Offset{1});
    rig_.fs.Heal();
  }
}

// As the test's disk: whatever the start wants to correct, no row can be written.
TEST_F(TopicsTest, AStartWhoseStoreIsFullCorrectsItsRowsTheNextTime) {
  ASSERT_TRUE(rig_.CreateTopic("web", 2).ok());
  ASSERT_TRUE(rig_.CreateTopic("gone").ok());
  const Topic gone = *rig_.engine->FindTopic("gone");
  rig_.Kill();
  MetadataTransaction rows;
  rows.Put(Table::kTopic, TopicRowKey(gone.number), EncodeTopicRow(gone, TopicRowState::kDeleting));
  ASSERT_TRUE(rig_.store.Apply(rows).ok());
  rig_.store.Fail(Fail(ErrorCode::kNoSpace, "full"));
  for (int turn = 0; turn < 2; ++turn) {
    rig_.MustOpen();
    EXPECT_EQ(rig_.engine->FindTopic("gone"), nullptr);
    EXPECT_TRUE(rig_.Append(rig_.Where("web"), {"x"}).ok());
    EXPECT_EQ(rig_.engine->open_report().notes.size(), turn == 0 ? 1U : 0U);
    rig_.Kill();
    rig_.store.Fail(std::nullopt);
  }
  rig_.MustOpen();
  EXPECT_TRUE(rig_.CreateTopic("gone").ok());
}

TEST_F(TopicsTest, ATopicThatWasRefusedForWantOfRoomIsNeverThereLater) {
  rig_.fs.Add({.kind = file::CallKind::kRename,
               .path_part = "-2",
               .code = ErrorCode::kNoSpace,
               .span = file::FaultSpan::kOnce});
  std::optional<Status> made;
  rig_.engine->CreateTopic({"web", 3, {}}, [&](const Status& status) { made = status; });
  rig_.Tick();
  rig_.store.Fail(Fail(ErrorCode::kNoSpace, "full"));  // behind the topic's first row
  rig_.Settle();
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->error().code, ErrorCode::kNoSpace);
  rig_.Kill();
  rig_.store.Fail(std::nullopt);
  rig_.MustOpen();
  EXPECT_TRUE(rig_.engine->Topics().empty());
  EXPECT_TRUE(rig_.engine->open_report().notes.empty());
  EXPECT_TRUE(rig_.CreateTopic("web", 3).ok());
}

TEST_F(TopicsTest, ATopicWhoseLastRowFindsNoRoomIsNotMade) {
  std::optional<Status> made;
  rig_.engine->CreateTopic({"web", 1, {}}, [&](const Status& status) { made = status; });
  rig_.store.Fail(Fail(ErrorCode::kNoSpace, "full"));
  rig_.Settle();
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(rig_.engine->FindTopic("web"), nullptr);
  rig_.store.Fail(std::nullopt);
  EXPECT_TRUE(rig_.CreateTopic("web").ok());
  rig_.Kill();
  rig_.MustOpen();
  EXPECT_EQ(rig_.engine->Topics().size(), 1U);
}

TEST_F(TopicsTest, ATopicThatACopyOfTheStoreSaysIsBeingMadeKeepsItsRecords) {
  ASSERT_TRUE(rig_.CreateTopic("web").ok());
  ASSERT_TRUE(rig_.Append(rig_.Where("web"), {"kept"}).ok());
  rig_.Settle();
  MarkAsBeingMade("web");
  for (int turn = 0; turn < 2; ++turn) {
    rig_.MustOpen();
    ASSERT_NE(rig_.engine->FindTopic("web"), nullptr);
    EXPECT_EQ(rig_.State(rig_.Where("web")).durable_end, Offset{1});
    rig_.Kill();
  }
}

// Whose a directory is says a file in it: an error there is no word that it is somebody else's.
class UnreadableIdentity : public TopicsTest {
 protected:
  void FailReads(file::FaultSpan span) {
    rig_.fs.Add(
        {.kind = file::CallKind::kOpen, .path_part = "1-0/partition.metadata", .span = span});
  }
};

TEST_F(UnreadableIdentity, KeepsNoDeletedTopic) {
  ASSERT_TRUE(rig_.CreateTopic("web").ok());
  ASSERT_TRUE(rig_.Append(rig_.Where("web"), {"x"}).ok());
  rig_.Settle();
  FailReads(file::FaultSpan::kFromThenOn);
  EXPECT_TRUE(rig_.DeleteTopic("web").ok());
  rig_.Crash();
  rig_.MustOpen();
  EXPECT_TRUE(rig_.engine->Topics().empty());
}

TEST_F(UnreadableIdentity, KeepsNoTopicThatWasNotMade) {
  rig_.fs.Add({.kind = file::CallKind::kOpen, .path_part = ".log"});
  FailReads(file::FaultSpan::kFromThenOn);
  EXPECT_FALSE(rig_.CreateTopic("web").ok());
  rig_.Crash();
  rig_.MustOpen();
  EXPECT_TRUE(rig_.engine->Topics().empty());
  EXPECT_TRUE(rig_.CreateTopic("web").ok());
}

TEST_F(UnreadableIdentity, OfATopicThatMayBeMadeEndsTheStart) {
  ASSERT_TRUE(rig_.CreateTopic("web").ok());
  ASSERT_TRUE(rig_.Append(rig_.Where("web"), {"kept"}).ok());
  rig_.Settle();
  MarkAsBeingMade("web");
  FailReads(file::FaultSpan::kOnce);
  const Status opened = rig_.Open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kIo);
  rig_.MustOpen();
  ASSERT_NE(rig_.engine->FindTopic("web"), nullptr);
  EXPECT_EQ(rig_.State(rig_.Where("web")).durable_end, Offset{1});
}

TEST_F(UnreadableIdentity, ThatHasRottenTakesNoRecordsOfATopicThatMayBeMade) {
  ASSERT_TRUE(rig_.CreateTopic("web").ok());
  ASSERT_TRUE(rig_.Append(rig_.Where("web"), {"kept"}).ok());
  rig_.Settle();
  MarkAsBeingMade("web");
  const auto file = rig_.disk.Open("/data/1-0/partition.metadata", file::OpenMode::kReadWrite);
  ASSERT_TRUE(file.ok() && (*file)->PWrite(0, "rotten").ok());
  rig_.MustOpen();
  ASSERT_NE(rig_.engine->FindTopic("web"), nullptr);
  EXPECT_EQ(rig_.State(rig_.Where("web")).durable_end, Offset{1});
}

TEST_F(TopicsTest, ALostStoreBringsTopicsBackFromTheirDirectories) {
  ASSERT_TRUE(rig_.CreateTopic("web", 3, {{"retention.ms", "-1"}}).ok());
  ASSERT_TRUE(rig_.CreateTopic("gone").ok());
  ASSERT_TRUE(rig_.DeleteTopic("gone").ok());
  const Uuid id = rig_.engine->FindTopic("web")->topic_id;
  ASSERT_TRUE(rig_.Append(rig_.Where("web", 2), {"kept"}).ok());
  rig_.Settle();
  rig_.Crash();
  rig_.store.Clear();
  const int copies_before = rig_.copies_renewed;
  rig_.MustOpen();
  ASSERT_EQ(rig_.engine->Topics().size(), 1U);
  EXPECT_EQ(rig_.engine->FindTopic("web")->topic_id, id);
  EXPECT_EQ(rig_.engine->FindTopic("web")->partitions, 3);
  EXPECT_TRUE(rig_.engine->FindTopic("web")->config.empty());
  EXPECT_EQ(rig_.State(rig_.Where("web", 2)).durable_end, Offset{1});
  ASSERT_EQ(rig_.engine->open_report().notes.size(), 1U);
  EXPECT_NE(rig_.engine->open_report().notes[0].find("'web' came back"), std::string::npos);
  EXPECT_EQ(rig_.copies_renewed, copies_before + 1);
  // It is a topic as any other from now on.
  rig_.Crash();
  rig_.MustOpen();
  EXPECT_TRUE(rig_.engine->open_report().notes.empty());
  EXPECT_EQ(rig_.engine->FindTopic("web")->partitions, 3);
  ASSERT_TRUE(rig_.CreateTopic("next").ok());
  EXPECT_NE(rig_.engine->FindTopic("next")->number, rig_.engine->FindTopic("web")->number);
}

}  // namespace
}  // namespace logboom::broker
