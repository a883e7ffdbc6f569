// Which of an input's lines are sent, and what is taken out of them, where the input says so. Each
// line that is not sent is counted: in its run's span, which readers see, and here by its reason.
//
// Positions go on behind lines that are not sent, as behind those that are. What is decided of a
// line is decided anew where it has to be read anew; the counts are of what the log has.
// docs/shaping.md has the rules.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "agent/counters.h"
#include "agent/framing/piece.h"
#include "agent/redaction.h"
#include "lib/base/types.h"
#include "lib/base/uuid.h"
#include "lib/parse/pattern.h"
#include "lib/record/batch_builder.h"

namespace logboom::agent {

struct RateLimit {
  std::int64_t lines_per_second = 0;
  std::int64_t burst = 0;  // lines that may come at once
};

// Immutable once it is made; shared by all topics of an input.
struct Shaping {
  std::vector<parse::Pattern> drop;  // lines that hold one are not sent
  std::vector<parse::Pattern> keep;  // where there are any: lines that hold none are not sent
  bool dedupe = false;               // lines equal to the one ahead of them become a count
  std::uint32_t sample = 1;          // one of so many is sent
  std::optional<RateLimit> rate_limit = {};  // of each source
  std::optional<Redaction> redaction = {};

  bool asks_for_nothing() const {
    return drop.empty() && keep.empty() && !dedupe && sample == 1 && !rate_limit && !redaction;
  }
};

// What is remembered of one source between its turns. Nothing of it survives the process.
struct ShapingState {
  std::int64_t milli_lines = 0;  // that its rate leaves, in thousandths
  MonotonicMs turn_at;
  MonotonicMs waits_since;  // the oldest line that is read now, or earlier than that
  bool reads_again = false;
  TimestampMs line_at{-1};  // the newest own time of its lines; -1: they have none
  // Bytes that were there when it was first read are not limited: nobody knows when they came.
  std::int64_t unlimited_until = -1;
  // The parts of a long line go the way of its first one.
  std::int64_t part_at = -1;
  DropReason part_reason = DropReason::kNone;
};

// Where a line stands, and when it was written, where that is known.
struct LinePlace {
  Uuid source_id;
  std::int64_t position = 0;
  std::optional<TimestampMs> own_time;
};

// One input's lines in one agent. One owner, one thread.
class LineShaper {
 public:
  // `shaping` may be null: nothing is asked for.
  explicit LineShaper(std::shared_ptr<const Shaping> shaping);

  bool asks_for_nothing() const { return shaping_ == nullptr; }
  bool dedupes() const { return shaping_ && shaping_->dedupe; }
  bool redacts() const { return shaping_ && shaping_->redaction; }

  // A source's turn begins, which holds `size` bytes.
  void BeginTurn(std::int64_t size, MonotonicMs now, ShapingState& state) const;

  // Reading begins inside of a line, at `position`, and what became of its first part is not known:
  // as it may have been sent, the rest is.
  static void BeginInLine(std::int64_t position, ShapingState& state);

  // Whether the line is sent: kNone, or why not. Asks, and changes nothing.
  DropReason Judge(const Piece& piece, const LinePlace& place, ShapingState& state) const;
  // What Judge() said was done.
  void Done(const Piece& piece, const LinePlace& place, DropReason reason,
            ShapingState& state) const;

  // What is to be sent of `text`, at most `bytes_max` of it, and how many places were redacted.
  // Valid until the next call.
  struct Redacted {
    ByteView text;
    std::uint32_t places = 0;
  };
  Redacted Redact(ByteView text, std::size_t bytes_max);
  // The same of what the line says in headers: the labels behind the first `of_file`.
  std::span<const record::HeaderView> RedactLabels(std::span<const record::HeaderView> headers,
                                                   std::size_t of_file);

 private:
  DropReason Reason(const Piece& piece, const LinePlace& place, ShapingState& state) const;
  bool IsSampledOut(const LinePlace& place) const;
  bool IsLimited(const LinePlace& place, ShapingState& state) const;
  void Refill(std::int64_t elapsed_ms, std::int64_t waited_ms, ShapingState& state) const;

  std::shared_ptr<const Shaping> shaping_;
  Bytes text_;
  std::deque<Bytes> values_;  // headers look at them
  std::vector<record::HeaderView> headers_;
};

}  // namespace logboom::agent
