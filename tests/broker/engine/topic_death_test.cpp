// The process dies, or the power goes, at every step of a change of topics: it is whole or not
// there at all after the next start.
#include <gtest/gtest.h>

#include "tests/broker/engine/engine_rig.h"

namespace logboom::broker {
namespace {

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

TEST_P(Death, WhilePartitionsAreAddedLeavesAllOrNone) {
  std::uint64_t step = 0;
  while (DieAndCheck(
      step,
      [](EngineRig& rig) {
        ASSERT_TRUE(rig.CreateTopic("t", 2).ok());
        ASSERT_TRUE(rig.Append(rig.Where("t", 1), {"x"}).ok());
      },
      [](EngineRig& rig) { return rig.AddPartitions("t", 5); },
      [&](EngineRig& rig, const Status& added) {
        const Topic* topic = rig.engine->FindTopic("t");
        ASSERT_NE(topic, nullptr);
        EXPECT_EQ(rig.State(rig.Where("t", 1)).durable_end, Offset{1});
        if (added.ok()) {
          EXPECT_EQ(topic->partitions, 5);
        } else if (GetParam().store == StoreFate::kKept) {
          EXPECT_TRUE(topic->partitions == 2 || topic->partitions == 5) << topic->partitions;
        }
        for (std::int32_t i = 0; i < topic->partitions; ++i) {
          EXPECT_TRUE(rig.Append({topic->topic_id, PartitionIndex{i}}, {"y"}).ok());
        }
        rig.Settle();
      })) {
    ++step;
  }
  EXPECT_GT(step, 20U);
}

// Its old records never turn up in the new one.
TEST_P(Death, WhileATopicIsDeletedAndMadeAgainLeavesOneOfThem) {
  Uuid old_id;
  std::uint64_t step = 0;
  while (DieAndCheck(
      step,
      [&](EngineRig& rig) {
        ASSERT_TRUE(rig.CreateTopic("t", 2).ok());
        ASSERT_TRUE(rig.Append(rig.Where("t", 1), {"x"}).ok());
        old_id = rig.Where("t").topic_id;
      },
      [](EngineRig& rig) -> Status {
        RETURN_IF_ERROR(rig.DeleteTopic("t"));
        return rig.CreateTopic("t", 2);
      },
      [&](EngineRig& rig, const Status& made) {
        for (const std::string& note : rig.engine->open_report().notes) {
          EXPECT_EQ(note.find("another topic of the name"), std::string::npos) << note;
        }
        const Topic* topic = rig.engine->FindTopic("t");
        if (made.ok()) {
          ASSERT_NE(topic, nullptr);
          EXPECT_NE(topic->topic_id, old_id);
        }
        if (topic == nullptr) return;
        const bool is_old = topic->topic_id == old_id;
        if (is_old && GetParam().store == StoreFate::kLost) return;
        if (topic->partitions == 2) {
          EXPECT_EQ(rig.State(rig.Where("t", 1)).durable_end, Offset{is_old ? 1 : 0});
        }
      })) {
    ++step;
  }
  EXPECT_GT(step, 40U);
}

class TrimDeath : public Death {
 protected:
  // Four segments of three records.
  static void Fill(EngineRig& rig) {
    ASSERT_TRUE(rig.CreateTopic("t", 1, {{"segment.ms", "1000"}}).ok());
    for (int i = 0; i < 4; ++i) {
      rig.Tick(2'000);
      ASSERT_TRUE(rig.Append(rig.Where("t"), {"a", "b", "c"}).ok());
      rig.Settle();
    }
  }
  void DieWhileTrimming(Offset offset) {
    std::uint64_t step = 0;
    while (DieAndCheck(
        step, [](EngineRig& rig) { Fill(rig); },
        [&](EngineRig& rig) -> Status {
          RETURN_IF_ERROR(rig.Trim(rig.Where("t"), offset));
          rig.Tick();  // the files go
          return Ok();
        },
        [&](EngineRig& rig, const Status& trimmed) {
          const TopicPartition where = rig.Where("t");
          const Offset start = rig.State(where).log_start;
          EXPECT_TRUE(start == offset || (start == Offset{0} && !trimmed.ok())) << start.value();
          EXPECT_EQ(rig.State(where).durable_end, Offset{12});
          for (Offset at = start; at < Offset{12};) {
            const auto fetched = rig.engine->Fetch(where, at, 1);
            ASSERT_TRUE(fetched.ok() && fetched->unreadable.empty());
            at = fetched->next_offset;
          }
          EXPECT_EQ(rig.Append(where, {"d"})->base_offset, Offset{12});
          rig.Settle();
        })) {
      ++step;
    }
    EXPECT_GT(step, 4U);
  }
};

TEST_P(TrimDeath, LeavesTheOldStartOrTheNewOneAndNoHole) { DieWhileTrimming(Offset{7}); }

TEST_P(TrimDeath, AtTheEndLeavesTheOldStartOrTheNewOne) { DieWhileTrimming(Offset{12}); }

INSTANTIATE_TEST_SUITE_P(
    Anywhere, Death,
    testing::Values(DeathCase{"KilledStoreKept", End::kKill, StoreFate::kKept},
                    DeathCase{"PowerLossStoreKept", End::kPowerLoss, StoreFate::kKept},
                    DeathCase{"KilledStoreLost", End::kKill, StoreFate::kLost},
                    DeathCase{"PowerLossStoreLost", End::kPowerLoss, StoreFate::kLost}),
    [](const auto& one) { return one.param.name; });

INSTANTIATE_TEST_SUITE_P(Anywhere, TrimDeath,
                         testing::Values(DeathCase{"Killed", End::kKill, StoreFate::kKept},
                                         DeathCase{"PowerLoss", End::kPowerLoss, StoreFate::kKept},
                                         DeathCase{"PowerLossStoreLost", End::kPowerLoss,
                                                   StoreFate::kLost}),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace logboom::broker
