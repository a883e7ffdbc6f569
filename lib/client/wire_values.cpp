#include "lib/client/wire_values.h"

namespace logboom::client {

namespace {

protocol::RowKind WireKindOf(RowKind kind) {
  switch (kind) {
    case RowKind::kProgress: return protocol::PROGRESS;
    case RowKind::kGap: return protocol::GAP;
    case RowKind::kClose: return protocol::CLOSE;
  }
  return protocol::PROGRESS;
}

RowKind KindOf(protocol::RowKind kind) {
  switch (kind) {
    case protocol::GAP: return RowKind::kGap;
    case protocol::CLOSE: return RowKind::kClose;
    default: return RowKind::kProgress;
  }
}

ProgressRow RowOf(const protocol::ProgressRow& from, const std::string& agent_id) {
  ProgressRow row;
  row.source_id = UuidOf(from.source_id());
  row.kind = KindOf(from.kind());
  row.begin = SourcePosition(from.begin());
  row.end = SourcePosition(from.end());
  row.end_is_exact = from.end_is_exact();
  row.reason = from.reason();
  row.dropped = from.dropped();
  row.window = from.window();
  if (from.has_identity()) row.identity = FromWire(from.identity(), agent_id);
  return row;
}

AgentTopic TopicOf(const protocol::AgentTopic& from) {
  AgentTopic topic;
  topic.name = from.name();
  topic.topic_id = UuidOf(from.topic_id());
  topic.partition = PartitionIndex(from.partition());
  topic.log_tag = from.log_tag();
  if (from.has_error()) topic.error = protocol::FromWire(from.error());
  return topic;
}

}  // namespace

Uuid UuidOf(const std::string& bytes) { return Uuid::FromBytes(bytes).value_or(Uuid{}); }

std::string BytesOf(const Uuid& id) { return std::string(id.bytes()); }

std::optional<TimestampMs> TimeOf(std::int64_t ms) {
  if (ms < 0) return std::nullopt;
  return TimestampMs(ms);
}

void ToWire(const record::SourceIdentity& from, protocol::SourceIdentity& to) {
  to.set_path(from.path);
  to.set_device(from.device);
  to.set_inode(from.inode);
  to.set_birth_time_ns(from.birth_time_ns);
  to.set_file_system_uuid(protocol::ValidUtf8(from.file_system_uuid));
  to.set_head_bytes(from.head_bytes);
  to.set_head_hash(from.head_hash);
}

record::SourceIdentity FromWire(const protocol::SourceIdentity& from, const std::string& agent_id) {
  record::SourceIdentity identity;
  identity.agent_id = agent_id;
  identity.path = from.path();
  identity.device = from.device();
  identity.inode = from.inode();
  identity.birth_time_ns = from.birth_time_ns();
  identity.file_system_uuid = from.file_system_uuid();
  identity.head_bytes = from.head_bytes();
  identity.head_hash = from.head_hash();
  return identity;
}

void ToWire(const ProduceSpan& from, protocol::Span& to) {
  to.set_source_id(BytesOf(from.span.source_id));
  to.set_begin(from.span.begin.value());
  to.set_end(from.span.end.value());
  to.set_window(from.span.window);
  to.set_records(from.span.records);
  to.set_dropped(from.span.dropped);
  if (from.identity) ToWire(*from.identity, *to.mutable_identity());
}

void ToWire(const ProgressRow& from, protocol::ProgressRow& to) {
  to.set_source_id(BytesOf(from.source_id));
  to.set_kind(WireKindOf(from.kind));
  to.set_begin(from.begin.value());
  to.set_end(from.end.value());
  to.set_end_is_exact(from.end_is_exact);
  to.set_reason(protocol::ValidUtf8(from.reason));
  to.set_dropped(from.dropped);
  to.set_window(from.window);
  if (from.identity) ToWire(*from.identity, *to.mutable_identity());
}

SourceRow FromWire(const protocol::SourceRow& from) {
  SourceRow row;
  row.offset = Offset(from.offset());
  row.agent_id = from.agent_id();
  row.path = from.path();
  row.time = TimestampMs(from.time_ms());
  row.row = RowOf(from.row(), from.agent_id());
  return row;
}

void ToWire(const FileReport& from, protocol::AgentFile& to) {
  to.set_path(from.path);
  to.set_topic(protocol::ValidUtf8(from.topic));
  to.set_size_bytes(from.size_bytes);
  to.set_read(from.read.value());
  to.set_acked(from.acked.value());
  to.set_last_line_ms(from.last_line.value());
  to.set_state(protocol::ValidUtf8(from.state));
}

AgentSession FromWire(const protocol::HelloResponse& from) {
  AgentSession session;
  session.broker_name = from.broker_name();
  session.cluster_id = UuidOf(from.cluster_id());
  session.restore_count = from.restore_count();
  session.agent_epoch = from.agent_epoch();
  session.batch_bytes_max = from.batch_bytes_max();
  for (const auto& topic : from.agent_topics()) session.topics.push_back(TopicOf(topic));
  return session;
}

KnownSource FromWire(const protocol::Source& from, const std::string& agent_id) {
  KnownSource source;
  source.source_id = UuidOf(from.source_id());
  source.final = from.state() == protocol::FINAL;
  source.identity = FromWire(from.identity(), agent_id);
  source.durable = SourcePosition(from.durable());
  source.window = from.window();
  for (const auto& end : from.recent()) {
    source.recent.push_back({.end = SourcePosition(end.end()), .window = end.window()});
  }
  return source;
}

SourcePositions FromWire(const protocol::SourcePositions& from) {
  return {.source_id = UuidOf(from.source_id()),
          .appended = SourcePosition(from.appended()),
          .durable = SourcePosition(from.durable())};
}

}  // namespace logboom::client
