#include "broker/server/translate_groups.h"

#include "broker/groups/limits.h"
#include "lib/protocol/errors.h"
#include "lib/protocol/limits.h"
#include "lib/protocol/text.h"

namespace logboom::broker {
namespace {

static_assert(kGroupsMax == protocol::kGroupsMax);
static_assert(kGroupMembersMax == std::size_t{protocol::kGroupMembersMax});
static_assert(kAllMembersMax == protocol::kAllMembersMax);
static_assert(kGiveBackMsMax == protocol::kGiveBackMax.count());
static_assert(kOffsetMetadataBytesMax == protocol::kOffsetMetadataBytesMax);

protocol::ErrorCode CodeOf(const GroupFault& fault) {
  switch (fault.code) {
    case GroupFaultCode::kUnknownGroup: return protocol::UNKNOWN_GROUP;
    case GroupFaultCode::kUnknownMember: return protocol::UNKNOWN_MEMBER;
    case GroupFaultCode::kFenced: return protocol::FENCED;
    case GroupFaultCode::kStaleGeneration: return protocol::STALE_GENERATION;
    case GroupFaultCode::kGroupNotEmpty: return protocol::GROUP_NOT_EMPTY;
    case GroupFaultCode::kUnknownPartition: return protocol::UNKNOWN_TOPIC;
    case GroupFaultCode::kOffsetOutOfRange: return protocol::OFFSET_OUT_OF_RANGE;
    case GroupFaultCode::kTooLong: return protocol::MESSAGE_TOO_LARGE;
    case GroupFaultCode::kInvalid: return protocol::INVALID_REQUEST;
    case GroupFaultCode::kStore: return protocol::WireCodeOf(fault.store);
  }
  return protocol::INVALID_REQUEST;
}

protocol::LagStatus ToWire(LagStatus status) {
  switch (status) {
    case LagStatus::kUnknown: return protocol::LAG_UNKNOWN;
    case LagStatus::kOk: return protocol::LAG_OK;
    case LagStatus::kWarn: return protocol::LAG_WARN;
    case LagStatus::kStall: return protocol::LAG_STALL;
    case LagStatus::kStop: return protocol::LAG_STOP;
    case LagStatus::kRewind: return protocol::LAG_REWIND;
  }
  return protocol::LAG_UNKNOWN;
}

protocol::GroupState ToWire(GroupState state) {
  switch (state) {
    case GroupState::kEmpty: return protocol::GROUP_EMPTY;
    case GroupState::kStable: return protocol::GROUP_STABLE;
    case GroupState::kRebalancing: return protocol::GROUP_REBALANCING;
  }
  return protocol::GROUP_EMPTY;
}

void FillMember(const GroupMember& member, protocol::GroupMember& out) {
  out.set_member_id(member.facts.member_id);
  out.set_client_id(member.facts.client_id);
  out.set_host(member.facts.host);
  for (const std::string& topic : member.facts.topics) out.add_topics(topic);
  for (const auto& [where, grant] : member.grants) {
    protocol::PartitionId& id = *out.add_owned();
    id.set_topic_id(Bytes(where.topic_id.bytes()));
    id.set_partition(where.partition.value());
  }
  out.set_joined_ms(member.joined.value());
  out.set_last_heard_ms(member.last_heard_wall.value());
  out.set_instance_id(member.facts.instance_id);
  out.set_away(member.away);
}

void FillPartition(const GroupPartition& one, protocol::GroupPartition& out) {
  out.set_topic(one.topic);
  out.set_topic_id(Bytes(one.where.topic_id.bytes()));
  out.set_partition(one.where.partition.value());
  out.set_committed_offset(one.committed ? one.committed->offset.value() : -1);
  out.set_commit_time_ms(one.committed ? one.committed->time.value() : -1);
  if (one.committed) out.set_metadata(one.committed->metadata);
  out.set_log_start_offset(one.log.start.value());
  out.set_log_end_offset(one.log.end.value());
  out.set_lag_records(one.lag_records.value_or(-1));
  out.set_lag_ms(one.lag_ms.value_or(-1));
  out.set_status(ToWire(one.status));
  out.set_member_id(one.member_id);
  out.set_skipped_records(one.skipped_records);
}

}  // namespace

protocol::Error ToWire(const GroupFault& fault) {
  return protocol::MakeError(CodeOf(fault), fault.message);
}

std::optional<TopicPartition> PartitionOf(ByteView topic_id, std::int32_t partition) {
  auto id = Uuid::FromBytes(topic_id);
  if (!id) return std::nullopt;
  return TopicPartition{*id, PartitionIndex{partition}};
}

void FillAssignment(const GroupAssignment& assignment, protocol::GroupAssignment& out) {
  out.set_generation(assignment.generation);
  out.set_settled(assignment.settled);
  for (const AssignedPartition& one : assignment.partitions) {
    protocol::AssignedPartition& partition = *out.add_partitions();
    partition.set_topic(one.topic.name);
    partition.set_topic_id(Bytes(one.topic.topic_id.bytes()));
    partition.set_partition(one.partition.value());
    partition.set_committed_offset(one.committed ? one.committed->offset.value() : -1);
    partition.set_leader_epoch(one.committed ? one.committed->leader_epoch.value() : -1);
  }
}

void LeaveVisible(const Principal& principal, GroupDescription& group) {
  auto hidden = [&principal](const std::string& topic) {
    return !Authorise(principal, Operation::kDescribeTopic, {ResourceKind::kTopic, topic}).ok();
  };
  std::erase_if(group.partitions,
                [&hidden](const GroupPartition& one) { return hidden(one.topic); });
  for (GroupMember& member : group.members) std::erase_if(member.facts.topics, hidden);
}

void FillSummary(const GroupDescription& group, protocol::GroupSummary& out) {
  const LagSummary lag = Summarise(group.partitions);
  out.set_group(group.name);
  out.set_state(ToWire(group.state));
  out.set_generation(group.generation);
  out.set_kind("native");
  if (group.assignor) out.set_assignor(std::string(AssignorName(*group.assignor)));
  out.set_members(static_cast<std::uint32_t>(group.members.size()));
  out.set_status(ToWire(lag.status));
  out.set_lag_records(lag.records);
  out.set_lag_ms(lag.ms.value_or(-1));
  out.set_expires_in_ms(static_cast<std::uint64_t>(group.expires_in_ms.value_or(0)));
}

void FillGroup(const GroupDescription& group, protocol::Group& out) {
  FillSummary(group, *out.mutable_summary());
  for (const GroupMember& member : group.members) FillMember(member, *out.add_members());
  for (const GroupPartition& one : group.partitions) FillPartition(one, *out.add_partitions());
}

}  // namespace logboom::broker
