#include "gui/core/rows.h"

#include <algorithm>

namespace logboom::gui {
namespace {

// Names hold no NUL.
std::string KeyOf(const RowOrigin& origin, std::string_view name) {
  std::string key = origin.broker;
  key += '\0';
  key += name;
  return key;
}

std::optional<TimestampMs> OnOurClock(std::optional<TimestampMs> time, const RowOrigin& origin) {
  if (!time || time->value() <= 0) return std::nullopt;
  return *time + origin.clock_ahead_ms;
}

}  // namespace

TopicRow MakeTopicRow(const client::TopicDescription& topic, const RowOrigin& origin) {
  TopicRow row;
  row.key = KeyOf(origin, topic.topic_id.bytes());
  row.broker = origin.broker;
  row.name = topic.name;
  row.partitions = static_cast<std::int64_t>(topic.partitions.size());
  row.stale = origin.stale;
  for (const client::PartitionDescription& one : topic.partitions) {
    row.records += one.durable_end - one.log_start;
    row.size_bytes += one.size_bytes;
    row.last_append = std::max(row.last_append, OnOurClock(one.last_append, origin));
  }
  return row;
}

std::vector<PartitionRow> MakePartitionRows(const client::TopicDescription& topic,
                                            const RowOrigin& origin) {
  std::vector<PartitionRow> rows;
  rows.reserve(topic.partitions.size());
  for (const client::PartitionDescription& one : topic.partitions) {
    rows.push_back({.key = std::to_string(one.index.value()),
                    .partition = one.index,
                    .log_start = one.log_start,
                    .durable_end = one.durable_end,
                    .records = one.durable_end - one.log_start,
                    .size_bytes = one.size_bytes,
                    .segments = one.segments,
                    .last_append = OnOurClock(one.last_append, origin),
                    .stale = origin.stale});
  }
  return rows;
}

GroupRow MakeGroupRow(const client::GroupDescription& group, const RowOrigin& origin) {
  const client::GroupSummary& summary = group.summary;
  return {.key = KeyOf(origin, summary.group),
          .broker = origin.broker,
          .name = summary.group,
          .state = summary.state,
          .members = summary.members,
          .lag_records = summary.lag_records,
          .lag_ms = summary.lag_ms,
          .status = summary.status,
          .stale = origin.stale};
}

std::vector<LagRow> MakeLagRows(const client::GroupDescription& group, const RowOrigin& origin) {
  std::vector<LagRow> rows;
  rows.reserve(group.partitions.size());
  for (const client::GroupPartition& one : group.partitions) {
    rows.push_back({.key = one.topic + '/' + std::to_string(one.partition.value()),
                    .topic = one.topic,
                    .partition = one.partition,
                    .committed = one.committed,
                    .log_end = one.log_end,
                    .lag_records = one.lag_records,
                    .lag_ms = one.lag_ms,
                    .status = one.status,
                    .member = one.member_id,
                    .stale = origin.stale});
  }
  return rows;
}

AgentRow MakeAgentRow(const client::AgentDescription& agent, const RowOrigin& origin) {
  return {.key = KeyOf(origin, agent.agent_id),
          .broker = origin.broker,
          .agent_id = agent.agent_id,
          .host = agent.host,
          .version = agent.program_version,
          .connected = agent.connected,
          .files = static_cast<std::int64_t>(agent.files),
          .backlog_bytes = static_cast<std::int64_t>(agent.backlog_bytes),
          .bytes_acked = static_cast<std::int64_t>(agent.bytes_acked),
          .records_acked = static_cast<std::int64_t>(agent.records_acked),
          .lines_dropped = static_cast<std::int64_t>(agent.lines_dropped),
          .last_seen = agent.last_seen + origin.clock_ahead_ms,
          .errors = static_cast<std::int64_t>(agent.errors),
          .last_error = agent.last_error,
          .clock_skew_ms = agent.clock_skew_ms,
          .stale = origin.stale};
}

}  // namespace logboom::gui
