// Exactly once over the wire: spans, rows and lists of sources.
#include "tests/broker/server/server_rig.h"

namespace logboom::broker {
namespace {

class SpansTest : public testing::Test {
 protected:
  void SetUp() override { client_.HelloAs("a"); }
  Reply Spans(const std::vector<ProducedSpan>& spans) {
    return client_.Await(client_.SendSpans(spans));
  }
  Reply Rows(const std::vector<ProgressRow>& rows) {
    return client_.Ask(client_.ProgressRequest(rows));
  }
  Reply List(bool with_final = true, const Bytes& after = {}) {
    return client_.Ask(client_.ListSources(with_final, after));
  }
  ServerRig rig_;
  TestClient client_{rig_};
};

TEST_F(SpansTest, FreshDuplicateAndConflict) {
  const Reply fresh = Spans({FirstSpanOf(1, 0, 100)});
  ASSERT_TRUE(fresh.ok());
  EXPECT_EQ(fresh.response.produce().base_offset(), 0);
  EXPECT_FALSE(fresh.response.produce().duplicate());

  const Reply duplicate = Spans({SpanOf(1, 0, 100)});
  ASSERT_TRUE(duplicate.ok());
  EXPECT_TRUE(duplicate.response.produce().duplicate());
  EXPECT_EQ(duplicate.response.produce().base_offset(), -1);

  const Reply conflict = Spans({SpanOf(1, 50, 150), SpanOf(2, 0, 10)});
  EXPECT_EQ(conflict.code(), protocol::SPAN_CONFLICT);
  const auto& positions = conflict.response.error().positions();
  ASSERT_EQ(positions.size(), 2);
  EXPECT_EQ(positions[0].source_id(), Bytes(IdOf(1).bytes()));
  EXPECT_EQ(positions[0].appended(), 100);
  EXPECT_EQ(positions[0].durable(), 100);
  EXPECT_EQ(positions[1].appended(), -1);
}

TEST_F(SpansTest, CreditComesBackWithEveryAnswer) {
  const auto send = [&](std::uint8_t source, std::int64_t begin, std::int64_t end) {
    const std::uint64_t before = client_.credit_granted();
    Spans({begin == 0 ? FirstSpanOf(source, begin, end) : SpanOf(source, begin, end)});
    EXPECT_GT(client_.credit_granted(), before);
  };
  send(1, 0, 100);    // fresh
  send(1, 0, 100);    // a duplicate
  send(1, 300, 400);  // a conflict
  send(1, 100, 200);
}

TEST_F(SpansTest, ADuplicateIsAnsweredOnlyOnceItsFirstCopyIsDurable) {
  rig_.engine().commits.Hold();
  const std::uint64_t first = client_.SendSpans({FirstSpanOf(1, 0, 100)});
  rig_.Turns(2);
  const std::uint64_t again = client_.SendSpans({SpanOf(1, 0, 100)});
  rig_.Turns(5);
  EXPECT_FALSE(client_.Take(again).has_value());
  const Reply conflict = client_.Await(client_.SendSpans({SpanOf(1, 300, 400)}));
  EXPECT_EQ(conflict.response.error().positions(0).appended(), 100);
  EXPECT_EQ(conflict.response.error().positions(0).durable(), 0);
  rig_.engine().commits.Release();
  EXPECT_TRUE(client_.Await(first).ok());
  EXPECT_TRUE(client_.Await(again).response.produce().duplicate());
}

TEST_F(SpansTest, AWindowOfProducesUnderWayIsTakenInOrder) {
  rig_.engine().commits.Hold();
  std::vector<std::uint64_t> ids = {client_.SendSpans({FirstSpanOf(1, 0, 100)})};
  for (std::int64_t at = 100; at < 1'000; at += 100) {
    ids.push_back(client_.SendSpans({SpanOf(1, at, at + 100)}));
  }
  rig_.Turns(3);
  rig_.engine().commits.Release();
  std::int64_t offset = 0;
  for (const std::uint64_t id : ids) {
    EXPECT_EQ(client_.Await(id).response.produce().base_offset(), offset++);
  }
}

TEST_F(SpansTest, SpansTakeSyncedAcksAlone) {
  for (const protocol::Acks acks : {protocol::WRITTEN, protocol::NONE}) {
    const std::vector<ProducedSpan> spans = {FirstSpanOf(1, 0, 100)};
    protocol::Request request = client_.SpanRequest(spans);
    request.mutable_produce()->set_acks(acks);
    EXPECT_EQ(client_.Ask(std::move(request), BatchOf(spans, client_.log_tag)).code(),
              protocol::INVALID_REQUEST);
  }
}

TEST_F(SpansTest, SpansAreForAgentsAlone) {
  TestClient plain(rig_);
  plain.Hello();
  plain.UseTopic("web");
  EXPECT_EQ(plain.Await(plain.SendSpans({FirstSpanOf(1, 0, 100)})).code(),
            protocol::INVALID_REQUEST);
  EXPECT_EQ(plain.Ask(plain.ProgressRequest({FirstRowOf(1, RowKind::kGap, 0, 5)})).code(),
            protocol::INVALID_REQUEST);
  EXPECT_EQ(plain.Ask(plain.ListSources()).code(), protocol::INVALID_REQUEST);
}

TEST_F(SpansTest, MalformedSpansAreRefused) {
  const Bytes batch = PlainBatch({"x"});
  auto code = [&](const std::function<void(protocol::Span&)>& change) {
    protocol::Request request = client_.SpanRequest({FirstSpanOf(1, 0, 100)});
    change(*request.mutable_produce()->mutable_spans(0));
    return client_.Ask(std::move(request), batch).code();
  };
  using protocol::INVALID_REQUEST;
  EXPECT_EQ(code([](auto& span) { span.set_source_id("short"); }), INVALID_REQUEST);
  EXPECT_EQ(code([](auto& span) { span.set_begin(-1); }), INVALID_REQUEST);
  EXPECT_EQ(code([](auto& span) { span.set_end(0); }), INVALID_REQUEST);
  EXPECT_EQ(code([](auto& span) { span.mutable_identity()->set_path(Bytes(4'097, 'p')); }),
            INVALID_REQUEST);
  EXPECT_EQ(
      code([](auto& span) { span.mutable_identity()->set_file_system_uuid(Bytes(257, 'u')); }),
      INVALID_REQUEST);
  EXPECT_EQ(code([](auto& span) { span.mutable_identity()->set_path(Bytes(4'096, 'p')); }),
            protocol::OK);
}

TEST_F(SpansTest, ABatchWithAProducerIdTakesNoSpans) {
  const std::vector<ProducedSpan> spans = {FirstSpanOf(1, 0, 100)};
  const Bytes batch = BatchOf(spans, client_.log_tag);
  EXPECT_EQ(client_.Ask(client_.SpanRequest(spans), WithProducerId(batch, 7)).code(),
            protocol::INVALID_REQUEST);
  EXPECT_EQ(client_.Ask(client_.SpanRequest(spans), batch).code(), protocol::OK);
}

TEST_F(SpansTest, AsManySpansAsTheLimitAndNoMore) {
  for (const std::int64_t count :
       {std::int64_t{protocol::kSpansMax}, std::int64_t{protocol::kSpansMax} + 1}) {
    std::vector<ProducedSpan> spans = {FirstSpanOf(1, 0, 1)};
    for (std::int64_t at = 1; at < count; ++at) spans.push_back(SpanOf(1, at, at + 1));
    EXPECT_EQ(client_.Ask(client_.SpanRequest(spans), PlainBatch({"x"})).code(),
              count == protocol::kSpansMax ? protocol::OK : protocol::INVALID_REQUEST);
  }
}

TEST_F(SpansTest, ASourceOfAnotherAgentIsRefused) {
  ASSERT_TRUE(Spans({FirstSpanOf(1, 0, 100)}).ok());
  TestClient other(rig_);
  other.HelloAs("b");
  EXPECT_EQ(other.Await(other.SendSpans({FirstSpanOf(1, 100, 200, "a")})).code(),
            protocol::NOT_AUTHORISED);
  EXPECT_EQ(other.Ask(other.ListSources()).response.list_sources().sources_size(), 0);
}

TEST_F(SpansTest, AnIdentityIsThatOfTheSession) {
  ASSERT_TRUE(Spans({FirstSpanOf(1, 0, 100, "somebody else")}).ok());
  EXPECT_EQ(List().response.list_sources().sources_size(), 1);
}

TEST_F(SpansTest, AcksSurvivePowerLoss) {
  ASSERT_TRUE(Spans({FirstSpanOf(1, 0, 100)}).ok());
  ASSERT_TRUE(Rows({RowOf(1, RowKind::kProgress, 100, 150)}).ok());
  rig_.Crash();
  rig_.Open();
  EXPECT_EQ(client_.Ask(client_.ListSources()).code(), protocol::NO_SESSION);
  client_.HelloAs("a");
  EXPECT_EQ(List().response.list_sources().sources(0).durable(), 150);
}

// ---- rows

TEST_F(SpansTest, RowsAreAnsweredOnceTheyAreStored) {
  ASSERT_TRUE(Spans({FirstSpanOf(1, 0, 100)}).ok());
  rig_.engine().writes.Hold();
  const std::uint64_t id =
      client_.Send(client_.ProgressRequest({RowOf(1, RowKind::kProgress, 100, 150)}));
  rig_.Turns(5);
  EXPECT_FALSE(client_.Take(id).has_value());
  rig_.engine().writes.Release();
  EXPECT_TRUE(client_.Await(id).ok());
}

TEST_F(SpansTest, RowsConflictAsSpansDo) {
  ASSERT_TRUE(Spans({FirstSpanOf(1, 0, 100)}).ok());
  const Reply reply = Rows({RowOf(1, RowKind::kProgress, 90, 150)});
  EXPECT_EQ(reply.code(), protocol::SPAN_CONFLICT);
  EXPECT_EQ(reply.response.error().positions(0).appended(), 100);
  EXPECT_TRUE(Rows({RowOf(1, RowKind::kProgress, 0, 100)}).ok()) << "a duplicate";
}

TEST_F(SpansTest, MalformedRowsAreRefused) {
  using protocol::INVALID_REQUEST;
  EXPECT_EQ(Rows({}).code(), INVALID_REQUEST);
  ProgressRow reason = FirstRowOf(1, RowKind::kGap, 0, 5);
  reason.reason = Bytes(1'025, 'r');
  EXPECT_EQ(Rows({reason}).code(), INVALID_REQUEST);
  protocol::Request kind = client_.ProgressRequest({FirstRowOf(1, RowKind::kGap, 0, 5)});
  kind.mutable_source_progress()->mutable_rows(0)->set_kind(static_cast<protocol::RowKind>(9));
  EXPECT_EQ(client_.Ask(std::move(kind)).code(), INVALID_REQUEST);
  reason.reason.resize(1'024);
  EXPECT_TRUE(Rows({reason}).ok());
}

TEST_F(SpansTest, AsManyRowsAsTheLimitAndNoMore) {
  std::vector<ProgressRow> rows;
  for (std::uint64_t i = 0; i < protocol::kProgressRowsMax; ++i) {
    rows.push_back(FirstRowOf(1'000 + i, RowKind::kProgress, 5, 5));
  }
  EXPECT_TRUE(Rows(rows).ok());
  rows.push_back(FirstRowOf(5, RowKind::kProgress, 5, 5));
  EXPECT_EQ(Rows(rows).code(), protocol::INVALID_REQUEST);
}

// ---- lists

TEST_F(SpansTest, AListedSourceIsToldAsItStands) {
  ProducedSpan first = FirstSpanOf(1, 0, 100);
  first.identity->path = "/var/log/caf\xE9.log";  // Latin-1: not UTF-8, and a good file name
  ASSERT_TRUE(Spans({first}).ok());
  ASSERT_TRUE(Spans({SpanOf(1, 100, 150)}).ok());
  const Reply reply = List();
  ASSERT_EQ(reply.response.list_sources().sources_size(), 1);
  const protocol::Source& source = reply.response.list_sources().sources(0);
  EXPECT_EQ(source.source_id(), Bytes(IdOf(1).bytes()));
  EXPECT_EQ(source.durable(), 150);
  EXPECT_EQ(source.window(), WindowAt(150));
  EXPECT_EQ(source.state(), protocol::OPEN);
  EXPECT_EQ(source.identity().path(), "/var/log/caf\xE9.log");
  EXPECT_EQ(source.identity().inode(), 1U);
  EXPECT_EQ(source.identity().head_hash(), 7U);
  ASSERT_EQ(source.recent_size(), 2);
  EXPECT_EQ(source.recent(1).end(), 150);
  EXPECT_FALSE(reply.response.list_sources().more());
}

TEST_F(SpansTest, ListsTellNothingThatIsNotDurable) {
  ASSERT_TRUE(Spans({FirstSpanOf(1, 0, 100)}).ok());
  rig_.engine().commits.Hold();
  client_.SendSpans({SpanOf(1, 100, 150)});
  rig_.Turns(3);
  const Reply reply = List();
  const protocol::Source& source = reply.response.list_sources().sources(0);
  EXPECT_EQ(source.durable(), 100);
  EXPECT_EQ(source.window(), WindowAt(100));
  EXPECT_EQ(source.recent_size(), 1);
}

TEST_F(SpansTest, ListsComeInPages) {
  std::vector<ProgressRow> rows;
  for (std::uint64_t i = 0; i < protocol::kProgressRowsMax; ++i) {
    rows.push_back(FirstRowOf(1'000 + i, RowKind::kProgress, 5, 5));
  }
  ASSERT_TRUE(Rows(rows).ok());
  for (ProgressRow& row : rows)
    row.source_id = IdOf(10'000 + LoadBig<std::uint64_t>(row.source_id.bytes().data() + 8));
  ASSERT_TRUE(Rows(rows).ok());
  ASSERT_TRUE(Rows({RowOf(1'500, RowKind::kClose, 5, 5)}).ok());
  for (const bool with_final : {true, false}) {
    std::set<Bytes> seen;
    Bytes after;
    while (true) {
      const Reply page = List(with_final, after);
      const auto& list = page.response.list_sources();
      EXPECT_LE(list.sources_size(), protocol::kSourcesPageMax);
      for (const auto& source : list.sources()) {
        EXPECT_GT(source.source_id(), after);
        after = source.source_id();
        seen.insert(after);
      }
      if (!list.more()) break;
    }
    EXPECT_EQ(seen.size(), with_final ? 2'000U : 1'999U);
  }
}

TEST_F(SpansTest, APageOfLongPathsStaysBelowTheMessageLimit) {
  std::vector<ProgressRow> rows;
  for (std::uint64_t i = 0; i < 300; ++i) {
    rows.push_back(FirstRowOf(1'000 + i, RowKind::kProgress, 5, 5));
    rows.back().identity->path = Bytes(4'096, 'p');
  }
  ASSERT_TRUE(Rows(rows).ok());
  const Reply first = List();
  EXPECT_TRUE(first.response.list_sources().more());
  EXPECT_LT(first.response.ByteSizeLong(), protocol::kPageBytesMax + 10'000);
  int total = first.response.list_sources().sources_size();
  Reply page = first;
  while (page.response.list_sources().more()) {
    page = List(true, page.response.list_sources().sources().rbegin()->source_id());
    total += page.response.list_sources().sources_size();
  }
  EXPECT_EQ(total, 300);
}

TEST_F(SpansTest, ACompactedTopicTakesNoSpans) {
  ASSERT_TRUE(rig_.engine().CreateTopic("state", 1, {{"cleanup.policy", "compact"}}).ok());
  client_.UseTopic("state");
  const Reply refused = Spans({FirstSpanOf(1, 0, 100)});
  EXPECT_EQ(refused.code(), protocol::INVALID_RECORD);
  EXPECT_NE(refused.response.error().message().find("another topic"), std::string::npos);
  EXPECT_EQ(rig_.engine().State(rig_.engine().Where("state")).log_end, Offset(0));
}

TEST_F(SpansTest, ATopicWithLinesOfAgentsIsNotAlteredToCompact) {
  client_.UseTopic("lines");
  ASSERT_TRUE(Spans({FirstSpanOf(1, 0, 100)}).ok());
  protocol::Request alter;
  alter.mutable_alter_topic()->set_name("lines");
  (*alter.mutable_alter_topic()->mutable_set())["cleanup.policy"] = "compact";
  EXPECT_EQ(client_.Ask(alter).code(), protocol::INVALID_CONFIG);
  client_.UseTopic("none");
  alter.mutable_alter_topic()->set_name("none");
  EXPECT_TRUE(client_.Ask(alter).ok());
}

}  // namespace
}  // namespace logboom::broker
