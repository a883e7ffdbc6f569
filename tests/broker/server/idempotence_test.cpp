// Batches of idempotent producers: appended once, whatever is sent again.
#include "tests/broker/server/server_rig.h"

namespace logboom::broker {
namespace {

class IdempotenceTest : public testing::Test {
 protected:
  void SetUp() override {
    client_.Hello();
    client_.UseTopic("web");
    id_ = NewId();
  }
  std::int64_t NewId() {
    protocol::Request request;
    request.mutable_init_producer_id();
    const Reply reply = client_.Ask(std::move(request));
    EXPECT_TRUE(reply.ok());
    return reply.response.init_producer_id().producer_id();
  }
  // Of two records.
  static Bytes Batch(std::int64_t id, std::int32_t sequence, std::int16_t epoch = 0) {
    Bytes batch = PlainBatch({"a", "b"});
    record::BatchHeader header = *record::ParseBatchHeader(batch);
    header.producer_id = id;
    header.producer_epoch = epoch;
    header.base_sequence = sequence;
    record::WriteBatchHeader(batch.data(), header);
    record::SealBatch(batch.data(), batch.size());
    return batch;
  }
  Reply Produce(std::int32_t sequence, std::int16_t epoch = 0) {
    return client_.Ask(client_.ProduceRequest(), Batch(id_, sequence, epoch));
  }
  std::int64_t LogEnd() { return rig_.engine().State(rig_.engine().Where("web")).log_end.value(); }

  ServerRig rig_;
  TestClient client_{rig_};
  std::int64_t id_ = -1;
};

TEST_F(IdempotenceTest, EveryoneGetsAnIdOfTheirOwn) {
  EXPECT_GE(id_, 0);
  EXPECT_NE(NewId(), id_);
}

TEST_F(IdempotenceTest, ADuplicateIsAnsweredAsItsFirstCopy) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Produce(i * 2).ok());
  for (int i = 0; i < 5; ++i) {
    const Reply again = Produce(i * 2);
    ASSERT_TRUE(again.ok());
    EXPECT_TRUE(again.response.produce().duplicate());
    EXPECT_EQ(again.response.produce().base_offset(), i * 2);
    EXPECT_GT(again.response.produce().append_time_ms(), 0);
  }
  EXPECT_EQ(LogEnd(), 10);
  EXPECT_FALSE(Produce(10).response.produce().duplicate());
}

TEST_F(IdempotenceTest, AnOldDuplicateHasNoOffset) {
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(Produce(i * 2).ok());
  const Reply again = Produce(0);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again.response.produce().duplicate());
  EXPECT_EQ(again.response.produce().base_offset(), -1);
  EXPECT_EQ(LogEnd(), 12);
}

TEST_F(IdempotenceTest, ADuplicateIsNotAnsweredBeforeItsFirstCopyIsDurable) {
  rig_.engine().commits.Hold();
  const std::uint64_t first = client_.Send(client_.ProduceRequest(), Batch(id_, 0));
  const std::uint64_t again = client_.Send(client_.ProduceRequest(), Batch(id_, 0));
  rig_.Turns(5);
  EXPECT_FALSE(client_.Take(first).has_value());
  EXPECT_FALSE(client_.Take(again).has_value());
  rig_.engine().commits.Release();
  EXPECT_EQ(client_.Await(first).response.produce().base_offset(), 0);
  EXPECT_EQ(client_.Await(again).response.produce().base_offset(), 0);
  EXPECT_EQ(LogEnd(), 2);
}

TEST_F(IdempotenceTest, AWrittenDuplicateIsAnsweredAtOnce) {
  rig_.engine().commits.Hold();
  EXPECT_TRUE(client_.Ask(client_.ProduceRequest(protocol::WRITTEN), Batch(id_, 0)).ok());
  const Reply again = client_.Ask(client_.ProduceRequest(protocol::WRITTEN), Batch(id_, 0));
  EXPECT_TRUE(again.response.produce().duplicate());
  rig_.engine().commits.Release();
}

TEST_F(IdempotenceTest, EachRefusalHasACodeOfItsOwnAndIsNotRetriable) {
  const Reply unknown = Produce(2);
  EXPECT_EQ(unknown.code(), protocol::UNKNOWN_PRODUCER);
  EXPECT_TRUE(Produce(0, 1).ok());
  const Reply gap = Produce(4, 1);
  EXPECT_EQ(gap.code(), protocol::OUT_OF_ORDER_SEQUENCE);
  EXPECT_NE(gap.response.error().message().find("2 is due"), std::string::npos);
  const Reply old = Produce(2, 0);
  EXPECT_EQ(old.code(), protocol::INVALID_PRODUCER_EPOCH);
  for (const Reply* reply : {&unknown, &gap, &old}) {
    EXPECT_FALSE(reply->response.error().retriable());
  }
  EXPECT_EQ(LogEnd(), 2);
}

TEST_F(IdempotenceTest, AnIdThatNobodyWasGivenIsUnknown) {
  EXPECT_EQ(client_.Ask(client_.ProduceRequest(), Batch(id_ + 1'000'000, 0)).code(),
            protocol::UNKNOWN_PRODUCER);
  EXPECT_EQ(LogEnd(), 0);
}

TEST_F(IdempotenceTest, HalfAProducerIsRefused) {
  for (const auto& [id, epoch, sequence] : {std::tuple{std::int64_t{-2}, std::int16_t{0}, 0},
                                            {id_, std::int16_t{-1}, 0},
                                            {id_, std::int16_t{0}, -1}}) {
    EXPECT_EQ(client_.Ask(client_.ProduceRequest(), Batch(id, sequence, epoch)).code(),
              protocol::INVALID_REQUEST);
  }
  EXPECT_EQ(LogEnd(), 0);
}

// What is refused for another reason was not appended, and may come again.
TEST_F(IdempotenceTest, ARefusedBatchIsNoDuplicate) {
  rig_.engine().fs.Add(
      {.kind = file::CallKind::kWrite, .path_part = ".log", .code = ErrorCode::kNoSpace});
  EXPECT_EQ(Produce(0).code(), protocol::NO_SPACE);
  const Reply again = Produce(0);
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again.response.produce().duplicate());
}

TEST_F(IdempotenceTest, CreditComesBackWithEveryAnswer) {
  for (int i = 0; i < 2'000; ++i) {
    Produce(0);        // duplicates
    Produce(100'000);  // out of order
  }
  EXPECT_TRUE(Produce(2).ok());
}

}  // namespace
}  // namespace logboom::broker
