#include "broker/server/server.h"

#include <algorithm>
#include <utility>

#include "broker/server/translate.h"
#include "lib/protocol/protocol.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kSilenceCheckMs = 1000;
// The longest that the loop sleeps while nothing happens.
constexpr std::chrono::milliseconds kIdleWait{250};
// How soon answers that a full socket refused are tried again.
constexpr std::chrono::milliseconds kRetryWait{1};
// Room is left for the fields that every answer has.
constexpr std::size_t kAnswerBytesMax = transport::kMessageBytesMax - 64;

}  // namespace

protocol::Error Unsupported(protocol::Request::BodyCase body, std::string_view message) {
  protocol::Error error = protocol::MakeError(protocol::UNSUPPORTED, message);
  if (const auto api = protocol::FindApi(static_cast<std::uint32_t>(body))) {
    protocol::VersionRange& range = *error.mutable_supported();
    range.set_api(static_cast<std::uint32_t>(body));
    range.set_min(api->min);
    range.set_max(api->max);
  }
  return error;
}

Server::Server(LogEngine& engine, Sources& sources, Groups& groups,
               transport::ServerTransport& transport, Random& random, ServerOptions options,
               std::function<BrokerFacts()> facts, Instant now)
    : engine_(engine),
      sources_(sources),
      groups_(groups),
      transport_(transport),
      random_(random),
      options_(std::move(options)),
      facts_(std::move(facts)),
      started_(now.wall),
      group_handlers_(engine, groups, *this),
      snapshots_(
          engine, sources, groups, evictions_, *this,
          [this](Instant at, protocol::StatusResponse& out) { FillStatus(at, out); },
          options_.snapshots),
      credit_(options_.credit) {
  engine_.SetDurableObserver([this](const TopicPartition& where) { risen_.push_back(where); });
}

Server::~Server() { engine_.SetDurableObserver(nullptr); }

void Server::Handle(transport::Inbound inbound, Instant now) {
  ++requests_;
  protocol::Request request;
  if (!protocol::ParseRequest(inbound.message.envelope, request)) {
    AnswerPeer(inbound.peer, 0, protocol::INVALID_REQUEST,
               "the envelope is not a Request, or has more than 65,536 fields");
    return;
  }
  if (request.has_hello()) {
    HandleHello(inbound.peer, request, now);
    return;
  }
  auto id = Uuid::FromBytes(request.session());
  auto found = id ? sessions_.find(*id) : sessions_.end();
  // A session belongs to its connection: after a reconnect it is gone.
  if (found == sessions_.end() || found->second.peer.key != inbound.peer.key) {
    AnswerPeer(inbound.peer, request.request_id(), protocol::NO_SESSION, "say hello again");
    return;
  }
  Session& session = found->second;
  session.last_heard = now.monotonic;
  if (!session.agent_id.empty()) {
    sources_.agents().Heard(session.agent_id, session.id, now);
  }
  const Call call{session.id, request.request_id(),
                  Principal{inbound.peer.user_id, inbound.peer.authenticated_by}, session.agent_id,
                  now};
  const std::size_t payload_bytes = inbound.message.payload.size();
  if (payload_bytes > 0 && !credit_.Receive(session.id, payload_bytes)) {
    AnswerError(call, protocol::CREDIT_EXCEEDED, "more payload than the credit granted");
    EndSession(call.session);
    return;
  }
  credit_.Want(session.id, request.want_credit_bytes());
  Dispatch(call, request, std::move(inbound.message.payload));
  // Requests that keep their payload until it is durable finish their credit themselves.
  if (payload_bytes > 0 && !request.has_produce()) credit_.Finish(call.session, payload_bytes);
}

void Server::Dispatch(const Call& call, const protocol::Request& request,
                      transport::Payload payload) {
  using Body = protocol::Request::BodyCase;
  const auto api = protocol::FindApi(static_cast<std::uint32_t>(request.body_case()));
  if (!api || request.version() < api->min || request.version() > api->max) {
    protocol::Response response;
    *response.mutable_error() = Unsupported(
        request.body_case(), fmt::format("API {} in version {}",
                                         static_cast<int>(request.body_case()), request.version()));
    credit_.Finish(call.session, request.has_produce() ? payload.size() : 0);
    Answer(call, std::move(response));
    return;
  }
  if (shutting_down_) {
    credit_.Finish(call.session, request.has_produce() ? payload.size() : 0);
    AnswerError(call, protocol::SHUTTING_DOWN, "the broker is ending");
    return;
  }
  switch (request.body_case()) {
    case Body::kProduce: HandleProduce(call, request.produce(), std::move(payload)); return;
    case Body::kFetch: HandleFetch(call, request.fetch()); return;
    case Body::kListOffsets: HandleListOffsets(call, request.list_offsets()); return;
    case Body::kMetadata: HandleMetadata(call, request.metadata()); return;
    case Body::kCreateTopic: HandleCreateTopic(call, request.create_topic()); return;
    case Body::kAlterTopic: HandleAlterTopic(call, request.alter_topic()); return;
    case Body::kDeleteTopic: HandleDeleteTopic(call, request.delete_topic()); return;
    case Body::kTrimTopic: HandleTrimTopic(call, request.trim_topic()); return;
    case Body::kListSources: HandleListSources(call, request.list_sources()); return;
    case Body::kSourceProgress: HandleSourceProgress(call, request.source_progress()); return;
    case Body::kAgentReport: HandleAgentReport(call, request.agent_report()); return;
    case Body::kListAgents: HandleListAgents(call); return;
    case Body::kDescribeAgent: HandleDescribeAgent(call, request.describe_agent()); return;
    case Body::kStatus: HandleStatus(call); return;
    case Body::kKeepAlive: {
      // An agent with nothing to send hears here that another process took its id.
      if (!call.agent_id.empty() && !HoldsAgent(call)) return;
      protocol::Response response;
      response.mutable_keep_alive();
      Answer(call, std::move(response));
      return;
    }
    case Body::kJoinGroup:
    case Body::kHeartbeat:
    case Body::kLeaveGroup:
    case Body::kCommitOffsets:
    case Body::kFetchOffsets:
    case Body::kListGroups:
    case Body::kDescribeGroup:
    case Body::kResetOffsets:
    case Body::kDeleteGroup: group_handlers_.Handle(call, request); return;
    case Body::kSnapshot: snapshots_.Handle(call, request.snapshot()); return;
    case Body::kBackup: HandleBackup(call, request.backup()); return;
    case Body::kGoodbye: HandleGoodbye(call); return;
    case Body::kInitProducerId: HandleInitProducerId(call); return;
    case Body::kHello:
    case Body::BODY_NOT_SET: break;
  }
  AnswerError(call, protocol::INVALID_REQUEST, "the request has no body");
}

void Server::SendAnswer(const Call& call, protocol::Response response, Bytes payload) {
  auto found = sessions_.find(call.session);
  if (found == sessions_.end()) return;  // it ended meanwhile; its client knows
  Session& session = found->second;
  if (response.ByteSizeLong() + payload.size() > kAnswerBytesMax) {
    response.Clear();
    *response.mutable_error() = protocol::MakeError(
        protocol::MESSAGE_TOO_LARGE,
        "the answer does not fit into a message: ask for a part of it, or take a snapshot");
    payload.clear();
  }
  if (response.has_error()) ++errors_;
  response.set_request_id(call.request_id);
  session.credit_told = credit_.granted(session.id);
  response.set_credit_granted_bytes(session.credit_told);
  transport::Message message{protocol::Encode(response), {}};
  if (!payload.empty()) message.payload = transport::Payload(std::move(payload));
  SendTo(session, std::move(message));
}

// To somebody without a session: best effort.
void Server::AnswerPeer(const transport::Peer& peer, std::uint64_t request_id,
                        protocol::Error error) {
  ++errors_;
  protocol::Response response;
  response.set_request_id(request_id);
  *response.mutable_error() = std::move(error);
  transport_.Send(peer, {protocol::Encode(response), {}});
}

void Server::AnswerPeer(const transport::Peer& peer, std::uint64_t request_id,
                        protocol::ErrorCode code, std::string_view message) {
  AnswerPeer(peer, request_id, protocol::MakeError(code, message));
}

const Topic* Server::TopicOf(const Call& call, ByteView topic_id, std::int32_t partition,
                             Operation operation) {
  auto id = Uuid::FromBytes(topic_id);
  const Topic* topic = id ? engine_.FindTopic(*id) : nullptr;
  if (topic == nullptr) {
    AnswerError(call, protocol::UNKNOWN_TOPIC, "no topic has this id: it may have been deleted");
    return nullptr;
  }
  if (!Allowed(call, operation, {ResourceKind::kTopic, topic->name})) return nullptr;
  if (partition < 0 || partition >= topic->partitions) {
    AnswerError(call, protocol::UNKNOWN_TOPIC,
                fmt::format("topic '{}' has partitions 0 to {}; {} is none of them", topic->name,
                            topic->partitions - 1, partition));
    return nullptr;
  }
  return topic;
}

void Server::SendTo(Session& session, transport::Message message) {
  session.queue_bytes += message.envelope.size() + message.payload.size();
  session.queue.push_back(std::move(message));
  Flush(session);
}

// May end the session: the reference is gone then.
void Server::Flush(Session& session) {
  while (!session.queue.empty()) {
    transport::Message& next = session.queue.front();
    const std::size_t bytes = next.envelope.size() + next.payload.size();
    switch (transport_.Send(session.peer, next)) {
      case transport::SendOutcome::kSent:
        session.queue_bytes -= bytes;
        session.queue.pop_front();
        continue;
      case transport::SendOutcome::kGone: EndSession(session.id); return;
      case transport::SendOutcome::kFull: break;
    }
    backlogged_.insert(session.id);
    if (session.queue.size() > kQueuedMessagesMax || session.queue_bytes > kQueuedBytesMax) {
      EndSession(session.id);
    }
    return;
  }
  backlogged_.erase(session.id);
}

void Server::EndSession(Uuid id) {
  auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  if (!found->second.agent_id.empty()) sources_.agents().Release(found->second.agent_id, id);
  for (auto& [where, fetches] : waiting_fetches_) {
    std::erase_if(fetches, [&](const WaitingFetch& one) { return one.call.session == id; });
  }
  auto of_peer = session_of_peer_.find(found->second.peer.key);
  if (of_peer != session_of_peer_.end() && of_peer->second == id) session_of_peer_.erase(of_peer);
  backlogged_.erase(id);
  credit_.Close(id);
  snapshots_.Forget(id);
  sessions_.erase(found);
}

void Server::HandleGoodbye(const Call& call) {
  protocol::Response response;
  response.mutable_goodbye();
  Answer(call, std::move(response));
  if (!call.agent_id.empty()) sources_.agents().Leave(call.agent_id, call.session);
  EndSession(call.session);
}

void Server::EndSilentSessions(Instant now) {
  if (now.monotonic < next_silence_check_) return;
  next_silence_check_ = now.monotonic + kSilenceCheckMs;
  std::vector<Uuid> silent;
  for (const auto& [id, session] : sessions_) {
    if (now.monotonic - session.last_heard > protocol::kSessionSilenceMax.count()) {
      silent.push_back(id);
    }
  }
  for (const Uuid& id : silent) EndSession(id);
}

void Server::TellRaisedCredit() {
  for (const Uuid& id : credit_.TakeRaised()) {
    auto found = sessions_.find(id);
    if (found == sessions_.end() || credit_.granted(id) == found->second.credit_told) continue;
    Answer(Call{id, 0, {}, {}, {}}, protocol::Response{});
  }
}

void Server::Tick(Instant now) {
  auto risen = std::exchange(risen_, {});
  std::sort(risen.begin(), risen.end());
  risen.erase(std::unique(risen.begin(), risen.end()), risen.end());
  for (const TopicPartition& where : risen) WakeFetches(where);
  EndDueFetches(now);
  const std::vector<Uuid> backlogged(backlogged_.begin(), backlogged_.end());
  for (const Uuid& id : backlogged) {
    if (auto found = sessions_.find(id); found != sessions_.end()) Flush(found->second);
  }
  TellRaisedCredit();
  EndSilentSessions(now);
  NoteEvictions();
  SampleRates(now);
}

std::chrono::milliseconds Server::NextTimeout(Instant now) const {
  if (!backlogged_.empty()) return kRetryWait;
  if (next_fetch_deadline_ == kNever) return kIdleWait;
  const std::int64_t left = std::max<std::int64_t>(0, next_fetch_deadline_ - now.monotonic);
  return std::min(kIdleWait, std::chrono::milliseconds{left});
}

}  // namespace logboom::broker
