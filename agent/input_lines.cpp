#include "agent/input_lines.h"

#include <algorithm>

#include "agent/source.h"
#include "lib/record/span.h"

namespace logboom::agent {
namespace {

const InputOptions& OrPlain(const InputOptions* input) {
  static const InputOptions kPlain;
  return input == nullptr ? kPlain : *input;
}

}  // namespace

FramingOptions FramingOf(const InputOptions& input, const AgentOptions& options) {
  return {
      .record_bytes_max = input.max_line_bytes == 0 ? options.max_line_bytes : input.max_line_bytes,
      .encoding = input.encoding,
      .strip_cr = input.strip_cr,
      .container = input.container,
      .fold = input.multiline,
      .event_start = input.multiline_start};
}

InputLines::InputLines(const AgentOptions& options, const InputOptions* input)
    : input_(OrPlain(input)),
      record_bytes_max_(FramingOf(input_, options).record_bytes_max),
      framer_(FramingOf(input_, options)),
      understanding_(input_.understanding),
      shaper_(input_.shaping) {
  label_names_.reserve(input_.labels.size());  // the headers look at them
  for (const auto& [name, value] : input_.labels) {
    label_names_.push_back(record::LabelHeader(name));
    labels_.push_back({.key = label_names_.back(), .value = ByteView(value)});
  }
}

void InputLines::BeginTurn(ByteView path, std::int64_t size, MonotonicMs now, ShapingState& state) {
  understanding_.BeginFile(path, labels_);
  shaper_.BeginTurn(size, now, state);
  last_.reset();
}

ShapingState& InputLines::BeginTurn(Source& source, MonotonicMs waiting_since, ByteView path,
                                    std::int64_t size, MonotonicMs now) {
  unshaped_ = {};
  ShapingState& state = shaper_.asks_for_nothing() ? unshaped_ : source.BeginShaping(waiting_since);
  BeginTurn(path, size, now, state);
  return state;
}

std::optional<InputLine> InputLines::Next(ByteView bytes, const FramingPlace& place, RestRule rest,
                                          const LineSource& source) {
  const auto piece = framer_.Next(bytes, place, rest);
  if (!piece) return std::nullopt;
  if (IsRepeat(*piece)) {
    auto repeats = Repeats(*piece, bytes, place, rest);
    if (repeats) {
      repeats->time = source.read_time;
      return repeats;
    }
    return Shape(*framer_.Next(bytes, place, rest), place, source);
  }
  return Shape(*piece, place, source);
}

bool InputLines::IsRepeat(const Piece& piece) const {
  return last_ && !piece.more && piece.value == *last_ && piece.stream == last_stream_;
}

InputLine InputLines::Count(std::uint32_t repeats) {
  InputLine line;
  line.repeats = repeats;
  repeats_text_ = fmt::format("last line repeated {} times", repeats);
  repeats_count_ = fmt::format("{}", repeats);
  line.piece.value = repeats_text_;
  const auto file_headers = understanding_.file_headers();
  repeats_headers_.assign(file_headers.begin(), file_headers.end());
  repeats_headers_.push_back({.key = record::kRepeatedHeader, .value = ByteView(repeats_count_)});
  line.headers = repeats_headers_;
  return line;
}

// As many as there are, in one record. Nothing where it is only one: that goes as it is.
std::optional<InputLine> InputLines::Repeats(const Piece& first, ByteView bytes,
                                             const FramingPlace& place, RestRule rest) {
  std::uint32_t repeats = 1;
  std::size_t consumed = first.consumed;
  while (true) {
    const FramingPlace here{place.encoding, place.position + static_cast<std::int64_t>(consumed)};
    const auto next = framer_.Next(bytes.substr(consumed), here, rest);
    if (!next || !IsRepeat(*next)) break;
    consumed += next->consumed;
    ++repeats;
  }
  if (repeats == 1) return std::nullopt;
  InputLine line = Count(repeats);
  line.place.position = place.position;
  line.piece.consumed = consumed;
  return line;
}

InputLine InputLines::Shape(const Piece& piece, const FramingPlace& place,
                            const LineSource& source) {
  const Understood understood = understanding_.Read(piece, source.read_time);
  InputLine line{.piece = piece,
                 .text = piece.value,
                 .place = {.source_id = source.id, .position = place.position, .own_time = {}},
                 .time = understood.time,
                 .headers = understood.headers,
                 .not_understood = understood.not_understood};
  if (understood.has_own_time) line.place.own_time = std::min(understood.time, source.read_time);
  line.goes_on = source.state.part_at == place.position;
  line.reason = shaper_.Judge(piece, line.place, source.state);
  if (!line.is_sent() || !shaper_.redacts()) return line;
  const auto redacted = shaper_.Redact(piece.value, record_bytes_max_);
  line.piece.value = redacted.text;
  line.redacted = redacted.places;
  line.headers = shaper_.RedactLabels(understood.headers, understood.file_headers);
  return line;
}

void InputLines::Done(const InputLine& line, Counters& counters, ShapingState& state) {
  counters.not_understood += line.not_understood;
  counters.redacted += line.redacted;
  if (line.piece.more && line.is_sent()) ++counters.lines_split;
  const DropReason reason = line.repeats > 0 ? DropReason::kRepeated : line.reason;
  counters.lines_dropped[static_cast<std::size_t>(reason)] += line.left_out();
  if (line.repeats > 0) return;
  shaper_.Done(line.piece, line.place, line.reason, state);
  if (!shaper_.dedupes() || !line.is_sent()) return;
  last_.reset();
  if (line.piece.more) return;
  last_.emplace(line.text);
  last_stream_.assign(line.piece.stream);
}

}  // namespace logboom::agent
