// A server over engine and sources, and clients that speak the protocol to it, all on one thread:
// Turn() is one turn of the broker's loop.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/server/engine_group_log.h"
#include "broker/server/server.h"
#include "lib/protocol/protocol.h"
#include "lib/transport/inproc_transport.h"
#include "tests/broker/sources/sources_rig.h"

namespace logboom::broker {

struct Reply {
  protocol::Response response;
  Bytes payload;

  bool ok() const { return !response.has_error(); }
  protocol::ErrorCode code() const { return response.error().code(); }
};

class ServerRig {
 public:
  explicit ServerRig(ServerOptions options = {}) : options_(std::move(options)) {
    options_.broker_name = "broker-1";
    options_.program_version = "1.2.3";
    options_.restore_count = 3;
    Open();
  }

  void Open() {
    rig.MustOpen();
    LogEngine& log = *rig.engine.engine;
    group_log = std::make_unique<EngineGroupLog>(log);
    groups = std::make_unique<Groups>(*group_log);
    auto loaded = groups->Load(log.TakeRows(Table::kCommittedOffset));
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    group_notes = *loaded;
    transport = network.MakeServer("in process");
    server = std::make_unique<Server>(
        log, *rig.sources, *groups, *transport, random, options_, [this] { return facts; }, now());
  }
  void Crash() {
    server.reset();
    transport.reset();
    groups.reset();
    rig.Crash();
  }

  Instant now() const { return rig.engine.now(); }
  EngineRig& engine() { return rig.engine; }

  void Turn(std::int64_t step_ms = 1) {
    rig.engine.time_ms += step_ms;
    while (auto inbound = transport->Receive()) server->Handle(*std::move(inbound), now());
    rig.engine.engine->Tick(now());
    rig.sources->Tick(now());
    groups->Tick(now());
    server->Tick(now());
  }
  void Turns(int count) {
    for (int i = 0; i < count; ++i) Turn();
  }

  SourcesRig rig;
  SeededRandom random{7};
  BrokerFacts facts;
  transport::InprocNetwork network;
  std::unique_ptr<EngineGroupLog> group_log;
  std::unique_ptr<Groups> groups;
  std::vector<std::string> group_notes;
  std::unique_ptr<transport::ServerTransport> transport;
  std::unique_ptr<Server> server;

 private:
  ServerOptions options_;
};

class TestClient {
 public:
  explicit TestClient(ServerRig& rig)
      : rig_(rig), transport_(rig.network.MakeClient("in process")) {}

  // Sends, and gives the request's id.
  std::uint64_t Send(protocol::Request request, Bytes payload = {}) {
    if (!request.has_hello()) request.set_session(session);
    request.set_request_id(++last_id_);
    if (request.version() == 0) request.set_version(1);
    if (request.want_credit_bytes() == 0) request.set_want_credit_bytes(want_credit);
    transport::Message message{protocol::Encode(request), {}};
    if (!payload.empty()) message.payload = transport::Payload(std::move(payload));
    SendRaw(std::move(message));
    return last_id_;
  }
  void SendRaw(transport::Message message) {
    EXPECT_EQ(transport_->Send(std::move(message)), transport::SendOutcome::kSent);
  }

  // The answer, where it has come.
  std::optional<Reply> Take(std::uint64_t id) {
    ReceiveAll();
    auto found = replies_.extract(id);
    if (found.empty()) return std::nullopt;
    return std::move(found.mapped());
  }
  // Sends and turns until the answer is there.
  Reply Ask(protocol::Request request, Bytes payload = {}) {
    return Await(Send(std::move(request), std::move(payload)));
  }
  Reply Await(std::uint64_t id) {
    for (int i = 0; i < 50; ++i) {
      if (auto reply = Take(id)) return *std::move(reply);
      rig_.Turn();
    }
    ADD_FAILURE() << "request " << id << " was not answered";
    return {};
  }

  protocol::Request HelloRequest(const std::string& program = "test") const {
    protocol::Request request;
    request.mutable_hello()->set_program(program);
    request.mutable_hello()->set_program_version("9");
    protocol::AddSupportedApis(*request.mutable_hello()->mutable_apis());
    return request;
  }
  protocol::Request AgentHello(const std::string& agent_id, const std::string& boot = "boot-1",
                               const std::vector<std::string>& topics = {"web"}) const {
    protocol::Request request = HelloRequest("logboom-agent");
    protocol::AgentHello& agent = *request.mutable_hello()->mutable_agent();
    agent.set_agent_id(agent_id);
    agent.set_host("host-1");
    agent.set_boot_id(boot);
    agent.set_process_id("p");
    for (const std::string& topic : topics) agent.add_topics(topic);
    return request;
  }
  Reply Hello() { return Started(Ask(HelloRequest())); }
  Reply HelloAs(const std::string& agent_id, const std::string& boot = "boot-1") {
    return Started(Ask(AgentHello(agent_id, boot)));
  }
  // Takes the session over from a hello's answer.
  Reply Started(Reply reply) {
    if (reply.ok()) {
      session = reply.response.hello().session();
      if (reply.response.hello().agent_topics_size() > 0) {
        topic_id = reply.response.hello().agent_topics(0).topic_id();
        partition = reply.response.hello().agent_topics(0).partition();
        log_tag = reply.response.hello().agent_topics(0).log_tag();
      }
    }
    return reply;
  }

  // Makes the topic where it is not there, and uses it from now on.
  void UseTopic(const std::string& name) {
    protocol::Request request;
    request.mutable_metadata()->add_topics(name);
    request.mutable_metadata()->set_auto_create(true);
    const Reply reply = Ask(std::move(request));
    ASSERT_TRUE(reply.ok());
    ASSERT_EQ(reply.response.metadata().topics_size(), 1);
    topic_id = reply.response.metadata().topics(0).topic_id();
  }

  protocol::Request ProduceRequest(protocol::Acks acks = protocol::SYNCED) const {
    protocol::Request request;
    request.mutable_produce()->set_topic_id(topic_id);
    request.mutable_produce()->set_partition(partition);
    request.mutable_produce()->set_acks(acks);
    return request;
  }
  protocol::Request SpanRequest(const std::vector<ProducedSpan>& spans) const {
    protocol::Request request = ProduceRequest();
    for (const ProducedSpan& span : spans) {
      protocol::Span& one = *request.mutable_produce()->add_spans();
      one.set_source_id(Bytes(span.source_id.bytes()));
      one.set_begin(span.begin.value());
      one.set_end(span.end.value());
      one.set_window(span.window);
      one.set_records(span.records);
      if (span.identity) SetIdentity(*span.identity, *one.mutable_identity());
    }
    return request;
  }
  std::uint64_t SendSpans(const std::vector<ProducedSpan>& spans, std::size_t value_bytes = 100) {
    return Send(SpanRequest(spans), BatchOf(spans, log_tag, value_bytes));
  }
  static void SetIdentity(const record::SourceIdentity& identity, protocol::SourceIdentity& out) {
    out.set_path(identity.path);
    out.set_inode(identity.inode);
    out.set_head_bytes(identity.head_bytes);
    out.set_head_hash(identity.head_hash);
  }
  protocol::Request ProgressRequest(const std::vector<ProgressRow>& rows) const {
    protocol::Request request;
    request.mutable_source_progress()->set_topic_id(topic_id);
    request.mutable_source_progress()->set_partition(partition);
    for (const ProgressRow& row : rows) {
      protocol::ProgressRow& one = *request.mutable_source_progress()->add_rows();
      one.set_source_id(Bytes(row.source_id.bytes()));
      one.set_kind(static_cast<protocol::RowKind>(row.kind));
      one.set_begin(row.begin.value());
      one.set_end(row.end.value());
      one.set_end_is_exact(row.end_is_exact);
      one.set_reason(row.reason);
      one.set_window(row.window);
      if (row.identity) SetIdentity(*row.identity, *one.mutable_identity());
    }
    return request;
  }
  protocol::Request FetchRequest(std::int64_t offset, std::uint32_t wait_ms = 0,
                                 std::uint32_t bytes_max = 1U << 20U) const {
    protocol::Request request;
    request.mutable_fetch()->set_topic_id(topic_id);
    request.mutable_fetch()->set_partition(partition);
    request.mutable_fetch()->set_offset(offset);
    request.mutable_fetch()->set_wait_ms_max(wait_ms);
    request.mutable_fetch()->set_bytes_max(bytes_max);
    request.mutable_fetch()->set_leader_epoch(-1);
    return request;
  }
  protocol::Request ListSources(bool with_final = true, const Bytes& after = {}) const {
    protocol::Request request;
    request.mutable_list_sources()->set_topic_id(topic_id);
    request.mutable_list_sources()->set_with_final(with_final);
    request.mutable_list_sources()->set_after_source_id(after);
    return request;
  }
  static protocol::Request KeepAlive() {
    protocol::Request request;
    request.mutable_keep_alive();
    return request;
  }

  // Answers that nobody asked for.
  std::vector<protocol::Response> TakeUnasked() {
    ReceiveAll();
    return std::exchange(unasked_, {});
  }
  std::uint64_t credit_granted() {
    ReceiveAll();
    return credit_granted_;
  }
  void Reconnect() { transport_->Reconnect(); }
  void ReceiveAll() {
    while (auto message = transport_->Receive()) {
      Reply reply;
      ASSERT_TRUE(protocol::ParseResponse(message->envelope, reply.response));
      reply.payload = Bytes(message->payload.view());
      credit_granted_ = reply.response.credit_granted_bytes();
      if (reply.response.request_id() == 0) {
        unasked_.push_back(std::move(reply.response));
      } else {
        replies_[reply.response.request_id()] = std::move(reply);
      }
    }
  }

  Bytes session;
  Bytes topic_id;
  std::int32_t partition = 0;
  std::uint64_t log_tag = 0;
  std::uint64_t want_credit = 4U << 20U;

 private:
  ServerRig& rig_;
  std::unique_ptr<transport::ClientTransport> transport_;
  std::map<std::uint64_t, Reply> replies_;
  std::vector<protocol::Response> unasked_;
  std::uint64_t credit_granted_ = 0;
  std::uint64_t last_id_ = 0;
};

// A batch of plain records.
inline Bytes PlainBatch(const std::vector<Bytes>& values, const std::string& header = {}) {
  record::BatchBuilder builder({.codec = record::Codec::kNone});
  const std::vector<record::HeaderView> headers = {{header, ByteView("v")}};
  for (const Bytes& value : values) {
    builder.Add({.timestamp = TimestampMs{1'700'000'000'000},
                 .key = {},
                 .value = value,
                 .headers = header.empty() ? std::span<const record::HeaderView>() : headers});
  }
  return Bytes(*builder.Finish());
}

}  // namespace logboom::broker
