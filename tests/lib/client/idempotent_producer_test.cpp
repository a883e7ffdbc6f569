// How the producer asks for its id, and what it does where the broker forgets it. What happens to
// sequences is in send_window_test.cpp.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "lib/client/producer.h"
#include "lib/record/batch_header.h"
#include "tests/lib/client/fake_broker.h"

namespace logboom::client {
namespace {

class IdempotentProducerTest : public testing::Test {
 protected:
  void Make(ProducerOptions options = {}) {
    producer = std::make_unique<Producer>(
        network.MakeClient(kBrokerAddress), std::move(options), random,
        [this](const Delivery& delivery) { deliveries.push_back(delivery); });
  }
  void Pass(std::int64_t ms) {
    time.Pass(ms);
    producer->Poll(time.now);
    broker.Step();
    producer->Poll(time.now);
  }
  void Settle() {
    for (int i = 0; i < 4; ++i) Pass(10);
  }
  void Connect(int partitions = 1, ProducerOptions options = {}) {
    Make(std::move(options));
    Send("first");
    Settle();
    AnswerMetadata(partitions);
    Settle();
  }
  void AnswerMetadata(int partitions) {
    const Asked asked = broker.Take(protocol::Request::kMetadata);
    protocol::Response response;
    auto& topic = *response.mutable_metadata()->add_topics();
    topic.set_name("web");
    topic.set_topic_id(IdBytes('T'));
    for (int i = 0; i < partitions; ++i) topic.add_partitions()->set_index(i);
    broker.Answer(asked, response);
    producer->Poll(time.now);
  }
  void Send(const std::string& value) {
    ProducerRecord record;
    record.value = value;
    ASSERT_TRUE(producer->Send("web", record, time.now).ok());
  }
  Asked TakeProduce() { return broker.Take(protocol::Request::kProduce); }
  static record::BatchHeader HeaderOf(const Asked& asked) {
    return record::VerifyBatch(asked.payload.view()).value();
  }
  void Deliver(const Asked& asked, std::int64_t offset, bool duplicate = false) {
    protocol::Response response;
    response.mutable_produce()->set_base_offset(offset);
    response.mutable_produce()->set_duplicate(duplicate);
    broker.Answer(asked, response);
    producer->Poll(time.now);
  }
  void Refuse(const Asked& asked, protocol::ErrorCode code) {
    broker.Refuse(asked, code);
    producer->Poll(time.now);
  }

  transport::InprocNetwork network{transport::InprocWait::kReturnsAtOnce};
  FakeBroker broker{network};
  FakeTime time;
  SeededRandom random{1};
  std::vector<Delivery> deliveries;
  std::unique_ptr<Producer> producer;
};

TEST_F(IdempotentProducerTest, BatchesCarryIdEpochAndSequence) {
  Connect();
  const Asked first = TakeProduce();
  EXPECT_EQ(HeaderOf(first).producer_id, 500);
  EXPECT_EQ(HeaderOf(first).producer_epoch, 0);
  EXPECT_EQ(HeaderOf(first).base_sequence, 0);
  Send("two");
  Send("three");
  Settle();
  EXPECT_EQ(HeaderOf(TakeProduce()).base_sequence, 1);
  Send("four");
  Settle();
  EXPECT_EQ(HeaderOf(TakeProduce()).base_sequence, 3);
  EXPECT_EQ(broker.next_producer_id, 501);
}

TEST_F(IdempotentProducerTest, AcksWrittenHasThemTooAndNoneHasNot) {
  Connect(1, {.acks = Acks::kWritten});
  EXPECT_EQ(HeaderOf(TakeProduce()).producer_id, 500);
  Connect(1, {.acks = Acks::kNone});
  EXPECT_EQ(HeaderOf(TakeProduce()).producer_id, -1);
  EXPECT_EQ(broker.next_producer_id, 501);
}

TEST_F(IdempotentProducerTest, NothingIsSentBeforeTheIdIsThere) {
  broker.answers_producer_id = false;
  Make();
  Send("first");
  Settle();
  const Asked metadata = broker.Take(protocol::Request::kMetadata);
  const Asked id = broker.Take(protocol::Request::kInitProducerId);
  broker.asked.push_back(metadata);
  AnswerMetadata(1);
  Settle();
  EXPECT_TRUE(broker.asked.empty());
  // The broker's store is full; asked again it gives one.
  Refuse(id, protocol::NO_SPACE);
  Pass(100);
  EXPECT_TRUE(broker.asked.empty());
  broker.answers_producer_id = true;
  Pass(100);
  Settle();
  EXPECT_EQ(HeaderOf(TakeProduce()).producer_id, 500);
}

TEST_F(IdempotentProducerTest, WithoutAnIdRecordsFail) {
  broker.answers_producer_id = false;
  Make();
  Send("first");
  Settle();
  AnswerMetadata(1);
  Settle();
  Refuse(broker.Take(protocol::Request::kInitProducerId), protocol::UNSUPPORTED);
  ASSERT_EQ(deliveries.size(), 1U);
  EXPECT_EQ(deliveries[0].error->code, ErrorCode::kUnsupported);
  EXPECT_EQ(producer->buffered_records(), 0U);
}

TEST_F(IdempotentProducerTest, TheSameBatchComesAgainInTheNextSession) {
  Connect();
  const Asked first = TakeProduce();
  Refuse(first, protocol::NO_SESSION);
  Pass(100);
  Settle();
  const Asked again = TakeProduce();
  EXPECT_EQ(HeaderOf(again).producer_id, 500);
  EXPECT_EQ(HeaderOf(again).base_sequence, 0);
  Deliver(again, 17, true);
  ASSERT_EQ(deliveries.size(), 1U);
  EXPECT_FALSE(deliveries[0].error);
  EXPECT_EQ(deliveries[0].base_offset, Offset(17));
  Send("two");
  Settle();
  EXPECT_EQ(HeaderOf(TakeProduce()).base_sequence, 1);
}

TEST_F(IdempotentProducerTest, AnOldDuplicateIsDeliveredWithoutItsOffset) {
  Connect();
  Deliver(TakeProduce(), -1, true);
  ASSERT_EQ(deliveries.size(), 1U);
  EXPECT_FALSE(deliveries[0].error);
  EXPECT_FALSE(deliveries[0].base_offset);
}

TEST_F(IdempotentProducerTest, AForgottenProducerGoesOnUnderAnotherId) {
  Connect();
  Deliver(TakeProduce(), 0);
  Send("two");
  Settle();
  Refuse(TakeProduce(), protocol::UNKNOWN_PRODUCER);
  Pass(200);
  Settle();
  const Asked again = TakeProduce();
  EXPECT_EQ(HeaderOf(again).producer_id, 501);
  EXPECT_EQ(HeaderOf(again).base_sequence, 0);
  Deliver(again, 1);
  EXPECT_EQ(deliveries.size(), 2U);
  EXPECT_FALSE(deliveries[1].error);
}

TEST_F(IdempotentProducerTest, AFencedProducerGoesOnUnderAnotherId) {
  Connect();
  Refuse(TakeProduce(), protocol::INVALID_PRODUCER_EPOCH);
  Pass(200);
  Settle();
  EXPECT_EQ(HeaderOf(TakeProduce()).producer_id, 501);
}

TEST_F(IdempotentProducerTest, LostRecordsBeginAnEpoch) {
  Connect();
  Deliver(TakeProduce(), 0);
  Send("two");
  Settle();
  Refuse(TakeProduce(), protocol::OUT_OF_ORDER_SEQUENCE);
  Pass(200);
  Settle();
  const Asked again = TakeProduce();
  EXPECT_EQ(HeaderOf(again).producer_id, 500);
  EXPECT_EQ(HeaderOf(again).producer_epoch, 1);
  EXPECT_EQ(HeaderOf(again).base_sequence, 0);
}

TEST_F(IdempotentProducerTest, WhatTheBrokerMayHaveIsToldAndNotSentAgain) {
  Connect();
  Refuse(TakeProduce(), protocol::NO_SESSION);
  Pass(100);
  Settle();
  Refuse(TakeProduce(), protocol::OUT_OF_ORDER_SEQUENCE);
  ASSERT_EQ(deliveries.size(), 1U);
  ASSERT_TRUE(deliveries[0].error);
  EXPECT_EQ(deliveries[0].error->code, ErrorCode::kUnavailable);
  EXPECT_NE(deliveries[0].error->message.find("look before you send them again"),
            std::string::npos);
  Pass(200);
  Settle();
  EXPECT_TRUE(broker.asked.empty());
}

// Its sequences begin again: under the id that it had they would pass for duplicates.
TEST_F(IdempotentProducerTest, ATopicThatIsLookedUpAgainGetsAnotherId) {
  Connect();
  Refuse(TakeProduce(), protocol::UNKNOWN_TOPIC);
  Send("two");
  Settle();
  AnswerMetadata(1);
  Settle();
  EXPECT_EQ(HeaderOf(TakeProduce()).producer_id, 501);
}

TEST_F(IdempotentProducerTest, AnotherClusterGivesAnotherId) {
  broker.hello.set_cluster_id(IdBytes('A'));
  Connect();
  const Asked first = TakeProduce();
  broker.hello.set_cluster_id(IdBytes('B'));
  Refuse(first, protocol::NO_SESSION);
  Pass(100);
  Settle();
  Refuse(TakeProduce(), protocol::UNKNOWN_TOPIC);
  ASSERT_EQ(deliveries.size(), 1U);
  Send("two");
  Settle();
  AnswerMetadata(1);
  Settle();
  EXPECT_NE(HeaderOf(TakeProduce()).producer_id, 500);
}

TEST_F(IdempotentProducerTest, RecordsWithoutKeysBeginAtARandomPartition) {
  std::set<int> begun;
  for (int i = 0; i < 20; ++i) {
    Connect(4);
    begun.insert(TakeProduce().request.produce().partition());
  }
  EXPECT_EQ(begun, (std::set{0, 1, 2, 3}));
}

}  // namespace
}  // namespace logboom::client
