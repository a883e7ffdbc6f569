#include "broker/server/group_handlers.h"

#include <set>
#include <utility>

#include "broker/server/translate_groups.h"
#include "lib/protocol/protocol.h"

namespace logboom::broker {
namespace {

Status CheckText(std::string_view what, const std::string& text) {
  if (text.size() > protocol::kMemberIdBytesMax) {
    return Fail(ErrorCode::kInvalid, "a {} of {} bytes: it takes {}", what, text.size(),
                protocol::kMemberIdBytesMax);
  }
  if (protocol::VisibleText(text) != text) {
    return Fail(ErrorCode::kInvalid, "the {} '{}' holds control bytes", what,
                protocol::VisibleText(text));
  }
  return Ok();
}

Status CheckJoin(const protocol::JoinGroupRequest& request) {
  if (request.member_id().empty()) return Fail(ErrorCode::kInvalid, "a member needs an id");
  RETURN_IF_ERROR(CheckText("member id", request.member_id()));
  RETURN_IF_ERROR(CheckText("client id", request.client_id()));
  RETURN_IF_ERROR(CheckText("host", request.host()));
  RETURN_IF_ERROR(CheckText("instance id", request.instance_id()));
  if (request.topics().empty()) return Fail(ErrorCode::kInvalid, "a member wants at least a topic");
  if (request.topics_size() > protocol::kGroupTopicsMax) {
    return Fail(ErrorCode::kInvalid, "{} topics: a member may want {}", request.topics_size(),
                protocol::kGroupTopicsMax);
  }
  if (!request.assignor().empty() && !AssignorOf(request.assignor())) {
    return Fail(ErrorCode::kUnsupported, "no assignor '{}': there are range and sticky",
                protocol::VisibleText(request.assignor()));
  }
  const std::chrono::milliseconds silence{request.session_timeout_ms()};
  if (silence.count() != 0 &&
      (silence < protocol::kMemberSilenceMin || silence > protocol::kMemberSilenceMax)) {
    return Fail(ErrorCode::kInvalid, "a session timeout of {} ms: it takes {} to {}, or 0",
                silence.count(), protocol::kMemberSilenceMin.count(),
                protocol::kMemberSilenceMax.count());
  }
  return Ok();
}

}  // namespace

void GroupHandlers::Handle(const Call& call, const protocol::Request& request) {
  using Body = protocol::Request::BodyCase;
  switch (request.body_case()) {
    case Body::kJoinGroup: HandleJoin(call, request.join_group()); return;
    case Body::kHeartbeat: HandleHeartbeat(call, request.heartbeat()); return;
    case Body::kLeaveGroup: HandleLeave(call, request.leave_group()); return;
    case Body::kCommitOffsets: HandleCommit(call, request.commit_offsets()); return;
    case Body::kFetchOffsets: HandleFetchOffsets(call, request.fetch_offsets()); return;
    case Body::kListGroups: HandleList(call); return;
    case Body::kDescribeGroup: HandleDescribe(call, request.describe_group()); return;
    case Body::kResetOffsets: HandleReset(call, request.reset_offsets()); return;
    case Body::kDeleteGroup: HandleDelete(call, request.delete_group()); return;
    default: answers_.AnswerError(call, protocol::INVALID_REQUEST, "not about groups"); return;
  }
}

bool GroupHandlers::MayUse(const Call& call, Operation operation, const std::string& group) {
  if (Status named = protocol::CheckGroupName(group); !named.ok()) {
    answers_.AnswerError(call, protocol::INVALID_NAME, named.error().message);
    return false;
  }
  return answers_.Allowed(call, operation, {ResourceKind::kGroup, group});
}

bool GroupHandlers::IsItself(const Call& call, const std::string& group,
                             const std::string& member_id, const std::string& instance_id) {
  const auto checked = groups_.CheckInstance(group, member_id, instance_id);
  if (!checked) answers_.AnswerError(call, ToWire(checked.error()));
  return checked.has_value();
}

bool GroupHandlers::JoinIsSound(const Call& call, const protocol::JoinGroupRequest& request) {
  if (Status checked = CheckJoin(request); !checked.ok()) {
    answers_.AnswerError(call, checked.error());
    return false;
  }
  for (const std::string& topic : request.topics()) {
    if (Status named = protocol::CheckTopicName(topic); !named.ok()) {
      answers_.AnswerError(call, protocol::INVALID_NAME, named.error().message);
      return false;
    }
    if (!answers_.Allowed(call, Operation::kFetch, {ResourceKind::kTopic, topic})) return false;
  }
  return true;
}

void GroupHandlers::HandleJoin(const Call& call, const protocol::JoinGroupRequest& request) {
  if (!MayUse(call, Operation::kReadGroup, request.group()) || !JoinIsSound(call, request)) return;
  MemberFacts facts;
  facts.member_id = request.member_id();
  facts.client_id = request.client_id();
  facts.host = request.host();
  facts.assignor = AssignorOf(request.assignor());
  facts.instance_id = request.instance_id();
  facts.topics = {request.topics().begin(), request.topics().end()};
  facts.silence_ms_max = request.session_timeout_ms() == 0
                             ? protocol::kMemberSilenceDefault.count()
                             : std::int64_t{request.session_timeout_ms()};
  const std::int64_t silence_ms = facts.silence_ms_max;
  auto assignment = groups_.Join(request.group(), std::move(facts), call.now);
  if (!assignment) {
    answers_.AnswerError(call, ToWire(assignment.error()));
    return;
  }
  protocol::Response response;
  protocol::JoinGroupResponse& body = *response.mutable_join_group();
  body.set_heartbeat_interval_ms(static_cast<std::uint32_t>(protocol::kHeartbeatInterval.count()));
  body.set_session_timeout_ms(static_cast<std::uint32_t>(silence_ms));
  FillAssignment(*assignment, *body.mutable_assignment());
  answers_.Answer(call, std::move(response));
}

void GroupHandlers::HandleHeartbeat(const Call& call, const protocol::HeartbeatRequest& request) {
  if (!MayUse(call, Operation::kReadGroup, request.group())) return;
  if (!IsItself(call, request.group(), request.member_id(), request.instance_id())) return;
  std::set<TopicPartition> owned;
  for (const protocol::PartitionId& id : request.owned()) {
    const auto where = PartitionOf(id.topic_id(), id.partition());
    if (where) owned.insert(*where);  // what is no id is no partition of ours
  }
  auto assignment = groups_.Heartbeat(request.group(), request.member_id(), request.generation(),
                                      owned, call.now);
  if (!assignment) {
    answers_.AnswerError(call, ToWire(assignment.error()));
    return;
  }
  protocol::Response response;
  FillAssignment(*assignment, *response.mutable_heartbeat()->mutable_assignment());
  answers_.Answer(call, std::move(response));
}

void GroupHandlers::HandleLeave(const Call& call, const protocol::LeaveGroupRequest& request) {
  if (!MayUse(call, Operation::kReadGroup, request.group())) return;
  if (!IsItself(call, request.group(), request.member_id(), request.instance_id())) return;
  if (auto left = groups_.Leave(request.group(), request.member_id()); !left) {
    answers_.AnswerError(call, ToWire(left.error()));
    return;
  }
  protocol::Response response;
  response.mutable_leave_group();
  answers_.Answer(call, std::move(response));
}

std::optional<protocol::Error> GroupHandlers::CommitRefused(
    const Call& call, const protocol::OffsetCommit& commit) const {
  auto id = Uuid::FromBytes(commit.topic_id());
  const Topic* topic = id ? engine_.FindTopic(*id) : nullptr;
  if (topic == nullptr) {
    return protocol::MakeError(protocol::UNKNOWN_TOPIC,
                               "no topic has this id: it may have been deleted");
  }
  Status allowed =
      Authorise(call.principal, Operation::kFetch, {ResourceKind::kTopic, topic->name});
  if (!allowed.ok()) {
    return protocol::MakeError(protocol::NOT_AUTHORISED, allowed.error().message);
  }
  return std::nullopt;
}

bool GroupHandlers::BeginCommit(const Call& call, std::size_t bytes) {
  const auto of_session = commits_under_way_.find(call.session);
  const bool many =
      of_session != commits_under_way_.end() && of_session->second >= protocol::kCommitsUnderWayMax;
  if (many || commit_bytes_under_way_ + bytes > protocol::kCommitBytesUnderWayMax) {
    answers_.AnswerError(call, protocol::BUSY,
                         many ? "as many commits of this session are under way as may be"
                              : "as many bytes of commits are under way as may be");
    return false;
  }
  ++commits_under_way_[call.session];
  commit_bytes_under_way_ += bytes;
  return true;
}

void GroupHandlers::EndCommit(const Uuid& session, std::size_t bytes) {
  commit_bytes_under_way_ -= bytes;
  const auto of_session = commits_under_way_.find(session);
  if (--of_session->second == 0) commits_under_way_.erase(of_session);
}

void GroupHandlers::HandleCommit(const Call& call, const protocol::CommitOffsetsRequest& request) {
  if (!MayUse(call, Operation::kReadGroup, request.group())) return;
  if (!IsItself(call, request.group(), request.member_id(), request.instance_id())) return;
  if (request.offsets_size() > protocol::kCommitOffsetsMax) {
    answers_.AnswerError(call, protocol::MESSAGE_TOO_LARGE,
                         fmt::format("a commit of {} offsets: it takes {}", request.offsets_size(),
                                     protocol::kCommitOffsetsMax));
    return;
  }
  const std::size_t bytes = request.ByteSizeLong();
  if (!BeginCommit(call, bytes)) return;
  CommitRequest commit{request.group(), request.member_id(), request.generation(), {}};
  protocol::Response response;
  std::vector<int> asked;  // of each offset that is tried: its place in the request
  for (int i = 0; i < request.offsets_size(); ++i) {
    const protocol::OffsetCommit& one = request.offsets(i);
    protocol::CommitResult& result = *response.mutable_commit_offsets()->add_results();
    if (auto refused = CommitRefused(call, one)) {
      *result.mutable_error() = *std::move(refused);
      continue;
    }
    asked.push_back(i);
    commit.offsets.push_back({*PartitionOf(one.topic_id(), one.partition()), Offset{one.offset()},
                              LeaderEpoch{one.leader_epoch()}, one.metadata()});
  }
  response.mutable_commit_offsets();
  auto taken = groups_.Commit(
      std::move(commit), call.now,
      [this, call, bytes, response = std::move(response),
       asked](const CommitOutcome& outcome) mutable {
        EndCommit(call.session, bytes);
        for (std::size_t i = 0; i < outcome.size(); ++i) {
          if (!outcome[i]) continue;
          *response.mutable_commit_offsets()->mutable_results(asked[i])->mutable_error() =
              ToWire(*outcome[i]);
        }
        answers_.Answer(call, std::move(response));
      });
  if (taken) return;
  EndCommit(call.session, bytes);
  answers_.AnswerError(call, ToWire(taken.error()));
}

void GroupHandlers::HandleFetchOffsets(const Call& call,
                                       const protocol::FetchOffsetsRequest& request) {
  if (!MayUse(call, Operation::kReadGroup, request.group())) return;
  protocol::Response response;
  protocol::FetchOffsetsResponse& body = *response.mutable_fetch_offsets();
  auto readable = [&](const TopicPartition& where) {
    const Topic* topic = engine_.FindTopic(where.topic_id);
    return topic != nullptr &&
           Authorise(call.principal, Operation::kFetch, {ResourceKind::kTopic, topic->name}).ok();
  };
  auto add = [&body](const TopicPartition& where, const CommittedOffset& committed) {
    protocol::CommittedOffset& one = *body.add_offsets();
    one.set_topic_id(Bytes(where.topic_id.bytes()));
    one.set_partition(where.partition.value());
    one.set_offset(committed.offset.value());
    one.set_leader_epoch(committed.leader_epoch.value());
    one.set_metadata(committed.metadata);
    one.set_commit_time_ms(committed.time.value());
  };
  const CommittedOffset none{Offset{-1}, LeaderEpoch{-1}, {}, TimestampMs{-1}};
  for (const protocol::PartitionId& id : request.partitions()) {
    const auto where = PartitionOf(id.topic_id(), id.partition()).value_or(TopicPartition{});
    add(where, readable(where) ? groups_.CommittedOf(request.group(), where).value_or(none) : none);
  }
  if (request.partitions().empty()) {
    for (const auto& [where, committed] : groups_.CommittedOf(request.group())) {
      if (readable(where)) add(where, committed);
    }
  }
  answers_.Answer(call, std::move(response));
}

}  // namespace logboom::broker
