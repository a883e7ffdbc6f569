// An engine with the sources above it, and agents' batches for them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/sources/sources.h"
#include "lib/record/batch_builder.h"
#include "lib/record/batch_view.h"
#include "lib/record/span.h"
#include "tests/broker/engine/engine_rig.h"
#include "tests/broker/sources/table_fixture.h"

namespace logboom::broker {

// One record a span, with the headers that an agent writes.
inline Bytes BatchOf(const std::vector<ProducedSpan>& spans, std::uint64_t log_tag,
                     std::size_t value_bytes = 100,
                     TimestampMs line_time = TimestampMs{1'700'000'000'000}) {
  record::BatchBuilder builder({.codec = record::Codec::kNone});
  for (const ProducedSpan& span : spans) {
    const Bytes header = record::EncodeSpan(
        {log_tag, span.source_id, span.begin, span.end, span.window, span.records, span.dropped});
    std::vector<record::HeaderView> headers = {{record::kSpanHeader, header}};
    Bytes identity;
    if (span.identity) {
      identity = record::EncodeSourceIdentity(*span.identity);
      headers.push_back({record::kSourceHeader, identity});
    }
    const Bytes value(value_bytes, 'v');
    builder.Add({.timestamp = line_time, .key = {}, .value = value, .headers = headers});
  }
  auto built = builder.Finish();
  EXPECT_TRUE(built.ok());
  return Bytes(*built);
}

// The same batch, as a producer with an id makes it.
inline Bytes WithProducerId(Bytes batch, std::int64_t producer_id) {
  record::BatchHeader header = *record::ParseBatchHeader(batch);
  header.producer_id = producer_id;
  header.producer_epoch = 0;
  header.base_sequence = 0;
  record::WriteBatchHeader(batch.data(), header);
  record::SealBatch(batch.data(), batch.size());
  return batch;
}

class SourcesRig {
 public:
  // Opens, and rebuilds.
  void MustOpen() {
    engine.MustOpen();
    ASSERT_NE(engine.engine, nullptr);
    sources = std::make_unique<Sources>(*engine.engine);
    auto rebuilt = sources->Rebuild(engine.now());
    ASSERT_TRUE(rebuilt.ok()) << rebuilt.error().message;
    report = *rebuilt;
  }
  void Kill() {
    engine.Kill();
    sources.reset();
  }
  void Crash() {
    engine.Crash();
    sources.reset();
  }
  void Reopen() {
    Crash();
    MustOpen();
  }
  void LoseStore() { engine.store.Clear(); }
  std::vector<MetadataRow> Snapshot() { return *engine.store.Load(); }
  void RestoreStore(const std::vector<MetadataRow>& rows) {
    engine.store.Clear();
    MetadataTransaction put;
    for (const MetadataRow& row : rows) put.Put(row.table, row.key, row.value);
    ASSERT_TRUE(engine.store.Apply(put).ok());
  }

  void Tick(std::int64_t step_ms = 1) {
    engine.Tick(step_ms);
    sources->Tick(engine.now());
  }
  void Settle() {
    for (int i = 0; i < 20; ++i) Tick();
    EXPECT_TRUE(engine.engine->quiet());
  }
  // Long enough for a checkpoint, and for it to end.
  void Checkpoint() {
    Tick(2'500);
    Settle();
  }

  void MakeTopic(const TopicConfig& config = {}, std::int32_t partitions = 1) {
    ASSERT_TRUE(engine.CreateTopic("web", partitions, config).ok());
    where = engine.Where("web");
  }
  std::uint64_t log_tag() const {
    return record::LogTag(engine.engine->cluster_id(), where.topic_id);
  }

  // How the produce ended; nothing while it has not.
  std::shared_ptr<std::optional<SourceOutcome>> Produce(const std::vector<ProducedSpan>& spans,
                                                        std::size_t value_bytes = 100,
                                                        const std::string& agent = "a") {
    auto outcome = std::make_shared<std::optional<SourceOutcome>>();
    Bytes batch = BatchOf(spans, log_tag(), value_bytes);
    const auto header = record::VerifyBatch(batch);
    EXPECT_TRUE(header.ok());
    sources->Produce(agent, where, batch.data(), *header, spans, engine.now(),
                     [outcome](SourceOutcome ended) { *outcome = std::move(ended); });
    return outcome;
  }
  std::shared_ptr<std::optional<SourceOutcome>> Progress(const std::vector<ProgressRow>& rows,
                                                         const std::string& agent = "a") {
    auto outcome = std::make_shared<std::optional<SourceOutcome>>();
    sources->Progress(agent, where, rows, engine.now(),
                      [outcome](SourceOutcome ended) { *outcome = std::move(ended); });
    return outcome;
  }
  // Claims the id and settles it, in the topic of `where` unless others are named. How that ended;
  // nothing while it has not.
  std::shared_ptr<std::optional<Status>> SettleAgent(const std::string& agent,
                                                     std::vector<Uuid> topic_ids = {}) {
    AgentClaim claim;
    claim.agent_id = agent;
    claim.boot_id = "boot";
    EXPECT_TRUE(sources->agents().Claim(claim, IdOf(++session_), engine.now()).ok());
    if (topic_ids.empty()) topic_ids = {where.topic_id};
    auto status = std::make_shared<std::optional<Status>>();
    sources->SettleAgent(agent, topic_ids, [status](const Status& settled) { *status = settled; });
    return status;
  }
  // A batch past the table, as it stands: what it tells is met by the next start.
  void MustAppend(Bytes batch) {
    const auto header = record::VerifyBatch(batch);
    ASSERT_TRUE(header.ok()) << header.error().message;
    ASSERT_TRUE(engine.engine->Append(where, batch.data(), *header, engine.now()).ok());
    Settle();
  }
  void MustProduce(const std::vector<ProducedSpan>& spans, std::size_t value_bytes = 100) {
    auto outcome = Produce(spans, value_bytes);
    Settle();
    ASSERT_TRUE(*outcome && (**outcome).kind == SourceOutcome::Kind::kDurable)
        << ((**outcome).error ? (**outcome).error->message : "a conflict");
  }
  void MustCommit(const std::vector<ProgressRow>& rows) {
    auto outcome = Progress(rows);
    Settle();
    ASSERT_TRUE(*outcome && (**outcome).kind == SourceOutcome::Kind::kDurable)
        << ((**outcome).error ? (**outcome).error->message : "a conflict");
  }

  // -1: unknown.
  std::int64_t DurableOf(std::uint64_t source) const {
    const Source* found = sources->table().Find(where.topic_id, IdOf(source));
    return found == nullptr ? -1 : found->durable.value();
  }

  EngineRig engine;
  std::unique_ptr<Sources> sources;
  RebuildReport report;
  TopicPartition where;

 private:
  std::uint64_t session_ = 9'000;
};

}  // namespace logboom::broker
