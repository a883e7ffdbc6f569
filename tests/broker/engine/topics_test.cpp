// Topics are made, altered and deleted whole or not at all, whatever happens in between.
#include <gtest/gtest.h>

#include "tests/broker/engine/engine_rig.h"

namespace logboom::broker {
namespace {

class TopicsTest : public testing::Test {
 protected:
  void SetUp() override { rig_.MustOpen(); }
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
  rig_.engine->AlterTopic("web", {{"retention.ms", "1000"}}, ended);
  rig_.engine->AlterTopic("web", {{"retention.bytes", "5"}}, ended);
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

TEST_F(TopicsTest, ALostStoreBringsTopicsBackFromTheirDirectories) {
  ASSERT_TRUE(rig_.CreateTopic("web", 3, {{"retention.ms", "-1"}}).ok());
  ASSERT_TRUE(rig_.CreateTopic("gone").ok());
  ASSERT_TRUE(rig_.DeleteTopic("gone").ok());
  const Uuid id = rig_.engine->FindTopic("web")->topic_id;
  ASSERT_TRUE(rig_.Append(rig_.Where("web", 2), {"kept"}).ok());
  rig_.Settle();
  rig_.Crash();
  rig_.store.Clear();
  rig_.MustOpen();
  ASSERT_EQ(rig_.engine->Topics().size(), 1U);
  EXPECT_EQ(rig_.engine->FindTopic("web")->topic_id, id);
  EXPECT_EQ(rig_.engine->FindTopic("web")->partitions, 3);
  EXPECT_TRUE(rig_.engine->FindTopic("web")->config.empty());
  EXPECT_EQ(rig_.State(rig_.Where("web", 2)).durable_end, Offset{1});
  ASSERT_EQ(rig_.engine->open_report().notes.size(), 1U);
  EXPECT_NE(rig_.engine->open_report().notes[0].find("'web' came back"), std::string::npos);
  // It is a topic as any other from now on.
  rig_.Crash();
  rig_.MustOpen();
  EXPECT_TRUE(rig_.engine->open_report().notes.empty());
  EXPECT_EQ(rig_.engine->FindTopic("web")->partitions, 3);
  ASSERT_TRUE(rig_.CreateTopic("next").ok());
  EXPECT_NE(rig_.engine->FindTopic("next")->number, rig_.engine->FindTopic("web")->number);
}

// ---- dying at every step

std::size_t DirectoriesOf(EngineRig& rig, const std::string& name) {
  SeededRandom random(1);
  auto entries = rig.disk.List("/data");
  EXPECT_TRUE(entries.ok());
  std::size_t count = 0;
  for (const auto& entry : *entries) {
    if (entry.kind != file::FileKind::kDirectory || entry.name == "quarantine") continue;
    auto metadata =
        file::ReadWholeFile(rig.disk, "/data/" + entry.name + "/partition.metadata", 4096);
    if (metadata.ok() && metadata->find(name) != Bytes::npos) ++count;
  }
  return count;
}

enum class End { kKill, kPowerLoss };
enum class StoreFate { kKept, kLost };

struct DeathCase {
  const char* name;
  End end;
  StoreFate store;
};

class Death : public testing::TestWithParam<DeathCase> {
 protected:
  // Runs `act` in a fresh rig that dies after `step` steps, and starts again. False once `act` ran
  // to its end with steps to spare.
  template <typename Prepare, typename Act, typename Check>
  bool DieAndCheck(std::uint64_t step, Prepare prepare, Act act, Check check) {
    EngineRig rig;
    rig.random = SeededRandom(step);
    rig.MustOpen();
    prepare(rig);
    rig.Settle();
    const std::uint64_t before = rig.steps();
    rig.DieAfter(step);
    const Status ended = act(rig);
    const bool alive = rig.steps() - before <= step;
    if (GetParam().end == End::kKill) {
      rig.Kill();
    } else {
      rig.Crash();
    }
    if (GetParam().store == StoreFate::kLost) rig.store.Clear();
    SCOPED_TRACE(fmt::format("died after step {}", step));
    rig.MustOpen();
    if (testing::Test::HasFatalFailure()) return false;
    check(rig, ended);
    // And nothing changes at the start after that.
    const std::size_t topics = rig.engine->Topics().size();
    rig.Crash();
    rig.MustOpen();
    if (testing::Test::HasFatalFailure()) return false;
    EXPECT_EQ(rig.engine->Topics().size(), topics);
    return !alive && !testing::Test::HasFailure();
  }
};

TEST_P(Death, WhileATopicIsMadeLeavesItWholeOrNotAtAll) {
  std::uint64_t step = 0;
  while (DieAndCheck(
      step, [](EngineRig&) {}, [](EngineRig& rig) { return rig.CreateTopic("fresh", 3); },
      [&](EngineRig& rig, const Status& made) {
        const Topic* topic = rig.engine->FindTopic("fresh");
        if (made.ok()) {
          EXPECT_NE(topic, nullptr);
        }
        // Directories alone can't tell how many there were to be.
        const bool store_lost = GetParam().store == StoreFate::kLost && !made.ok();
        if (topic == nullptr) {
          EXPECT_EQ(DirectoriesOf(rig, "fresh"), 0U);
          return;
        }
        if (!store_lost) {
          EXPECT_EQ(topic->partitions, 3);
        }
        for (std::int32_t i = 0; i < topic->partitions; ++i) {
          EXPECT_TRUE(rig.Append({topic->topic_id, PartitionIndex{i}}, {"x"}).ok());
        }
        rig.Settle();
      })) {
    ++step;
  }
  EXPECT_GT(step, 20U);
}

TEST_P(Death, WhileATopicIsDeletedLeavesItWholeOrNotAtAll) {
  std::uint64_t step = 0;
  while (DieAndCheck(
      step,
      [](EngineRig& rig) {
        ASSERT_TRUE(rig.CreateTopic("doomed", 3).ok());
        ASSERT_TRUE(rig.CreateTopic("other", 1).ok());
        ASSERT_TRUE(rig.Append(rig.Where("doomed", 1), {"x"}).ok());
        ASSERT_TRUE(rig.Append(rig.Where("other"), {"y"}).ok());
      },
      [](EngineRig& rig) { return rig.DeleteTopic("doomed"); },
      [&](EngineRig& rig, const Status& deleted) {
        EXPECT_EQ(rig.State(rig.Where("other")).durable_end, Offset{1});
        const Topic* topic = rig.engine->FindTopic("doomed");
        if (deleted.ok()) {
          EXPECT_EQ(topic, nullptr);
        }
        if (topic == nullptr) {
          EXPECT_EQ(DirectoriesOf(rig, "doomed"), 0U);
          return;
        }
        // With the store goes the mark that it is being deleted: what is left then comes back.
        if (GetParam().store == StoreFate::kLost) return;
        EXPECT_EQ(topic->partitions, 3);
        EXPECT_EQ(rig.State({topic->topic_id, PartitionIndex{1}}).durable_end, Offset{1});
      })) {
    ++step;
  }
  EXPECT_GT(step, 10U);
}

TEST_P(Death, WhileATopicIsAlteredLeavesOneOfBothConfigurations) {
  if (GetParam().store == StoreFate::kLost) return;
  std::uint64_t step = 0;
  while (DieAndCheck(
      step,
      [](EngineRig& rig) {
        ASSERT_TRUE(rig.CreateTopic("t", 1, {{"segment.ms", "1000"}}).ok());
      },
      [](EngineRig& rig) {
        return rig.AlterTopic("t", {{"segment.ms", "2000"}});
      },
      [](EngineRig& rig, const Status& altered) {
        ASSERT_NE(rig.engine->FindTopic("t"), nullptr);
        const std::string value = rig.engine->FindTopic("t")->config.at("segment.ms");
        EXPECT_EQ(value, altered.ok() ? "2000" : "1000");
      })) {
    ++step;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Anywhere, Death,
    testing::Values(DeathCase{"KilledStoreKept", End::kKill, StoreFate::kKept},
                    DeathCase{"PowerLossStoreKept", End::kPowerLoss, StoreFate::kKept},
                    DeathCase{"KilledStoreLost", End::kKill, StoreFate::kLost},
                    DeathCase{"PowerLossStoreLost", End::kPowerLoss, StoreFate::kLost}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace logboom::broker
