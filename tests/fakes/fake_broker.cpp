#include "tests/fakes/fake_broker.h"

#include <algorithm>
#include <utility>

#include "lib/record/batch_header.h"
#include "lib/record/batch_view.h"

namespace logboom::fakes {
namespace {

constexpr int kPageSources = 3;  // small, so that listings have pages
constexpr std::size_t kRecentMax = 8;

Uuid IdOf(const std::string& bytes) { return Uuid::FromBytes(bytes).value_or(Uuid{}); }
std::string BytesOf(const Uuid& id) { return std::string(id.bytes()); }

record::SourceIdentity IdentityOf(const protocol::SourceIdentity& from,
                                  const std::string& agent_id) {
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

void ToWire(const record::SourceIdentity& from, protocol::SourceIdentity& to) {
  to.set_path(from.path);
  to.set_device(from.device);
  to.set_inode(from.inode);
  to.set_birth_time_ns(from.birth_time_ns);
  to.set_file_system_uuid(from.file_system_uuid);
  to.set_head_bytes(from.head_bytes);
  to.set_head_hash(from.head_hash);
}

}  // namespace

FakeBroker::FakeBroker(std::unique_ptr<transport::ServerTransport> transport)
    : transport_(std::move(transport)) {}

void FakeBroker::Step() {
  while (auto inbound = transport_->Receive()) Take(*inbound);
  if (syncs_by_itself) Sync();
}

void FakeBroker::Sync() {
  if (std::exchange(unsynced_, false)) {
    for (auto& [name, topic] : topics_) {
      topic.synced_log = topic.log.size();
      for (auto& [id, source] : topic.sources) {
        source.durable = source.appended;
        source.was_synced = true;
        source.synced_window = source.window;
        source.synced_bytes = source.bytes.size();
        source.synced_ends = source.ends;
      }
    }
  }
  Release();
}

void FakeBroker::Restart() {
  sessions_.clear();
  waiting_.clear();
  unsynced_ = false;
  for (auto& [name, topic] : topics_) {
    topic.log.resize(topic.synced_log);
    std::erase_if(topic.sources, [](const auto& entry) { return !entry.second.was_synced; });
    for (auto& [id, source] : topic.sources) {
      source.appended = source.durable;
      source.window = source.synced_window;
      source.bytes.resize(source.synced_bytes);
      source.ends = source.synced_ends;
    }
  }
}

std::map<std::string, StoredTopic> FakeBroker::Backup() {
  Sync();
  return topics_;
}

void FakeBroker::Restore(std::map<std::string, StoredTopic> backup) {
  topics_ = std::move(backup);
  ++restore_count_;
  Restart();
}

void FakeBroker::RemakeTopic(const std::string& name) {
  topics_[name] = StoredTopic{};
  topics_[name].id = Uuid::Make(random_);
}

StoredTopic* FakeBroker::TopicOf(const std::string& id) {
  for (auto& [name, topic] : topics_) {
    if (BytesOf(topic.id) == id) return &topic;
  }
  return nullptr;
}

void FakeBroker::Take(const transport::Inbound& inbound) {
  protocol::Request request;
  if (!protocol::ParseRequest(inbound.message.envelope, request)) {
    return Complain("an envelope that is none");
  }
  if (request.has_hello()) return Hello(inbound.peer, request);
  const auto session = sessions_.find(request.session());
  if (session == sessions_.end() || session->second.peer != inbound.peer.key) {
    return Refuse(inbound.peer, request, protocol::NO_SESSION);
  }
  if (request.want_credit_bytes() > 0) {
    session->second.credit_granted = session->second.credit_used + credit_bytes;
  }
  if (request.has_produce()) {
    session->second.credit_used += inbound.message.payload.size();
    if (session->second.credit_used > session->second.credit_granted + credit_bytes) {
      Complain("more payload than credit");
    }
    return Produce(inbound.peer, request, inbound.message.payload.view());
  }
  if (request.has_list_sources()) return ListSources(inbound.peer, request);
  if (request.has_source_progress()) return Progress(inbound.peer, request);
  protocol::Response response;
  if (request.has_agent_report()) {
    reports_.push_back(request.agent_report());
    if (wall_clock) response.mutable_agent_report()->set_time_ms(wall_clock().value());
    response.mutable_agent_report();
  } else {
    response.mutable_keep_alive();
  }
  Answer(inbound.peer, request, std::move(response));
}

void FakeBroker::Answer(const transport::Peer& peer, const protocol::Request& request,
                        protocol::Response response) {
  response.set_request_id(request.request_id());
  const auto session = sessions_.find(request.session());
  if (session != sessions_.end()) {
    response.set_credit_granted_bytes(session->second.credit_granted);
  }
  transport_->Send(peer, {.envelope = protocol::Encode(response), .payload = {}});
}

void FakeBroker::Refuse(const transport::Peer& peer, const protocol::Request& request,
                        protocol::ErrorCode code) {
  protocol::Response response;
  *response.mutable_error() = protocol::MakeError(code, "the fake broker says no");
  Answer(peer, request, std::move(response));
}

void FakeBroker::Conflict(const transport::Peer& peer, const protocol::Request& request,
                          const StoredTopic& topic, const std::vector<Uuid>& sources) {
  ++conflicts_;
  protocol::Response response;
  *response.mutable_error() = protocol::MakeError(protocol::SPAN_CONFLICT, "positions differ");
  for (const Uuid& id : sources) {
    auto& positions = *response.mutable_error()->add_positions();
    positions.set_source_id(BytesOf(id));
    const auto source = topic.sources.find(id);
    const bool known = source != topic.sources.end();
    positions.set_appended(known ? source->second.appended : -1);
    positions.set_durable(known ? source->second.durable : -1);
  }
  Answer(peer, request, std::move(response));
}

void FakeBroker::Hello(const transport::Peer& peer, const protocol::Request& request) {
  hellos_.push_back(request.hello());
  if (refuses_hello) return Refuse(peer, request, *refuses_hello);
  const auto& agent = request.hello().agent();
  // The old session's produces are fenced; everything appended is synced before the answer.
  std::erase_if(sessions_,
                [&agent](const auto& entry) { return entry.second.agent_id == agent.agent_id(); });
  std::erase_if(waiting_, [](const auto&) { return true; });
  Sync();
  protocol::Response response;
  auto& hello = *response.mutable_hello();
  hello.set_session("session-" + std::to_string(++last_session_));
  hello.set_broker_name("fake");
  hello.set_cluster_id(std::string(16, 'c'));
  hello.set_restore_count(restore_count_);
  hello.set_batch_bytes_max(static_cast<std::uint32_t>(record::kBatchBytesMax));
  protocol::AddSupportedApis(*hello.mutable_apis());
  for (const std::string& name : agent.topics()) {
    StoredTopic& topic = topics_[name];
    if (topic.id.nil()) topic.id = Uuid::Make(random_);
    auto& answer = *hello.add_agent_topics();
    answer.set_name(name);
    answer.set_topic_id(BytesOf(topic.id));
    answer.set_log_tag(record::LogTag(Uuid{}, topic.id));
  }
  sessions_[hello.session()] = {.peer = peer.key,
                                .agent_id = agent.agent_id(),
                                .process_id = agent.process_id(),
                                .credit_used = 0,
                                .credit_granted = 0};
  Answer(peer, request, std::move(response));
}

std::optional<std::vector<StoredRecord>> FakeBroker::Read(const protocol::ProduceRequest& produce,
                                                          ByteView batch) {
  record::BatchReader reader;
  if (const Status opened = reader.Open(batch); !opened.ok()) {
    Complain("a batch that can't be read: " + opened.error().message);
    return std::nullopt;
  }
  std::vector<StoredRecord> records;
  int span_index = -1;
  std::uint32_t left = 0;
  for (;;) {
    const auto next = reader.Next();
    if (!next) {
      Complain(next.error().message);
      return std::nullopt;
    }
    if (*next == nullptr) break;
    const record::Record& from = **next;
    StoredRecord stored;
    stored.key = std::string(from.key.value_or(""));
    stored.value = std::string(from.value.value_or(""));
    stored.timestamp_ms = from.timestamp.value();
    for (const record::HeaderView& header : from.headers) {
      stored.headers[std::string(header.key)] = std::string(header.value.value_or(""));
    }
    stored.more = stored.headers.contains(std::string(record::kMoreHeader));
    if (const auto span = from.Header(record::kSpanHeader)) {
      if (left != 0) Complain("a run is shorter than its span says");
      ++span_index;
      if (span_index >= produce.spans_size()) {
        Complain("more runs than spans");
        return std::nullopt;
      }
      const auto& wire = produce.spans(span_index);
      const auto decoded = record::DecodeSpan(*span);
      if (!decoded || BytesOf(decoded->source_id) != wire.source_id() ||
          decoded->begin.value() != wire.begin() || decoded->end.value() != wire.end() ||
          decoded->window != wire.window() || decoded->records != wire.records()) {
        Complain("lb.span and envelope differ");
      }
      if (from.Header(record::kSourceHeader).has_value() != wire.has_identity()) {
        Complain("lb.source and envelope differ");
      }
      left = wire.records();
    }
    if (left == 0) {
      Complain("a record outside of any run");
      return std::nullopt;
    }
    --left;
    stored.source_id = IdOf(produce.spans(span_index).source_id());
    records.push_back(std::move(stored));
  }
  if (left != 0 || span_index + 1 != produce.spans_size()) Complain("spans and runs differ");
  return records;
}

void FakeBroker::Produce(const transport::Peer& peer, const protocol::Request& request,
                         ByteView batch) {
  ++produces_;
  batch_bytes_largest_ = std::max(batch_bytes_largest_, batch.size());
  const auto& produce = request.produce();
  if (refuses) return Refuse(peer, request, *refuses);
  StoredTopic* topic = TopicOf(produce.topic_id());
  if (topic == nullptr) return Refuse(peer, request, protocol::UNKNOWN_TOPIC);
  auto records = Read(produce, batch);
  if (!records) return Refuse(peer, request, protocol::CORRUPT_BATCH);

  std::map<Uuid, std::int64_t> at;
  std::vector<Uuid> sources;
  int fresh = 0;
  int duplicates = 0;
  int others = 0;
  std::vector<std::pair<Uuid, std::int64_t>> until;
  for (const auto& span : produce.spans()) {
    const Uuid id = IdOf(span.source_id());
    if (std::find(sources.begin(), sources.end(), id) == sources.end()) sources.push_back(id);
    const auto known = topic->sources.find(id);
    if (known == topic->sources.end() && !at.contains(id)) {
      if (!span.has_identity()) {
        ++others;
        continue;
      }
      at[id] = span.begin();
    } else if (known != topic->sources.end() && known->second.final) {
      Complain("a span for a source that is final: " + known->second.identity.path);
    }
    const std::int64_t appended = at.contains(id) ? at[id] : known->second.appended;
    if (span.begin() == appended) {
      ++fresh;
      at[id] = span.end();
    } else if (span.end() <= appended) {
      ++duplicates;
    } else {
      ++others;
    }
    until.emplace_back(id, span.end());
  }
  if (false_conflicts > 0 || others > 0 || (fresh > 0 && duplicates > 0)) {
    false_conflicts = std::max(0, false_conflicts - 1);
    return Conflict(peer, request, *topic, sources);
  }
  if (duplicates == 0) Append(*topic, produce, *std::move(records));
  protocol::Response response;
  response.mutable_produce()->set_duplicate(duplicates > 0);
  response.set_request_id(request.request_id());
  const auto session = sessions_.find(request.session());
  response.set_credit_granted_bytes(session->second.credit_granted);
  waiting_.push_back(
      {peer, std::move(response), std::string(produce.topic_id()), std::move(until)});
}

void FakeBroker::Append(StoredTopic& topic, const protocol::ProduceRequest& produce,
                        std::vector<StoredRecord> records) {
  unsynced_ = true;
  std::size_t next = 0;
  for (const auto& span : produce.spans()) {
    const Uuid id = IdOf(span.source_id());
    const auto [entry, is_new] = topic.sources.try_emplace(id);
    StoredSource& source = entry->second;
    if (is_new) {
      source.identity = IdentityOf(span.identity(), "");
      source.begin = span.begin();
    }
    if (values_are_bytes) {
      TakeBytes(source, span, std::span(records).subspan(next, span.records()));
    }
    records[next].left_out = span.dropped();
    next += span.records();
    source.appended = span.end();
    source.window = span.window();
    source.ends.push_back({span.end(), span.window()});
    if (source.ends.size() > kRecentMax) source.ends.erase(source.ends.begin());
  }
  for (StoredRecord& each : records) topic.log.push_back(std::move(each));
}

// What the records hold is what the span says to have been read.
void FakeBroker::TakeBytes(StoredSource& source, const protocol::Span& span,
                           std::span<const StoredRecord> records) {
  std::string bytes;
  for (const StoredRecord& record : records) {
    bytes += record.value;
    if (!record.more) bytes += '\n';
  }
  const auto expected = static_cast<std::size_t>(span.end() - span.begin());
  if (bytes.size() == expected + 1) bytes.pop_back();  // a final line without newline
  if (bytes.size() != expected) {
    Complain("span [" + std::to_string(span.begin()) + ", " + std::to_string(span.end()) + ") of " +
             source.identity.path + " holds " + std::to_string(bytes.size()) + " bytes");
  }
  source.bytes += bytes;
  if (source.begin != 0 || source.has_gap) return;
  const std::size_t size = std::min(source.bytes.size(), record::kWindowBytes);
  const ByteView window = ByteView(source.bytes).substr(source.bytes.size() - size);
  if (record::HashBytes(window) != span.window()) {
    Complain("a wrong window at " + std::to_string(span.end()) + " of " + source.identity.path);
  }
  const std::size_t head = source.identity.head_bytes;
  if (head > 0 && head <= source.bytes.size() &&
      record::HashBytes(ByteView(source.bytes).substr(0, head)) != source.identity.head_hash) {
    Complain("a wrong head of " + source.identity.path);
  }
}

void FakeBroker::Release() {
  while (!waiting_.empty()) {
    Waiting& first = waiting_.front();
    const StoredTopic* topic = TopicOf(first.topic);
    if (topic != nullptr) {
      for (const auto& [id, end] : first.until) {
        if (topic->sources.at(id).durable < end) return;
      }
      transport_->Send(first.peer, {.envelope = protocol::Encode(first.response), .payload = {}});
    }
    waiting_.pop_front();
  }
}

void FakeBroker::ListSources(const transport::Peer& peer, const protocol::Request& request) {
  const auto& list = request.list_sources();
  const StoredTopic* topic = TopicOf(list.topic_id());
  if (topic == nullptr) return Refuse(peer, request, protocol::UNKNOWN_TOPIC);
  Sync();
  protocol::Response response;
  auto& page = *response.mutable_list_sources();
  for (const auto& [id, source] : topic->sources) {
    if (source.final && !list.with_final()) continue;
    if (!list.after_source_id().empty() && id <= IdOf(list.after_source_id())) continue;
    if (page.sources_size() == kPageSources) {
      page.set_more(true);
      break;
    }
    auto& out = *page.add_sources();
    out.set_source_id(BytesOf(id));
    out.set_state(source.final ? protocol::FINAL : protocol::OPEN);
    ToWire(source.identity, *out.mutable_identity());
    out.set_durable(source.durable);
    out.set_window(source.window);
    for (const auto& end : source.ends) {
      auto& recent = *out.add_recent();
      recent.set_end(end.end);
      recent.set_window(end.window);
    }
  }
  Answer(peer, request, std::move(response));
}

void FakeBroker::Progress(const transport::Peer& peer, const protocol::Request& request) {
  if (refuses_rows) return Refuse(peer, request, *refuses_rows);
  const auto& progress = request.source_progress();
  StoredTopic* topic = TopicOf(progress.topic_id());
  if (topic == nullptr) return Refuse(peer, request, protocol::UNKNOWN_TOPIC);
  std::vector<Uuid> sources;
  bool fits = true;
  for (const auto& row : progress.rows()) {
    const Uuid id = IdOf(row.source_id());
    sources.push_back(id);
    const auto source = topic->sources.find(id);
    if (source == topic->sources.end()) {
      fits = fits && row.has_identity();
    } else {
      fits =
          fits && source->second.durable == row.begin() && source->second.appended == row.begin();
    }
  }
  if (!fits) return Conflict(peer, request, *topic, sources);
  for (const auto& row : progress.rows()) Apply(*topic, row);
  Sync();
  protocol::Response response;
  response.mutable_source_progress();
  Answer(peer, request, std::move(response));
}

void FakeBroker::Apply(StoredTopic& topic, const protocol::ProgressRow& row) {
  unsynced_ = true;
  const auto [entry, is_new] = topic.sources.try_emplace(IdOf(row.source_id()));
  StoredSource& source = entry->second;
  if (is_new) {
    source.identity = IdentityOf(row.identity(), "");
    source.begin = row.begin();
  }
  source.appended = row.end();
  source.window = row.window();
  source.has_gap = source.has_gap || row.kind() == protocol::GAP;
  source.final = source.final || row.kind() == protocol::CLOSE;
  topic.rows.push_back({source.identity.path, row});
}

}  // namespace logboom::fakes
