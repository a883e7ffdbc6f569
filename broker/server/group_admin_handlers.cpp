// What operators ask of groups: lists, descriptions, resets, deletion.
#include <algorithm>
#include <utility>

#include "broker/server/group_handlers.h"
#include "broker/server/translate_groups.h"
#include "lib/protocol/protocol.h"

namespace logboom::broker {
namespace {

// Into what can be read, whatever the two are.
Offset Shifted(Offset from, std::int64_t records, const LogBounds& log) {
  std::int64_t to = 0;
  if (__builtin_add_overflow(from.value(), records, &to)) return records < 0 ? log.start : log.end;
  return std::clamp(Offset{to}, log.start, log.end);
}

struct ResetTarget {
  TopicPartition where;
  LogBounds log;
  std::optional<CommittedOffset> before;
  Offset after;
};

// Where the partition would stand.
Result<Offset> TargetOf(LogEngine& engine, const protocol::ResetOffsetsRequest& request,
                        const ResetTarget& one) {
  using Request = protocol::ResetOffsetsRequest;
  switch (request.target()) {
    case Request::EARLIEST: return one.log.start;
    case Request::LATEST: return one.log.end;
    case Request::OFFSET: return std::clamp(Offset{request.value()}, one.log.start, one.log.end);
    // Readers without an offset begin at the end.
    case Request::SHIFT:
      return Shifted(one.before ? one.before->offset : one.log.end, request.value(), one.log);
    case Request::BY_TIME: {
      ASSIGN_OR_RETURN(std::optional<Offset> found,
                       engine.OffsetAtTime(one.where, TimestampMs{request.value()}));
      return std::clamp(found.value_or(one.log.end), one.log.start, one.log.end);
    }
    default: return Fail(ErrorCode::kInvalid, "an unknown target");
  }
}

protocol::Response ResetAnswer(const std::vector<ResetTarget>& targets) {
  protocol::Response response;
  protocol::ResetOffsetsResponse& body = *response.mutable_reset_offsets();
  for (const ResetTarget& one : targets) {
    protocol::OffsetReset& reset = *body.add_partitions();
    reset.set_partition(one.where.partition.value());
    reset.set_before(one.before ? one.before->offset.value() : -1);
    reset.set_after(one.after.value());
    reset.set_log_start_offset(one.log.start.value());
    reset.set_log_end_offset(one.log.end.value());
  }
  return response;
}

Result<std::vector<ResetTarget>> TargetsOf(LogEngine& engine, const Groups& groups,
                                           const protocol::ResetOffsetsRequest& request,
                                           const Topic& topic) {
  std::vector<ResetTarget> targets;
  for (std::int32_t i = 0; i < topic.partitions; ++i) {
    if (request.partition() != -1 && request.partition() != i) continue;
    const TopicPartition where{topic.topic_id, PartitionIndex{i}};
    const auto state = engine.StateOf(where);
    if (!state) continue;
    ResetTarget one{where,
                    {state->log_start, state->durable_end},
                    groups.CommittedOf(request.group(), where),
                    {}};
    ASSIGN_OR_RETURN(one.after, TargetOf(engine, request, one));
    targets.push_back(std::move(one));
  }
  return targets;
}

}  // namespace

void GroupHandlers::HandleList(const Call& call) {
  protocol::Response response;
  protocol::ListGroupsResponse& body = *response.mutable_list_groups();
  for (const std::string& name : groups_.Names()) {
    if (!Authorise(call.principal, Operation::kDescribeGroup, {ResourceKind::kGroup, name}).ok()) {
      continue;
    }
    auto group = groups_.Describe(name, call.now.wall);
    if (!group) continue;
    LeaveVisible(call.principal, *group);
    FillSummary(*group, *body.add_groups());
  }
  answers_.Answer(call, std::move(response));
}

void GroupHandlers::HandleDescribe(const Call& call,
                                   const protocol::DescribeGroupRequest& request) {
  if (!MayUse(call, Operation::kDescribeGroup, request.group())) return;
  auto group = groups_.Describe(request.group(), call.now.wall);
  if (!group) {
    answers_.AnswerError(call, protocol::UNKNOWN_GROUP,
                         fmt::format("there is no group '{}': it has neither members nor committed "
                                     "offsets",
                                     request.group()));
    return;
  }
  LeaveVisible(call.principal, *group);
  protocol::Response response;
  FillGroup(*group, *response.mutable_describe_group()->mutable_group());
  answers_.Answer(call, std::move(response));
}

void GroupHandlers::HandleReset(const Call& call, const protocol::ResetOffsetsRequest& request) {
  if (!MayUse(call, Operation::kAlterGroup, request.group())) return;
  if (!answers_.Allowed(call, Operation::kFetch, {ResourceKind::kTopic, request.topic()})) return;
  const Topic* topic = engine_.FindTopic(request.topic());
  if (topic == nullptr || request.partition() < -1 || request.partition() >= topic->partitions) {
    answers_.AnswerError(
        call, protocol::UNKNOWN_TOPIC,
        topic == nullptr
            ? fmt::format("there is no topic '{}'", protocol::VisibleText(request.topic()))
            : fmt::format("topic '{}' has partitions 0 to {}; {} is none of them", topic->name,
                          topic->partitions - 1, request.partition()));
    return;
  }
  if (!request.dry_run() && groups_.HasMembers(request.group())) {
    answers_.AnswerError(
        call, protocol::GROUP_NOT_EMPTY,
        fmt::format("group '{}' has members: stop them first, or try it with a dry run",
                    request.group()));
    return;
  }
  auto targets = TargetsOf(engine_, groups_, request, *topic);
  if (!targets.ok()) {
    answers_.AnswerError(call, targets.error());
    return;
  }
  if (request.dry_run()) {
    answers_.Answer(call, ResetAnswer(*targets));
    return;
  }
  std::vector<OffsetCommit> offsets;
  for (const ResetTarget& one : *targets) offsets.push_back({one.where, one.after, {}, {}});
  auto taken =
      groups_.Reset(request.group(), std::move(offsets), call.now,
                    [this, call, targets = *std::move(targets)](const CommitOutcome& outcome) {
                      const auto failed = std::find_if(outcome.begin(), outcome.end(),
                                                       [](const auto& one) { return !!one; });
                      if (failed == outcome.end()) {
                        answers_.Answer(call, ResetAnswer(targets));
                      } else {
                        answers_.AnswerError(call, ToWire(**failed));
                      }
                    });
  if (!taken) answers_.AnswerError(call, ToWire(taken.error()));
}

void GroupHandlers::HandleDelete(const Call& call, const protocol::DeleteGroupRequest& request) {
  if (!MayUse(call, Operation::kDeleteGroup, request.group())) return;
  auto taken = groups_.Delete(request.group(), [this, call](const Status& deleted) {
    protocol::Response response;
    response.mutable_delete_group();
    answers_.AnswerStatus(call, deleted, std::move(response));
  });
  if (!taken) answers_.AnswerError(call, ToWire(taken.error()));
}

}  // namespace logboom::broker
