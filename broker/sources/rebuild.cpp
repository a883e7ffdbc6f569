// How the positions of sources come back at the start: rows of the store, then the newest side-car
// of each partition, then the spans in the log itself above what those two reflect.
#include <algorithm>
#include <set>
#include <utility>

#include "broker/sources/sources.h"
#include "lib/base/byte_list.h"
#include "lib/record/batch_view.h"
#include "lib/record/span.h"

namespace logboom::broker {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20U;

// The span that a record opens, where it opens one that belongs to this log.
std::optional<ProducedSpan> SpanOf(const record::Record& record, std::uint64_t log_tag) {
  auto bytes = record.Header(record::kSpanHeader);
  if (!bytes) return std::nullopt;
  auto span = record::DecodeSpan(*bytes);
  if (!span.ok() || span->log_tag != log_tag) return std::nullopt;
  ProducedSpan found{span->source_id, span->begin,   span->end,   span->window,
                     span->records,   span->dropped, std::nullopt};
  if (auto who = record.Header(record::kSourceHeader)) {
    if (auto identity = record::DecodeSourceIdentity(*who); identity.ok()) {
      found.identity = *std::move(identity);
    }
  }
  return found;
}

}  // namespace

Bytes StampKey(const TopicPartition& where) {
  Bytes key(where.topic_id.bytes());
  ByteWriter(key).Int(where.partition.value());
  return key;
}

Result<RebuildReport> Sources::Rebuild(Instant now) {
  RebuildReport report;
  RETURN_IF_ERROR(LoadRows());
  ForgetLostTopics();
  for (const auto& [where, state] : OpenPartitions()) {
    RETURN_IF_ERROR(RebuildPartition(where, state, now.wall, report));
  }
  report.sources = table_.size();
  next_checkpoint_ = now.monotonic;
  next_forget_ = now.monotonic;
  return report;
}

Status Sources::LoadRows() {
  for (const MetadataRow& row : engine_.TakeRows(Table::kAgent)) {
    ASSIGN_OR_RETURN(Agent agent, DecodeAgentRow(row.key, row.value));
    agents_.Restore(std::move(agent));
  }
  for (const MetadataRow& row : engine_.TakeRows(Table::kSource)) {
    ASSIGN_OR_RETURN(Source source, DecodeSourceRow(row.key, row.value));
    table_.Merge(std::move(source), SourceTable::KeptIn::kStore);
  }
  for (const MetadataRow& row : engine_.TakeRows(Table::kSourceRow)) {
    ASSIGN_OR_RETURN(ShownRow shown, DecodeShownRow(row.key, row.value));
    shown_.Add(std::move(shown));
  }
  for (const MetadataRow& row : engine_.TakeRows(Table::kPositionStamp)) {
    ByteReader key(row.key);
    const Uuid topic_id = Uuid::FromBytes(key.Raw(Uuid::kSize)).value_or(Uuid());
    const PartitionIndex partition{key.Int<std::int32_t>()};
    ByteReader value(row.value);
    const Offset offset{value.Int<std::int64_t>()};
    if (!key.done() || !value.done()) {
      return Fail(ErrorCode::kCorrupt, "a position stamp's row is malformed");
    }
    stamps_[{topic_id, partition}] = offset;
  }
  return Ok();
}

// A crash between a topic's deletion and that of its sources leaves rows of a topic that is gone.
void Sources::ForgetLostTopics() {
  std::set<Uuid> lost = table_.TopicIds();
  lost.merge(shown_.TopicIds());
  for (const auto& [where, offset] : stamps_) lost.insert(where.topic_id);
  for (const auto& [id, agent] : agents_.agents()) {
    for (const auto& [topic_id, partition] : agent.partitions) lost.insert(topic_id);
  }
  std::erase_if(lost, [this](const Uuid& id) { return engine_.FindTopic(id) != nullptr; });
  for (const Uuid& topic_id : lost) ForgetTopic(topic_id);
}

Status Sources::RebuildPartition(const TopicPartition& where, PartitionState state, TimestampMs now,
                                 RebuildReport& report) {
  // Should the time of the last append be lost, no source is taken for a forgotten one.
  if (state.last_append <= TimestampMs{0}) state.last_append = now;
  Offset stamp;
  if (auto found = stamps_.find(where); found != stamps_.end()) stamp = found->second;
  std::vector<Uuid> distrusted;
  if (stamp > state.log_end) {
    // The store knows more than the log holds: the log was cut or replaced. Only the log can be
    // believed.
    report.notes.push_back(fmt::format(
        "topic '{}', partition {} ends at offset {}, but positions up to {} had been stored: they "
        "are built anew from the log",
        engine_.FindTopic(where.topic_id)->name, where.partition, state.log_end, stamp));
    DistrustStored(where, distrusted);
    stamp = Offset{};
  }
  ASSIGN_OR_RETURN(Offset from, MergeSideCar(where, stamp, state.log_end));
  RETURN_IF_ERROR(
      RedoPartition(where, std::max(from, state.kept_start), state.last_append, report));
  CorrectStored(where, distrusted);
  return Ok();
}

void Sources::DistrustStored(const TopicPartition& where, std::vector<Uuid>& distrusted) {
  for (const auto& [topic_id, source_id] :
       table_.Forget([&](const Source& one) { return one.where == where; })) {
    distrusted.push_back(source_id);
  }
  stamps_[where] = Offset{};
}

// What the store says of these sources goes in one transaction, and before anybody is told where
// they stand: else the next start would believe it again, and bytes that no log holds would count
// as taken.
void Sources::CorrectStored(const TopicPartition& where, const std::vector<Uuid>& distrusted) {
  if (distrusted.empty()) return;
  MetadataTransaction correct;
  for (const Uuid& source_id : distrusted) {
    AddCorrection(*uncorrected_.emplace(where.topic_id, source_id).first, correct);
  }
  correct.Remove(Table::kPositionStamp, StampKey(where));
  // It may fail (a full disk): each checkpoint brings the corrections until one succeeds.
  engine_.Commit(std::move(correct), [](const Status&) {});
}

void Sources::AddCorrection(const SourceKey& key, MetadataTransaction& correct) const {
  Bytes row = SourceRowKey(key.first, key.second);
  if (const Source* source = table_.Find(key.first, key.second)) {
    correct.Put(Table::kSource, std::move(row),
                EncodeSourceRow(*source, source->durable, source->window));
  } else {
    correct.Remove(Table::kSource, std::move(row));
  }
}

Result<Offset> Sources::MergeSideCar(const TopicPartition& where, Offset stamp, Offset log_end) {
  ASSIGN_OR_RETURN(auto sealed, engine_.NewestSealedSources(where));
  if (!sealed || sealed->as_of <= stamp || sealed->as_of > log_end) return stamp;
  ByteReader reader(sealed->bytes);
  const auto rows = ReadList<std::uint32_t>(reader, [](ByteReader& in) {
    const ByteView key = in.String();
    return std::pair(key, in.String());
  });
  if (!reader.done()) return Fail(ErrorCode::kCorrupt, "a .sources side-car is malformed");
  for (const auto& [key, value] : rows) {
    ASSIGN_OR_RETURN(Source source, DecodeSourceRow(key, value));
    table_.Merge(std::move(source), SourceTable::KeptIn::kSideCar);
  }
  return sealed->as_of;
}

// `sign`: when the partition was last appended to. The records' own times are as old as their
// lines.
Status Sources::RedoPartition(const TopicPartition& where, Offset from, TimestampMs sign,
                              RebuildReport& report) {
  while (true) {
    ASSIGN_OR_RETURN(FetchedBytes fetched, engine_.FetchKept(where, from, kReadBytes));
    ByteView rest = fetched.bytes;
    while (!rest.empty()) {
      ASSIGN_OR_RETURN(record::BatchHeader header, record::ParseBatchHeader(rest));
      // A batch with a producer id has no spans, whatever its headers say.
      if (header.producer_id < 0) {
        RedoBatch(where, rest.substr(0, header.size_bytes()), sign, report);
      }
      rest.remove_prefix(header.size_bytes());
    }
    if (fetched.next_offset <= from) return Ok();  // nothing more can be read
    from = fetched.next_offset;
  }
}

void Sources::RedoBatch(const TopicPartition& where, ByteView batch, TimestampMs sign,
                        RebuildReport& report) {
  record::BatchReader reader;
  // A batch that can't be read is bit rot below the recovery point: its spans are lost with it, and
  // the spans behind it carry the positions on.
  if (!reader.Open(batch).ok()) return;
  const std::uint64_t log_tag = record::LogTag(engine_.cluster_id(), where.topic_id);
  while (true) {
    auto record = reader.Next();
    if (!record.ok() || *record == nullptr) return;
    ++report.records_read;
    auto span = SpanOf(**record, log_tag);
    if (!span) continue;
    if (table_.Redo(where, *span, sign)) {
      ++report.spans_applied;
    } else {
      ++report.spans_unknown;
    }
  }
}

}  // namespace logboom::broker
