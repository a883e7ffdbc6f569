#include "lib/client/wire_descriptions.h"
#include "lib/client/wire_values.h"

namespace logboom::client {

namespace {

GroupState StateOf(protocol::GroupState from) {
  switch (from) {
    case protocol::GROUP_STABLE: return GroupState::kStable;
    case protocol::GROUP_REBALANCING: return GroupState::kRebalancing;
    default: return GroupState::kEmpty;
  }
}

// A newer broker may know more of them.
LagStatus LagStatusOf(protocol::LagStatus from) {
  switch (from) {
    case protocol::LAG_OK: return LagStatus::kOk;
    case protocol::LAG_WARN: return LagStatus::kWarn;
    case protocol::LAG_STALL: return LagStatus::kStall;
    case protocol::LAG_STOP: return LagStatus::kStop;
    case protocol::LAG_REWIND: return LagStatus::kRewind;
    default: return LagStatus::kUnknown;
  }
}

// -1 on the wire is 'unknown' or 'none'.
std::optional<std::int64_t> KnownOf(std::int64_t value) {
  if (value < 0) return std::nullopt;
  return value;
}
std::optional<Offset> OffsetOf(std::int64_t offset) {
  if (offset < 0) return std::nullopt;
  return Offset(offset);
}

std::optional<std::int64_t> ExpiryOf(const protocol::GroupSummary& from) {
  if (from.expires_in_ms() == 0) return std::nullopt;
  return static_cast<std::int64_t>(from.expires_in_ms());
}

GroupMember MemberOf(const protocol::GroupMember& from) {
  return {.member_id = from.member_id(),
          .client_id = from.client_id(),
          .host = from.host(),
          .topics = {from.topics().begin(), from.topics().end()},
          .instance_id = from.instance_id(),
          .away = from.away(),
          .partitions_owned = from.owned_size(),
          .joined = TimestampMs(from.joined_ms()),
          .last_heard = TimestampMs(from.last_heard_ms())};
}

GroupPartition PartitionOf(const protocol::GroupPartition& from) {
  GroupPartition partition;
  partition.topic = from.topic();
  partition.topic_id = UuidOf(from.topic_id());
  partition.partition = PartitionIndex(from.partition());
  partition.committed = OffsetOf(from.committed_offset());
  partition.commit_time = TimeOf(from.commit_time_ms());
  partition.metadata = from.metadata();
  partition.log_start = Offset(from.log_start_offset());
  partition.log_end = Offset(from.log_end_offset());
  partition.lag_records = KnownOf(from.lag_records());
  partition.lag_ms = KnownOf(from.lag_ms());
  partition.status = LagStatusOf(from.status());
  partition.member_id = from.member_id();
  partition.skipped_records = from.skipped_records();
  return partition;
}

}  // namespace

GroupSummary SummaryOf(const protocol::GroupSummary& from) {
  return {.group = from.group(),
          .state = StateOf(from.state()),
          .generation = from.generation(),
          .kind = from.kind(),
          .assignor = from.assignor(),
          .members = from.members(),
          .status = LagStatusOf(from.status()),
          .lag_records = from.lag_records(),
          .lag_ms = KnownOf(from.lag_ms()),
          .expires_in_ms = ExpiryOf(from)};
}

GroupDescription DescriptionOf(const protocol::Group& from) {
  GroupDescription group;
  group.summary = SummaryOf(from.summary());
  for (const auto& member : from.members()) group.members.push_back(MemberOf(member));
  for (const auto& partition : from.partitions())
    group.partitions.push_back(PartitionOf(partition));
  return group;
}

OffsetReset ResetOf(const protocol::OffsetReset& from) {
  return {.partition = PartitionIndex(from.partition()),
          .before = OffsetOf(from.before()),
          .after = Offset(from.after()),
          .log_start = Offset(from.log_start_offset()),
          .log_end = Offset(from.log_end_offset())};
}

}  // namespace logboom::client
