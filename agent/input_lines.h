// What one input says of its lines: how bytes are cut into them, what is understood of them, which
// are sent, and how.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/framing/framer.h"
#include "agent/options.h"
#include "agent/shaping.h"
#include "agent/understanding.h"
#include "lib/record/batch_builder.h"

namespace logboom::agent {

// How the input's bytes are cut.
FramingOptions FramingOf(const InputOptions& input, const AgentOptions& options);

// A line as it is to be sent, or why it is not.
struct InputLine {
  Piece piece;
  ByteView text;  // of the piece, as it was read
  LinePlace place;
  TimestampMs time;
  std::span<const record::HeaderView> headers;
  NotUnderstood not_understood;
  DropReason reason = DropReason::kNone;
  std::uint32_t repeats = 0;   // it stands for so many lines, equal to the one sent before
  std::uint32_t redacted = 0;  // places
  bool goes_on = false;        // a further part of the line whose first was judged before

  bool is_sent() const { return reason == DropReason::kNone; }
  // Lines that no record holds.
  std::uint32_t left_out() const {
    if (is_sent()) return repeats;
    return goes_on ? 0 : 1;
  }
};

struct Source;

// Whose bytes they are.
struct LineSource {
  Uuid id;
  TimestampMs read_time;
  ShapingState& state;
};

// One owner, one thread.
class InputLines {
 public:
  // `input` may be null: nothing is asked for. It must outlive this.
  InputLines(const AgentOptions& options, const InputOptions* input);
  InputLines(const InputLines&) = delete;
  InputLines& operator=(const InputLines&) = delete;

  // Of the input's files, unresolved.
  Encoding encoding() const { return input_.encoding; }
  // Nothing came of the last Next(), though there are whole lines: others may join on.
  bool holds_event() const { return framer_.holds_event(); }

  // Lines of `path` come next; it must stay until the last of them.
  void BeginTurn(ByteView path, std::int64_t size, MonotonicMs now, ShapingState& state);
  // The same of lines of `source` that wait since then. What is remembered of them: for this turn
  // alone, where the input shapes none.
  ShapingState& BeginTurn(Source& source, MonotonicMs waiting_since, ByteView path,
                          std::int64_t size, MonotonicMs now);
  // The next line at the start of `bytes`, as Framer::Next(). It changes nothing that Done() does
  // not. Valid until the next call.
  std::optional<InputLine> Next(ByteView bytes, const FramingPlace& place, RestRule rest,
                                const LineSource& source);
  bool dedupes() const { return shaper_.dedupes(); }
  // Whether it is to be counted rather than sent: the input dedupes, and sent an equal one before
  // it in this turn.
  bool IsRepeat(const Piece& piece) const;
  // What stands for so many lines. Valid until the next call.
  InputLine Count(std::uint32_t repeats);
  // As Next(), of a piece that was cut elsewhere, and is no repeat, or the only one.
  InputLine Shape(const Piece& piece, const FramingPlace& place, const LineSource& source);
  // Labels behind the first `known`, as lines are.
  std::span<const record::HeaderView> RedactLabels(std::span<const record::HeaderView> headers,
                                                   std::size_t known) {
    return shaper_.redacts() ? shaper_.RedactLabels(headers, known) : headers;
  }
  // It was sent, or left out, as was said.
  void Done(const InputLine& line, Counters& counters, ShapingState& state);

 private:
  std::optional<InputLine> Repeats(const Piece& first, ByteView bytes, const FramingPlace& place,
                                   RestRule rest);

  const InputOptions& input_;
  std::size_t record_bytes_max_;
  std::vector<std::string> label_names_;  // "lb.label.NAME"
  std::vector<record::HeaderView> labels_;
  Framer framer_;
  LineUnderstanding understanding_;
  LineShaper shaper_;
  ShapingState unshaped_;

  // Of an input that dedupes: the line sent last in this turn.
  std::optional<Bytes> last_;
  Bytes last_stream_;
  std::string repeats_text_;
  std::string repeats_count_;
  std::vector<record::HeaderView> repeats_headers_;
};

}  // namespace logboom::agent
