#include "lib/client/admin.h"

#include <algorithm>
#include <utility>

#include "lib/client/admin_state.h"
#include "lib/client/wire_descriptions.h"
#include "lib/client/wire_values.h"
#include "lib/protocol/protocol.h"

namespace logboom::client {

namespace {

protocol::ListOffsetsRequest::Position PositionOf(OffsetQuery::Kind kind) {
  switch (kind) {
    case OffsetQuery::Kind::kEarliest: return protocol::ListOffsetsRequest::EARLIEST;
    case OffsetQuery::Kind::kLatest: return protocol::ListOffsetsRequest::LATEST;
    case OffsetQuery::Kind::kTime: return protocol::ListOffsetsRequest::BY_TIME;
  }
  return protocol::ListOffsetsRequest::LATEST;
}

protocol::TrimTopicRequest TrimRequestOf(const TrimOptions& options) {
  protocol::TrimTopicRequest request;
  request.set_name(protocol::ValidUtf8(options.topic));
  request.set_partition(options.partition ? options.partition->value() : -1);
  request.set_dry_run(options.dry_run);
  switch (options.before) {
    case TrimOptions::Before::kOffset:
      request.set_before(protocol::TrimTopicRequest::OFFSET);
      request.set_value(options.offset.value());
      break;
    case TrimOptions::Before::kTime:
      request.set_before(protocol::TrimTopicRequest::BY_TIME);
      request.set_value(options.time.value());
      break;
    case TrimOptions::Before::kEnd: request.set_before(protocol::TrimTopicRequest::END); break;
  }
  return request;
}

BackupProgress ProgressOf(const protocol::BackupResponse& from) {
  BackupProgress to;
  switch (from.state()) {
    case protocol::BackupResponse::RUNNING: to.state = BackupProgress::State::kRunning; break;
    case protocol::BackupResponse::DONE: to.state = BackupProgress::State::kDone; break;
    case protocol::BackupResponse::FAILED: to.state = BackupProgress::State::kFailed; break;
    default: break;
  }
  to.directory = from.directory();
  to.started = TimestampMs(from.started_ms());
  to.ended = TimestampMs(from.ended_ms());
  to.partitions = from.partitions();
  to.partitions_done = from.partitions_done();
  to.bytes = from.bytes();
  to.bytes_copied = from.bytes_copied();
  to.bytes_linked = from.bytes_linked();
  if (from.has_error()) to.error = protocol::FromWire(from.error());
  return to;
}

}  // namespace

Admin::Admin(std::unique_ptr<transport::ClientTransport> transport, AdminOptions options,
             Clock clock, Random& random)
    : state_(std::make_unique<State>(std::move(transport), std::move(options), std::move(clock),
                                     random)) {}
Admin::~Admin() { state_->session.SayGoodbye(); }

Result<BrokerIdentity> Admin::Connect() {
  RETURN_IF_ERROR(state_->Connect());
  return state_->broker;
}

// One answer where it fits into a message; of ten thousand topics, the pages of a snapshot.
Result<std::vector<TopicDescription>> Admin::ListTopics() {
  protocol::Request request;
  request.mutable_metadata();
  ASSIGN_OR_RETURN(const auto answer, state_->AskForAnswer(request, IfCut::kAskAgain));
  if (!answer.ok()) {
    if (answer.response.error().code() != protocol::MESSAGE_TOO_LARGE) return answer.error();
    ASSIGN_OR_RETURN(Snapshot all, TakeSnapshot());
    std::ranges::sort(all.topics, {}, &TopicDescription::name);
    return std::move(all.topics);
  }
  std::vector<TopicDescription> topics;
  for (const auto& topic : answer.response.metadata().topics()) {
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

Status Admin::AlterTopic(const TopicChange& change) {
  protocol::Request request;
  auto& alter = *request.mutable_alter_topic();
  alter.set_name(protocol::ValidUtf8(change.name));
  alter.set_partitions(change.partitions.value_or(0));
  for (const auto& [key, value] : change.set) {
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

Result<std::vector<PartitionTrim>> Admin::TrimTopic(const TrimOptions& options) {
  protocol::Request request;
  *request.mutable_trim_topic() = TrimRequestOf(options);
  // Asked twice it would tell that nothing went.
  const IfCut if_cut = options.dry_run ? IfCut::kAskAgain : IfCut::kReport;
  ASSIGN_OR_RETURN(const auto response, state_->Ask(request, if_cut));
  std::vector<PartitionTrim> trims;
  for (const auto& one : response.trim_topic().partitions()) {
    PartitionTrim& trim = trims.emplace_back();
    trim.partition = PartitionIndex(one.partition());
    trim.old_start = Offset(one.old_log_start_offset());
    trim.new_start = Offset(one.new_log_start_offset());
    trim.bytes_freed = one.bytes_freed();
    if (one.has_error()) trim.error = protocol::FromWire(one.error());
  }
  return trims;
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
  ASSIGN_OR_RETURN(const auto answer, state_->AskForAnswer(request, IfCut::kAskAgain));
  if (!answer.ok()) {
    if (answer.response.error().code() != protocol::MESSAGE_TOO_LARGE) return answer.error();
    ASSIGN_OR_RETURN(Snapshot all, TakeSnapshot());
    std::ranges::sort(all.agents, {}, &AgentDescription::agent_id);
    return std::move(all.agents);
  }
  std::vector<AgentDescription> agents;
  for (const auto& agent : answer.response.list_agents().agents()) {
    agents.push_back(DescriptionOf(agent));
  }
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

Result<BackupProgress> Admin::StartBackup(const std::string& directory) {
  protocol::Request request;
  request.mutable_backup()->set_directory(protocol::ValidUtf8(directory));
  ASSIGN_OR_RETURN(const auto response, state_->Ask(request, IfCut::kReport));
  return ProgressOf(response.backup());
}

Result<BackupProgress> Admin::GetBackup() {
  protocol::Request request;
  request.mutable_backup();
  ASSIGN_OR_RETURN(const auto response, state_->Ask(request, IfCut::kAskAgain));
  return ProgressOf(response.backup());
}

}  // namespace logboom::client
