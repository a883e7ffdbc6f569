// Produce without spans.
#include "tests/broker/server/server_rig.h"

namespace logboom::broker {
namespace {

class ProduceTest : public testing::Test {
 protected:
  void SetUp() override {
    client_.Hello();
    client_.UseTopic("web");
  }
  protocol::ErrorCode CodeOf(protocol::Request request, Bytes payload) {
    return client_.Ask(std::move(request), std::move(payload)).code();
  }
  std::int64_t LogEnd() { return rig_.engine().State(rig_.engine().Where("web")).log_end.value(); }
  ServerRig rig_;
  TestClient client_{rig_};
};

TEST_F(ProduceTest, SyncedIsAnsweredAfterTheSync) {
  rig_.engine().commits.Hold();
  const std::uint64_t id = client_.Send(client_.ProduceRequest(), PlainBatch({"a", "b"}));
  rig_.Turns(5);
  EXPECT_FALSE(client_.Take(id).has_value());
  rig_.engine().commits.Release();
  const Reply reply = client_.Await(id);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply.response.produce().base_offset(), 0);
  EXPECT_FALSE(reply.response.produce().duplicate());
  EXPECT_GT(reply.response.produce().append_time_ms(), 0);
}

TEST_F(ProduceTest, WrittenIsAnsweredBeforeTheSyncAndSyncedAllTheSame) {
  rig_.engine().commits.Hold();
  const Reply reply = client_.Ask(client_.ProduceRequest(protocol::WRITTEN), PlainBatch({"a"}));
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply.response.produce().base_offset(), 0);
  EXPECT_EQ(client_.Ask(client_.FetchRequest(0)).payload.size(), 0U) << "not durable, not served";
  rig_.engine().commits.Release();
  rig_.Turns(3);
  EXPECT_GT(client_.Ask(client_.FetchRequest(0)).payload.size(), 0U);
}

TEST_F(ProduceTest, NoneIsAnsweredForErrorsAlone) {
  const std::uint64_t good =
      client_.Send(client_.ProduceRequest(protocol::NONE), PlainBatch({"a"}));
  const std::uint64_t bad = client_.Send(client_.ProduceRequest(protocol::NONE), "garbage");
  rig_.Turns(5);
  EXPECT_FALSE(client_.Take(good).has_value());
  EXPECT_EQ(client_.Take(bad)->code(), protocol::CORRUPT_BATCH);
  EXPECT_EQ(LogEnd(), 1);
}

TEST_F(ProduceTest, UnknownAcksAreRefused) {
  protocol::Request request = client_.ProduceRequest();
  request.mutable_produce()->set_acks(static_cast<protocol::Acks>(3));
  EXPECT_EQ(CodeOf(request, PlainBatch({"a"})), protocol::INVALID_REQUEST);
}

TEST_F(ProduceTest, DamagedBatchesAreRefused) {
  const Bytes good = PlainBatch({"a", "b"});
  EXPECT_EQ(CodeOf(client_.ProduceRequest(), ""), protocol::CORRUPT_BATCH);
  EXPECT_EQ(CodeOf(client_.ProduceRequest(), good.substr(0, good.size() - 1)),
            protocol::CORRUPT_BATCH);
  EXPECT_EQ(CodeOf(client_.ProduceRequest(), good + 'x'), protocol::CORRUPT_BATCH);
  EXPECT_EQ(CodeOf(client_.ProduceRequest(), good + good), protocol::CORRUPT_BATCH)
      << "one batch a request";
  Bytes flipped = good;
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  EXPECT_EQ(CodeOf(client_.ProduceRequest(), flipped), protocol::CORRUPT_BATCH);
  EXPECT_EQ(LogEnd(), 0);
}

TEST_F(ProduceTest, ABatchWithARightSumAndWrongRecordsIsRefused) {
  Bytes batch = PlainBatch({"a", "b"});
  batch[record::kBatchHeaderBytes] = '\x7F';  // the length of the first record
  record::SealBatch(batch.data(), batch.size());
  EXPECT_EQ(CodeOf(client_.ProduceRequest(), batch), protocol::CORRUPT_BATCH);
}

TEST_F(ProduceTest, EmptyControlAndTransactionalBatchesAreRefused) {
  const Bytes good = PlainBatch({"a"});
  auto header = *record::ParseBatchHeader(good);
  for (int kind = 0; kind < 3; ++kind) {
    Bytes batch = good;
    record::BatchHeader changed = header;
    if (kind == 0) changed.control = true;
    if (kind == 1) changed.transactional = true;
    if (kind == 2) {
      batch.resize(record::kBatchHeaderBytes);
      changed.record_count = 0;
      changed.last_offset_delta = 0;
      changed.length = static_cast<std::int32_t>(batch.size() - record::kBatchPrefixBytes);
    }
    record::WriteBatchHeader(batch.data(), changed);
    record::SealBatch(batch.data(), batch.size());
    EXPECT_EQ(CodeOf(client_.ProduceRequest(), batch), protocol::INVALID_REQUEST) << kind;
  }
  EXPECT_EQ(LogEnd(), 0);
}

TEST_F(ProduceTest, ACompactedTopicTakesRecordsWithKeysAlone) {
  ASSERT_TRUE(rig_.engine().AlterTopic("web", {{"cleanup.policy", "compact,delete"}}).ok());
  const Reply refused = client_.Ask(client_.ProduceRequest(), PlainBatch({"a"}));
  EXPECT_EQ(refused.code(), protocol::INVALID_RECORD);
  EXPECT_FALSE(refused.response.error().retriable());
  EXPECT_NE(refused.response.error().message().find("cleanup.policy"), std::string::npos);
  const auto keyed = [](std::int64_t producer_id, std::string_view header) {
    record::BatchBuilder builder({});
    const record::HeaderView one{.key = header, .value = "x"};
    builder.Add({.timestamp = TimestampMs(1),
                 .key = "k",
                 .value = std::nullopt,
                 .headers = std::span(&one, 1)});
    if (producer_id >= 0) builder.SetProducer(producer_id, 0, 0);
    return Bytes(*builder.Finish());
  };
  EXPECT_EQ(CodeOf(client_.ProduceRequest(), keyed(-1, "lb.span")), protocol::INVALID_RECORD);
  EXPECT_EQ(CodeOf(client_.ProduceRequest(), keyed(7, "lb.more")), protocol::INVALID_RECORD);
  EXPECT_TRUE(client_.Ask(client_.ProduceRequest(), keyed(-1, "trace")).ok());
  EXPECT_TRUE(client_.Ask(client_.ProduceRequest(), keyed(7, "trace")).ok());
  EXPECT_EQ(LogEnd(), 2);
}

TEST_F(ProduceTest, ACompactedTopicTakesNoBatchThatCantBeTakenApart) {
  ASSERT_TRUE(rig_.engine().AlterTopic("web", {{"cleanup.policy", "compact"}}).ok());
  record::BatchBuilder builder({.codec = record::Codec::kZstd});
  builder.Add({.timestamp = TimestampMs(1), .key = "k", .value = "v", .headers = {}});
  Bytes batch(*builder.Finish());
  batch[record::kBatchHeaderBytes] = 'x';  // where zstd's magic number stands
  record::SealBatch(batch.data(), batch.size());
  EXPECT_FALSE(client_.Ask(client_.ProduceRequest(), batch).ok());
  EXPECT_EQ(LogEnd(), 0);
}

TEST_F(ProduceTest, ReservedHeadersAreTheAgents) {
  for (const char* name : {"lb.span", "lb.source", "lb.more", "lb.anything", "lb."}) {
    const Reply reply = client_.Ask(client_.ProduceRequest(), PlainBatch({"a"}, name));
    EXPECT_EQ(reply.code(), protocol::INVALID_REQUEST) << name;
    EXPECT_NE(reply.response.error().message().find(name), std::string::npos);
  }
  EXPECT_TRUE(client_.Ask(client_.ProduceRequest(), PlainBatch({"a"}, "lb")).ok());
  EXPECT_TRUE(client_.Ask(client_.ProduceRequest(), PlainBatch({"a"}, "lbx.span")).ok());
  EXPECT_TRUE(client_.Ask(client_.ProduceRequest(), PlainBatch({"a"}, "trace")).ok());
}

TEST_F(ProduceTest, ValuesMayHoldTheReservedPrefix) {
  EXPECT_TRUE(client_.Ask(client_.ProduceRequest(), PlainBatch({"lb.span"}, "trace")).ok());
}

TEST_F(ProduceTest, MaxMessageBytesIsKeptToTheByte) {
  const Bytes batch = PlainBatch({Bytes(5'000, 'x')});
  ASSERT_TRUE(
      rig_.engine().AlterTopic("web", {{"max.message.bytes", std::to_string(batch.size())}}).ok());
  EXPECT_TRUE(client_.Ask(client_.ProduceRequest(), batch).ok());
  ASSERT_TRUE(rig_.engine()
                  .AlterTopic("web", {{"max.message.bytes", std::to_string(batch.size() - 1)}})
                  .ok());
  const Reply reply = client_.Ask(client_.ProduceRequest(), batch);
  EXPECT_EQ(reply.code(), protocol::MESSAGE_TOO_LARGE);
  EXPECT_FALSE(reply.response.error().retriable());
}

TEST_F(ProduceTest, TheLargestBatchFits) {
  EXPECT_TRUE(client_.Ask(client_.ProduceRequest(), PlainBatch({Bytes(1'048'000, 'x')})).ok());
}

TEST_F(ProduceTest, UnknownTopicsAndPartitionsAreRefused) {
  protocol::Request request = client_.ProduceRequest();
  request.mutable_produce()->set_partition(1);
  EXPECT_EQ(CodeOf(request, PlainBatch({"a"})), protocol::UNKNOWN_TOPIC);
  request.mutable_produce()->set_partition(-1);
  EXPECT_EQ(CodeOf(request, PlainBatch({"a"})), protocol::UNKNOWN_TOPIC);
  request.mutable_produce()->set_topic_id("short");
  EXPECT_EQ(CodeOf(request, PlainBatch({"a"})), protocol::UNKNOWN_TOPIC);
}

TEST_F(ProduceTest, AFullDiskIsToldAndPassesOver) {
  rig_.engine().fs.Add(
      {.kind = file::CallKind::kWrite, .path_part = ".log", .code = ErrorCode::kNoSpace});
  const Reply reply = client_.Ask(client_.ProduceRequest(), PlainBatch({"a"}));
  EXPECT_EQ(reply.code(), protocol::NO_SPACE);
  EXPECT_TRUE(reply.response.error().retriable());
  EXPECT_TRUE(client_.Ask(client_.ProduceRequest(), PlainBatch({"a"})).ok());
}

TEST_F(ProduceTest, WhoWaitsForAckOfADeletedTopicHearsSo) {
  rig_.engine().commits.Hold();
  const std::uint64_t covered = client_.Send(client_.ProduceRequest(), PlainBatch({"a"}));
  rig_.Turns(2);
  const std::uint64_t not_covered = client_.Send(client_.ProduceRequest(), PlainBatch({"b"}));
  protocol::Request remove;
  remove.mutable_delete_topic()->set_name("web");
  const std::uint64_t deleted = client_.Send(std::move(remove));
  rig_.Turns(2);
  rig_.engine().commits.Release();
  EXPECT_TRUE(client_.Await(deleted).ok());
  EXPECT_TRUE(client_.Await(covered).ok());
  EXPECT_EQ(client_.Await(not_covered).code(), protocol::UNKNOWN_TOPIC);
}

}  // namespace
}  // namespace logboom::broker
