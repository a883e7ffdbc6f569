// Producer ids are given once for ever, and what a batch of a producer is worth.
#include <gtest/gtest.h>

#include <set>

#include "tests/broker/engine/engine_rig.h"

namespace logboom::broker {
namespace {

using Kind = ProducerVerdict::Kind;

TEST(ProducerIds, AreReservedBeforeTheyAreGiven) {
  ProducerIds ids(5, 0);
  EXPECT_EQ(ids.Take(), std::nullopt);
  const std::int64_t until = ids.NextReserve();
  ids.Reserved(until);
  std::int64_t last = 0;
  for (std::int64_t i = 0; i < kProducerIdBlock; ++i) {
    const auto id = ids.Take();
    ASSERT_TRUE(id);
    EXPECT_GE(*id, 5 + kProducerIdJump);
    last = *id;
  }
  EXPECT_EQ(last, until - 1);
  EXPECT_EQ(ids.Take(), std::nullopt);
  EXPECT_TRUE(ids.MayBeOut(last));
  EXPECT_FALSE(ids.MayBeOut(last + 1));
  EXPECT_FALSE(ids.MayBeOut(-1));
}

TEST(ProducerIds, EachRestoreHasARangeOfItsOwn) {
  ProducerIds before(3'000'000, 1);
  ProducerIds after(7, 2);
  EXPECT_GT(after.NextReserve() - before.NextReserve(),
            (std::int64_t{1} << kProducerIdRestoreShift) - kProducerIdJump);
  EXPECT_GT(ProducerIds(0, UINT32_MAX).NextReserve(), 0);
  EXPECT_GT(ProducerIds(std::int64_t{1} << 61U, 2).NextReserve(), std::int64_t{1} << 61U);
}

TEST(ProducerIds, RowsRoundTripAndOthersAreRefused) {
  const Bytes row = EncodeProducerIdRow(1'234'567'890'123);
  EXPECT_EQ(DecodeProducerIdRow(row).value(), 1'234'567'890'123);
  EXPECT_FALSE(DecodeProducerIdRow(row.substr(1)).ok());
  EXPECT_FALSE(DecodeProducerIdRow(row + '\0').ok());
  EXPECT_EQ(DecodeProducerIdRow('\2' + row.substr(1)).error().code, ErrorCode::kUnsupported);
}

class ProducersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    rig_.MustOpen();
    ASSERT_TRUE(rig_.CreateTopic("web").ok());
  }
  std::int64_t NewId() {
    std::optional<Result<std::int64_t>> got;
    rig_.engine->NewProducerId([&](Result<std::int64_t> id) { got = std::move(id); });
    for (int i = 0; i < 100 && !got; ++i) rig_.Tick();
    EXPECT_TRUE(got && got->ok());
    return got && got->ok() ? **got : -1;
  }
  static Bytes Stamped(std::int64_t id, std::int32_t sequence) {
    record::BatchBuilder builder({.codec = record::Codec::kNone});
    builder.Add({.timestamp = TimestampMs(1), .key = {}, .value = "v", .headers = {}});
    builder.SetProducer(id, 0, sequence);
    return Bytes(*builder.Finish());
  }
  Kind Produce(std::int64_t id, std::int32_t sequence) {
    Bytes batch = Stamped(id, sequence);
    const auto header = *record::ParseBatchHeader(batch);
    const auto verdict = rig_.engine->JudgeProducer(rig_.Where("web"), header);
    EXPECT_TRUE(verdict.ok());
    if (verdict->kind == Kind::kFresh) {
      EXPECT_TRUE(rig_.engine->Append(rig_.Where("web"), batch.data(), header, rig_.now()).ok());
    }
    return verdict->kind;
  }
  void Restart() {
    rig_.Settle();
    rig_.Kill();
    rig_.MustOpen();
  }

  EngineRig rig_;
};

TEST_F(ProducersTest, NoIdIsGivenTwiceOverManyStarts) {
  std::set<std::int64_t> ids;
  for (int start = 0; start < 5; ++start) {
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(ids.insert(NewId()).second);
    Restart();
  }
}

TEST_F(ProducersTest, NoIdIsGivenBeforeItsBlockIsDurable) {
  rig_.writes.Hold();
  int given = 0;
  for (int i = 0; i < 3; ++i) {
    rig_.engine->NewProducerId([&](const Result<std::int64_t>& id) { given += id.ok() ? 1 : 0; });
  }
  for (int i = 0; i < 5; ++i) rig_.Tick();
  EXPECT_EQ(given, 0);
  rig_.writes.Release();
  rig_.Settle();
  EXPECT_EQ(given, 3);
  EXPECT_EQ(rig_.store.Load()->back().table, Table::kProducerIds);
}

TEST_F(ProducersTest, NoIdIsGivenTwiceWhereTheStoreIsLost) {
  const std::int64_t id = NewId();
  EXPECT_EQ(Produce(id, 0), Kind::kFresh);
  rig_.Settle();
  rig_.Kill();
  rig_.store = {};
  rig_.MustOpen();
  EXPECT_GT(NewId(), id);
  EXPECT_EQ(Produce(id, 0), Kind::kDuplicate);
  EXPECT_EQ(Produce(id, 1), Kind::kFresh);
}

TEST_F(ProducersTest, NoIdIsGivenTwiceWhereTheStoreIsLostAndTheClockSetBack) {
  const std::int64_t id = NewId();
  EXPECT_EQ(Produce(id, 0), Kind::kFresh);
  rig_.Settle();
  rig_.Kill();
  rig_.store = {};
  rig_.skew_ms = -365LL * 24 * 60 * 60 * 1000;
  rig_.fs.Add({.path_part = ".snapshot", .span = file::FaultSpan::kFromThenOn});
  EXPECT_FALSE(rig_.Open().ok()) << "what was given out can't be known";
  rig_.Kill();
  rig_.MustOpen();
  EXPECT_GT(NewId(), id);
}

TEST_F(ProducersTest, IdsThatNobodyHasAreUnknown) {
  const std::int64_t id = NewId();
  EXPECT_EQ(Produce(id + 1, 0), Kind::kUnknown);
  EXPECT_EQ(Produce(INT64_MAX, 0), Kind::kUnknown);
  EXPECT_EQ(Produce(id, 0), Kind::kFresh);
}

TEST_F(ProducersTest, TheStateOutlivesKillAndPowerLoss) {
  const std::int64_t id = NewId();
  EXPECT_EQ(Produce(id, 0), Kind::kFresh);
  EXPECT_EQ(Produce(id, 1), Kind::kFresh);
  rig_.Settle();
  rig_.Crash();
  rig_.MustOpen();
  EXPECT_EQ(Produce(id, 0), Kind::kDuplicate);
  EXPECT_EQ(Produce(id, 1), Kind::kDuplicate);
  EXPECT_EQ(Produce(id, 3), Kind::kOutOfOrder);
  EXPECT_EQ(Produce(id, 2), Kind::kFresh);
  rig_.Settle();
  ASSERT_TRUE(rig_.engine->Close().ok());
  rig_.Kill();
  rig_.MustOpen();
  EXPECT_EQ(Produce(id, 2), Kind::kDuplicate);
  EXPECT_EQ(Produce(id, 3), Kind::kFresh);
}

}  // namespace
}  // namespace logboom::broker
