// The oracle of sources: takes the log batch by batch, as it becomes durable, and compares what
// each source's spans and gaps say with what applications wrote.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/types.h"
#include "lib/base/uuid.h"
#include "lib/record/batch_view.h"
#include "lib/record/span.h"
#include "tests/sim/invariants.h"
#include "tests/sim/written_files.h"

namespace logboom::sim {

// One owner, one thread. `written` and `verdict` outlive it.
class SourceFold {
 public:
  // Who a source is, where its spans and rows did not say: asks the broker's table.
  using IdentityOf =
      std::function<std::optional<record::SourceIdentity>(const Uuid& topic, const Uuid& source)>;

  // Files that no agent has seen being made are ordered by their times alone, and a copy is let
  // stand for a while before it is read: where there are copies, or clocks are set back, files of
  // one application may come in another order.
  enum class FileOrder { kKept, kMayChange };
  // Whether agents leave out lines, those of LeavesOut(), and whether they may cut lines in parts.
  enum class Lines { kAll, kSomeLeftOut, kSomeLeftOutInParts };

  SourceFold(const WrittenFiles& written, Verdict& verdict, FileOrder file_order, Lines lines,
             IdentityOf identity_of)
      : written_(written),
        verdict_(verdict),
        file_order_(file_order),
        lines_sent_(lines),
        identity_of_(std::move(identity_of)) {}

  // In the order of each partition's log, each batch once. Records without spans are passed over.
  void AddBatch(const Uuid& topic, ByteView batch);
  void AddGap(const Uuid& topic, const Uuid& source, SourcePosition begin, SourcePosition end);
  // Lines of those bytes were left out, all of them.
  void AddLeftOut(const Uuid& topic, const Uuid& source, SourcePosition begin, SourcePosition end);

  // The end of the source's newest span; -1 where there is none.
  std::int64_t SpanEnd(const Uuid& topic, const Uuid& source) const;
  // Topic and source of each that has a span.
  template <typename Each>
  void ForEachSource(Each each) const {
    for (const auto& [key, source] : sources_) {
      if (source.span_end >= 0) each(key.first, key.second);
    }
  }
  bool Seen(const std::string& writer, std::uint64_t number) const;
  // Every line of every incarnation is there, or lies in a gap; gaps are where bytes are gone.
  void CheckComplete(Verdict& verdict) const;

  std::size_t gap_count() const;
  std::size_t source_count() const { return sources_.size(); }
  std::uint64_t lines_seen() const { return lines_seen_; }

 private:
  struct Range {
    std::int64_t begin;
    std::int64_t end;
  };
  struct Folded {
    Uuid id;
    record::SourceIdentity identity;
    bool known = false;                        // who it is
    std::int64_t span_end = -1;                // -1: no span yet
    Bytes line;                                // begun, not ended
    std::vector<Range> gaps;                   // in the order of their begins
    std::vector<Range> left_out;               // likewise
    std::vector<const Incarnation*> could_be;  // what stood there, and agrees with its spans
  };
  // Records from a span's header to the next.
  struct Run {
    Folded* source = nullptr;
    record::SourceSpan span;
    std::uint32_t records = 0;
    Bytes bytes;
  };
  using Key = std::pair<Uuid, Uuid>;

  Folded& Find(const Uuid& topic, const Uuid& source,
               const std::optional<record::SourceIdentity>& identity);
  void BeginRun(const Uuid& topic, const record::Record& record, Run& run);
  void EndRun(Run& run);
  void CheckPlace(const Folded& source, const record::SourceSpan& span);
  static bool GapCovers(const Folded& source, std::int64_t begin, std::int64_t end);
  std::vector<const Incarnation*> WrittenAnew(const Folded& source, ByteView beginning) const;
  void CompareBytes(Folded& source, const Run& run);
  bool IsOf(const Run& run, const Incarnation& incarnation) const;
  bool WithoutLinesLeftOut(const Run& run, ByteView content) const;
  void TakeLeftOut(const Folded& source, std::int64_t end);
  void TakeLines(Folded& source, ByteView bytes);
  void TakeLine(ByteView line);
  static bool InGap(const Folded& source, const WrittenLine& line);
  bool Excused(const Incarnation& incarnation, const WrittenLine& line) const;
  void CheckGaps(Verdict& verdict) const;

  const WrittenFiles& written_;
  Verdict& verdict_;
  FileOrder file_order_;
  Lines lines_sent_;
  IdentityOf identity_of_;
  std::map<Key, Folded> sources_;
  // By writer: the lines found, and the highest of them.
  struct Found {
    std::vector<bool> seen;
    std::int64_t last = -1;

    void See(std::uint64_t number) {
      if (seen.size() <= number) seen.resize(number + 1);
      seen[number] = true;
    }
  };
  std::map<std::string, Found> lines_;
  std::uint64_t lines_seen_ = 0;
};

}  // namespace logboom::sim
