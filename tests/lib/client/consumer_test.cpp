#include "lib/client/consumer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/record/crc32c.h"
#include "tests/lib/client/batches.h"
#include "tests/lib/client/fake_broker.h"

namespace logboom::client {
namespace {

const TopicPartition kPartition{.topic = "web", .partition = PartitionIndex(0)};

class ConsumerTest : public testing::Test {
 protected:
  void Make(ConsumerOptions options = {}) {
    consumer =
        std::make_unique<Consumer>(network.MakeClient(kBrokerAddress), std::move(options), random);
  }
  void Poll() { consumer->Poll(time.now); }
  void Pass(std::int64_t ms) {
    time.Pass(ms);
    Poll();
    broker.Step();
    Poll();
    broker.Step();
  }

  void AnswerMetadata(std::int64_t log_start, std::int64_t durable_end) {
    const Asked asked = broker.Take(protocol::Request::kMetadata);
    protocol::Response response;
    for (const auto& name : asked.request.metadata().topics()) {
      auto& topic = *response.mutable_metadata()->add_topics();
      topic.set_name(name);
      topic.set_topic_id(IdBytes('T'));
      for (int i = 0; i < 2; ++i) {
        auto& partition = *topic.add_partitions();
        partition.set_index(i);
        partition.set_log_start_offset(log_start);
        partition.set_durable_end_offset(durable_end);
        partition.set_leader_epoch(4);
      }
    }
    broker.Answer(asked, response);
    Poll();
    broker.Step();
  }

  // Assigns the partition and answers until it asks for bytes.
  void Start(const StartAt& start, std::int64_t log_start = 0, std::int64_t durable_end = 100,
             ConsumerOptions options = {}) {
    Make(std::move(options));
    consumer->Assign(kPartition, start);
    Pass(0);
    AnswerMetadata(log_start, durable_end);
  }

  static protocol::Response Fetched(std::int64_t next, std::int64_t durable_end = 100) {
    protocol::Response response;
    response.mutable_fetch()->set_log_start_offset(0);
    response.mutable_fetch()->set_durable_end_offset(durable_end);
    response.mutable_fetch()->set_leader_epoch(4);
    response.mutable_fetch()->set_next_offset(next);
    return response;
  }
  static void AddRow(protocol::Response& response, std::int64_t offset, const std::string& reason) {
    auto& row = *response.mutable_fetch()->add_rows();
    row.set_offset(offset);
    row.set_agent_id("web-1");
    row.set_path("/a.log");
    row.mutable_row()->set_kind(protocol::GAP);
    row.mutable_row()->set_source_id(IdBytes(reason.front()));
    row.mutable_row()->set_reason(reason);
  }

  void AnswerFetch(const protocol::Response& response, const std::string& bytes) {
    broker.Answer(broker.Take(protocol::Request::kFetch), response, transport::Payload(bytes));
    Poll();
    broker.Step();
  }

  // All events, one word each: "7" is record 7, "[3,5)" can't be read, "gap@4".
  std::vector<std::string> Events() {
    std::vector<std::string> words;
    while (auto event = consumer->Next())
      std::visit([&](auto& what) { Say(what, words); }, event->what);
    return words;
  }
  static void Say(const FetchedBatch& batch, std::vector<std::string>& words) {
    FetchedRecords records;
    ASSERT_TRUE(records.Open(batch).ok());
    while (true) {
      const auto next = records.Next();
      ASSERT_TRUE(next.ok());
      if (*next == nullptr) return;
      EXPECT_EQ(fmt::format("{}", (*next)->offset), *(*next)->value);
      words.emplace_back(*(*next)->value);
    }
  }
  static void Say(const Unreadable& range, std::vector<std::string>& words) {
    words.push_back(fmt::format("[{},{})", range.begin, range.end));
  }
  static void Say(const SourceRow& row, std::vector<std::string>& words) {
    words.push_back(fmt::format("{}@{}", row.row.reason, row.offset));
  }
  static void Say(const OffsetOutOfRange& out, std::vector<std::string>& words) {
    words.push_back(fmt::format("{} not in {}..{}", out.position, out.log_start, out.durable_end));
  }
  static void Say(const PartitionFailed& failed, std::vector<std::string>& words) {
    words.push_back("failed: " + failed.error.message);
  }
  using Words = std::vector<std::string>;

  transport::InprocNetwork network{transport::InprocWait::kReturnsAtOnce};
  FakeBroker broker{network};
  FakeTime time;
  SeededRandom random{1};
  std::unique_ptr<Consumer> consumer;
};

TEST_F(ConsumerTest, ReadsBatchesInOrderAndGoesOnBehindThem) {
  Start(StartAt::Earliest(), 5);
  const Asked first = broker.Take(protocol::Request::kFetch);
  EXPECT_EQ(first.request.fetch().topic_id(), IdBytes('T'));
  EXPECT_EQ(first.request.fetch().offset(), 5);
  EXPECT_EQ(first.request.fetch().wait_ms_max(), 5'000U);
  EXPECT_EQ(first.request.fetch().leader_epoch(), 4);
  EXPECT_FALSE(first.request.fetch().with_rows());
  broker.Answer(first, Fetched(9), transport::Payload(Batch(5, 3) + Batch(8, 1)));
  Poll();
  EXPECT_EQ(consumer->Progress(kPartition)->position, Offset(5));
  EXPECT_EQ(Events(), (Words{"5", "6", "7", "8"}));
  EXPECT_EQ(consumer->Progress(kPartition)->position, Offset(9));
  EXPECT_EQ(broker.Take(protocol::Request::kFetch).request.fetch().offset(), 9);
  EXPECT_EQ(consumer->counters().batches, 2U);
}

TEST_F(ConsumerTest, RecordsBeforeTheStartAreSkipped) {
  Start(StartAt::At(Offset(6)));
  AnswerFetch(Fetched(8), Batch(4, 4));
  EXPECT_EQ(Events(), (Words{"6", "7"}));
}

TEST_F(ConsumerTest, LatestStartsAtTheDurableEnd) {
  Start(StartAt::Latest(), 0, 77);
  EXPECT_EQ(broker.Take(protocol::Request::kFetch).request.fetch().offset(), 77);
  const auto progress = consumer->Progress(kPartition);
  EXPECT_EQ(progress->start, Offset(77));
  EXPECT_TRUE(progress->reached_end_at_start());
}

TEST_F(ConsumerTest, TimeIsLookedUp) {
  Start(StartAt::From(TimestampMs(1'234)));
  const Asked asked = broker.Take(protocol::Request::kListOffsets);
  EXPECT_EQ(asked.request.list_offsets().timestamp_ms(), 1'234);
  EXPECT_EQ(asked.request.list_offsets().position(), protocol::ListOffsetsRequest::BY_TIME);
  protocol::Response response;
  response.mutable_list_offsets()->set_offset(42);
  broker.Answer(asked, response);
  Poll();
  EXPECT_EQ(broker.Take(protocol::Request::kFetch).request.fetch().offset(), 42);
}

TEST_F(ConsumerTest, EndAtTheStartTellsWhereToStop) {
  Start(StartAt::Earliest(), 0, 3);
  EXPECT_FALSE(consumer->Progress(kPartition)->reached_end_at_start());
  // More came while we read.
  AnswerFetch(Fetched(3, 50), Batch(0, 3));
  EXPECT_FALSE(consumer->Progress(kPartition)->reached_end_at_start());
  Events();
  EXPECT_TRUE(consumer->Progress(kPartition)->reached_end_at_start());
  EXPECT_EQ(consumer->Progress(kPartition)->durable_end, Offset(50));
}

TEST_F(ConsumerTest, CorruptBatchIsReportedSkippedAndCounted) {
  Start(StartAt::Earliest());
  std::string bad = Batch(2, 3);
  bad.back() = static_cast<char>(bad.back() ^ 1);
  AnswerFetch(Fetched(6), Batch(0, 2) + bad + Batch(5, 1));
  EXPECT_EQ(Events(), (Words{"0", "1", "[2,5)", "5"}));
  EXPECT_EQ(consumer->counters().corrupt_batches, 1U);
  EXPECT_EQ(consumer->counters().unreadable_ranges, 1U);
  EXPECT_EQ(broker.Take(protocol::Request::kFetch).request.fetch().offset(), 6);
}

TEST_F(ConsumerTest, CorruptHeaderLosesTheRestOfTheAnswerAndSaysSo) {
  Start(StartAt::Earliest());
  std::string bad = Batch(2, 3);
  bad[16] = 99;  // magic
  AnswerFetch(Fetched(6), Batch(0, 2) + bad + Batch(5, 1));
  EXPECT_EQ(Events(), (Words{"0", "1", "[2,6)"}));
  EXPECT_EQ(consumer->counters().corrupt_batches, 1U);
  EXPECT_EQ(broker.Take(protocol::Request::kFetch).request.fetch().offset(), 6);
}

TEST_F(ConsumerTest, BaseOffsetBeyondThePartitionIsCorrupt) {
  Start(StartAt::Earliest());
  std::string bad = Batch(2, 1);
  record::SetBaseOffset(bad.data(), Offset(1'000'000));  // outside of the checksum
  AnswerFetch(Fetched(3), Batch(0, 2) + bad);
  EXPECT_EQ(Events(), (Words{"0", "1", "[2,3)"}));
}

TEST_F(ConsumerTest, CutBatchAtTheEndIsFetchedAgain) {
  Start(StartAt::Earliest());
  const std::string second = Batch(2, 3);
  for (const std::size_t kept : {std::size_t{5}, std::size_t{70}}) {
    consumer->Assign(kPartition, StartAt::Earliest());
    broker.asked.clear();
    Pass(0);
    AnswerMetadata(0, 100);
    AnswerFetch(Fetched(5), Batch(0, 2) + second.substr(0, kept));
    EXPECT_EQ(Events(), (Words{"0", "1"}));
    EXPECT_EQ(broker.Take(protocol::Request::kFetch).request.fetch().offset(), 2);
  }
  EXPECT_EQ(consumer->counters().corrupt_batches, 0U);
}

TEST_F(ConsumerTest, AnswerThatNeverMovesOnIsNotAskedInAHotLoop) {
  Start(StartAt::Earliest());
  AnswerFetch(Fetched(0), Batch(0, 3).substr(0, 80));
  EXPECT_EQ(consumer->counters().corrupt_batches, 1U);
  Pass(199);
  EXPECT_TRUE(broker.asked.empty());
  Pass(1);
  EXPECT_EQ(broker.asked.size(), 1U);
}

TEST_F(ConsumerTest, RangesThatTheBrokerCantReadStandInTheirPlace) {
  Start(StartAt::Earliest());
  protocol::Response response = Fetched(9);
  auto& range = *response.mutable_fetch()->add_unreadable();
  range.set_begin_offset(2);
  range.set_end_offset(7);
  AnswerFetch(response, Batch(0, 2) + Batch(7, 2));
  EXPECT_EQ(Events(), (Words{"0", "1", "[2,7)", "7", "8"}));
  EXPECT_EQ(consumer->counters().corrupt_batches, 0U);
  EXPECT_EQ(consumer->counters().unreadable_ranges, 1U);
}

TEST_F(ConsumerTest, HolesOfCompactionAreNoErrors) {
  Start(StartAt::Earliest());
  AnswerFetch(Fetched(20), Batch(0, 2) + Batch(10, 1));
  EXPECT_EQ(Events(), (Words{"0", "1", "10"}));
  EXPECT_EQ(broker.Take(protocol::Request::kFetch).request.fetch().offset(), 20);
}

TEST_F(ConsumerTest, RowsStandBeforeTheRecordsThatTheyPrecede) {
  Start(StartAt::Earliest(), 0, 100, {.with_rows = true});
  protocol::Response response = Fetched(5);
  for (const std::int64_t offset : {0, 2, 3, 3}) AddRow(response, offset, "gap");
  AddRow(response, 6, "beyond");
  AnswerFetch(response, Batch(0, 3) + Batch(3, 2));
  EXPECT_EQ(Events(), (Words{"gap@0", "0", "1", "gap@2", "2", "gap@3", "gap@3", "3", "4"}));
  EXPECT_TRUE(broker.Take(protocol::Request::kFetch).request.fetch().with_rows());
}

TEST_F(ConsumerTest, RowsAtTheEndOfTheLogComeOnce) {
  Start(StartAt::Earliest(), 0, 2, {.with_rows = true});
  protocol::Response response = Fetched(2, 2);
  AddRow(response, 2, "a");
  AnswerFetch(response, Batch(0, 2));
  EXPECT_EQ(Events(), (Words{"0", "1", "a@2"}));

  // The wait is over, and nothing is new.
  AnswerFetch(response, "");
  EXPECT_EQ(Events(), Words{});
  Pass(10);
  response.mutable_fetch()->clear_rows();
  AddRow(response, 2, "b");  // in no order
  AddRow(response, 2, "a");
  AnswerFetch(response, "");
  EXPECT_EQ(Events(), Words{"b@2"});

  response.mutable_fetch()->set_next_offset(3);
  response.mutable_fetch()->set_durable_end_offset(3);
  AddRow(response, 2, "c");
  AnswerFetch(response, Batch(2, 1));
  EXPECT_EQ(Events(), (Words{"c@2", "2"}));
}

TEST_F(ConsumerTest, OffsetOutOfRangeIsReportedAndThePartitionStands) {
  Start(StartAt::At(Offset(500)));
  const Asked asked = broker.Take(protocol::Request::kFetch);
  protocol::Response response = Fetched(0);
  response.mutable_fetch()->set_log_start_offset(10);
  *response.mutable_error() = protocol::MakeError(protocol::OFFSET_OUT_OF_RANGE, "no");
  broker.Answer(asked, response);
  Poll();
  EXPECT_EQ(Events(), Words{"500 not in 10..100"});
  EXPECT_TRUE(consumer->Progress(kPartition)->failed);
  Pass(10'000);
  EXPECT_TRUE(broker.asked.empty());

  consumer->Assign(kPartition, StartAt::At(Offset(10)));
  Pass(0);
  AnswerMetadata(10, 100);
  EXPECT_EQ(broker.Take(protocol::Request::kFetch).request.fetch().offset(), 10);
}

TEST_F(ConsumerTest, WhatCantBeReadFailsWithTheBrokersWords) {
  Make();
  consumer->Assign({.topic = "web", .partition = PartitionIndex(7)}, StartAt::Earliest());
  Pass(0);
  AnswerMetadata(0, 100);
  EXPECT_EQ(Events(), Words{"failed: topic 'web' has no partition 7: it has 2"});

  consumer->Assign({.topic = "gone", .partition = PartitionIndex(0)}, StartAt::Earliest());
  Pass(0);
  const Asked asked = broker.Take(protocol::Request::kMetadata);
  protocol::Response response;
  auto& topic = *response.mutable_metadata()->add_topics();
  topic.set_name("gone");
  *topic.mutable_error() = protocol::MakeError(protocol::UNKNOWN_TOPIC, "no topic 'gone'");
  broker.Answer(asked, response);
  Poll();
  EXPECT_EQ(Events(), Words{"failed: no topic 'gone' (UNKNOWN_TOPIC)"});
}

TEST_F(ConsumerTest, ErrorThatPassesIsTriedAgain) {
  Start(StartAt::Earliest());
  broker.Refuse(broker.Take(protocol::Request::kFetch), protocol::BUSY);
  Poll();
  Pass(100);
  EXPECT_TRUE(broker.asked.empty());
  Pass(100);
  EXPECT_EQ(broker.Take(protocol::Request::kFetch).request.fetch().offset(), 0);
  EXPECT_TRUE(Events().empty());
}

TEST_F(ConsumerTest, LostSessionReadsOnWhereItWas) {
  Start(StartAt::Earliest());
  AnswerFetch(Fetched(3), Batch(0, 3));
  broker.Refuse(broker.Take(protocol::Request::kFetch), protocol::NO_SESSION);
  Poll();
  EXPECT_FALSE(consumer->connected());
  EXPECT_TRUE(consumer->last_error());
  Pass(100);
  Pass(0);
  EXPECT_TRUE(consumer->connected());
  AnswerFetch(Fetched(5), Batch(3, 2));
  EXPECT_EQ(Events(), (Words{"0", "1", "2", "3", "4"}));
}

TEST_F(ConsumerTest, AnswersOfAnEarlierAssignmentAreDropped) {
  Start(StartAt::Earliest());
  const Asked old = broker.Take(protocol::Request::kFetch);
  consumer->Assign(kPartition, StartAt::At(Offset(50)));
  Pass(0);
  broker.Answer(old, Fetched(3), transport::Payload(Batch(0, 3)));
  Poll();
  EXPECT_TRUE(Events().empty());
  AnswerMetadata(0, 100);
  EXPECT_EQ(broker.Take(protocol::Request::kFetch).request.fetch().offset(), 50);

  consumer->Unassign(kPartition);
  EXPECT_FALSE(consumer->Progress(kPartition));
  EXPECT_TRUE(Events().empty());
}

TEST_F(ConsumerTest, PrefetchIsBounded) {
  Start(StartAt::Earliest(), 0, 100, {.prefetch_bytes_max = 1});
  AnswerFetch(Fetched(3), Batch(0, 3));
  Pass(1'000);
  EXPECT_TRUE(broker.asked.empty());
  Events();
  Pass(0);
  EXPECT_EQ(broker.asked.size(), 1U);
}

TEST_F(ConsumerTest, PartitionsTakeTurns) {
  Make();
  const TopicPartition other{.topic = "web", .partition = PartitionIndex(1)};
  consumer->Assign(kPartition, StartAt::Earliest());
  consumer->Assign(other, StartAt::Earliest());
  Pass(0);
  AnswerMetadata(0, 100);
  AnswerFetch(Fetched(2), Batch(0, 1) + Batch(1, 1));
  AnswerFetch(Fetched(2), Batch(0, 1) + Batch(1, 1));
  std::vector<PartitionIndex> from;
  while (auto event = consumer->Next()) from.push_back(event->from.partition);
  ASSERT_EQ(from.size(), 4U);
  EXPECT_NE(from[0], from[1]);
  EXPECT_NE(from[1], from[2]);
  EXPECT_NE(from[2], from[3]);
}

TEST_F(ConsumerTest, BatchThatCantBeDecodedSaysWhatIsLost) {
  // A batch whose checksum is right over records that are none.
  std::string bad = Batch(0, 3);
  bad.resize(record::kBatchHeaderBytes);
  bad += "nonsense";
  StoreBig(bad.data() + 8, static_cast<std::int32_t>(bad.size() - record::kBatchPrefixBytes));
  StoreBig(bad.data() + 21, std::int16_t{0});  // not compressed
  StoreBig(bad.data() + 17, record::Crc32c(ByteView(bad).substr(21)));
  Start(StartAt::Earliest());
  AnswerFetch(Fetched(3), bad);
  const auto event = consumer->Next();
  ASSERT_TRUE(event);
  const auto& batch = std::get<FetchedBatch>(event->what);
  FetchedRecords records;
  ASSERT_TRUE(records.Open(batch).ok());
  const auto next = records.Next();
  ASSERT_FALSE(next.ok());
  const Unreadable lost = records.unreadable(next.error());
  EXPECT_EQ(lost.begin, Offset(0));
  EXPECT_EQ(lost.end, Offset(3));
}

}  // namespace
}  // namespace logboom::client
