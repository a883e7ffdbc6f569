#include "tests/torture/driver/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lib/client/wire_values.h"
#include "lib/record/span.h"
#include "tests/torture/driver/fetched.h"
#include "tests/torture/driver/record_text.h"

namespace logboom::torture {
namespace {

constexpr std::uint64_t kLargeEvery = 10;
constexpr std::uint32_t kUsualRecords = 20;
constexpr std::uint32_t kLargeRecords = 200;
constexpr std::uint32_t kRunsMax = 2;
constexpr std::uint64_t kWindow = 7;
// Beyond it another source is begun; so many are written at once.
constexpr std::int64_t kSourceBytes = 1 << 20;
constexpr std::size_t kSourcesAtOnce = 3;
constexpr std::size_t kTopicsMax = 7;
// So that a start finds another segment to compact every few lives.
constexpr std::int64_t kKeyedSegmentMs = 1000;
constexpr std::uint32_t kFetchBytes = 256 << 10;
constexpr std::uint32_t kFetchWaitMs = 20;
constexpr std::int64_t kRowBytesMax = 5000;

// One that is there from the first life to the last.
bool Stays(const std::string& topic) {
  return topic == kPlainTopic || topic == kSpanTopic || topic == kKeyedTopic;
}

void AddKeyed(std::uint64_t number, record::BatchBuilder& builder) {
  const Bytes key = KeyOf(number);
  const Bytes value = ValueOf(number);
  Bytes encoded_number;
  ByteWriter(encoded_number).Int(number);
  const record::HeaderView header{kNumberHeader, encoded_number};
  record::RecordView record{.timestamp = TimestampMs{1'700'000'000'000},
                            .key = key,
                            .value = {},
                            .headers = std::span(&header, 1)};
  if (!IsTombstone(number)) record.value = value;
  builder.Add(record);
}

void AddPlain(std::uint64_t number, record::BatchBuilder& builder) {
  const Bytes value = ValueOf(number);
  builder.Add(
      {.timestamp = TimestampMs{1'700'000'000'000}, .key = {}, .value = value, .headers = {}});
}

}  // namespace

std::int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void Load::Turn(std::chrono::milliseconds wait) {
  for (std::size_t i = 0; i < options_.under_way_max; ++i) {
    if (connection_.under_way() >= options_.under_way_max || !AskForSomething()) break;
  }
  connection_.Turn(wait);
}

bool Load::Ask(protocol::Request request, const transport::Payload& payload,
               Connection::Taken taken) {
  return connection_.Ask(std::move(request), payload,
                         [this, taken = std::move(taken)](const Answer& answer) {
                           if (!books_.power_is_off) return taken(answer);
                           ++books_.counts.answers_without_power;
                         });
}

bool Load::AskForSomething() {
  const std::uint64_t draw = random_.Below(100);
  if (draw < 42) return Produce(DrawPartition(), DrawRecords());
  if (draw < 55) return Produce({kKeyedTopic, 0}, DrawRecords());
  if (draw < 80) return ProduceSpans(DrawRecords());
  if (draw < 84) return SendRow();
  if (draw < 91) return Commit();
  if (draw < 96) return Fetch(DrawPartition());
  if (draw < 97) return Fetch({kKeyedTopic, 0});
  return AskAboutTopics();
}

bool Load::AskAboutTopics() {
  if (books_.topics.size() < kTopicsMax && random_.Below(2) == 0) {
    return CreateTopic(fmt::format("t{}", books_.next_topic++), 1);
  }
  for (const auto& [name, id] : books_.topics.Existing()) {
    if (!Stays(name)) return DeleteTopic(name);
  }
  return true;
}

PartitionKey Load::DrawPartition() {
  if (random_.Below(10) == 0) {
    for (const auto& [name, id] : books_.topics.Existing()) {
      if (!Stays(name)) return {name, 0};
    }
  }
  return {kPlainTopic, static_cast<std::int32_t>(random_.Below(kPlainPartitions))};
}

std::uint32_t Load::DrawRecords() {
  const std::uint32_t most = random_.Below(kLargeEvery) == 0 ? kLargeRecords : kUsualRecords;
  return 1 + static_cast<std::uint32_t>(random_.Below(most));
}

record::BatchBuilder& Load::DrawBuilder() {
  return random_.Below(2) == 0 ? plain_builder_ : zstd_builder_;
}

Bytes Load::TopicId(const std::string& name) const {
  const auto existing = books_.topics.Existing();
  const auto found = existing.find(name);
  return found == existing.end() ? Bytes() : found->second;
}

protocol::Request Load::ProduceRequestFor(const PartitionKey& key) const {
  protocol::Request request;
  request.mutable_produce()->set_topic_id(TopicId(key.first));
  request.mutable_produce()->set_partition(key.second);
  return request;
}

bool Load::Expected(protocol::ErrorCode code) const {
  switch (code) {
    case protocol::BUSY: return true;
    case protocol::NO_SPACE: return options_.expect_no_space;
    case protocol::UNKNOWN_TOPIC: return !leaving_.empty();
    case protocol::SPAN_CONFLICT: return spans_refused_;
    default: return false;
  }
}

bool Load::TakeRefusal(const protocol::Error& error, const std::string& what) {
  ++books_.counts.refusals;
  if (options_.any_refusal || error.code() == protocol::STORAGE_FAILED ||
      error.code() == protocol::SHUTTING_DOWN) {
    return false;
  }
  if (!Expected(error.code())) {
    books_.findings.Add(Fault::kBroken, fmt::format("{} was refused: {}", what, error.message()));
  }
  return true;
}

// ---- records without spans

bool Load::Produce(const PartitionKey& key, std::uint32_t records) {
  record::BatchBuilder& builder = DrawBuilder();
  const std::uint64_t first = books_.next_number;
  PartitionLedger& log = books_.Partition(key);
  for (std::uint32_t i = 0; i < records; ++i) {
    log.compacted() ? AddKeyed(first + i, builder) : AddPlain(first + i, builder);
  }
  const Bytes batch{*builder.Finish()};
  auto taken = [this, key, first](const Answer& answer) {
    if (leaving_.contains(key.first)) return;
    PartitionLedger& ledger = books_.Partition(key);
    if (answer.ok()) {
      ++books_.counts.batches_acked;
      return ledger.Acked(first, Offset{answer.response.produce().base_offset()});
    }
    if (TakeRefusal(answer.response.error(), "a produce to " + key.first)) ledger.Refused(first);
  };
  if (!Ask(ProduceRequestFor(key), transport::Payload(batch), taken)) return false;
  books_.next_number += records;
  log.Sent({first, records, batch.size(), NowMs()});
  return true;
}

// ---- records of sources

std::size_t Load::DrawSource() {
  std::vector<SourceLedger>& sources = books_.sources;
  while (sources.size() < kSourcesAtOnce || sources.back().sent().value() > kSourceBytes) {
    sources.emplace_back(Uuid::Make(random_), fmt::format("/torture/{}", sources.size()),
                         books_.findings);
  }
  return sources.size() - 1 - random_.Below(kSourcesAtOnce);
}

std::vector<Load::Run> Load::DrawRuns(std::uint32_t records) {
  std::vector<Run> runs;
  std::uint64_t first = books_.next_number;
  const std::uint64_t wanted = 1 + random_.Below(kRunsMax);
  for (std::uint64_t i = 0; i < wanted; ++i) {
    Run run{.source = DrawSource(), .begin = {}, .end = {}, .first = first, .records = records};
    const bool twice = std::any_of(runs.begin(), runs.end(),
                                   [&](const Run& one) { return one.source == run.source; });
    if (twice || sources_with_row_.contains(run.source)) continue;
    run.begin = run.end = books_.sources[run.source].sent();
    for (std::uint32_t r = 0; r < records; ++r) {
      run.end += static_cast<std::int64_t>(ValueOf(first + r).size()) + 1;
    }
    first += records;
    runs.push_back(run);
  }
  return runs;
}

void Load::AddRun(const Run& run, record::BatchBuilder& builder,
                  protocol::ProduceRequest& request) {
  const SourceLedger& source = books_.sources[run.source];
  client::ProduceSpan span{.span = {.log_tag = connection_.hello().agent_topics(0).log_tag(),
                                    .source_id = source.id(),
                                    .begin = run.begin,
                                    .end = run.end,
                                    .window = kWindow,
                                    .records = run.records},
                           .identity = {}};
  const Bytes encoded_span = record::EncodeSpan(span.span);
  std::vector<record::HeaderView> headers = {{record::kSpanHeader, encoded_span}};
  Bytes encoded_identity;
  if (run.begin.value() == 0) {
    span.identity = record::SourceIdentity{.agent_id = kAgentId,
                                           .path = source.path(),
                                           .device = 1,
                                           .inode = 2,
                                           .file_system_uuid = {}};
    encoded_identity = record::EncodeSourceIdentity(*span.identity);
    headers.push_back({record::kSourceHeader, encoded_identity});
  }
  client::ToWire(span, *request.add_spans());
  for (std::uint32_t i = 0; i < run.records; ++i) {
    const Bytes value = ValueOf(run.first + i);
    builder.Add({.timestamp = TimestampMs{1'700'000'000'000},
                 .key = ByteView(source.path()),
                 .value = value,
                 .headers = i == 0 ? std::span<const record::HeaderView>(headers)
                                   : std::span<const record::HeaderView>()});
  }
}

bool Load::ProduceSpans(std::uint32_t records) {
  if (spans_refused_ && spans_under_way_ > 0) return true;
  spans_refused_ = false;
  const std::vector<Run> runs = DrawRuns(records);
  if (runs.empty()) return true;
  const PartitionKey key{kSpanTopic, 0};
  protocol::Request request = ProduceRequestFor(key);
  record::BatchBuilder& builder = DrawBuilder();
  for (const Run& run : runs) AddRun(run, builder, *request.mutable_produce());
  const Bytes batch{*builder.Finish()};
  const std::uint64_t first = runs.front().first;
  auto taken = [this, first, runs](const Answer& answer) { TakeSpansAnswer(first, runs, answer); };
  if (!Ask(std::move(request), transport::Payload(batch), taken)) return false;
  const auto all = static_cast<std::uint32_t>(runs.size()) * records;
  books_.next_number += all;
  books_.Partition(key).Sent({first, all, batch.size(), NowMs()});
  for (const Run& run : runs) books_.sources[run.source].Sent(run.end, first);
  ++spans_under_way_;
  return true;
}

void Load::TakeSpansAnswer(std::uint64_t first, const std::vector<Run>& runs,
                           const Answer& answer) {
  --spans_under_way_;
  PartitionLedger& ledger = books_.Partition({kSpanTopic, 0});
  if (answer.ok()) {
    books_.counts.spans_acked += runs.size();
    if (answer.response.produce().duplicate()) {
      books_.findings.Add(Fault::kBroken, fmt::format("batch {} was sent once, and is answered as "
                                                      "a duplicate",
                                                      first));
    }
    ledger.Acked(first, Offset{answer.response.produce().base_offset()});
    for (const Run& run : runs) books_.sources[run.source].Acked(run.end);
    return;
  }
  if (!TakeRefusal(answer.response.error(), "a produce with spans")) return;
  spans_refused_ = true;
  ledger.Refused(first);
  for (const Run& run : runs) books_.sources[run.source].Refused(run.end);
}

// A gap or progress, of a source of which nothing is under way.
bool Load::SendRow() {
  if (spans_refused_ && spans_under_way_ > 0) return true;
  const std::size_t at = DrawSource();
  SourceLedger& source = books_.sources[at];
  if (!source.idle() || source.durable().value() == 0) return true;
  const SourcePosition end =
      source.durable() + 1 + static_cast<std::int64_t>(random_.Below(kRowBytesMax));
  client::ProgressRow row{
      .source_id = source.id(),
      .kind = random_.Below(2) == 0 ? client::RowKind::kGap : client::RowKind::kProgress,
      .begin = source.durable(),
      .end = end,
      .reason = {},
      .window = kWindow,
      .identity = {}};
  if (row.kind == client::RowKind::kGap) row.reason = "torture";
  protocol::Request request;
  request.mutable_source_progress()->set_topic_id(TopicId(kSpanTopic));
  client::ToWire(row, *request.mutable_source_progress()->add_rows());
  auto taken = [this, at, end](const Answer& answer) {
    --spans_under_way_;
    sources_with_row_.erase(at);
    if (answer.ok()) {
      ++books_.counts.rows_acked;
      return books_.sources[at].Acked(end);
    }
    if (!TakeRefusal(answer.response.error(), "a row")) return;
    spans_refused_ = true;
    books_.sources[at].Refused(end);
  };
  if (!Ask(std::move(request), {}, taken)) return false;
  ++spans_under_way_;
  sources_with_row_.insert(at);
  source.Sent(end, std::nullopt);
  return true;
}

// ---- what is not records

bool Load::Commit() {
  const auto partition = static_cast<std::int32_t>(random_.Below(kPlainPartitions));
  CommitLedger& ledger = books_.Commit(partition);
  const Offset end = books_.Partition({kPlainTopic, partition}).end();
  if (end <= ledger.asked()) return true;
  const Offset wanted =
      ledger.asked() + 1 +
      static_cast<std::int64_t>(random_.Below(static_cast<std::uint64_t>(end - ledger.asked())));
  protocol::Request request;
  protocol::CommitOffsetsRequest& commit = *request.mutable_commit_offsets();
  commit.set_group(kGroup);
  protocol::OffsetCommit& offset = *commit.add_offsets();
  offset.set_topic_id(TopicId(kPlainTopic));
  offset.set_partition(partition);
  offset.set_offset(wanted.value());
  offset.set_leader_epoch(-1);
  auto taken = [this, &ledger, wanted](const Answer& answer) {
    const protocol::CommitOffsetsResponse& results = answer.response.commit_offsets();
    if (answer.ok() && results.results_size() == 1 && !results.results(0).has_error()) {
      ++books_.counts.commits_acked;
      return ledger.Acked(wanted);
    }
    (void)TakeRefusal(answer.ok() ? results.results(0).error() : answer.response.error(),
                      "a commit");
  };
  if (!Ask(std::move(request), {}, taken)) return false;
  ledger.Asked(wanted);
  return true;
}

bool Load::Fetch(const PartitionKey& key) {
  const Offset from = books_.Partition(key).end();
  protocol::Request request;
  protocol::FetchRequest& fetch = *request.mutable_fetch();
  fetch.set_topic_id(TopicId(key.first));
  fetch.set_partition(key.second);
  fetch.set_offset(from.value());
  fetch.set_bytes_max(kFetchBytes);
  fetch.set_wait_ms_max(kFetchWaitMs);
  fetch.set_leader_epoch(-1);
  return Ask(std::move(request), {}, [this, key, from](const Answer& answer) {
    if (leaving_.contains(key.first)) return;
    if (answer.ok()) {
      (void)TakeFetched(key, from, answer, books_);
    } else {
      (void)TakeRefusal(answer.response.error(), "a fetch of " + key.first);
    }
  });
}

bool Load::CreateTopic(const std::string& name, std::int32_t partitions) {
  protocol::Request request;
  protocol::CreateTopicRequest& create = *request.mutable_create_topic();
  create.set_name(name);
  create.set_partitions(partitions);
  auto& config = *create.mutable_config();
  config["segment.bytes"] = std::to_string(kSegmentBytes);
  if (name == kKeyedTopic) {
    config["cleanup.policy"] = "compact";
    config["segment.ms"] = std::to_string(kKeyedSegmentMs);
    config["min.cleanable.dirty.ratio"] = "0.01";
    config["delete.retention.ms"] = std::to_string(kTombstonesStayMs);
  } else {
    config["retention.bytes"] = std::to_string(books_.retention_bytes);
  }
  auto taken = [this, name](const Answer& answer) {
    if (answer.ok()) {
      ++books_.counts.topics_made;
      return books_.topics.Created(name, answer.response.create_topic().topic_id());
    }
    const bool undone = TakeRefusal(answer.response.error(), "topic " + name);
    // What was begun is undone by a write, for which there may be no room either: the topic may
    // come with the next start.
    const bool no_space = answer.response.error().code() == protocol::NO_SPACE;
    if (undone && !no_space) books_.topics.Refused(name);
  };
  if (!Ask(std::move(request), {}, taken)) return false;
  books_.topics.CreationAsked(name);
  return true;
}

bool Load::DeleteTopic(const std::string& name) {
  protocol::Request request;
  request.mutable_delete_topic()->set_name(name);
  auto taken = [this, name](const Answer& answer) {
    if (answer.ok()) {
      ++books_.counts.topics_deleted;
      books_.topics.Deleted(name);
      return books_.ForgetTopic(name);
    }
    if (TakeRefusal(answer.response.error(), "the end of topic " + name)) {
      books_.topics.Refused(name);
    }
  };
  if (!Ask(std::move(request), {}, taken)) return false;
  books_.topics.DeletionAsked(name);
  leaving_.insert(name);
  return true;
}

}  // namespace logboom::torture
