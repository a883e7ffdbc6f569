#include "broker/sources/source_table.h"

#include <algorithm>
#include <utility>

#include "lib/base/check.h"

namespace logboom::broker {
namespace {

Judgement Refuse(Error error) { return {Judgement::Kind::kRefused, {}, std::move(error)}; }

// How one span or row stands to its source.
enum class Standing { kFresh, kDuplicate, kOther };

Error WrongAgent(const Uuid& source_id) {
  return Fail(ErrorCode::kPermission, "source {} belongs to another agent", source_id.ToString());
}

Error WrongPartition(const Uuid& source_id, PartitionIndex partition) {
  return Fail(ErrorCode::kInvalid, "source {} lives in partition {}", source_id.ToString(),
              partition);
}

// Sees each source once, whatever the number of its spans in the request, and gathers the verdict.
class Judge {
 public:
  void Take(Standing standing) {
    switch (standing) {
      case Standing::kFresh: ++fresh_; break;
      case Standing::kDuplicate: ++duplicate_; break;
      case Standing::kOther: ++other_; break;
    }
  }

  Judgement::Kind kind() const {
    if (other_ > 0 || (fresh_ > 0 && duplicate_ > 0)) return Judgement::Kind::kConflict;
    return fresh_ > 0 ? Judgement::Kind::kFresh : Judgement::Kind::kDuplicate;
  }

 private:
  int fresh_ = 0;
  int duplicate_ = 0;
  int other_ = 0;
};

void Remember(Source& source, SourcePosition end, std::uint64_t window) {
  source.recent.push_back({end, window});
  if (source.recent.size() > kRecentSpansMax) source.recent.erase(source.recent.begin());
}

// What both spans and rows of a source must keep to; nothing where all is well.
std::optional<Error> BrokenRule(const Source* source, const TopicPartition& where,
                                const std::string& agent_id, const Uuid& source_id) {
  if (source == nullptr) return std::nullopt;
  if (source->identity.agent_id != agent_id) return WrongAgent(source_id);
  if (source->where.partition != where.partition) {
    return WrongPartition(source_id, source->where.partition);
  }
  return std::nullopt;
}

// `running`: where each source of the request stands behind the spans before this one.
Standing StandingOf(const Source* source, const ProducedSpan& span,
                    std::map<Uuid, SourcePosition>& running) {
  if (source != nullptr && source->row_pending) return Standing::kOther;
  if (source != nullptr && span.end <= source->appended) return Standing::kDuplicate;
  auto seen = running.find(span.source_id);
  std::optional<SourcePosition> at;
  if (seen != running.end()) {
    at = seen->second;
  } else if (source != nullptr) {
    at = source->appended;
  } else if (span.identity) {
    at = span.begin;  // an unknown source is opened at its own begin
  }
  running[span.source_id] = span.end;
  return at == span.begin ? Standing::kFresh : Standing::kOther;
}

}  // namespace

Judgement SourceTable::JudgeSpans(const TopicPartition& where, const std::string& agent_id,
                                  const std::vector<ProducedSpan>& spans) const {
  Judge judge;
  std::map<Uuid, SourcePosition> running;
  for (const ProducedSpan& span : spans) {
    if (span.begin < SourcePosition{0} || span.end <= span.begin) {
      return Refuse(Fail(ErrorCode::kInvalid, "span [{}, {}) of source {} is empty or negative",
                         span.begin, span.end, span.source_id.ToString()));
    }
    const Source* source = Find(where.topic_id, span.source_id);
    if (auto broken = BrokenRule(source, where, agent_id, span.source_id)) {
      return Refuse(*std::move(broken));
    }
    judge.Take(StandingOf(source, span, running));
  }
  Judgement judgement{judge.kind(), {}, std::nullopt};
  if (judgement.kind == Judgement::Kind::kConflict) {
    std::map<Uuid, SourcePositions> positions;
    for (const ProducedSpan& span : spans) {
      positions[span.source_id] = PositionsOf(where.topic_id, span.source_id);
    }
    for (auto& [id, one] : positions) judgement.positions.push_back(one);
  }
  return judgement;
}

Judgement SourceTable::JudgeRows(const TopicPartition& where, const std::string& agent_id,
                                 const std::vector<ProgressRow>& rows) const {
  Judge judge;
  std::map<Uuid, SourcePositions> positions;
  for (const ProgressRow& row : rows) {
    const bool empty_allowed = row.kind == RowKind::kClose || row.identity.has_value();
    if (row.begin < SourcePosition{0} || row.end < row.begin ||
        (row.end == row.begin && !empty_allowed) ||
        (row.kind == RowKind::kClose && row.end != row.begin)) {
      return Refuse(Fail(ErrorCode::kInvalid, "row [{}, {}) of source {} is malformed", row.begin,
                         row.end, row.source_id.ToString()));
    }
    if (positions.contains(row.source_id)) {
      return Refuse(Fail(ErrorCode::kInvalid, "two rows for source {} in one request",
                         row.source_id.ToString()));
    }
    const Source* source = Find(where.topic_id, row.source_id);
    if (auto broken = BrokenRule(source, where, agent_id, row.source_id)) {
      return Refuse(*std::move(broken));
    }
    positions[row.source_id] = PositionsOf(where.topic_id, row.source_id);
    if (source == nullptr) {
      judge.Take(row.identity ? Standing::kFresh : Standing::kOther);
    } else if (source->row_pending) {
      judge.Take(Standing::kOther);
    } else if (row.kind == RowKind::kClose) {
      const bool closed = source->state == SourceState::kFinal && row.end == source->appended;
      if (closed) {
        judge.Take(Standing::kDuplicate);
      } else {
        judge.Take(row.begin == source->appended ? Standing::kFresh : Standing::kOther);
      }
    } else if (row.end <= source->appended) {
      judge.Take(Standing::kDuplicate);
    } else {
      judge.Take(row.begin == source->appended ? Standing::kFresh : Standing::kOther);
    }
  }
  Judgement judgement{judge.kind(), {}, std::nullopt};
  if (judgement.kind == Judgement::Kind::kConflict) {
    for (auto& [id, one] : positions) judgement.positions.push_back(one);
  }
  return judgement;
}

void SourceTable::Append(const TopicPartition& where, const std::vector<ProducedSpan>& spans,
                         TimestampMs append_time) {
  for (const ProducedSpan& span : spans) {
    Source* source = FindMutable(where.topic_id, span.source_id);
    if (source == nullptr) {
      CHECK(span.identity.has_value());
      source = &OpenSource(where, span.source_id, span.begin, *span.identity);
    }
    CHECK(source->appended == span.begin);
    source->appended = span.end;
    source->state = SourceState::kOpen;
    source->last_sign = append_time;
    Remember(*source, span.end, span.window);
  }
}

void SourceTable::MakeDurable(const Uuid& topic_id, const std::vector<ProducedSpan>& spans) {
  for (const ProducedSpan& span : spans) {
    Source* source = FindMutable(topic_id, span.source_id);
    if (source == nullptr) continue;  // its topic was deleted meanwhile
    CHECK(span.end > source->durable && span.end <= source->appended);
    source->durable = span.end;
    source->window = span.window;
    MarkUnsaved(*source);
  }
}

void SourceTable::HoldForRows(const TopicPartition& where, const std::vector<ProgressRow>& rows,
                              TimestampMs now) {
  for (const ProgressRow& row : rows) {
    Source* source = FindMutable(where.topic_id, row.source_id);
    if (source == nullptr) {
      source = &OpenSource(where, row.source_id, row.begin, *row.identity);
      source->last_sign = now;
      source->opening = true;
    }
    source->row_pending = true;
  }
}

Source SourceTable::AfterRow(const Uuid& topic_id, const ProgressRow& row, TimestampMs now) const {
  const Source* source = Find(topic_id, row.source_id);
  CHECK(source != nullptr);
  Source after = *source;
  after.row_pending = false;
  after.opening = false;
  after.unsaved = false;
  after.last_sign = std::max(after.last_sign, now);
  if (row.kind == RowKind::kClose) {
    after.state = SourceState::kFinal;
    return after;
  }
  after.state = SourceState::kOpen;
  after.appended = row.end;
  after.durable = row.end;
  after.window = row.window;
  Remember(after, row.end, row.window);
  return after;
}

void SourceTable::SettleRows(const Uuid& topic_id, const std::vector<ProgressRow>& rows,
                             RowsSettled settled, TimestampMs now) {
  for (const ProgressRow& row : rows) {
    Source* source = FindMutable(topic_id, row.source_id);
    if (source == nullptr) continue;  // its topic was deleted meanwhile
    if (settled == RowsSettled::kCommitted) {
      *source = AfterRow(topic_id, row, now);
    } else if (source->opening) {
      sources_.erase({topic_id, row.source_id});
    } else {
      source->row_pending = false;
    }
  }
}

bool SourceTable::Redo(const TopicPartition& where, const ProducedSpan& span, TimestampMs sign) {
  if (span.begin < SourcePosition{0} || span.end <= span.begin) return false;
  Source* source = FindMutable(where.topic_id, span.source_id);
  if (source == nullptr) {
    if (!span.identity) return false;
    source = &OpenSource(where, span.source_id, span.begin, *span.identity);
  }
  if (span.identity && span.identity->agent_id != source->identity.agent_id) return false;
  if (span.end <= source->appended) return true;
  source->appended = span.end;
  source->durable = span.end;
  source->window = span.window;
  source->where = where;
  source->state = SourceState::kOpen;
  source->last_sign = std::max(source->last_sign, sign);
  MarkUnsaved(*source);
  Remember(*source, span.end, span.window);
  return true;
}

void SourceTable::Merge(Source source, KeptIn kept_in) {
  Source& mine =
      sources_.try_emplace({source.where.topic_id, source.source_id}, source).first->second;
  if (source.appended > mine.appended) mine = std::move(source);
  if (kept_in == KeptIn::kSideCar) MarkUnsaved(mine);
}

std::set<Uuid> SourceTable::TopicIds() const {
  std::set<Uuid> ids;
  for (const auto& [key, source] : sources_) ids.insert(key.first);
  return ids;
}

const Source* SourceTable::Find(const Uuid& topic_id, const Uuid& source_id) const {
  auto found = sources_.find({topic_id, source_id});
  return found == sources_.end() ? nullptr : &found->second;
}

Source* SourceTable::FindMutable(const Uuid& topic_id, const Uuid& source_id) {
  auto found = sources_.find({topic_id, source_id});
  return found == sources_.end() ? nullptr : &found->second;
}

Source& SourceTable::OpenSource(const TopicPartition& where, const Uuid& source_id,
                                SourcePosition at, const record::SourceIdentity& identity) {
  Source source;
  source.source_id = source_id;
  source.where = where;
  source.identity = identity;
  source.appended = at;
  source.durable = at;
  return sources_.insert_or_assign({where.topic_id, source_id}, std::move(source)).first->second;
}

SourcePositions SourceTable::PositionsOf(const Uuid& topic_id, const Uuid& source_id) const {
  const Source* source = Find(topic_id, source_id);
  if (source == nullptr || source->opening) {
    return {source_id, SourcePosition{-1}, SourcePosition{-1}};
  }
  return {source_id, source->appended, source->durable};
}

std::vector<const Source*> SourceTable::Page(const Uuid& topic_id, const std::string& agent_id,
                                             bool with_final, const Uuid& after,
                                             std::size_t limit) const {
  std::vector<const Source*> page;
  for (auto entry = sources_.upper_bound({topic_id, after});
       entry != sources_.end() && entry->first.first == topic_id && page.size() < limit; ++entry) {
    const Source& source = entry->second;
    if (source.identity.agent_id != agent_id || source.opening) continue;
    if (source.state == SourceState::kFinal && !with_final) continue;
    page.push_back(&source);
  }
  return page;
}

std::vector<const Source*> SourceTable::OfPartition(const TopicPartition& where) const {
  std::vector<const Source*> sources;
  for (auto entry = sources_.lower_bound({where.topic_id, Uuid{}});
       entry != sources_.end() && entry->first.first == where.topic_id; ++entry) {
    const Source& source = entry->second;
    if (source.where.partition == where.partition && !source.opening) sources.push_back(&source);
  }
  return sources;
}

std::optional<PartitionIndex> SourceTable::NewestPartition(const Uuid& topic_id,
                                                           const std::string& agent_id) const {
  const Source* newest = nullptr;
  for (auto entry = sources_.lower_bound({topic_id, Uuid{}});
       entry != sources_.end() && entry->first.first == topic_id; ++entry) {
    const Source& source = entry->second;
    if (source.identity.agent_id != agent_id) continue;
    if (newest == nullptr || source.last_sign > newest->last_sign) newest = &source;
  }
  if (newest == nullptr) return std::nullopt;
  return newest->where.partition;
}

void SourceTable::MarkUnsaved(Source& source) {
  if (source.unsaved) return;
  source.unsaved = true;
  unsaved_.emplace_back(source.where.topic_id, source.source_id);
}

std::vector<Source> SourceTable::TakeUnsaved() {
  std::vector<Source> taken;
  for (const auto& [topic_id, source_id] : std::exchange(unsaved_, {})) {
    Source* source = FindMutable(topic_id, source_id);
    if (source == nullptr || !source->unsaved) continue;
    source->unsaved = false;
    taken.push_back(*source);
  }
  return taken;
}

void SourceTable::MarkUnsaved(const std::vector<Source>& sources) {
  for (const Source& one : sources) {
    if (Source* source = FindMutable(one.where.topic_id, one.source_id)) MarkUnsaved(*source);
  }
}

}  // namespace logboom::broker
