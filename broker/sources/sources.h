// Exactly once, from a source's bytes to the log: brings the rules (SourceTable), the agents
// (AgentRegistry) and the log (LogEngine) together.
//
// After a crash: positions and identities come back from the store's rows, completed by the newest
// side-cars of sealed segments, completed by the spans that stand in the log itself. So what is in
// the log is never taken twice, and what is not in the log is never counted as taken.
//
// One owner, one thread; callbacks as LogEngine's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/engine/log_engine.h"
#include "broker/sources/agent_registry.h"
#include "broker/sources/shown_rows.h"
#include "broker/sources/source_table.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/record/batch_header.h"

namespace logboom::broker {

// How a produce or a progress request ended.
struct SourceOutcome {
  enum class Kind { kDurable, kConflict, kFailed };
  Kind kind = Kind::kDurable;
  bool duplicate = false;
  std::optional<AppendedBatch> appended;   // of a fresh produce
  std::vector<SourcePositions> positions;  // of a conflict
  std::optional<Error> error;              // of a failure
};
using SourceCallback = std::function<void(SourceOutcome)>;

struct RebuildReport {
  std::size_t sources = 0;
  std::int64_t records_read = 0;  // from the log
  std::int64_t spans_applied = 0;
  std::int64_t spans_unknown = 0;  // of sources that nothing identifies
  std::vector<std::string> notes;  // each a sentence worth a warning
};

struct SourceCounters {
  std::uint64_t duplicates = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t gaps = 0;
};

// The row of a stamp. Key: topic id, partition i32. Value: offset i64; big endian.
Bytes StampKey(const TopicPartition& where);

class Sources {
 public:
  explicit Sources(LogEngine& engine);

  // Once, before any request.
  Result<RebuildReport> Rebuild(Instant now);

  AgentRegistry& agents() { return agents_; }
  const SourceTable& table() const { return table_; }
  const SourceCounters& counters() const { return counters_; }

  // The id is claimed (AgentRegistry::Claim) and the topics exist. Answers once everything appended
  // for the agent is durable, and its epoch and partitions are stored.
  void SettleAgent(const std::string& agent_id, const std::vector<Uuid>& topic_ids,
                   DoneCallback done);

  // One batch with its spans. The caller has checked that the session holds the agent id.
  void Produce(const std::string& agent_id, const TopicPartition& where, char* batch,
               const record::BatchHeader& header, std::vector<ProducedSpan> spans, Instant now,
               SourceCallback done);

  void Progress(const std::string& agent_id, const TopicPartition& where,
                std::vector<ProgressRow> rows, Instant now, SourceCallback done);

  std::vector<ShownRow> RowsBetween(const TopicPartition& where, Offset from, Offset to,
                                    std::size_t rows_max) const {
    return shown_.Between(where, from, to, rows_max);
  }

  // The topic is gone: so are its sources, gaps and stamps.
  void ForgetTopic(const Uuid& topic_id);

  // Saves positions when they are due, forgets what is too old.
  void Tick(Instant now);
  // Makes the next Tick save positions whatever the time. For an orderly stop.
  void CheckpointNow() { next_checkpoint_ = MonotonicMs{}; }

 private:
  using SourceKey = std::pair<Uuid, Uuid>;  // topic id, source id

  // Positions of a partition whose log ends below what they reflect are not to be believed.
  void DistrustStored(const TopicPartition& where, std::vector<Uuid>& distrusted);
  void CorrectStored(const TopicPartition& where, const std::vector<Uuid>& distrusted);
  void AddCorrection(const SourceKey& key, MetadataTransaction& correct) const;
  Status LoadRows();
  void ForgetLostTopics();
  // Those that could be opened.
  std::vector<std::pair<TopicPartition, PartitionState>> OpenPartitions() const;
  Status RebuildPartition(const TopicPartition& where, PartitionState state, TimestampMs now,
                          RebuildReport& report);
  // Where the redo begins: behind what the store, or else the newest side-car, reflects.
  Result<Offset> MergeSideCar(const TopicPartition& where, Offset stamp, Offset log_end);
  Status RedoPartition(const TopicPartition& where, Offset from, TimestampMs sign,
                       RebuildReport& report);
  void RedoBatch(const TopicPartition& where, ByteView batch, TimestampMs sign,
                 RebuildReport& report);
  // Rows whose bytes ahead are durable, on their way to the store.
  struct PendingRows {
    std::string agent_id;
    TopicPartition where;
    std::vector<ProgressRow> rows;
    TimestampMs time;
    SourceCallback done;
  };
  // Runs `submit` now, or, where a checkpoint is due, right behind it.
  void BehindCheckpoint(std::function<void()> submit);
  void CommitRows(const std::shared_ptr<PendingRows>& pending);
  void SettleRows(const PendingRows& pending, std::vector<ShownRow> shown, const Status& committed);
  void GoOnFromLast(ShownRow& told, MetadataTransaction& transaction) const;
  void Checkpoint();
  void ForgetOld(Instant now);
  void PruneGaps();
  Bytes SealedSources(const TopicPartition& where) const;

  LogEngine& engine_;
  SourceTable table_;
  AgentRegistry agents_;
  ShownRows shown_;
  SourceCounters counters_;
  // Up to which offset the stored positions reflect each partition's log.
  std::unordered_map<TopicPartition, Offset> stamps_;
  // Of these the store still says what no log holds. No stamp may be stored without their
  // correction: the next start would believe the old rows again.
  std::set<SourceKey> uncorrected_;
  MonotonicMs next_checkpoint_;
  MonotonicMs next_forget_;
  // A checkpoint and rows write the same keys: a checkpoint waits until no rows are under way, and
  // rows wait for a checkpoint that is due, so that an older position never overwrites a newer one.
  // What must come behind those rows waits with them.
  bool checkpoint_due_ = false;
  bool checkpoint_under_way_ = false;
  std::size_t rows_under_way_ = 0;
  std::vector<std::function<void()>> behind_checkpoint_;
};

}  // namespace logboom::broker
