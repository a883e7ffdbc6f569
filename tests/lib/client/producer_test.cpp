#include "lib/client/producer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/client/partitioner.h"
#include "lib/record/batch_view.h"
#include "tests/lib/client/fake_broker.h"

namespace logboom::client {
namespace {

class ProducerTest : public testing::Test {
 protected:
  void Make(ProducerOptions options = {}) {
    producer = std::make_unique<Producer>(
        network.MakeClient(kBrokerAddress), std::move(options), random,
        [this](const Delivery& delivery) { deliveries.push_back(delivery); });
  }
  void Poll() { producer->Poll(time.now); }
  void Pass(std::int64_t ms) {
    time.Pass(ms);
    Poll();
    broker.Step();
    Poll();
  }
  // Past the linger: what was gathered is sent.
  void Settle() {
    for (int i = 0; i < 4; ++i) Pass(10);
  }

  // The topic is known with so many partitions.
  void Connect(int partitions, ProducerOptions options = {}) {
    const std::int64_t linger_ms = options.linger.count();
    Make(std::move(options));
    ASSERT_TRUE(Send("first", "k").ok());
    Settle();
    AnswerMetadata(partitions);
    Pass(linger_ms);
    broker.Answer(broker.Take(protocol::Request::kProduce), Written(0));
    Poll();
    ASSERT_EQ(producer->buffered_records(), 0U);
    ASSERT_EQ(producer->buffered_bytes(), 0U);
    deliveries.clear();
  }
  void AnswerMetadata(int partitions) {
    const Asked asked = broker.Take(protocol::Request::kMetadata);
    EXPECT_EQ(asked.request.metadata().topics(0), "web");
    protocol::Response response;
    auto& topic = *response.mutable_metadata()->add_topics();
    topic.set_name("web");
    topic.set_topic_id(IdBytes('T'));
    for (int i = 0; i < partitions; ++i) topic.add_partitions()->set_index(i);
    broker.Answer(asked, response);
    Poll();
  }

  Status Send(const std::string& value, std::optional<ByteView> key = std::nullopt,
              std::optional<PartitionIndex> partition = std::nullopt) {
    return producer->Send("web",
                          {.key = key,
                           .value = value,
                           .headers = {},
                           .partition = partition,
                           .timestamp = std::nullopt},
                          time.now);
  }

  static protocol::Response Written(std::int64_t base_offset) {
    protocol::Response response;
    response.mutable_produce()->set_base_offset(base_offset);
    return response;
  }

  static std::vector<std::string> ValuesOf(const Asked& asked) {
    record::BatchReader reader;
    std::vector<std::string> values;
    const Status opened = reader.Open(asked.payload.view());
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    while (opened.ok()) {
      const auto next = reader.Next();
      EXPECT_TRUE(next.ok());
      if (!next.ok() || *next == nullptr) break;
      values.emplace_back(*(*next)->value);
    }
    return values;
  }

  transport::InprocNetwork network{transport::InprocWait::kReturnsAtOnce};
  FakeBroker broker{network};
  FakeTime time;
  SeededRandom random{1};
  std::vector<Delivery> deliveries;
  std::unique_ptr<Producer> producer;
};

TEST_F(ProducerTest, RecordsWaitForTheirTopicAndAreDelivered) {
  Make();
  ASSERT_TRUE(Send("one").ok());
  ASSERT_TRUE(Send("two").ok());
  EXPECT_EQ(producer->buffered_records(), 2U);
  Settle();
  AnswerMetadata(1);
  Settle();
  const Asked asked = broker.Take(protocol::Request::kProduce);
  EXPECT_EQ(asked.request.produce().topic_id(), IdBytes('T'));
  EXPECT_EQ(asked.request.produce().acks(), protocol::SYNCED);
  EXPECT_EQ(asked.request.produce().spans_size(), 0);
  EXPECT_EQ(ValuesOf(asked), (std::vector<std::string>{"one", "two"}));
  broker.Answer(asked, Written(40));
  Poll();
  ASSERT_EQ(deliveries.size(), 1U);
  EXPECT_EQ(deliveries[0].topic, "web");
  EXPECT_EQ(deliveries[0].partition, PartitionIndex(0));
  EXPECT_EQ(deliveries[0].records, 2U);
  EXPECT_EQ(deliveries[0].base_offset, Offset(40));
  EXPECT_FALSE(deliveries[0].error);
  EXPECT_EQ(producer->buffered_records(), 0U);
  EXPECT_EQ(producer->buffered_bytes(), 0U);
}

TEST_F(ProducerTest, KeyHeadersAndTimeReachTheBatch) {
  Connect(1);
  const record::HeaderView header{.key = "h", .value = "v"};
  ASSERT_TRUE(producer
                  ->Send("web",
                         {.key = "key",
                          .value = std::nullopt,
                          .headers = {&header, 1},
                          .partition = std::nullopt,
                          .timestamp = TimestampMs(1'234)},
                         time.now)
                  .ok());
  Settle();
  const Asked asked = broker.Take(protocol::Request::kProduce);
  record::BatchReader reader;
  ASSERT_TRUE(reader.Open(asked.payload.view()).ok());
  const auto record = reader.Next();
  ASSERT_TRUE(record.ok());
  EXPECT_EQ((*record)->key, "key");
  EXPECT_FALSE((*record)->value);
  EXPECT_EQ((*record)->timestamp, TimestampMs(1'234));
  EXPECT_EQ((*record)->Header("h"), "v");
}

TEST_F(ProducerTest, KeysChoosePartitionsAsKafkaDoes) {
  Connect(7);
  for (const char* key : {"21", "foobar", "abc"}) {
    ASSERT_TRUE(Send("v", key).ok());
    Settle();
    const Asked asked = broker.Take(protocol::Request::kProduce);
    EXPECT_EQ(PartitionIndex(asked.request.produce().partition()), PartitionOfKey(key, 7));
    broker.Answer(asked, Written(0));
    Poll();
  }
}

TEST_F(ProducerTest, NullKeysStickToAPartitionForABatch) {
  Connect(3);
  std::vector<int> chosen;
  for (int batch = 0; batch < 6; ++batch) {
    ASSERT_TRUE(Send("a").ok());
    ASSERT_TRUE(Send("b").ok());
    Settle();
    const Asked asked = broker.Take(protocol::Request::kProduce);
    EXPECT_EQ(ValuesOf(asked).size(), 2U);
    chosen.push_back(asked.request.produce().partition());
    broker.Answer(asked, Written(0));
    Poll();
  }
  for (std::size_t i = 3; i < chosen.size(); ++i) EXPECT_EQ(chosen[i], chosen[i - 3]);
  EXPECT_NE(chosen[0], chosen[1]);
  EXPECT_NE(chosen[1], chosen[2]);
}

TEST_F(ProducerTest, PartitionCanBeNamedAndMustExist) {
  Connect(2);
  ASSERT_TRUE(Send("v", "key", PartitionIndex(1)).ok());
  const Status status = Send("v", "key", PartitionIndex(2));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kInvalid);
  Settle();
  EXPECT_EQ(broker.Take(protocol::Request::kProduce).request.produce().partition(), 1);
}

TEST_F(ProducerTest, FullBatchIsSentBeforeTheLinger) {
  Connect(1, {.batch_raw_bytes = 1'000, .linger = std::chrono::milliseconds{50'000}});
  ASSERT_TRUE(Send(std::string(600, 'a')).ok());
  Pass(0);
  EXPECT_TRUE(broker.asked.empty());
  ASSERT_TRUE(Send(std::string(600, 'b')).ok());
  Pass(0);
  const Asked full = broker.Take(protocol::Request::kProduce);
  EXPECT_EQ(ValuesOf(full).size(), 2U);
  broker.Answer(full, Written(0));
  Poll();
  ASSERT_TRUE(Send("late").ok());
  Pass(49'999);
  EXPECT_TRUE(broker.asked.empty());
  Pass(1);
  EXPECT_EQ(ValuesOf(broker.Take(protocol::Request::kProduce)).size(), 1U);
}

TEST_F(ProducerTest, FullBufferRefusesAndTakesAgainLater) {
  Connect(1, {.buffer_bytes_max = 1'000});
  ASSERT_TRUE(Send(std::string(600, 'a')).ok());
  const Status full = Send(std::string(600, 'b'));
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code, ErrorCode::kBusy);
  Settle();
  broker.Answer(broker.Take(protocol::Request::kProduce), Written(0));
  Poll();
  EXPECT_TRUE(Send(std::string(600, 'b')).ok());
}

TEST_F(ProducerTest, RecordThatNoBatchHoldsIsRefused) {
  Connect(1);
  const Status status = Send(std::string(record::kBatchBytesMax, 'x'));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kLimit);
  EXPECT_EQ(Send("x").ok(), true);
  EXPECT_EQ(producer->Send("a/b", {}, time.now).error().code, ErrorCode::kInvalid);
}

TEST_F(ProducerTest, LargestRecordGoesThrough) {
  Connect(1);
  ASSERT_TRUE(Send(std::string(1'000'000, 'x')).ok());
  ASSERT_TRUE(Send(std::string(1'000'000, 'y')).ok());
  Settle();
  EXPECT_EQ(ValuesOf(broker.Take(protocol::Request::kProduce)).size(), 1U);
  EXPECT_EQ(ValuesOf(broker.Take(protocol::Request::kProduce)).size(), 1U);
}

TEST_F(ProducerTest, BatchesWithoutCreditWait) {
  broker.credit_bytes = 200;
  Connect(1, {.codec = record::Codec::kNone});
  ASSERT_TRUE(Send(std::string(500, 'a')).ok());
  Settle();
  EXPECT_TRUE(broker.asked.empty());
  protocol::Response grant;
  grant.set_credit_granted_bytes(2'000);
  broker.Send(broker.hellos[0].peer, grant);
  Settle();
  EXPECT_EQ(broker.asked.size(), 1U);
}

TEST_F(ProducerTest, LostSessionSendsUnansweredBatchesAgainInOrder) {
  Connect(1);
  for (const char* value : {"one", "two", "three"}) {
    ASSERT_TRUE(Send(value).ok());
    Settle();
  }
  ASSERT_EQ(broker.asked.size(), 3U);
  broker.Answer(broker.Take(protocol::Request::kProduce), Written(0));
  Poll();
  broker.Refuse(broker.Take(protocol::Request::kProduce), protocol::NO_SESSION);
  broker.asked.clear();
  Poll();
  Pass(100);
  Settle();
  EXPECT_EQ(ValuesOf(broker.Take(protocol::Request::kProduce)), std::vector<std::string>{"two"});
  EXPECT_EQ(ValuesOf(broker.Take(protocol::Request::kProduce)), std::vector<std::string>{"three"});
  EXPECT_EQ(deliveries.size(), 1U);
}

TEST_F(ProducerTest, ErrorThatPassesIsTriedAgain) {
  Connect(1);
  ASSERT_TRUE(Send("one").ok());
  Settle();
  broker.Refuse(broker.Take(protocol::Request::kProduce), protocol::NO_SPACE);
  Poll();
  EXPECT_TRUE(deliveries.empty());
  Pass(100);
  EXPECT_TRUE(broker.asked.empty());
  Pass(100);
  broker.Answer(broker.Take(protocol::Request::kProduce), Written(3));
  Poll();
  ASSERT_EQ(deliveries.size(), 1U);
  EXPECT_FALSE(deliveries[0].error);
}

TEST_F(ProducerTest, ErrorThatStaysIsDelivered) {
  Connect(1);
  ASSERT_TRUE(Send("one").ok());
  Settle();
  broker.Refuse(broker.Take(protocol::Request::kProduce), protocol::NOT_AUTHORISED, "not yours");
  Poll();
  ASSERT_EQ(deliveries.size(), 1U);
  ASSERT_TRUE(deliveries[0].error);
  EXPECT_EQ(deliveries[0].error->code, ErrorCode::kPermission);
  EXPECT_EQ(deliveries[0].records, 1U);
  EXPECT_EQ(producer->buffered_bytes(), 0U);
}

TEST_F(ProducerTest, DeletedTopicIsLookedUpAgain) {
  Connect(1);
  ASSERT_TRUE(Send("one").ok());
  Settle();
  broker.Refuse(broker.Take(protocol::Request::kProduce), protocol::UNKNOWN_TOPIC);
  Poll();
  ASSERT_TRUE(Send("two").ok());
  Settle();
  AnswerMetadata(2);
  Settle();
  EXPECT_EQ(ValuesOf(broker.Take(protocol::Request::kProduce)), std::vector<std::string>{"two"});
}

TEST_F(ProducerTest, RecordsOfATopicThatCantBeHadFail) {
  Make({.auto_create_topics = false});
  ASSERT_TRUE(Send("one").ok());
  ASSERT_TRUE(Send("two").ok());
  Settle();
  const Asked asked = broker.Take(protocol::Request::kMetadata);
  EXPECT_FALSE(asked.request.metadata().auto_create());
  protocol::Response response;
  auto& topic = *response.mutable_metadata()->add_topics();
  topic.set_name("web");
  *topic.mutable_error() = protocol::MakeError(protocol::UNKNOWN_TOPIC, "no topic 'web'");
  broker.Answer(asked, response);
  Poll();
  ASSERT_EQ(deliveries.size(), 2U);
  EXPECT_EQ(deliveries[0].error->code, ErrorCode::kNotFound);
  EXPECT_EQ(producer->buffered_bytes(), 0U);
}

TEST_F(ProducerTest, UndeliveredRecordsTimeOut) {
  network.SetFaults({.unreachable = true});
  Make({.delivery_timeout = std::chrono::milliseconds{5'000}});
  ASSERT_TRUE(Send("one").ok());
  Pass(4'999);
  EXPECT_TRUE(deliveries.empty());
  Pass(1);
  ASSERT_EQ(deliveries.size(), 1U);
  EXPECT_EQ(deliveries[0].error->code, ErrorCode::kTimeout);
}

TEST_F(ProducerTest, AcksNoneIsDeliveredWhenSent) {
  Connect(1);
  Make({.acks = Acks::kNone});
  ASSERT_TRUE(Send("one").ok());
  Settle();
  AnswerMetadata(1);
  Settle();
  EXPECT_EQ(broker.Take(protocol::Request::kProduce).request.produce().acks(), protocol::NONE);
  ASSERT_EQ(deliveries.size(), 1U);
  EXPECT_FALSE(deliveries[0].base_offset);
  EXPECT_FALSE(deliveries[0].error);
}

TEST_F(ProducerTest, FlushSendsWhatLingersAndWaitsForIt) {
  Connect(1, {.linger = std::chrono::milliseconds{60'000}});
  ASSERT_TRUE(Send("one").ok());
  broker.on_asked = [this](const Asked& asked) { broker.Answer(asked, Written(9)); };
  const Clock clock = [this] {
    broker.Step();
    time.Pass(10);
    return time.now;
  };
  EXPECT_TRUE(producer->Flush(clock, std::chrono::milliseconds{1'000}).ok());
  EXPECT_EQ(deliveries.size(), 1U);
}

TEST_F(ProducerTest, FlushEndsAtItsDeadline) {
  Connect(1);
  ASSERT_TRUE(Send("one").ok());
  const Clock clock = [this] {
    broker.Step();
    time.Pass(10);
    return time.now;
  };
  const Status status = producer->Flush(clock, std::chrono::milliseconds{1'000});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(producer->buffered_records(), 1U);
}

TEST_F(ProducerTest, PartitionsThatWereAddedAreUsedOnceWhatIsKnownIsOld) {
  Connect(1, {.metadata_max_age = std::chrono::milliseconds(1'000)});
  const auto expect_batch_for = [&](std::int32_t partition) {
    const Asked asked = broker.Take(protocol::Request::kProduce);
    EXPECT_EQ(asked.request.produce().partition(), partition);
    broker.Answer(asked, Written(0));
    Poll();
  };
  ASSERT_TRUE(Send("early").ok());
  Settle();
  expect_batch_for(0);
  Pass(1'000);
  EXPECT_TRUE(broker.asked.empty()) << "nobody sends to it";
  EXPECT_EQ(Send("to one that it does not know", std::nullopt, PartitionIndex(2)).error().code,
            ErrorCode::kInvalid);
  ASSERT_TRUE(Send("late").ok());
  Poll();
  AnswerMetadata(3);
  ASSERT_TRUE(Send("to the third", std::nullopt, PartitionIndex(2)).ok());
  Settle();
  expect_batch_for(0);
  expect_batch_for(2);
  EXPECT_EQ(producer->buffered_records(), 0U);
  EXPECT_TRUE(broker.asked.empty()) << "it is known again";
}

TEST_F(ProducerTest, ATopicThatTheBrokerDoesNotTellOfStaysAsItWasKnown) {
  Connect(2, {.metadata_max_age = std::chrono::milliseconds(1'000)});
  Pass(1'000);
  ASSERT_TRUE(Send("late").ok());
  Poll();
  const Asked asked = broker.Take(protocol::Request::kMetadata);
  EXPECT_FALSE(asked.request.metadata().auto_create());
  broker.Answer(asked, protocol::Response());
  Poll();
  EXPECT_TRUE(Send("to the second", std::nullopt, PartitionIndex(1)).ok());
  EXPECT_FALSE(Send("to a third", std::nullopt, PartitionIndex(2)).ok());
}

}  // namespace
}  // namespace logboom::client
