#include "tests/sim/log_books.h"

#include <algorithm>
#include <charconv>

#include "lib/record/batch_view.h"

namespace logboom::sim {

namespace {

SourceFold::FileOrder FileOrderIn(const SimOptions& options) {
  const bool may_change = options.faults.Has(Fault::kClockBack) ||
                          options.faults.Has(Fault::kCopyTruncate) || options.restores;
  return may_change ? SourceFold::FileOrder::kMayChange : SourceFold::FileOrder::kKept;
}

SourceFold::Lines LinesIn(const SimOptions& options) {
  constexpr std::size_t kAnyLine = 1'000'000;
  if (!options.agent_leaves_out) return SourceFold::Lines::kAll;
  return options.max_line_bytes < kAnyLine ? SourceFold::Lines::kSomeLeftOutInParts
                                           : SourceFold::Lines::kSomeLeftOut;
}

}  // namespace

LogBooks::LogBooks(Stage& stage, file::FileSystem& fs, const WrittenFiles& written,
                   std::string plain_topic)
    : stage_(stage), fs_(fs), plain_topic_(std::move(plain_topic)), written_(written) {
  BeginAnew();
}

void LogBooks::BeginAnew() {
  came_back_ = fold_.has_value();
  archives_.clear();
  plain_.clear();
  gaps_.clear();
  all_gaps_due_ = true;
  positions_.clear();
  highest_.clear();
  fold_.emplace(
      written_, stage_.verdict, FileOrderIn(stage_.options), LinesIn(stage_.options),
      [this](const Uuid& topic, const Uuid& source) -> std::optional<record::SourceIdentity> {
        if (looked_at_ == nullptr) return std::nullopt;
        const broker::Source* found = looked_at_->sources().table().Find(topic, source);
        if (found == nullptr) return std::nullopt;
        return found->identity;
      });
}

template <typename Each>
void LogBooks::ForEachPartition(const broker::Broker& broker, Each each) {
  for (const broker::Topic* topic : broker.engine().Topics()) {
    for (std::int32_t i = 0; i < topic->partitions; ++i) {
      each(*topic, broker::TopicPartition{topic->topic_id, PartitionIndex{i}});
    }
  }
}

PartitionArchive& LogBooks::ArchiveOf(const broker::Topic& topic,
                                      const broker::TopicPartition& where) {
  auto found = archives_.find(where);
  if (found != archives_.end()) return found->second;
  // What a jump skips may count as time that passed, up to a minute.
  const bool clocks_jump = stage_.options.faults.Has(Fault::kClockForward) ||
                           stage_.options.faults.Has(Fault::kClockBack);
  const std::string directory = fmt::format("/data/{}-{}", topic.number, where.partition);
  PartitionArchive& archive =
      archives_
          .try_emplace(where, fmt::format("{}-{}", topic.name, where.partition), directory,
                       stage_.verdict, RewritingOf(topic), &stage_.clocks,
                       clocks_jump ? 0 : stage_.options.delete_retention_ms)
          .first->second;
  if (came_back_) archive.SetCameBack();
  return archive;
}

Rewriting LogBooks::RewritingOf(const broker::Topic& topic) const {
  if (stage_.options.compacted && topic.name == plain_topic_) return Rewriting::kCompacted;
  return stage_.options.rewriting ? Rewriting::kOn : Rewriting::kOff;
}

std::uint64_t LogBooks::records_compacted() const {
  std::uint64_t records = 0;
  for (const auto& [where, archive] : archives_) records += archive.records_compacted();
  return records;
}

PartitionArchive* LogBooks::Find(const client::TopicPartition& partition) {
  const std::string name = fmt::format("{}-{}", partition.topic, partition.partition);
  for (auto& [where, archive] : archives_) {
    if (archive.name() == name) return &archive;
  }
  return nullptr;
}

// ---- a turn

void LogBooks::Look(const broker::Broker& broker) {
  looked_at_ = &broker;
  ForEachPartition(broker,
                   [&](const auto& topic, const auto& where) { LookAt(broker, topic, where); });
  gaps_counted_ = broker.sources().counters().gaps;
  all_gaps_due_ = false;
  looked_at_ = nullptr;
}

void LogBooks::LookAt(const broker::Broker& broker, const broker::Topic& topic,
                      const broker::TopicPartition& where) {
  const auto state = broker.engine().StateOf(where);
  if (!state) return;
  PartitionArchive& archive = ArchiveOf(topic, where);
  if (all_gaps_due_ || stage_.options.agent_leaves_out ||
      broker.sources().counters().gaps != gaps_counted_) {
    TakeRows(broker, where, *state);
  }
  CheckLogStart(archive, *state);
  archive.SetLogStart(state->log_start);
  if (state->durable_end == archive.end()) return;
  archive.Extend(fs_, state->durable_end, [&](const auto& header, ByteView batch) {
    stage_.trace.Event(stage_.clocks.monotonic(), "{}: [{}, {}) durable, crc {:08x}",
                       archive.name(), header.base_offset, header.next_offset(), header.crc);
    if (topic.name == plain_topic_) return TakePlain(where.partition, batch);
    fold_->AddBatch(where.topic_id, batch);
  });
}

void LogBooks::CheckLogStart(const PartitionArchive& archive, const broker::PartitionState& state) {
  if (state.log_start < archive.log_start()) {
    return stage_.verdict.Broken(Invariant::kOffsetsNeverReassigned,
                                 "{}: its start fell from {} to {}", archive.name(),
                                 archive.log_start(), state.log_start);
  }
  if (state.log_start > archive.start_max() && !stage_.options.retention()) {
    stage_.verdict.Broken(Invariant::kAckedIsInTheLog,
                          "{}: it begins at {}, without retention, and was trimmed up to {}",
                          archive.name(), state.log_start, archive.start_max());
  }
}

void LogBooks::TakeRows(const broker::Broker& broker, const broker::TopicPartition& where,
                        const broker::PartitionState& state) {
  const auto rows = broker.sources().RowsBetween(where, Offset{}, state.log_end, 100'000);
  for (const broker::ShownRow& told : rows) {
    const broker::ProgressRow& row = told.row;
    const GapKey key{where.topic_id, row.source_id, row.begin.value(), row.end.value()};
    if (!gaps_.insert(key).second) continue;
    const bool is_gap = row.kind == broker::RowKind::kGap;
    stage_.trace.Event(stage_.clocks.monotonic(), "{}:{}: {} [{}, {}) {}", told.agent_id, told.path,
                       is_gap ? "gap" : "left out", row.begin, row.end, row.reason);
    if (is_gap) {
      fold_->AddGap(where.topic_id, row.source_id, row.begin, row.end);
    } else {
      fold_->AddLeftOut(where.topic_id, row.source_id, row.begin, row.end);
    }
  }
}

void LogBooks::TakePlain(PartitionIndex partition, ByteView batch) {
  const auto index = static_cast<std::size_t>(partition.value());
  if (plain_.size() <= index) plain_.resize(index + 1);
  record::BatchReader reader;
  if (!reader.Open(batch).ok()) return;
  while (true) {
    const auto record = reader.Next();
    if (!record.ok() || *record == nullptr) return;
    const auto& headers = (*record)->headers;
    const ByteView value = (headers.empty() ? (*record)->value : headers[0].value).value_or("");
    std::uint64_t number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    // Numbers rise in the order of sending.
    PlainRecords& logged = plain_[index];
    if (!logged.empty() && logged.rbegin()->second >= number) {
      stage_.verdict.Broken(Invariant::kProducedOnce,
                            "{}-{}: record {} stands at offset {}, behind record {}", plain_topic_,
                            partition, number, (*record)->offset, logged.rbegin()->second);
    }
    logged[(*record)->offset] = number;
  }
}

// ---- from one process to the next

void LogBooks::Remember(const broker::Broker& broker) {
  positions_.clear();
  ForEachPartition(broker, [&](const auto&, const auto& where) {
    for (const broker::Source* source : broker.sources().table().OfPartition(where)) {
      const auto key = std::make_pair(where.topic_id, source->source_id);
      positions_[key] = {source->appended.value(), source->durable.value(), source->row_pending};
      highest_[key] = std::max(highest_[key], source->durable.value());
    }
  });
}

void LogBooks::CompareDisk() {
  for (auto& [where, archive] : archives_) archive.CompareWith(fs_, std::nullopt);
}

void LogBooks::NoteBackup(const std::string& backup) {
  for (const auto& [where, archive] : archives_) backups_[backup][where] = archive.end();
}

void LogBooks::CheckRestored(const std::string& backup) {
  const auto& ends = backups_[backup];
  for (auto& [where, archive] : archives_) {
    const auto end = ends.find(where);
    archive.CompareRestored(fs_, end == ends.end() ? Offset{} : end->second);
  }
}

void LogBooks::CheckStart(const broker::Broker& broker, bool database_kept) {
  all_gaps_due_ = true;  // a row may have become durable behind the last look
  for (auto& [where, archive] : archives_) {
    const auto state = broker.engine().StateOf(where);
    if (!state) {
      if (archive.end() > Offset{}) {
        stage_.verdict.Broken(Invariant::kAckedIsInTheLog, "{} is gone", archive.name());
      }
      continue;
    }
    archive.CompareWith(fs_, state->log_start);
  }
  for (const auto& [topic, partitions] : partitions_) {
    const broker::Topic* found = broker.engine().FindTopic(topic);
    if (found != nullptr && found->partitions >= partitions) continue;
    stage_.verdict.Broken(Invariant::kAckedIsInTheLog, "topic {} had {} partitions", topic,
                          partitions);
  }
  Look(broker);
  ForEachPartition(broker, [&](const auto&, const auto& where) {
    for (const broker::Source* source : broker.sources().table().OfPartition(where)) {
      CheckSource(*source, database_kept);
    }
  });
  fold_->ForEachSource([&](const Uuid& topic, const Uuid& source) {
    if (broker.sources().table().Find(topic, source) != nullptr) return;
    stage_.verdict.Broken(Invariant::kPositionsFoldTheLog, "source {} is forgotten",
                          source.ToString());
  });
}

void LogBooks::CheckSource(const broker::Source& source, bool database_kept) {
  const std::int64_t at = source.durable.value();
  const std::int64_t folded = fold_->SpanEnd(source.where.topic_id, source.source_id);
  const auto complain = [&](std::string_view what, std::int64_t other) {
    stage_.verdict.Broken(Invariant::kPositionsFoldTheLog, "source {} stands at {}: {} {}",
                          source.source_id.ToString(), at, what, other);
  };
  if (source.appended != source.durable) complain("but appended is", source.appended.value());
  if (at < folded) complain("but the log holds all up to", folded);
  const auto before = positions_.find({source.where.topic_id, source.source_id});
  if (before == positions_.end()) return;
  const Position& was = before->second;
  if (database_kept && at < was.durable) complain("but it was told to be at", was.durable);
  // A side-car may know of rows that a database from before them does not; and a write that failed
  // may have been done.
  const std::int64_t highest = std::max({was.appended, highest_[before->first], folded});
  if (at > highest && !was.row_pending) complain("but never stood beyond", highest);
}

std::string LogBooks::Describe() const {
  std::string text;
  for (const auto& [where, archive] : archives_) {
    text += fmt::format("{} [{}, {})\n", archive.name(), archive.log_start(), archive.end());
  }
  return text;
}

}  // namespace logboom::sim
