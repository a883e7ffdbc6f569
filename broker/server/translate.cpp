#include "broker/server/translate.h"

#include "lib/protocol/text.h"

namespace logboom::broker {
namespace {

Result<Uuid> SourceId(const std::string& bytes) {
  auto id = Uuid::FromBytes(bytes);
  if (!id) return Fail(ErrorCode::kInvalid, "a source id of {} bytes: it takes 16", bytes.size());
  return *id;
}

void FillPartition(const PartitionState& state, std::int32_t index, protocol::Partition& out) {
  out.set_index(index);
  out.set_log_start_offset(state.log_start.value());
  out.set_durable_end_offset(state.durable_end.value());
  out.set_log_end_offset(state.log_end.value());
  out.set_size_bytes(state.size_bytes);
  out.set_segments(static_cast<std::int32_t>(state.segments));
  out.set_leader_epoch(state.leader_epoch.value());
  out.set_last_append_ms(state.last_append.value());
  out.set_compacted_end_offset(state.compacted_end.value_or(Offset(0)).value());
}

}  // namespace

Result<record::SourceIdentity> FromWire(const protocol::SourceIdentity& identity,
                                        const std::string& agent_id) {
  if (identity.path().size() > kPathBytesMax) {
    return Fail(ErrorCode::kInvalid, "a path of {} bytes: it takes {}", identity.path().size(),
                kPathBytesMax);
  }
  if (identity.file_system_uuid().size() > kFileSystemUuidBytesMax) {
    return Fail(ErrorCode::kInvalid, "a file system's UUID of {} bytes: it takes {}",
                identity.file_system_uuid().size(), kFileSystemUuidBytesMax);
  }
  record::SourceIdentity found;
  found.agent_id = agent_id;  // the session's: an agent speaks for itself alone
  found.path = identity.path();
  found.device = identity.device();
  found.inode = identity.inode();
  found.birth_time_ns = identity.birth_time_ns();
  found.file_system_uuid = identity.file_system_uuid();
  found.head_bytes = identity.head_bytes();
  found.head_hash = identity.head_hash();
  return found;
}

Result<ProducedSpan> FromWire(const protocol::Span& span, const std::string& agent_id) {
  ASSIGN_OR_RETURN(Uuid id, SourceId(span.source_id()));
  ProducedSpan found{id,
                     SourcePosition{span.begin()},
                     SourcePosition{span.end()},
                     span.window(),
                     span.records(),
                     span.dropped(),
                     std::nullopt};
  if (span.has_identity()) {
    ASSIGN_OR_RETURN(found.identity, FromWire(span.identity(), agent_id));
  }
  return found;
}

Result<ProgressRow> FromWire(const protocol::ProgressRow& row, const std::string& agent_id) {
  ASSIGN_OR_RETURN(Uuid id, SourceId(row.source_id()));
  if (row.reason().size() > kReasonBytesMax) {
    return Fail(ErrorCode::kInvalid, "a reason of {} bytes: it takes {}", row.reason().size(),
                kReasonBytesMax);
  }
  ProgressRow found;
  found.source_id = id;
  switch (row.kind()) {
    case protocol::PROGRESS: found.kind = RowKind::kProgress; break;
    case protocol::GAP: found.kind = RowKind::kGap; break;
    case protocol::CLOSE: found.kind = RowKind::kClose; break;
    default: return Fail(ErrorCode::kInvalid, "a row of kind {}", static_cast<int>(row.kind()));
  }
  found.begin = SourcePosition{row.begin()};
  found.end = SourcePosition{row.end()};
  found.end_is_exact = row.end_is_exact();
  found.reason = row.reason();
  found.dropped = row.dropped();
  found.window = row.window();
  if (row.has_identity()) {
    ASSIGN_OR_RETURN(found.identity, FromWire(row.identity(), agent_id));
  }
  return found;
}

void ToWire(const record::SourceIdentity& identity, protocol::SourceIdentity& out) {
  out.set_path(identity.path);
  out.set_device(identity.device);
  out.set_inode(identity.inode);
  out.set_birth_time_ns(identity.birth_time_ns);
  out.set_file_system_uuid(protocol::ValidUtf8(identity.file_system_uuid));
  out.set_head_bytes(identity.head_bytes);
  out.set_head_hash(identity.head_hash);
}

void ToWire(const Source& source, protocol::Source& out) {
  out.set_source_id(Bytes(source.source_id.bytes()));
  out.set_partition(source.where.partition.value());
  out.set_state(source.state == SourceState::kFinal ? protocol::FINAL : protocol::OPEN);
  ToWire(source.identity, *out.mutable_identity());
  out.set_durable(source.durable.value());
  out.set_window(source.window);
  for (const SpanEnd& one : source.recent) {
    if (one.end > source.durable) continue;
    protocol::SpanEnd& end = *out.add_recent();
    end.set_end(one.end.value());
    end.set_window(one.window);
  }
}

void ToWire(const ShownRow& shown, protocol::SourceRow& out) {
  out.set_offset(shown.offset.value());
  out.set_agent_id(protocol::ValidUtf8(shown.agent_id));
  out.set_path(shown.path);
  out.set_time_ms(shown.time.value());
  protocol::ProgressRow& row = *out.mutable_row();
  row.set_source_id(Bytes(shown.row.source_id.bytes()));
  row.set_kind(shown.row.kind == RowKind::kGap ? protocol::GAP : protocol::PROGRESS);
  row.set_begin(shown.row.begin.value());
  row.set_end(shown.row.end.value());
  row.set_end_is_exact(shown.row.end_is_exact);
  row.set_dropped(shown.row.dropped);
  row.set_reason(protocol::ValidUtf8(shown.row.reason));
}

void ToWire(const SourcePositions& positions, protocol::SourcePositions& out) {
  out.set_source_id(Bytes(positions.source_id.bytes()));
  out.set_appended(positions.appended.value());
  out.set_durable(positions.durable.value());
}

void ToWire(const AgentFile& file, protocol::AgentFile& out) {
  out.set_path(file.path);
  out.set_topic(file.topic);
  out.set_size_bytes(file.size_bytes);
  out.set_read(file.read.value());
  out.set_acked(file.acked.value());
  out.set_last_line_ms(file.last_line.value());
  out.set_state(file.state);
}

AgentFile FromWire(const protocol::AgentFile& file) {
  return AgentFile{file.path(),
                   file.topic(),
                   file.size_bytes(),
                   SourcePosition{file.read()},
                   SourcePosition{file.acked()},
                   TimestampMs{file.last_line_ms()},
                   file.state()};
}

void FillTopic(const LogEngine& engine, const Topic& topic, protocol::Topic& out) {
  out.set_name(topic.name);
  out.set_topic_id(Bytes(topic.topic_id.bytes()));
  for (const auto& [key, value] : topic.config) (*out.mutable_config())[key] = value;
  for (std::int32_t i = 0; i < topic.partitions; ++i) {
    if (auto state = engine.StateOf({topic.topic_id, PartitionIndex{i}})) {
      FillPartition(*state, i, *out.add_partitions());
    }
  }
}

void FillAgent(const Agent& agent, protocol::Agent& out) {
  const AgentReport& report = agent.report;
  out.set_agent_id(agent.claim.agent_id);
  out.set_host(agent.claim.host);
  out.set_program_version(agent.claim.program_version);
  out.set_connected(!agent.session.nil());
  out.set_last_seen_ms(agent.last_seen.value());
  out.set_started_ms(report.started.value());
  out.set_files(report.files.size());
  std::uint64_t backlog = 0;
  for (const AgentFile& file : report.files) {
    const std::int64_t behind = file.size_bytes - file.acked.value();
    if (behind > 0) backlog += static_cast<std::uint64_t>(behind);
  }
  out.set_backlog_bytes(backlog);
  out.set_bytes_acked(report.bytes_acked);
  out.set_records_acked(report.records_acked);
  out.set_errors(report.errors);
  out.set_last_error(report.last_error);
  out.set_memory_bytes(report.memory_bytes);
  out.set_lines_dropped(report.lines_dropped);
  if (report.received.value() > 0) out.set_clock_skew_ms(report.time - report.received);
  for (const auto& [name, value] : agent.claim.labels) (*out.mutable_labels())[name] = value;
}

}  // namespace logboom::broker
