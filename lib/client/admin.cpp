#include "lib/client/admin.h"

#include <algorithm>
#include <utility>

#include "lib/client/session.h"
#include "lib/client/wire_values.h"
#include "lib/protocol/protocol.h"

namespace logboom::client {

namespace {

using std::chrono::milliseconds;

MonotonicMs After(Instant now, milliseconds span) { return now.monotonic + span.count(); }

PartitionDescription DescriptionOf(const protocol::Partition& from) {
  return {.index = PartitionIndex(from.index()),
          .log_start = Offset(from.log_start_offset()),
          .durable_end = Offset(from.durable_end_offset()),
          .log_end = Offset(from.log_end_offset()),
          .size_bytes = from.size_bytes(),
          .segments = from.segments(),
          .leader_epoch = LeaderEpoch(from.leader_epoch()),
          .last_append = TimeOf(from.last_append_ms())};
}

TopicDescription DescriptionOf(const protocol::Topic& from) {
  TopicDescription topic;
  topic.name = from.name();
  topic.topic_id = UuidOf(from.topic_id());
  topic.config = {from.config().begin(), from.config().end()};
  for (const auto& partition : from.partitions()) {
    topic.partitions.push_back(DescriptionOf(partition));
  }
  return topic;
}

AgentDescription DescriptionOf(const protocol::Agent& from) {
  AgentDescription agent;
  agent.agent_id = from.agent_id();
  agent.host = from.host();
  agent.program_version = from.program_version();
  agent.connected = from.connected();
  agent.last_seen = TimestampMs(from.last_seen_ms());
  agent.started = TimestampMs(from.started_ms());
  agent.files = from.files();
  agent.backlog_bytes = from.backlog_bytes();
  agent.bytes_acked = from.bytes_acked();
  agent.records_acked = from.records_acked();
  agent.errors = from.errors();
  agent.last_error = from.last_error();
  agent.memory_bytes = from.memory_bytes();
  agent.clock_skew_ms = from.clock_skew_ms();
  agent.labels = {from.labels().begin(), from.labels().end()};
  return agent;
}

AgentFileDescription DescriptionOf(const protocol::AgentFile& from) {
  return {.path = from.path(),
          .topic = from.topic(),
          .size_bytes = from.size_bytes(),
          .read = SourcePosition(from.read()),
          .acked = SourcePosition(from.acked()),
          .last_line = TimeOf(from.last_line_ms()),
          .state = from.state()};
}

BrokerStatus StatusOf(const protocol::StatusResponse& from) {
  BrokerStatus status;
  status.broker_name = from.broker_name();
  status.program_version = from.program_version();
  status.cluster_id = UuidOf(from.cluster_id());
  status.started = TimestampMs(from.started_ms());
  status.time = TimestampMs(from.time_ms());
  status.data_directory = from.data_directory();
  status.sync_method = from.sync_method();
  status.disk_total_bytes = from.disk_total_bytes();
  status.disk_available_bytes = from.disk_available_bytes();
  status.log_bytes = from.log_bytes();
  status.topics = from.topics();
  status.partitions = from.partitions();
  status.sessions = from.sessions();
  status.agents_connected = from.agents_connected();
  status.records_appended = from.records_appended();
  status.bytes_appended = from.bytes_appended();
  status.bytes_fetched = from.bytes_fetched();
  status.syncs = from.syncs();
  status.duplicates = from.duplicates();
  status.span_conflicts = from.span_conflicts();
  status.requests = from.requests();
  status.errors = from.errors();
  status.memory_bytes = from.memory_bytes();
  status.append_bytes_per_second = from.append_bytes_per_second();
  status.append_records_per_second = from.append_records_per_second();
  status.sync_p99_us = from.sync_p99_us();
  status.bytes_not_durable = from.bytes_not_durable();
  for (const auto& condition : from.conditions()) {
    status.conditions.push_back({.name = condition.name(),
                                 .message = condition.message(),
                                 .since = TimestampMs(condition.since_ms())});
  }
  return status;
}

protocol::ListOffsetsRequest::Position PositionOf(OffsetQuery::Kind kind) {
  switch (kind) {
    case OffsetQuery::Kind::kEarliest: return protocol::ListOffsetsRequest::EARLIEST;
    case OffsetQuery::Kind::kLatest: return protocol::ListOffsetsRequest::LATEST;
    case OffsetQuery::Kind::kTime: return protocol::ListOffsetsRequest::BY_TIME;
  }
  return protocol::ListOffsetsRequest::LATEST;
}

// A broker whose sessions end again and again is not asked for ever.
constexpr int kCutsMax = 3;

// What to do where the session ends before the answer.
enum class IfCut {
  kAskAgain,
  kReport,  // asking twice is not the same as asking once
};

}  // namespace

struct Admin::State final : public SessionEvents {
  State(std::unique_ptr<transport::ClientTransport> transport, AdminOptions admin_options,
        Clock admin_clock, Random& random)
      : options(std::move(admin_options)),
        clock(std::move(admin_clock)),
        session(
            std::move(transport), [this] { return MakeHello(); }, *this, random) {}

  protocol::HelloRequest MakeHello() const {
    protocol::HelloRequest hello;
    hello.set_program(options.identity.program);
    hello.set_program_version(options.identity.program_version);
    return hello;
  }

  void SessionStarted(const protocol::HelloResponse& hello) override {
    broker = {.address = session.address(),
              .broker_name = hello.broker_name(),
              .program_version = hello.program_version(),
              .cluster_id = UuidOf(hello.cluster_id()),
              .restore_count = hello.restore_count()};
  }
  void SessionLost(const Error& /*why*/) override {}
  void HelloRefused(const protocol::Error& /*why*/) override {}
  void SessionFenced(const protocol::Error& /*why*/) override {}

  // Until there is a session, or there is no use in waiting.
  Status Connect() {
    const MonotonicMs deadline = After(clock(), options.timeout);
    while (true) {
      const Instant now = clock();
      session.Poll(now);
      if (session.live()) return Ok();
      if (session.refusal() && !session.refusal()->retriable()) {
        return protocol::FromWire(*session.refusal());
      }
      if (now.monotonic >= deadline) return NotConnected();
      session.Wait(milliseconds{deadline - now.monotonic}, {});
    }
  }

  Error NotConnected() const {
    const Error why = session.last_error().value_or(
        Fail(ErrorCode::kUnavailable, "no broker is reached at {}", session.address()));
    return Fail(why.code, "{} (waited {} ms)", why.message, options.timeout.count());
  }

  // Waits for the answer; an error of the broker's is an error here.
  Result<protocol::Response> Ask(const protocol::Request& request, IfCut if_cut) {
    for (int cuts = 0;; ++cuts) {
      RETURN_IF_ERROR(Connect());
      auto answer = AskOnce(request);
      if (!answer) answer = SessionEnded("before the request was sent");
      if (answer->ok()) {
        if (!(*answer)->ok()) return (*answer)->error();
        return std::move((*answer)->response);
      }
      const bool cut = answer->error().code == ErrorCode::kUnavailable;
      if (!cut || if_cut == IfCut::kReport || cuts == kCutsMax) return std::move(*answer).error();
    }
  }

  // Nothing where the request was not sent.
  std::optional<Result<Answer>> AskOnce(const protocol::Request& request) {
    // Shared, because an answer may come after the wait for it has ended.
    const auto got = std::make_shared<std::optional<Result<Answer>>>();
    const MonotonicMs deadline = After(clock(), options.answer_timeout);
    bool sent = false;
    while (true) {
      const Instant now = clock();
      session.Poll(now);
      if (*got && (*got)->ok()) return *std::move(*got);
      if (*got) {
        return SessionEnded(
            fmt::format("{}; the request may or may not have been done", (*got)->error().message));
      }
      if (!sent && !session.live()) return std::nullopt;
      if (!sent) {
        sent = session.Send(
            request, {}, [got](Result<Answer> answer) { *got = std::move(answer); }, IfLost::kTell);
      }
      if (now.monotonic >= deadline) {
        return Result<Answer>(Fail(ErrorCode::kTimeout, "the broker at {} gave no answer for {} ms",
                                   session.address(), options.answer_timeout.count()));
      }
      session.Wait(milliseconds{deadline - now.monotonic}, {});
    }
  }

  // Whatever ended it.
  Result<Answer> SessionEnded(std::string_view why) const {
    return Fail(ErrorCode::kUnavailable, "the session with the broker at {} ended: {}",
                session.address(), why);
  }

  Result<TopicDescription> OneTopic(const std::string& name, bool auto_create) {
    protocol::Request request;
    request.mutable_metadata()->add_topics(protocol::ValidUtf8(name));
    request.mutable_metadata()->set_auto_create(auto_create);
    ASSIGN_OR_RETURN(const auto response, Ask(request, IfCut::kAskAgain));
    if (response.metadata().topics_size() != 1) {
      return Fail(ErrorCode::kNotFound, "there is no topic '{}' (UNKNOWN_TOPIC)",
                  protocol::VisibleText(name));
    }
    const auto& topic = response.metadata().topics(0);
    if (topic.has_error()) return protocol::FromWire(topic.error());
    return DescriptionOf(topic);
  }

  AdminOptions options;
  Clock clock;
  BrokerIdentity broker;
  Session session;
};

Admin::Admin(std::unique_ptr<transport::ClientTransport> transport, AdminOptions options,
             Clock clock, Random& random)
    : state_(std::make_unique<State>(std::move(transport), std::move(options), std::move(clock),
                                     random)) {}
Admin::~Admin() = default;

Result<BrokerIdentity> Admin::Connect() {
  RETURN_IF_ERROR(state_->Connect());
  return state_->broker;
}

Result<std::vector<TopicDescription>> Admin::ListTopics() {
  protocol::Request request;
  request.mutable_metadata();
  ASSIGN_OR_RETURN(const auto response, state_->Ask(request, IfCut::kAskAgain));
  std::vector<TopicDescription> topics;
  for (const auto& topic : response.metadata().topics()) {
    if (!topic.has_error()) topics.push_back(DescriptionOf(topic));
  }
  std::ranges::sort(topics, {}, &TopicDescription::name);
  return topics;
}

Result<TopicDescription> Admin::DescribeTopic(const std::string& name) {
  return state_->OneTopic(name, false);
}

Result<TopicDescription> Admin::DescribeOrCreateTopic(const std::string& name) {
  RETURN_IF_ERROR(protocol::CheckTopicName(name));
  return state_->OneTopic(name, true);
}

Result<Uuid> Admin::CreateTopic(const NewTopic& topic) {
  RETURN_IF_ERROR(protocol::CheckTopicName(topic.name));
  protocol::Request request;
  auto& create = *request.mutable_create_topic();
  create.set_name(topic.name);
  create.set_partitions(topic.partitions);
  for (const auto& [key, value] : topic.config) {
    (*create.mutable_config())[protocol::ValidUtf8(key)] = protocol::ValidUtf8(value);
  }
  ASSIGN_OR_RETURN(const auto response, state_->Ask(request, IfCut::kReport));
  return UuidOf(response.create_topic().topic_id());
}

Status Admin::AlterTopic(const std::string& name, const std::map<std::string, std::string>& set) {
  protocol::Request request;
  auto& alter = *request.mutable_alter_topic();
  alter.set_name(protocol::ValidUtf8(name));
  for (const auto& [key, value] : set) {
    (*alter.mutable_set())[protocol::ValidUtf8(key)] = protocol::ValidUtf8(value);
  }
  RETURN_IF_ERROR(state_->Ask(request, IfCut::kAskAgain));
  return Ok();
}

Status Admin::DeleteTopic(const std::string& name) {
  protocol::Request request;
  request.mutable_delete_topic()->set_name(protocol::ValidUtf8(name));
  RETURN_IF_ERROR(state_->Ask(request, IfCut::kReport));
  return Ok();
}

Result<FoundOffset> Admin::ListOffset(const Uuid& topic_id, PartitionIndex partition,
                                      const OffsetQuery& query) {
  protocol::Request request;
  auto& list = *request.mutable_list_offsets();
  list.set_topic_id(BytesOf(topic_id));
  list.set_partition(partition.value());
  list.set_position(PositionOf(query.kind));
  list.set_timestamp_ms(query.time.value());
  ASSIGN_OR_RETURN(const auto response, state_->Ask(request, IfCut::kAskAgain));
  const auto& found = response.list_offsets();
  return FoundOffset{.offset = Offset(found.offset()),
                     .time = TimeOf(found.timestamp_ms()),
                     .leader_epoch = LeaderEpoch(found.leader_epoch())};
}

Result<std::vector<AgentDescription>> Admin::ListAgents() {
  protocol::Request request;
  request.mutable_list_agents();
  ASSIGN_OR_RETURN(const auto response, state_->Ask(request, IfCut::kAskAgain));
  std::vector<AgentDescription> agents;
  for (const auto& agent : response.list_agents().agents()) agents.push_back(DescriptionOf(agent));
  std::ranges::sort(agents, {}, &AgentDescription::agent_id);
  return agents;
}

Result<AgentDetails> Admin::DescribeAgent(const std::string& agent_id) {
  AgentDetails details;
  while (true) {
    protocol::Request request;
    request.mutable_describe_agent()->set_agent_id(protocol::ValidUtf8(agent_id));
    request.mutable_describe_agent()->set_skip_files(
        static_cast<std::uint32_t>(details.files.size()));
    ASSIGN_OR_RETURN(const auto response, state_->Ask(request, IfCut::kAskAgain));
    const auto& page = response.describe_agent();
    details.agent = DescriptionOf(page.agent());
    for (const auto& file : page.files()) details.files.push_back(DescriptionOf(file));
    // An empty page that promises more would go on for ever.
    if (!page.more() || page.files_size() == 0) return details;
  }
}

Result<BrokerStatus> Admin::GetStatus() {
  protocol::Request request;
  request.mutable_status();
  ASSIGN_OR_RETURN(const auto response, state_->Ask(request, IfCut::kAskAgain));
  return StatusOf(response.status());
}

}  // namespace logboom::client
