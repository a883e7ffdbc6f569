// What an agent says, and what it is answered.
#include "tests/lib/client/agent_link_fixture.h"

namespace logboom::client {
namespace {

using namespace std::chrono_literals;

TEST_F(AgentLinkTest, HelloSaysWhoTheAgentIs) {
  auto& topic = *broker.hello.add_agent_topics();
  topic.set_name("web");
  topic.set_topic_id(IdBytes('T'));
  topic.set_partition(3);
  topic.set_log_tag(99);
  link.SetWantedCredit(123);
  Connect();

  ASSERT_EQ(broker.hellos.size(), 1U);
  const auto& request = broker.hellos[0].request;
  EXPECT_EQ(request.session(), "");
  EXPECT_EQ(request.want_credit_bytes(), 123U);
  EXPECT_EQ(request.hello().program(), "logboom-agent");
  EXPECT_EQ(request.hello().agent().agent_id(), "web-1");
  EXPECT_EQ(request.hello().agent().boot_id(), "boot");
  EXPECT_EQ(request.hello().agent().process_id(), "42");
  EXPECT_EQ(request.hello().agent().topics(0), "web");
  EXPECT_EQ(request.hello().agent().labels().at("env"), "prod");
  EXPECT_GT(request.hello().apis_size(), 10);

  ASSERT_EQ(events.started.size(), 1U);
  EXPECT_EQ(events.started[0].broker_name, "log-1");
  EXPECT_EQ(events.started[0].agent_epoch, 7U);
  EXPECT_EQ(events.started[0].cluster_id, IdOf('C'));
  ASSERT_EQ(events.started[0].topics.size(), 1U);
  EXPECT_EQ(events.started[0].topics[0].topic_id, kTopic);
  EXPECT_EQ(events.started[0].topics[0].partition, kPartition);
  EXPECT_EQ(events.started[0].topics[0].log_tag, 99U);
}

TEST_F(AgentLinkTest, ATopicThatCantBeHadSaysWhy) {
  auto& topic = *broker.hello.add_agent_topics();
  topic.set_name("web");
  *topic.mutable_error() = protocol::MakeError(protocol::NOT_AUTHORISED, "not yours");
  Connect();
  ASSERT_TRUE(events.started[0].topics[0].error);
  EXPECT_EQ(events.started[0].topics[0].error->code, ErrorCode::kPermission);
}

TEST_F(AgentLinkTest, ProduceCarriesSpansAndTheBatch) {
  Connect();
  record::SourceIdentity identity;
  identity.agent_id = "web-1";
  identity.path = "/var/log/\xFF.log";
  identity.inode = 5;
  const ProduceSpan span{.span = {.log_tag = 1,
                                  .source_id = IdOf('S'),
                                  .begin = SourcePosition(10),
                                  .end = SourcePosition(20),
                                  .window = 77,
                                  .records = 2,
                                  .dropped = 1},
                         .identity = identity};
  ASSERT_TRUE(Produce("batch", {span}));
  const Asked asked = broker.Take(protocol::Request::kProduce);
  EXPECT_EQ(asked.request.session(), broker.session());
  EXPECT_EQ(asked.request.version(), 1U);
  EXPECT_EQ(asked.payload.view(), "batch");
  const auto& produce = asked.request.produce();
  EXPECT_EQ(produce.topic_id(), IdBytes('T'));
  EXPECT_EQ(produce.partition(), 3);
  EXPECT_EQ(produce.acks(), protocol::SYNCED);
  ASSERT_EQ(produce.spans_size(), 1);
  EXPECT_EQ(produce.spans(0).begin(), 10);
  EXPECT_EQ(produce.spans(0).end(), 20);
  EXPECT_EQ(produce.spans(0).window(), 77U);
  EXPECT_EQ(produce.spans(0).records(), 2U);
  EXPECT_EQ(produce.spans(0).dropped(), 1U);
  EXPECT_EQ(produce.spans(0).identity().path(), "/var/log/\xFF.log");

  broker.Answer(asked, Durable());
  Poll();
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].kind, ProduceOutcome::Kind::kDurable);
}

TEST_F(AgentLinkTest, NothingIsSentWithoutASession) {
  EXPECT_FALSE(Produce("batch"));
  EXPECT_EQ(link.credit_bytes(), 0U);
  EXPECT_FALSE(link.Progress(kTopic, kPartition, {}, [](const ProduceOutcome&) { FAIL(); }));
}

TEST_F(AgentLinkTest, CreditIsNeverExceeded) {
  broker.credit_bytes = 10;
  Connect();
  EXPECT_EQ(link.credit_bytes(), 10U);
  EXPECT_FALSE(Produce(std::string(11, 'x')));
  EXPECT_TRUE(Produce(std::string(10, 'x')));
  EXPECT_EQ(link.credit_bytes(), 0U);
  EXPECT_FALSE(Produce("x"));

  // Credit counts from the hello on, in sum.
  protocol::Response answer = Durable();
  answer.set_credit_granted_bytes(25);
  broker.Answer(broker.Take(protocol::Request::kProduce), answer);
  Poll();
  EXPECT_EQ(link.credit_bytes(), 15U);
  EXPECT_TRUE(Produce(std::string(15, 'x')));
  EXPECT_FALSE(Produce("x"));

  // A grant that nobody asked for; one that falls is not believed.
  const Asked asked = broker.Take(protocol::Request::kProduce);
  protocol::Response grant;
  grant.set_credit_granted_bytes(30);
  broker.Send(asked.peer, grant);
  grant.set_credit_granted_bytes(1);
  broker.Send(asked.peer, grant);
  Poll();
  EXPECT_EQ(link.credit_bytes(), 5U);
}

TEST_F(AgentLinkTest, WantedCreditRisingFromZeroIsSaidAtOnce) {
  link.SetWantedCredit(0);
  Connect();
  EXPECT_TRUE(broker.keep_alives.empty());
  link.SetWantedCredit(1'000);
  Pass(0);
  ASSERT_EQ(broker.keep_alives.size(), 1U);
  EXPECT_EQ(broker.keep_alives[0].request.want_credit_bytes(), 1'000U);
  link.SetWantedCredit(2'000);
  Pass(0);
  EXPECT_EQ(broker.keep_alives.size(), 1U);
}

TEST_F(AgentLinkTest, WantingNothingGivesCreditBackUntilTheBrokerHasSeenIt) {
  Connect();
  broker.answers_keep_alive = false;
  link.SetWantedCredit(0);
  Pass(5'000);
  ASSERT_EQ(broker.keep_alives.size(), 1U);
  EXPECT_EQ(broker.keep_alives[0].request.want_credit_bytes(), 0U);
  EXPECT_EQ(link.credit_bytes(), 0U);
  EXPECT_FALSE(Produce("x"));

  // Under way before the broker took the rest back.
  link.SetWantedCredit(1'000);
  protocol::Response grant;
  grant.set_credit_granted_bytes(2U << 20U);
  broker.Send(broker.keep_alives[0].peer, grant);
  Poll();
  EXPECT_EQ(link.credit_bytes(), 0U);

  grant.set_credit_granted_bytes(1'000);
  grant.mutable_keep_alive();
  broker.Answer(broker.keep_alives[0], grant);
  Poll();
  EXPECT_EQ(link.credit_bytes(), 1'000U);
  EXPECT_TRUE(Produce("x"));
}

TEST_F(AgentLinkTest, ConflictBringsTheSourcesPositions) {
  Connect();
  ASSERT_TRUE(Produce("batch"));
  protocol::Response conflict;
  *conflict.mutable_error() = protocol::MakeError(protocol::SPAN_CONFLICT, "elsewhere");
  auto& unknown = *conflict.mutable_error()->add_positions();
  unknown.set_source_id(IdBytes('A'));
  unknown.set_appended(-1);
  auto& known = *conflict.mutable_error()->add_positions();
  known.set_source_id(IdBytes('B'));
  known.set_appended(200);
  known.set_durable(100);
  broker.Answer(broker.Take(protocol::Request::kProduce), conflict);
  Poll();
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].kind, ProduceOutcome::Kind::kConflict);
  ASSERT_EQ(outcomes[0].positions.size(), 2U);
  EXPECT_EQ(outcomes[0].positions[0].source_id, IdOf('A'));
  EXPECT_EQ(outcomes[0].positions[0].appended, SourcePosition(-1));
  EXPECT_EQ(outcomes[0].positions[1].appended, SourcePosition(200));
  EXPECT_EQ(outcomes[0].positions[1].durable, SourcePosition(100));
  EXPECT_TRUE(link.connected());
}

TEST_F(AgentLinkTest, RefusalsSayWhetherTryingAgainHelps) {
  Connect();
  const std::vector<std::pair<protocol::ErrorCode, bool>> cases = {
      {protocol::NO_SPACE, true}, {protocol::BUSY, true}, {protocol::CORRUPT_BATCH, false}};
  for (const auto& [code, retriable] : cases) {
    outcomes.clear();
    ASSERT_TRUE(Produce("batch"));
    broker.Refuse(broker.Take(protocol::Request::kProduce), code, "because");
    Poll();
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_EQ(outcomes[0].kind, ProduceOutcome::Kind::kRefused);
    EXPECT_EQ(outcomes[0].retriable, retriable) << code;
    EXPECT_NE(outcomes[0].error->message.find("because"), std::string::npos);
    EXPECT_TRUE(link.connected());
  }
}

protocol::Response Page(const std::string& ids, bool more) {
  protocol::Response response;
  response.mutable_list_sources()->set_more(more);
  for (const char id : ids) {
    auto& source = *response.mutable_list_sources()->add_sources();
    source.set_source_id(IdBytes(id));
    source.set_durable(id);
    source.set_window(5);
    source.set_state(protocol::FINAL);
    source.mutable_identity()->set_path("/p");
    auto& end = *source.add_recent();
    end.set_end(3);
    end.set_window(4);
  }
  return response;
}

TEST_F(AgentLinkTest, SourcesAreListedOverAllPages) {
  Connect();
  List(true);
  const Asked first = broker.Take(protocol::Request::kListSources);
  EXPECT_EQ(first.request.list_sources().after_source_id(), "");
  EXPECT_TRUE(first.request.list_sources().with_final());
  broker.Answer(first, Page("AB", true));
  Poll();
  const Asked second = broker.Take(protocol::Request::kListSources);
  EXPECT_EQ(second.request.list_sources().after_source_id(), IdBytes('B'));
  broker.Answer(second, Page("C", false));
  Poll();
  ASSERT_EQ(listings.size(), 1U);
  ASSERT_TRUE(listings[0].ok());
  ASSERT_EQ(listings[0]->size(), 3U);
  const KnownSource& last = listings[0]->back();
  EXPECT_EQ(last.source_id, IdOf('C'));
  EXPECT_TRUE(last.final);
  EXPECT_EQ(last.identity.agent_id, "web-1");
  EXPECT_EQ(last.identity.path, "/p");
  EXPECT_EQ(last.durable, SourcePosition('C'));
  EXPECT_EQ(last.recent.back().end, SourcePosition(3));
}

TEST_F(AgentLinkTest, ListingThatDoesNotMoveOnIsAnError) {
  for (const char* second_page : {"A", ""}) {
    while (!link.connected()) Pass(1'000);
    listings.clear();
    List();
    broker.Answer(broker.Take(protocol::Request::kListSources), Page("A", true));
    Poll();
    broker.Answer(broker.Take(protocol::Request::kListSources), Page(second_page, true));
    Poll();
    ASSERT_EQ(listings.size(), 1U);
    ASSERT_FALSE(listings[0].ok());
    EXPECT_EQ(listings[0].error().code, ErrorCode::kCorrupt);
  }
}

TEST_F(AgentLinkTest, ListingEndsWithItsSession) {
  Connect();
  List();
  broker.Refuse(broker.Take(protocol::Request::kListSources), protocol::NO_SESSION);
  Poll();
  ASSERT_EQ(listings.size(), 1U);
  EXPECT_FALSE(listings[0].ok());
}

TEST_F(AgentLinkTest, ListingWithoutASessionFailsAtTheNextPoll) {
  List();
  EXPECT_TRUE(listings.empty());
  network.SetFaults({.unreachable = true});
  Poll();
  ASSERT_EQ(listings.size(), 1U);
  EXPECT_EQ(listings[0].error().code, ErrorCode::kUnavailable);
}

TEST_F(AgentLinkTest, ListingWaitsForRoomInTheQueue) {
  Connect();
  network.SetFaults({.queue_messages_max = 0});
  List();
  Poll();
  EXPECT_TRUE(listings.empty());
  network.SetFaults({});
  Poll();
  broker.Answer(broker.Take(protocol::Request::kListSources), Page("A", false));
  Poll();
  EXPECT_EQ(listings.size(), 1U);
}

TEST_F(AgentLinkTest, AFullQueueIsTriedAgainTwiceAsLateEachTime) {
  Connect();
  link.SetWantedCredit(0);
  Poll();
  network.SetFaults({.queue_messages_max = 0});
  link.SetWantedCredit(1'000);  // to be said at once
  const auto next_wait = [this] {
    Poll();
    link.Wait(std::chrono::hours(1), {});
    return waits.back();
  };
  Waits tried;
  for (int i = 0; i < 6; ++i) tried.push_back(next_wait());
  EXPECT_EQ(tried, (Waits{5ms, 10ms, 20ms, 40ms, 80ms, 80ms}));
  network.SetFaults({});
  Poll();
  broker.Step();
  EXPECT_GT(next_wait(), 80ms);
  network.SetFaults({.queue_messages_max = 0});
  link.SetWantedCredit(0);
  Poll();
  link.SetWantedCredit(1'000);
  EXPECT_EQ(next_wait(), 5ms);
}

TEST_F(AgentLinkTest, ProgressCarriesRows) {
  Connect();
  const ProgressRow row{.source_id = IdOf('S'),
                        .kind = RowKind::kGap,
                        .begin = SourcePosition(1),
                        .end = SourcePosition(9),
                        .end_is_exact = false,
                        .reason = "truncated \xFF",
                        .dropped = 2,
                        .window = 3,
                        .identity = record::SourceIdentity{}};
  ASSERT_TRUE(link.Progress(kTopic, kPartition, {row}, [this](ProduceOutcome outcome) {
    outcomes.push_back(std::move(outcome));
  }));
  const Asked asked = broker.Take(protocol::Request::kSourceProgress);
  ASSERT_EQ(asked.request.source_progress().rows_size(), 1);
  const auto& sent = asked.request.source_progress().rows(0);
  EXPECT_EQ(sent.kind(), protocol::GAP);
  EXPECT_EQ(sent.begin(), 1);
  EXPECT_EQ(sent.end(), 9);
  EXPECT_FALSE(sent.end_is_exact());
  EXPECT_TRUE(sent.has_identity());
  broker.Refuse(asked, protocol::SPAN_CONFLICT);
  Poll();
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].kind, ProduceOutcome::Kind::kConflict);
}

FileReport IdleFile() {
  FileReport file;
  file.path = std::string(200, 'p');
  file.topic = "web";
  file.state = "idle";
  return file;
}

TEST_F(AgentLinkTest, LongReportIsSentInPartsBelowTheLimit) {
  Connect();
  AgentReport report;
  report.bytes_read = 11;
  report.last_error = "bad \xFF";
  for (int i = 0; i < 6'000; ++i) {
    report.files.push_back(IdleFile());
  }
  link.Report(report);
  broker.Step();
  ASSERT_GE(broker.asked.size(), 3U);
  int files = 0;
  while (!broker.asked.empty()) {
    const Asked part = broker.Take(protocol::Request::kAgentReport);
    const auto& sent = part.request.agent_report();
    EXPECT_LE(part.request.ByteSizeLong(), protocol::kPageBytesMax + 128);
    EXPECT_EQ(sent.report_id(), 1U);
    EXPECT_EQ(sent.bytes_read(), 11U);
    EXPECT_EQ(sent.time_ms(), time.now.wall.value());
    EXPECT_EQ(sent.last(), broker.asked.empty());
    files += sent.files_size();
  }
  EXPECT_EQ(files, 6'000);
  link.Report(AgentReport{});
  EXPECT_EQ(broker.Take(protocol::Request::kAgentReport).request.agent_report().report_id(), 2U);
}

TEST_F(AgentLinkTest, ReportThatTheQueueCantHoldGoesOnLater) {
  Connect();
  AgentReport report;
  for (int i = 0; i < 6'000; ++i) report.files.push_back(IdleFile());
  network.SetFaults({.queue_messages_max = 1});
  link.Report(report);
  link.Report(report);  // does not overtake the one before
  bool last = false;
  for (int i = 0; i < 10 && !last; ++i) {
    last = broker.Take(protocol::Request::kAgentReport).request.agent_report().last();
    Poll();
  }
  EXPECT_TRUE(last);
  broker.Step();
  EXPECT_TRUE(broker.asked.empty());
}

}  // namespace
}  // namespace logboom::client
