#include "lib/client/wire_descriptions.h"

#include "lib/client/wire_values.h"

namespace logboom::client {

namespace {

PartitionDescription DescriptionOf(const protocol::Partition& from) {
  return {.index = PartitionIndex(from.index()),
          .log_start = Offset(from.log_start_offset()),
          .durable_end = Offset(from.durable_end_offset()),
          .log_end = Offset(from.log_end_offset()),
          .size_bytes = from.size_bytes(),
          .segments = from.segments(),
          .leader_epoch = LeaderEpoch(from.leader_epoch()),
          .last_append = TimeOf(from.last_append_ms()),
          .compacted_end = Offset(from.compacted_end_offset())};
}

EvictionDescription DescriptionOf(const protocol::Eviction& from) {
  return {.partition = PartitionIndex(from.partition()),
          .time = TimestampMs(from.time_ms()),
          .old_start = Offset(from.old_log_start_offset()),
          .new_start = Offset(from.new_log_start_offset()),
          .bytes = from.bytes(),
          .groups = {from.groups().begin(), from.groups().end()}};
}

}  // namespace

protocol::HelloRequest HelloOf(const ClientIdentity& identity) {
  protocol::HelloRequest hello;
  hello.set_program(identity.program);
  hello.set_program_version(identity.program_version);
  return hello;
}

BrokerIdentity IdentityOf(const std::string& address, const protocol::HelloResponse& from) {
  return {.address = address,
          .broker_name = from.broker_name(),
          .program_version = from.program_version(),
          .cluster_id = UuidOf(from.cluster_id()),
          .restore_count = from.restore_count()};
}

TopicDescription DescriptionOf(const protocol::Topic& from) {
  TopicDescription topic;
  topic.name = from.name();
  topic.topic_id = UuidOf(from.topic_id());
  topic.config = {from.config().begin(), from.config().end()};
  for (const auto& partition : from.partitions()) {
    topic.partitions.push_back(DescriptionOf(partition));
  }
  const auto& evictions = from.evictions();
  topic.evicted = {evictions.segments(), evictions.records(), evictions.bytes()};
  for (const auto& one : evictions.newest()) topic.evictions.push_back(DescriptionOf(one));
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
  agent.lines_dropped = from.lines_dropped();
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
  status.disk_budget_bytes = from.disk_budget_bytes();
  status.evicted = {from.segments_evicted(), from.records_evicted(), from.bytes_evicted()};
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

}  // namespace logboom::client
