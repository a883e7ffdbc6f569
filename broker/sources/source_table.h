// Where every source stands, and the rules that decide what a produce may do: append, duplicate or
// conflict. Values and decisions alone: no I/O, no clock, no callbacks.
//
// For each (topic, source) two positions are kept. `appended` decides: it is how far the source's
// bytes are in the log, synced or not. `durable` is what has been synced, and the only position
// that is ever acked or told to an agent.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/engine/log_engine.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/base/uuid.h"
#include "lib/record/span.h"

namespace logboom::broker {

enum class SourceState : std::uint8_t {
  kOpen = 0,
  kFinal = 1,  // acked to its end, renamed or unlinked
};

struct SpanEnd {
  SourcePosition end;
  std::uint64_t window = 0;
  friend bool operator==(const SpanEnd&, const SpanEnd&) = default;
};

// How many span ends are remembered of each source: they prove that a file is a shorter copy of it.
inline constexpr std::size_t kRecentSpansMax = 16;

struct Source {
  Uuid source_id;
  TopicPartition where;
  record::SourceIdentity identity;
  SourceState state = SourceState::kOpen;
  SourcePosition appended;
  SourcePosition durable;
  std::uint64_t window = 0;     // of the bytes before `durable`
  std::vector<SpanEnd> recent;  // of spans up to `appended`, newest last
  TimestampMs last_sign;        // append time of its newest span or row
  bool row_pending = false;     // a progress row is on its way to the store
  bool opening = false;         // by that row: until it is stored nobody is told of the source
  bool unsaved = false;         // durable facts that the store does not have yet
};

// One run of a source in a produce, as its envelope says.
struct ProducedSpan {
  Uuid source_id;
  SourcePosition begin;
  SourcePosition end;
  std::uint64_t window = 0;
  std::uint32_t records = 0;
  std::uint32_t dropped = 0;
  std::optional<record::SourceIdentity> identity;
};

enum class RowKind : std::uint8_t { kProgress = 0, kGap = 1, kClose = 2 };

// A statement about a source's bytes that brings no records.
struct ProgressRow {
  Uuid source_id;
  RowKind kind = RowKind::kProgress;
  SourcePosition begin;
  SourcePosition end;
  bool end_is_exact = true;
  std::string reason;
  std::uint32_t dropped = 0;
  std::uint64_t window = 0;
  std::optional<record::SourceIdentity> identity;
};

struct SourcePositions {
  Uuid source_id;
  SourcePosition appended{-1};  // -1: unknown source
  SourcePosition durable{-1};
  friend bool operator==(const SourcePositions&, const SourcePositions&) = default;
};

struct Judgement {
  enum class Kind {
    kFresh,      // every span begins where its source stands: append
    kDuplicate,  // every span ends at or below `appended`: answer once that is durable
    kConflict,   // anything else: nothing is appended; `positions` has every source of the request
    kRefused,    // breaks a rule of the protocol; `error` says which
  };
  Kind kind = Kind::kFresh;
  std::vector<SourcePositions> positions;
  std::optional<Error> error;
};

// One owner, one thread.
class SourceTable {
 public:
  Judgement JudgeSpans(const TopicPartition& where, const std::string& agent_id,
                       const std::vector<ProducedSpan>& spans) const;
  Judgement JudgeRows(const TopicPartition& where, const std::string& agent_id,
                      const std::vector<ProgressRow>& rows) const;

  // After JudgeSpans said kFresh and the batch is in the log: `appended` moves.
  void Append(const TopicPartition& where, const std::vector<ProducedSpan>& spans,
              TimestampMs append_time);
  // The log is durable up to these spans: `durable` follows. Spans of one source come in order.
  void MakeDurable(const Uuid& topic_id, const std::vector<ProducedSpan>& spans);

  // After JudgeRows said kFresh: no span and no other row is taken for these sources until it is
  // settled. Unknown sources are opened at the row's begin.
  void HoldForRows(const TopicPartition& where, const std::vector<ProgressRow>& rows,
                   TimestampMs now);
  // The rows are in the store: both positions move together. Or they are not: all is as before.
  // `now` as for AfterRow.
  enum class RowsSettled { kCommitted, kFailed };
  void SettleRows(const Uuid& topic_id, const std::vector<ProgressRow>& rows, RowsSettled settled,
                  TimestampMs now);
  // A source as it stands once `row` is committed, for the store's transaction. `now` is when the
  // row came: a sign of life.
  Source AfterRow(const Uuid& topic_id, const ProgressRow& row, TimestampMs now) const;

  // Redo at the start: a span found in the log. Positions only move up, so that redoing twice is
  // harmless; a begin above the position means rows that were lost with the store. `sign` is no
  // older than the span. False where the source is unknown and the span does not say who it is,
  // where it says another agent, and where its positions make no sense.
  bool Redo(const TopicPartition& where, const ProducedSpan& span, TimestampMs sign);
  // Takes over what was kept in the store, or beside the log (which the store may not have yet).
  enum class KeptIn { kStore, kSideCar };
  void Merge(Source source, KeptIn kept_in);

  const Source* Find(const Uuid& topic_id, const Uuid& source_id) const;
  // Sources of an agent in a topic with ids above `after`, in the order of ids.
  std::vector<const Source*> Page(const Uuid& topic_id, const std::string& agent_id,
                                  bool with_final, const Uuid& after, std::size_t limit) const;
  // All of them, but for those that are being opened.
  std::vector<const Source*> OfPartition(const TopicPartition& where) const;
  // The partition of the agent's newest span in the topic.
  std::optional<PartitionIndex> NewestPartition(const Uuid& topic_id,
                                                const std::string& agent_id) const;
  // Sources whose durable facts are not saved; they count as saved from here on.
  std::vector<Source> TakeUnsaved();
  // Saving failed: they are unsaved again.
  void MarkUnsaved(const std::vector<Source>& sources);
  // Removes and returns the keys of sources of which `gone` says so.
  template <typename Predicate>
  std::vector<std::pair<Uuid, Uuid>> Forget(Predicate gone) {
    std::vector<std::pair<Uuid, Uuid>> forgotten;
    for (auto entry = sources_.begin(); entry != sources_.end();) {
      if (gone(entry->second)) {
        forgotten.push_back(entry->first);
        entry = sources_.erase(entry);
      } else {
        ++entry;
      }
    }
    return forgotten;
  }
  std::set<Uuid> TopicIds() const;
  std::size_t size() const { return sources_.size(); }

 private:
  using Key = std::pair<Uuid, Uuid>;  // topic id, source id
  Source* FindMutable(const Uuid& topic_id, const Uuid& source_id);
  Source& OpenSource(const TopicPartition& where, const Uuid& source_id, SourcePosition at,
                     const record::SourceIdentity& identity);
  SourcePositions PositionsOf(const Uuid& topic_id, const Uuid& source_id) const;
  void MarkUnsaved(Source& source);

  std::map<Key, Source> sources_;
  std::vector<Key> unsaved_;
};

// The row of a source in the store, and in a segment's side-car. Key: topic id, source id. Value:
// version u8 = 1, partition i32, state u8, position i64, window u64, last sign i64 ms, identity (as
// lb.source) with u32 length, u8 count of recent spans, each end i64 and window u64; big endian.
Bytes SourceRowKey(const Uuid& topic_id, const Uuid& source_id);
// `position` and `window` stand for themselves: durable ones for the store.
Bytes EncodeSourceRow(const Source& source, SourcePosition position, std::uint64_t window);
Result<Source> DecodeSourceRow(ByteView key, ByteView value);

}  // namespace logboom::broker
