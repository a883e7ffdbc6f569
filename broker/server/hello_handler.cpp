// Hello: how a session begins. An agent's hello is answered only once its topics exist, everything
// appended for its id is durable, and its epoch and partitions are stored; from its receipt on the
// session that held the id before is fenced.
#include <utility>

#include "broker/server/server.h"
#include "lib/protocol/protocol.h"
#include "lib/record/batch_header.h"
#include "lib/record/span.h"

namespace logboom::broker {

struct Server::HelloTask {
  Call call;
  protocol::Response response;
  std::vector<std::string> topics;
  std::vector<Uuid> topic_ids;  // of those that can be had
};

void Server::HandleHello(const transport::Peer& peer, const protocol::Request& request,
                         Instant now) {
  const protocol::HelloRequest& hello = request.hello();
  const Principal principal{peer.user_id, peer.authenticated_by};
  if (shutting_down_) {
    AnswerPeer(peer, request.request_id(), protocol::SHUTTING_DOWN, "the broker is ending");
    return;
  }
  const auto version = protocol::NewestCommonVersion(
      static_cast<std::uint32_t>(protocol::Request::kHello), hello.apis());
  if (!version) {
    AnswerPeer(
        peer, request.request_id(),
        Unsupported(
            protocol::Request::kHello,
            fmt::format("{} {} and this broker ({}) have no version of hello in common",
                        hello.program(), hello.program_version(), options_.program_version)));
    return;
  }
  if (Status allowed = Authorise(principal, Operation::kConnect, {}); !allowed.ok()) {
    AnswerPeer(peer, request.request_id(), protocol::NOT_AUTHORISED, allowed.error().message);
    return;
  }
  // One session a connection: the one before ends.
  if (auto before = session_of_peer_.find(peer.key); before != session_of_peer_.end()) {
    EndSession(before->second);
  }
  const Uuid id = Uuid::Make(random_);
  Session session;
  session.id = id;
  session.peer = peer;
  session.program = hello.program();
  session.last_heard = now.monotonic;
  sessions_.emplace(id, std::move(session));
  session_of_peer_[peer.key] = id;
  credit_.Open(id);
  credit_.Want(id, request.want_credit_bytes());

  auto task = std::make_shared<HelloTask>();
  task->call = Call{id, request.request_id(), principal, {}, now};
  protocol::HelloResponse& answer = *task->response.mutable_hello();
  answer.set_session(Bytes(id.bytes()));
  answer.set_broker_name(options_.broker_name);
  answer.set_program_version(options_.program_version);
  answer.set_cluster_id(Bytes(engine_.cluster_id().bytes()));
  answer.set_restore_count(options_.restore_count);
  protocol::AddSupportedApis(*answer.mutable_apis());
  answer.set_batch_bytes_max(static_cast<std::uint32_t>(record::kBatchBytesMax));
  if (!hello.has_agent()) {
    HelloAnswer(task);
    return;
  }
  const protocol::AgentHello& agent = hello.agent();
  if (Status named = protocol::CheckAgentId(agent.agent_id()); !named.ok()) {
    AnswerError(task->call, protocol::INVALID_NAME, named.error().message);
    EndSession(id);
    return;
  }
  if (agent.topics_size() > protocol::kHelloTopicsMax) {
    AnswerError(
        task->call, protocol::INVALID_REQUEST,
        fmt::format("{} topics: a hello takes {}", agent.topics_size(), protocol::kHelloTopicsMax));
    EndSession(id);
    return;
  }
  if (!Allowed(task->call, Operation::kActAsAgent, {ResourceKind::kAgent, agent.agent_id()})) {
    EndSession(id);
    return;
  }
  const AgentClaim claim{agent.agent_id(),        agent.host(),
                         agent.boot_id(),         agent.process_id(),
                         hello.program_version(), {agent.labels().begin(), agent.labels().end()}};
  auto claimed = sources_.agents().Claim(claim, id, now);
  if (!claimed.ok()) {
    const bool in_use = claimed.error().code == ErrorCode::kBusy;
    AnswerError(task->call, in_use ? protocol::AGENT_ID_IN_USE : protocol::FENCED,
                claimed.error().message);
    EndSession(id);
    return;
  }
  sessions_.at(id).agent_id = agent.agent_id();
  task->call.agent_id = agent.agent_id();
  answer.set_agent_epoch((*claimed)->epoch);
  task->topics.assign(agent.topics().begin(), agent.topics().end());
  HelloTopic(task, 0);
}

// Makes the topics one after the other, then settles.
void Server::HelloTopic(const std::shared_ptr<HelloTask>& task, std::size_t index) {
  if (index == task->topics.size()) {
    HelloSettle(task);
    return;
  }
  const std::string& name = task->topics[index];
  EnsureTopic(name, task->call.principal, [this, task, index](const Status& made) {
    const std::string& topic_name = task->topics[index];
    protocol::AgentTopic& entry = *task->response.mutable_hello()->add_agent_topics();
    entry.set_name(topic_name);
    const Topic* topic = engine_.FindTopic(topic_name);
    if (!made.ok() || topic == nullptr) {
      *entry.mutable_error() = protocol::ToWire(
          made.ok() ? Fail(ErrorCode::kNotFound, "topic '{}' was deleted", topic_name)
                    : made.error());
    } else {
      entry.set_topic_id(Bytes(topic->topic_id.bytes()));
      entry.set_log_tag(record::LogTag(engine_.cluster_id(), topic->topic_id));
      task->topic_ids.push_back(topic->topic_id);
    }
    HelloTopic(task, index + 1);
  });
}

void Server::HelloSettle(const std::shared_ptr<HelloTask>& task) {
  sources_.SettleAgent(task->call.agent_id, task->topic_ids, [this, task](const Status& settled) {
    if (!sources_.agents().Holds(task->call.agent_id, task->call.session)) {
      AnswerError(task->call, protocol::FENCED, "another process has taken over this agent id");
      return;
    }
    if (!settled.ok()) {
      AnswerError(task->call, settled.error());
      EndSession(task->call.session);
      return;
    }
    const Agent* agent = sources_.agents().Find(task->call.agent_id);
    for (protocol::AgentTopic& entry : *task->response.mutable_hello()->mutable_agent_topics()) {
      auto id = Uuid::FromBytes(entry.topic_id());
      auto partition = id ? agent->partitions.find(*id) : agent->partitions.end();
      if (partition != agent->partitions.end()) entry.set_partition(partition->second.value());
    }
    HelloAnswer(task);
  });
}

void Server::HelloAnswer(const std::shared_ptr<HelloTask>& task) {
  task->response.mutable_hello()->set_time_ms(task->call.now.wall.value());
  Answer(task->call, task->response);
}

// The topic exists when `done` says so; made where that is allowed.
void Server::EnsureTopic(const std::string& name, const Principal& principal, DoneCallback done) {
  const Resource resource{ResourceKind::kTopic, name};
  if (engine_.FindTopic(name) != nullptr) {
    done(Authorise(principal, Operation::kDescribeTopic, resource));
    return;
  }
  if (Status named = protocol::CheckTopicName(name); !named.ok()) {
    done(named);
    return;
  }
  if (protocol::IsReservedTopicName(name)) {
    done(Fail(ErrorCode::kInvalid, "topic names that begin with '__' are reserved: '{}'", name));
    return;
  }
  if (!options_.auto_create_topics) {
    done(Fail(ErrorCode::kNotFound,
              "there is no topic '{}', and topics.auto_create is off: create it first", name));
    return;
  }
  if (Status allowed = Authorise(principal, Operation::kCreateTopic, resource); !allowed.ok()) {
    done(allowed);
    return;
  }
  engine_.CreateTopic({name, 1, {}}, [done = std::move(done)](const Status& made) {
    // Somebody else was quicker: fine.
    const bool there = !made.ok() && made.error().code == ErrorCode::kExists;
    done(there ? Ok() : made);
  });
}

}  // namespace logboom::broker
