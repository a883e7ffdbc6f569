#include "broker/sources/sources.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <ranges>
#include <utility>

#include "lib/base/check.h"
#include "lib/segment/limits.h"

namespace logboom::broker {
namespace {

// How much of the log a start after a crash may have to read again, in time.
constexpr std::int64_t kCheckpointIntervalMs = 2000;
constexpr std::int64_t kForgetIntervalMs = 60LL * 60 * 1000;
constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1000;
// The life of a source (docs/formats/metadata.md).
constexpr std::int64_t kFinalKeptMs = 90 * kDayMs;
constexpr std::int64_t kSilentKeptMs = 400 * kDayMs;

SourceOutcome Failed(Error error) {
  SourceOutcome outcome;
  outcome.kind = SourceOutcome::Kind::kFailed;
  outcome.error = std::move(error);
  return outcome;
}

SourceOutcome Conflict(std::vector<SourcePositions> positions) {
  SourceOutcome outcome;
  outcome.kind = SourceOutcome::Kind::kConflict;
  outcome.positions = std::move(positions);
  return outcome;
}

// Answers a duplicate: only once its first copy is durable, never before.
DoneCallback AnswerDuplicate(SourceCallback done) {
  return [done = std::move(done)](const Status& durable) {
    if (!durable.ok()) {
      done(Failed(durable.error()));
      return;
    }
    SourceOutcome outcome;
    outcome.duplicate = true;
    done(std::move(outcome));
  };
}

enum class SealedDetail { kAll, kPositions };

// Nothing where it is longer than a side-car may be.
std::optional<Bytes> EncodeSealed(const std::vector<const Source*>& sources, SealedDetail detail) {
  // The side-car has a field of its own beside these bytes.
  constexpr std::size_t kBytesMax = segment::kSideCarBytesMax - sizeof(std::int64_t);
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.Int(static_cast<std::uint32_t>(sources.size()));
  for (const Source* source : sources) {
    Source one = *source;
    const std::uint64_t window = one.recent.empty() ? one.window : one.recent.back().window;
    if (detail == SealedDetail::kPositions) one.recent.clear();
    writer.String(SourceRowKey(one.where.topic_id, one.source_id));
    writer.String(EncodeSourceRow(one, one.appended, window));
    if (bytes.size() > kBytesMax) return std::nullopt;
  }
  return bytes;
}

}  // namespace

Sources::Sources(LogEngine& engine) : engine_(engine) {
  engine_.SetSealHook([this](const TopicPartition& where) { return SealedSources(where); });
}

void Sources::SettleAgent(const std::string& agent_id, const std::vector<Uuid>& topic_ids,
                          DoneCallback done) {
  Agent* agent = agents_.Find(agent_id);
  CHECK(agent != nullptr);
  for (const Uuid& topic_id : topic_ids) {
    const Topic* topic = engine_.FindTopic(topic_id);
    if (topic == nullptr) continue;
    auto named = agent->partitions.find(topic_id);
    if (named != agent->partitions.end() && named->second.value() < topic->partitions) continue;
    auto newest = table_.NewestPartition(topic_id, agent_id);
    agent->partitions[topic_id] =
        newest && newest->value() < topic->partitions ? *newest : agents_.ChoosePartition(*topic);
  }
  // One callback for all partitions; the first real failure counts.
  struct Waiting {
    std::size_t left = 0;
    Status status;
    std::string agent_id;
    DoneCallback done;
  };
  auto waiting = std::make_shared<Waiting>();
  waiting->agent_id = agent_id;
  waiting->done = std::move(done);
  const std::map<Uuid, PartitionIndex> partitions = agent->partitions;
  waiting->left = partitions.size() + 1;
  auto one_done = [this, waiting](const Status& durable) {
    // A topic deleted meanwhile has no bytes to wait for.
    if (!durable.ok() && durable.error().code != ErrorCode::kNotFound) waiting->status = durable;
    if (--waiting->left > 0) return;
    if (!waiting->status.ok()) {
      waiting->done(waiting->status);
      return;
    }
    // Rows of this agent that were under way stand before this one in the store's order.
    BehindCheckpoint([this, waiting] {
      // As it is by now: a later hello may have been quicker.
      MetadataTransaction save;
      save.Put(Table::kAgent, waiting->agent_id, EncodeAgentRow(*agents_.Find(waiting->agent_id)));
      engine_.Commit(std::move(save), std::move(waiting->done));
    });
  };
  for (const auto& [topic_id, partition] : partitions) {
    engine_.WhenDurable({topic_id, partition}, one_done);
  }
  one_done(Ok());
}

void Sources::Produce(const std::string& agent_id, const TopicPartition& where, char* batch,
                      const record::BatchHeader& header, std::vector<ProducedSpan> spans,
                      Instant now, SourceCallback done) {
  Judgement judgement = table_.JudgeSpans(where, agent_id, spans);
  switch (judgement.kind) {
    case Judgement::Kind::kRefused: done(Failed(*std::move(judgement.error))); return;
    case Judgement::Kind::kConflict:
      ++counters_.conflicts;
      done(Conflict(std::move(judgement.positions)));
      return;
    case Judgement::Kind::kDuplicate:
      ++counters_.duplicates;
      engine_.WhenDurable(where, AnswerDuplicate(std::move(done)));
      return;
    case Judgement::Kind::kFresh: break;
  }
  auto appended = engine_.Append(where, batch, header, now);
  if (!appended.ok()) {
    done(Failed(appended.error()));
    return;
  }
  table_.Append(where, spans, appended->append_time);
  engine_.WhenDurable(where, [this, where, spans = std::move(spans), appended = *appended,
                              done = std::move(done)](const Status& durable) {
    if (!durable.ok()) {
      done(Failed(durable.error()));
      return;
    }
    table_.MakeDurable(where.topic_id, spans);
    SourceOutcome outcome;
    outcome.appended = appended;
    done(std::move(outcome));
  });
}

void Sources::Progress(const std::string& agent_id, const TopicPartition& where,
                       std::vector<ProgressRow> rows, Instant now, SourceCallback done) {
  Judgement judgement = table_.JudgeRows(where, agent_id, rows);
  switch (judgement.kind) {
    case Judgement::Kind::kRefused: done(Failed(*std::move(judgement.error))); return;
    case Judgement::Kind::kConflict:
      ++counters_.conflicts;
      done(Conflict(std::move(judgement.positions)));
      return;
    case Judgement::Kind::kDuplicate:
      engine_.WhenDurable(where, AnswerDuplicate(std::move(done)));
      return;
    case Judgement::Kind::kFresh: break;
  }
  table_.HoldForRows(where, rows, now.wall);
  auto pending = std::make_shared<PendingRows>(
      PendingRows{agent_id, where, std::move(rows), now.wall, std::move(done)});
  engine_.WhenDurable(where, [this, pending](const Status& durable) {
    if (durable.ok()) {
      BehindCheckpoint([this, pending] { CommitRows(pending); });
    } else {
      SettleRows(*pending, {}, durable);
    }
  });
}

void Sources::BehindCheckpoint(std::function<void()> submit) {
  if (checkpoint_due_) {
    behind_checkpoint_.push_back(std::move(submit));
  } else {
    submit();
  }
}

void Sources::CommitRows(const std::shared_ptr<PendingRows>& pending) {
  const Uuid& topic_id = pending->where.topic_id;
  auto state = engine_.StateOf(pending->where);
  if (!state) {
    SettleRows(*pending, {}, Fail(ErrorCode::kNotFound, "the topic was deleted"));
    return;
  }
  MetadataTransaction transaction;
  std::vector<ShownRow> shown;
  for (const ProgressRow& row : pending->rows) {
    const Source after = table_.AfterRow(topic_id, row, pending->time);
    transaction.Put(Table::kSource, SourceRowKey(topic_id, row.source_id),
                    EncodeSourceRow(after, after.durable, after.window));
    if (row.begin == row.end) continue;  // it only says where its source begins, or ends
    ShownRow told = shown_.Next({pending->where, state->log_end, 0, pending->agent_id,
                                 after.identity.path, row, pending->time});
    GoOnFromLast(told, transaction);
    transaction.Put(Table::kSourceRow, ShownRowKey(told), EncodeShownRow(told));
    shown.push_back(std::move(told));
  }
  ++rows_under_way_;
  engine_.Commit(std::move(transaction),
                 [this, pending, shown = std::move(shown)](const Status& committed) {
                   --rows_under_way_;
                   SettleRows(*pending, shown, committed);
                 });
}

// A file of which nothing is sent has one row that grows, and not one every few seconds.
void Sources::GoOnFromLast(ShownRow& told, MetadataTransaction& transaction) const {
  if (told.row.kind == RowKind::kGap) return;
  const ShownRow* last = shown_.LeftOutUpTo(told.where, told.row.source_id, told.row.begin);
  constexpr std::uint32_t kMax = std::numeric_limits<std::uint32_t>::max();
  if (last == nullptr || last->row.dropped > kMax - told.row.dropped) return;
  told.row.begin = last->row.begin;
  told.row.dropped += last->row.dropped;
  transaction.Remove(Table::kSourceRow, ShownRowKey(*last));
}

void Sources::SettleRows(const PendingRows& pending, std::vector<ShownRow> shown,
                         const Status& committed) {
  const Uuid& topic_id = pending.where.topic_id;
  table_.SettleRows(
      topic_id, pending.rows,
      committed.ok() ? SourceTable::RowsSettled::kCommitted : SourceTable::RowsSettled::kFailed,
      pending.time);
  if (!committed.ok()) {
    pending.done(Failed(committed.error()));
    return;
  }
  counters_.gaps +=
      static_cast<std::uint64_t>(std::count_if(shown.begin(), shown.end(), [](const ShownRow& row) {
        return row.row.kind == RowKind::kGap;
      }));
  // Rows of a topic that was deleted meanwhile are forgotten at the next start.
  const bool there = engine_.StateOf(pending.where).has_value();
  for (ShownRow& row : shown) {
    if (there) shown_.Add(std::move(row));
  }
  pending.done(SourceOutcome{});
}

void Sources::ForgetTopic(const Uuid& topic_id) {
  MetadataTransaction forget;
  for (const auto& [topic, source] :
       table_.Forget([&](const Source& one) { return one.where.topic_id == topic_id; })) {
    forget.Remove(Table::kSource, SourceRowKey(topic, source));
  }
  for (Bytes& key : shown_.DropTopic(topic_id)) forget.Remove(Table::kSourceRow, std::move(key));
  std::erase_if(stamps_, [&](const auto& stamp) {
    if (stamp.first.topic_id != topic_id) return false;
    forget.Remove(Table::kPositionStamp, StampKey(stamp.first));
    return true;
  });
  agents_.ForgetTopic(topic_id);
  // Should this fail, the next start forgets rows of topics that are not there.
  if (!forget.writes.empty()) engine_.Commit(std::move(forget), [](const Status&) {});
}

std::vector<std::pair<TopicPartition, PartitionState>> Sources::OpenPartitions() const {
  std::vector<std::pair<TopicPartition, PartitionState>> open;
  for (const Topic* topic : engine_.Topics()) {
    for (const std::int32_t i : std::views::iota(0, topic->partitions)) {
      const TopicPartition where{topic->topic_id, PartitionIndex{i}};
      if (const auto state = engine_.StateOf(where)) open.emplace_back(where, *state);
    }
  }
  return open;
}

void Sources::Tick(Instant now) {
  if (now.monotonic >= next_checkpoint_) {
    next_checkpoint_ = now.monotonic + kCheckpointIntervalMs;
    checkpoint_due_ = true;
  }
  if (checkpoint_due_ && !checkpoint_under_way_ && rows_under_way_ == 0) {
    Checkpoint();
    checkpoint_due_ = false;
    for (const auto& submit : std::exchange(behind_checkpoint_, {})) submit();
  }
  if (now.monotonic >= next_forget_) {
    next_forget_ = now.monotonic + kForgetIntervalMs;
    ForgetOld(now);
    PruneGaps();
  }
}

// Positions as they are durable, each partition stamped with the offset below which all spans are
// in them. The engine has called every callback up to its durable ends, so the two agree.
void Sources::Checkpoint() {
  MetadataTransaction save;
  std::vector<Source> unsaved = table_.TakeUnsaved();
  for (const Source& source : unsaved) {
    save.Put(Table::kSource, SourceRowKey(source.where.topic_id, source.source_id),
             EncodeSourceRow(source, source.durable, source.window));
  }
  for (const SourceKey& key : uncorrected_) AddCorrection(key, save);
  std::vector<std::pair<TopicPartition, Offset>> moved;
  for (const auto& [where, state] : OpenPartitions()) {
    if (stamps_[where] == state.durable_end) continue;
    Bytes value;
    ByteWriter(value).Int(state.durable_end.value());
    save.Put(Table::kPositionStamp, StampKey(where), std::move(value));
    moved.emplace_back(where, state.durable_end);
  }
  if (save.writes.empty()) return;
  checkpoint_under_way_ = true;
  engine_.Commit(std::move(save), [this, unsaved = std::move(unsaved),
                                   moved = std::move(moved)](const Status& committed) {
    checkpoint_under_way_ = false;
    if (!committed.ok()) {
      table_.MarkUnsaved(unsaved);  // the old stamps stand: more is read again after a crash
      return;
    }
    for (const auto& [where, offset] : moved) stamps_[where] = offset;
    uncorrected_.clear();
  });
}

void Sources::ForgetOld(Instant now) {
  MetadataTransaction forget;
  for (const auto& [topic, source] : table_.Forget([&](const Source& one) {
         const std::int64_t kept = one.state == SourceState::kFinal ? kFinalKeptMs : kSilentKeptMs;
         return !one.row_pending && one.appended == one.durable && now.wall - one.last_sign > kept;
       })) {
    forget.Remove(Table::kSource, SourceRowKey(topic, source));
  }
  if (!forget.writes.empty()) engine_.Commit(std::move(forget), [](const Status&) {});
}

// Gaps go with the records that they stand before.
void Sources::PruneGaps() {
  MetadataTransaction prune;
  for (const auto& [where, state] : OpenPartitions()) {
    for (Bytes& key : shown_.DropBelow(where, state.log_start)) {
      prune.Remove(Table::kSourceRow, std::move(key));
    }
  }
  if (!prune.writes.empty()) engine_.Commit(std::move(prune), [](const Status&) {});
}

// Called right before a segment is sealed: every span below the new segment is in `appended`.
Bytes Sources::SealedSources(const TopicPartition& where) const {
  std::vector<const Source*> sources = table_.OfPartition(where);
  if (sources.empty()) return {};
  // Where all of it is too much for one file, what is needed least stays out: what proves copies,
  // then sources that have ended. The side-car before stays where even that does not help.
  if (auto all = EncodeSealed(sources, SealedDetail::kAll)) return *std::move(all);
  if (auto brief = EncodeSealed(sources, SealedDetail::kPositions)) return *std::move(brief);
  std::erase_if(sources, [](const Source* one) { return one->state == SourceState::kFinal; });
  return EncodeSealed(sources, SealedDetail::kPositions).value_or(Bytes());
}

}  // namespace logboom::broker
