// Fetch, long poll, gaps and offsets.
#include "tests/broker/server/server_rig.h"

namespace logboom::broker {
namespace {

class FetchTest : public testing::Test {
 protected:
  void SetUp() override {
    client_.Hello();
    client_.UseTopic("web");
  }
  void Produce(const std::vector<Bytes>& values) {
    ASSERT_TRUE(client_.Ask(client_.ProduceRequest(), PlainBatch(values)).ok());
  }
  ServerRig rig_;
  TestClient client_{rig_};
};

TEST_F(FetchTest, ReturnsWholeBatchesWithTheirOffsets) {
  Produce({"a", "b"});
  Produce({"c"});
  const Reply reply = client_.Ask(client_.FetchRequest(0));
  ASSERT_TRUE(reply.ok());
  const protocol::FetchResponse& fetch = reply.response.fetch();
  EXPECT_EQ(fetch.log_start_offset(), 0);
  EXPECT_EQ(fetch.durable_end_offset(), 3);
  EXPECT_EQ(fetch.next_offset(), 3);
  auto first = record::ParseBatchHeader(reply.payload);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->base_offset, Offset{0});
  auto second = record::VerifyBatch(ByteView(reply.payload).substr(first->size_bytes()));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->base_offset, Offset{2});
  const Reply one = client_.Ask(client_.FetchRequest(0, 0, 1));
  EXPECT_EQ(one.response.fetch().next_offset(), 2) << "one batch whatever its size";
  const Reply middle = client_.Ask(client_.FetchRequest(1));
  EXPECT_EQ(record::ParseBatchHeader(middle.payload)->base_offset, Offset{0});
}

TEST_F(FetchTest, AnAnswerStaysBelowTheMessageLimit) {
  for (int i = 0; i < 4; ++i) Produce({Bytes(700'000, 'x')});
  const Reply reply = client_.Ask(client_.FetchRequest(0, 0, 0xFFFFFFFF));
  ASSERT_TRUE(reply.ok());
  EXPECT_GE(reply.payload.size(), 700'000U);
  EXPECT_LE(reply.payload.size(), std::size_t{protocol::kFetchBytesMax} + record::kBatchBytesMax);
}

TEST_F(FetchTest, OutsideOfTheLogIsToldTheLog) {
  Produce({"a", "b"});
  for (const std::int64_t offset : {std::int64_t{-1}, std::int64_t{3}, INT64_MAX, INT64_MIN}) {
    const Reply reply = client_.Ask(client_.FetchRequest(offset, 1'000));
    EXPECT_EQ(reply.code(), protocol::OFFSET_OUT_OF_RANGE) << offset;
    EXPECT_EQ(reply.response.fetch().log_start_offset(), 0);
    EXPECT_EQ(reply.response.fetch().durable_end_offset(), 2);
  }
  EXPECT_TRUE(client_.Ask(client_.FetchRequest(2)).ok()) << "the end is inside";
}

TEST_F(FetchTest, WhatIsNotDurableIsOutside) {
  rig_.engine().commits.Hold();
  client_.Send(client_.ProduceRequest(), PlainBatch({"a"}));
  rig_.Turns(2);
  EXPECT_EQ(client_.Ask(client_.FetchRequest(1)).code(), protocol::OFFSET_OUT_OF_RANGE);
  EXPECT_EQ(client_.Ask(client_.FetchRequest(0)).response.fetch().next_offset(), 0);
}

TEST_F(FetchTest, ALongPollEndsWithTheFirstDurableRecord) {
  const std::uint64_t waiting = client_.Send(client_.FetchRequest(0, 30'000));
  rig_.Turns(3);
  EXPECT_FALSE(client_.Take(waiting).has_value());
  rig_.engine().commits.Hold();
  client_.Send(client_.ProduceRequest(), PlainBatch({"a"}));
  rig_.Turns(3);
  EXPECT_FALSE(client_.Take(waiting).has_value());
  rig_.engine().commits.Release();
  const Reply reply = client_.Await(waiting);
  EXPECT_EQ(reply.response.fetch().next_offset(), 1);
  EXPECT_FALSE(reply.payload.empty());
}

TEST_F(FetchTest, ALongPollTimesOutEmpty) {
  const std::uint64_t waiting = client_.Send(client_.FetchRequest(0, 500));
  rig_.Turn(1);
  rig_.Turn(498);
  EXPECT_FALSE(client_.Take(waiting).has_value());
  rig_.Turn(2);
  const auto reply = client_.Take(waiting);
  ASSERT_TRUE(reply.has_value());
  EXPECT_TRUE(reply->ok());
  EXPECT_TRUE(reply->payload.empty());
  EXPECT_EQ(reply->response.fetch().next_offset(), 0);
}

TEST_F(FetchTest, NobodyWaitsLongerThanTheLimit) {
  const std::uint64_t waiting = client_.Send(client_.FetchRequest(0, 4'000'000'000U));
  rig_.Turn();
  for (int i = 0; i < 6; ++i) {
    EXPECT_FALSE(client_.Take(waiting).has_value());
    client_.Send(TestClient::KeepAlive());
    rig_.Turn(5'001);
  }
  EXPECT_TRUE(client_.Take(waiting).has_value());
}

TEST_F(FetchTest, ManyPollsOfDifferentDeadlinesEachEndInTime) {
  std::vector<std::pair<std::int64_t, std::uint64_t>> polls;
  for (std::uint32_t i = 1; i <= 10; ++i) {
    polls.emplace_back(i * 100, client_.Send(client_.FetchRequest(0, i * 100)));
  }
  rig_.Turn(1);
  const std::int64_t begin = rig_.engine().time_ms;
  for (const auto& [wait_ms, id] : polls) {
    rig_.Turn(begin + wait_ms - 1 - rig_.engine().time_ms);
    EXPECT_FALSE(client_.Take(id).has_value()) << wait_ms;
    rig_.Turn(2);
    EXPECT_TRUE(client_.Take(id).has_value()) << wait_ms;
  }
}

TEST_F(FetchTest, PollsOfASessionAreBounded) {
  for (std::size_t i = 0; i < kWaitingFetchesMax; ++i) {
    client_.Send(client_.FetchRequest(0, 30'000));
    rig_.Turn();
  }
  EXPECT_EQ(client_.Ask(client_.FetchRequest(0, 30'000)).code(), protocol::BUSY);
}

TEST_F(FetchTest, PollsOfAnEndedSessionAreDropped) {
  for (int i = 0; i < 20; ++i) {
    client_.Send(client_.FetchRequest(0, 30'000));
    rig_.Turn();
  }
  client_.Reconnect();
  TestClient other(rig_);
  other.Hello();
  other.UseTopic("web");
  // The first answer finds the peer gone and ends its session, from within the waking of the rest.
  EXPECT_TRUE(other.Ask(other.ProduceRequest(), PlainBatch({"a"})).ok());
  rig_.Turns(3);
  EXPECT_EQ(rig_.server->session_count(), 1U);
  EXPECT_EQ(other.Ask(other.FetchRequest(0)).response.fetch().next_offset(), 1);
}

TEST_F(FetchTest, PollsOfADeletedTopicEnd) {
  const std::uint64_t waiting = client_.Send(client_.FetchRequest(0, 30'000));
  rig_.Turn();
  protocol::Request remove;
  remove.mutable_delete_topic()->set_name("web");
  EXPECT_TRUE(client_.Ask(std::move(remove)).ok());
  EXPECT_EQ(client_.Await(waiting).code(), protocol::UNKNOWN_TOPIC);
  EXPECT_EQ(client_.Ask(client_.FetchRequest(0)).code(), protocol::UNKNOWN_TOPIC);
}

// A reader who stood behind the cut is told, and never served other records under its offsets.
TEST_F(FetchTest, ACutLogIsToldToWhoHadReadBehindTheCut) {
  for (const char* value : {"a", "b", "c"}) Produce({value});
  const std::int32_t epoch = client_.Ask(client_.FetchRequest(3)).response.fetch().leader_epoch();
  rig_.Crash();
  rig_.engine().DamageSecondBatch();
  rig_.Open();
  client_.Hello();
  for (const char* value : {"other b", "other c", "other d"}) Produce({value});
  auto fetch = [&](std::int64_t offset, std::int32_t known_epoch) {
    protocol::Request request = client_.FetchRequest(offset);
    request.mutable_fetch()->set_leader_epoch(known_epoch);
    return client_.Ask(std::move(request));
  };
  ASSERT_GT(fetch(0, -1).response.fetch().leader_epoch(), epoch);
  for (const std::int64_t offset : {2, 3}) {
    const Reply told = fetch(offset, epoch);
    EXPECT_EQ(told.code(), protocol::OFFSET_OUT_OF_RANGE);
    EXPECT_EQ(told.response.fetch().durable_end_offset(), 4);
    EXPECT_TRUE(fetch(offset, -1).ok());
    EXPECT_TRUE(fetch(offset, told.response.fetch().leader_epoch()).ok());
  }
  for (const std::int64_t offset : {0, 1}) EXPECT_TRUE(fetch(offset, epoch).ok()) << offset;
}

TEST_F(FetchTest, ListOffsets) {
  protocol::Request request;
  request.mutable_list_offsets()->set_topic_id(client_.topic_id);
  auto offset = [&](protocol::ListOffsetsRequest::Position position, std::int64_t time = 0) {
    request.mutable_list_offsets()->set_position(position);
    request.mutable_list_offsets()->set_timestamp_ms(time);
    const Reply reply = client_.Ask(request);
    EXPECT_TRUE(reply.ok());
    return reply.response.list_offsets().offset();
  };
  using Request = protocol::ListOffsetsRequest;
  EXPECT_EQ(offset(Request::EARLIEST), 0);
  EXPECT_EQ(offset(Request::LATEST), 0);
  Produce({"a", "b"});
  EXPECT_EQ(offset(Request::LATEST), 2);
  EXPECT_EQ(offset(Request::BY_TIME, 1'700'000'000'000), 0);
  EXPECT_EQ(offset(Request::BY_TIME, 1'700'000'000'001), 2);
  rig_.engine().commits.Hold();
  client_.Send(client_.ProduceRequest(), PlainBatch({"c"}));
  rig_.Turns(2);
  EXPECT_EQ(offset(Request::LATEST), 2) << "the durable end";
  EXPECT_LE(offset(Request::BY_TIME, 1'700'000'000'001), 2);
  request.mutable_list_offsets()->set_position(static_cast<Request::Position>(9));
  EXPECT_EQ(client_.Ask(request).code(), protocol::INVALID_REQUEST);
}

// ---- gaps

class GapFetchTest : public testing::Test {
 protected:
  void SetUp() override { agent_.HelloAs("a"); }
  void Gap(std::uint64_t source, std::int64_t begin, std::int64_t end) {
    ProgressRow row = FirstRowOf(source, RowKind::kGap, begin, end);
    row.reason = "deleted before it was read";
    row.end_is_exact = false;
    ASSERT_TRUE(agent_.Ask(agent_.ProgressRequest({row})).ok());
  }
  void Span(std::uint64_t source, std::int64_t begin, std::int64_t end) {
    ASSERT_TRUE(agent_.Await(agent_.SendSpans({FirstSpanOf(source, begin, end)})).ok());
  }
  Reply Fetch(std::int64_t offset, bool with_rows = true, std::uint32_t bytes_max = 1U << 20U) {
    protocol::Request request = agent_.FetchRequest(offset, 0, bytes_max);
    request.mutable_fetch()->set_with_rows(with_rows);
    return agent_.Ask(std::move(request));
  }
  ServerRig rig_;
  TestClient agent_{rig_};
};

TEST_F(GapFetchTest, GapsComeWithTheRecordsThatTheyPrecede) {
  Span(1, 0, 100);
  Gap(1, 100, 200);
  Span(1, 200, 300);
  const Reply reply = Fetch(0);
  ASSERT_EQ(reply.response.fetch().rows_size(), 1);
  const protocol::SourceRow& row = reply.response.fetch().rows(0);
  EXPECT_EQ(row.offset(), 1);
  EXPECT_EQ(row.agent_id(), "a");
  EXPECT_EQ(row.path(), "/var/log/1.log");
  EXPECT_EQ(row.row().kind(), protocol::GAP);
  EXPECT_EQ(row.row().begin(), 100);
  EXPECT_EQ(row.row().end(), 200);
  EXPECT_FALSE(row.row().end_is_exact());
  EXPECT_EQ(row.row().reason(), "deleted before it was read");
  EXPECT_EQ(Fetch(0, false).response.fetch().rows_size(), 0);
  EXPECT_EQ(Fetch(1).response.fetch().rows_size(), 1);
  EXPECT_EQ(Fetch(0, true, 1).response.fetch().rows_size(), 0) << "it belongs to the next batch";
}

TEST_F(GapFetchTest, EveryGapOfALongLogIsTold) {
  constexpr std::uint64_t kGaps = 2'500;
  std::vector<ProgressRow> rows;
  for (std::uint64_t source = 1; source <= kGaps; ++source) {
    rows.push_back(FirstRowOf(source, RowKind::kGap, 0, 10));
    if (rows.size() < 500) continue;
    ASSERT_TRUE(agent_.Ask(agent_.ProgressRequest(rows)).ok());
    rows.clear();
    Span(1'000'000, static_cast<std::int64_t>(source), static_cast<std::int64_t>(source) + 500);
  }
  std::set<Bytes> seen;
  std::int64_t offset = 0;
  std::int64_t records = 0;
  while (true) {
    const Reply reply = Fetch(offset);
    ASSERT_TRUE(reply.ok());
    const auto& fetch = reply.response.fetch();
    for (const auto& row : fetch.rows()) {
      if (row.offset() < fetch.next_offset()) seen.insert(row.row().source_id());
    }
    for (ByteView rest = reply.payload; !rest.empty();) {
      const auto header = record::ParseBatchHeader(rest);
      ASSERT_TRUE(header.ok());
      ASSERT_LE(header->next_offset().value(), fetch.next_offset());
      rest.remove_prefix(header->size_bytes());
      ++records;
    }
    if (fetch.next_offset() == offset) break;
    offset = fetch.next_offset();
  }
  EXPECT_EQ(records, 5);
  EXPECT_EQ(seen.size(), kGaps);
}

TEST_F(GapFetchTest, GapsOfLongPathsStayBelowTheMessageLimit) {
  for (std::uint64_t batch = 0; batch < 4; ++batch) {
    std::vector<ProgressRow> rows;
    for (std::uint64_t i = 0; i < 100; ++i) {
      rows.push_back(FirstRowOf(1 + batch * 100 + i, RowKind::kGap, 0, 10));
      rows.back().identity->path = Bytes(4'096, 'p');
      rows.back().reason = Bytes(1'024, 'r');
    }
    ASSERT_TRUE(agent_.Ask(agent_.ProgressRequest(rows)).ok());
    ASSERT_TRUE(agent_.Await(agent_.SendSpans({FirstSpanOf(9'000 + batch, 0, 10)}, 600'000)).ok());
  }
  std::size_t rows = 0;
  std::int64_t offset = 0;
  while (offset < 4) {
    const Reply reply = Fetch(offset);
    ASSERT_TRUE(reply.ok());
    EXPECT_LT(reply.response.ByteSizeLong() + reply.payload.size(), transport::kMessageBytesMax);
    rows += static_cast<std::size_t>(reply.response.fetch().rows_size());
    ASSERT_GT(reply.response.fetch().next_offset(), offset);
    offset = reply.response.fetch().next_offset();
  }
  EXPECT_EQ(rows, 400U);
}

}  // namespace
}  // namespace logboom::broker
