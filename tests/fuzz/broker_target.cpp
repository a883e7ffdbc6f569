// The script of the target `broker`: one act after the other, integers big endian.
//
//   0..3  request: client u8 | envelope length u16, envelope | payload kind u8, length u16, payload
//   4     time passes: u16 ms
//   5     power loss of the broker, and a start
//   6     client u8 connects anew, and says hello as its agent
//   7     a turn of the broker's loop
//
// What a mutation can hardly hit is filled in: session and request id; the topic's id where it is
// "T"; checksums of payloads, and by kind of payload a batch that fits the request's spans.
#include <gtest/gtest.h>

#include <array>
#include <map>

#include "tests/broker/server/server_rig.h"
#include "tests/fuzz/targets.h"

namespace logboom::fuzz {
namespace {

constexpr int kActsMax = 64;
constexpr int kSpansMax = 64;
constexpr int kPartitionsMax = 4;  // more of them cost time and find nothing

enum class PayloadKind { kNone, kSealed, kOfSpans, kOfSpansDamaged };

record::SourceIdentity IdentityIn(const protocol::SourceIdentity& wire, const Bytes& agent_id) {
  return {.agent_id = agent_id,
          .path = wire.path(),
          .device = wire.device(),
          .inode = wire.inode(),
          .birth_time_ns = wire.birth_time_ns(),
          .file_system_uuid = wire.file_system_uuid(),
          .head_bytes = wire.head_bytes(),
          .head_hash = wire.head_hash()};
}

std::vector<broker::ProducedSpan> SpansIn(const protocol::ProduceRequest& request,
                                          const Bytes& agent_id) {
  std::vector<broker::ProducedSpan> spans;
  for (const protocol::Span& wire : request.spans()) {
    const auto source_id = Uuid::FromBytes(wire.source_id());
    if (!source_id || spans.size() == kSpansMax) continue;
    broker::ProducedSpan span;
    span.source_id = *source_id;
    span.begin = SourcePosition(wire.begin());
    span.end = SourcePosition(wire.end());
    span.window = wire.window();
    span.records = wire.records();
    span.dropped = wire.dropped();
    if (wire.has_identity()) span.identity = IdentityIn(wire.identity(), agent_id);
    spans.push_back(std::move(span));
  }
  return spans;
}

Bytes Sealed(Bytes batch) {
  if (batch.size() >= record::kBatchHeaderBytes) record::SealBatch(batch.data(), batch.size());
  return batch;
}

void SetTopic(protocol::Request& request, const Bytes& topic_id) {
  const auto set = [&topic_id](auto* body) {
    if (body->topic_id() == "T") body->set_topic_id(topic_id);
  };
  if (request.has_produce()) set(request.mutable_produce());
  if (request.has_fetch()) set(request.mutable_fetch());
  if (request.has_list_offsets()) set(request.mutable_list_offsets());
  if (request.has_list_sources()) set(request.mutable_list_sources());
  if (request.has_source_progress()) set(request.mutable_source_progress());
  if (request.has_commit_offsets()) {
    for (auto& one : *request.mutable_commit_offsets()->mutable_offsets()) set(&one);
  }
  if (request.has_heartbeat()) {
    for (auto& one : *request.mutable_heartbeat()->mutable_owned()) set(&one);
  }
}

class World {
 public:
  World() {
    for (std::size_t i = 0; i < kAgents.size(); ++i) {
      clients_[i] = std::make_unique<broker::TestClient>(rig_);
      SayHello(i);
    }
  }

  void Act(ByteReader& script) {
    switch (script.Int<std::uint8_t>() % 8) {
      case 4: rig_.Turn(script.Int<std::uint16_t>()); break;
      case 5: CrashAndStart(); break;
      case 6: ConnectAnew(ClientIn(script)); break;
      case 7: rig_.Turn(); break;
      default: Send(script); break;
    }
    TakeReplies();
  }

  // The broker serves a newcomer, and all that it acknowledged is there, batch by batch.
  void CheckAtTheEnd() {
    rig_.Turns(3);
    TakeReplies();
    broker::TestClient reader(rig_);
    ASSERT_TRUE(reader.Hello().ok());
    protocol::Request status;
    status.mutable_status();
    EXPECT_TRUE(reader.Ask(std::move(status)).ok());
    for (const auto& [where, end] : acknowledged_) Read(reader, where, end);
  }

 private:
  static constexpr std::array<const char*, 2> kAgents = {"a", "b"};
  using Where = std::pair<Bytes, std::int32_t>;  // topic id, partition
  struct Produced {
    Where where;
    std::size_t client = 0;
  };

  std::size_t ClientIn(ByteReader& script) { return script.Int<std::uint8_t>() % kAgents.size(); }

  void SayHello(std::size_t client) {
    // Refused where a request of the script holds the id under another boot's name.
    clients_[client]->HelloAs(kAgents.at(client));
  }
  void ConnectAnew(std::size_t client) {
    clients_[client]->Reconnect();
    SayHello(client);
  }
  void CrashAndStart() {
    TakeReplies();
    produced_.clear();
    rig_.Crash();
    rig_.Open();
    for (std::size_t i = 0; i < kAgents.size(); ++i) ConnectAnew(i);
  }

  void Send(ByteReader& script) {
    const std::size_t client = ClientIn(script);
    protocol::Request request;
    const auto envelope = script.Raw(script.Int<std::uint16_t>());
    const auto kind = static_cast<PayloadKind>(script.Int<std::uint8_t>() % 4);
    const auto payload = script.Raw(script.Int<std::uint16_t>());
    if (!protocol::ParseRequest(envelope, request)) {
      clients_[client]->SendRaw({.envelope = Bytes(envelope), .payload = {}});
      return rig_.Turn();
    }
    SetTopic(request, clients_[client]->topic_id);
    if (request.has_create_topic() && request.create_topic().partitions() > kPartitionsMax) {
      request.mutable_create_topic()->set_partitions(kPartitionsMax);
    }
    Bytes bytes = PayloadOf(kind, request, payload, client);
    const bool synced = request.has_produce() && request.produce().acks() == protocol::SYNCED;
    const Where where{request.produce().topic_id(), request.produce().partition()};
    const std::uint64_t id = clients_[client]->Send(std::move(request), std::move(bytes));
    if (synced) produced_[id + client * kClientIds] = {where, client};
    rig_.Turn();
  }

  Bytes PayloadOf(PayloadKind kind, const protocol::Request& request, ByteView payload,
                  std::size_t client) {
    if (kind == PayloadKind::kNone) return {};
    if (kind == PayloadKind::kSealed) return Sealed(Bytes(payload));
    const auto spans = SpansIn(request.produce(), kAgents.at(client));
    if (spans.empty()) return broker::PlainBatch({Bytes(payload)});
    Bytes batch = broker::BatchOf(spans, clients_[client]->log_tag, 20);
    if (kind == PayloadKind::kOfSpans) return batch;
    for (std::size_t i = 0; i < payload.size(); ++i) {
      char& byte = batch[(i * 7 + record::kBatchHeaderBytes) % batch.size()];
      byte = static_cast<char>(byte ^ payload[i]);
    }
    return Sealed(std::move(batch));
  }

  void TakeReplies() {
    for (auto one = produced_.begin(); one != produced_.end();) {
      const Produced& produced = one->second;
      const auto reply = clients_[produced.client]->Take(one->first % kClientIds);
      if (reply && reply->ok() && reply->response.has_produce()) {
        std::int64_t& end = acknowledged_[produced.where];
        end = std::max(end, reply->response.produce().base_offset() + 1);
      }
      one = reply ? produced_.erase(one) : std::next(one);
    }
    for (const auto& client : clients_) client->ReceiveAll();
  }

  static void Read(broker::TestClient& reader, const Where& where, std::int64_t end) {
    reader.topic_id = where.first;
    reader.partition = where.second;
    protocol::Request request;
    request.mutable_list_offsets()->set_topic_id(where.first);
    request.mutable_list_offsets()->set_partition(where.second);
    broker::Reply told = reader.Ask(request);
    if (told.code() == protocol::UNKNOWN_TOPIC) return;  // deleted meanwhile
    ASSERT_TRUE(told.ok()) << told.response.error().message();
    std::int64_t next = told.response.list_offsets().offset();
    while (true) {
      const broker::Reply fetched = reader.Ask(reader.FetchRequest(next));
      ASSERT_TRUE(fetched.ok()) << fetched.response.error().message();
      if (fetched.payload.empty()) break;
      next = CheckBatches(fetched.payload, next);
      ASSERT_EQ(next, fetched.response.fetch().next_offset());
    }
    EXPECT_GE(next, end);
  }

  // One past the last record.
  static std::int64_t CheckBatches(ByteView left, std::int64_t next) {
    while (!left.empty()) {
      const auto head = record::ParseBatchHeader(left);
      EXPECT_TRUE(head.ok() && head->size_bytes() <= left.size());
      if (!head.ok() || head->size_bytes() > left.size()) return -1;
      const auto header = record::VerifyBatch(left.substr(0, head->size_bytes()));
      EXPECT_TRUE(header.ok()) << header.error().message;
      EXPECT_EQ(head->base_offset.value(), next);
      next = head->next_offset().value();
      left.remove_prefix(head->size_bytes());
    }
    return next;
  }

  static constexpr std::uint64_t kClientIds = std::uint64_t{1} << 32U;

  broker::ServerRig rig_;
  std::array<std::unique_ptr<broker::TestClient>, kAgents.size()> clients_;
  std::map<std::uint64_t, Produced> produced_;  // by request id, and client above it
  std::map<Where, std::int64_t> acknowledged_;  // one past the newest batch's first record
};

}  // namespace

void Broker(ByteView input) {
  World world;
  ByteReader script(input);
  for (int i = 0; i < kActsMax && script.ok() && !script.rest().empty(); ++i) world.Act(script);
  world.CheckAtTheEnd();
}

}  // namespace logboom::fuzz
