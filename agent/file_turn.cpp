#include "agent/file_turn.h"

#include <algorithm>
#include <array>

#include "agent/content.h"
#include "lib/base/check.h"

namespace logboom::agent {
namespace {

// The window of the position at `at` in the chunk.
std::uint64_t WindowAt(ByteView bytes, std::size_t at) {
  const std::size_t size = std::min(at, record::kWindowBytes);
  return record::HashBytes(bytes.substr(at - size, size));
}

}  // namespace

FileTurn::FileTurn(const AgentOptions& options, Counters& counters)
    : options_(options), counters_(counters) {}

Result<FileTurn::Chunk> FileTurn::Read(WatchedFile& file) {
  const std::int64_t position = file.source->read.end.value();
  const std::int64_t window = std::min(position, static_cast<std::int64_t>(record::kWindowBytes));
  std::int64_t wanted = static_cast<std::int64_t>(kReadBytes);
  // `once`: as far as the file went when it was found.
  if (options_.once) {
    wanted = std::clamp<std::int64_t>(file.size_at_start - position, 0, wanted);
  }
  const auto size = static_cast<std::size_t>(window + wanted);
  // Most files are small: what they don't fill is never touched.
  constexpr std::size_t kBufferBytes = record::kWindowBytes + kReadBytes;
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(kBufferBytes);
  ASSIGN_OR_RETURN(const std::size_t got,
                   file.handle->PRead(position - window, std::span(buffer_.get(), size)));
  const std::int64_t end = position - window + static_cast<std::int64_t>(got);
  return Chunk{.bytes = ByteView(buffer_.get(), got),
               .window = static_cast<std::size_t>(window),
               .ends_file = got < size || (options_.once && end == file.size_at_start)};
}

RestRule FileTurn::RuleFor(const WatchedFile& file, std::int64_t end_of_chunk) const {
  if (options_.once && end_of_chunk == file.size_at_start) return RestRule::kSentWithMore;
  // Nothing may have come behind the rest since it was found to have waited long enough.
  if (end_of_chunk != file.rest_at_size) return RestRule::kWaits;
  if (file.send_rest_as_line) return RestRule::kSentAsLine;
  if (file.send_rest_with_more) return RestRule::kSentWithMore;
  return file.send_event ? RestRule::kEventSent : RestRule::kWaits;
}

TurnOutcome FileTurn::Take(WatchedFile& file, std::uint64_t log_tag, BatchAssembler& assembler,
                           BatchTarget& target, Instant now) {
  Source& source = *file.source;
  auto read = Read(file);
  if (!read) return {TurnEnd::kFailed, read.error()};
  const Chunk& chunk = *read;
  const bool checked = source.read_window_known && chunk.window > 0;
  if (chunk.bytes.size() < chunk.window ||
      (checked && WindowAt(chunk.bytes, chunk.window) != source.read.window)) {
    return {TurnEnd::kTruncated, {}};
  }
  // Ahead of its first byte there is no window: what is known of it is how it began.
  const bool is_first =
      !source.opened && !source.identity_sent && source.read.end == source.begin.end;
  if (is_first && !HeadMatches(Content(*file.handle, file.size), source.origin.head)) {
    return {TurnEnd::kTruncated, {}};
  }
  const std::int64_t end_of_chunk =
      source.read.end.value() + static_cast<std::int64_t>(chunk.bytes.size() - chunk.window);
  file.size = std::max(file.size, end_of_chunk);
  source.size_seen = std::max(source.size_seen, end_of_chunk);
  if (is_first) source.origin.head = TakeHead(Content(*file.handle, file.size));
  const RestRule rest = chunk.ends_file ? RuleFor(file, end_of_chunk) : RestRule::kWaits;
  InputLines& lines = LinesOf(file.input);
  auto place = PlaceOf(file, lines.encoding());
  if (!place) return {TurnEnd::kFailed, place.error()};
  ShapingState& shaping =
      lines.BeginTurn(source, file.waiting_since, source.origin.path, file.size, now.monotonic);
  if (chunk.window > 0 && !Framer::EndsLine(place->encoding, chunk.bytes.substr(0, chunk.window))) {
    LineShaper::BeginInLine(place->position, shaping);
  }

  std::size_t at = chunk.window;
  run_at_ = at;
  BeginRun(file, log_tag, assembler);
  const LineSource line_source{source.id, now.wall, shaping};
  while (const auto line = lines.Next(chunk.bytes.substr(at), *place, rest, line_source)) {
    if (line->is_sent() && !assembler.Add(line->piece, line->time, line->headers)) {
      EndRun(source, chunk, at, assembler, target, now.monotonic);
      CHECK(!assembler.empty());
      if (!target.SendBatch()) return {TurnEnd::kBlocked, {}};
      BeginRun(file, log_tag, assembler);
      continue;
    }
    assembler.LeaveOut(line->left_out());
    lines.Done(*line, counters_, shaping);
    at += line->piece.consumed;
    place->position += static_cast<std::int64_t>(line->piece.consumed);
  }
  EndRun(source, chunk, at, assembler, target, now.monotonic);
  if (at > chunk.window) file.last_line = now.wall;
  if (!chunk.ends_file) return {TurnEnd::kMore, {}};
  const ByteView left = chunk.bytes.substr(at);
  file.rest_at_size = left.empty() ? -1 : end_of_chunk;
  file.rest_holds_lines = lines.holds_event();
  return {TurnEnd::kAllRead, {}};
}

void FileTurn::BeginRun(WatchedFile& file, std::uint64_t log_tag, BatchAssembler& assembler) {
  const Source& source = *file.source;
  key_.assign(options_.host).append(":").append(source.origin.path);
  assembler.BeginRun({.log_tag = log_tag,
                      .source_id = source.id,
                      .begin = source.sent,
                      .identity = source.IdentityToSend(),
                      .key = key_,
                      .left_out = source.left_out});
}

void FileTurn::EndRun(Source& source, const Chunk& chunk, std::size_t at, BatchAssembler& assembler,
                      BatchTarget& target, MonotonicMs now) {
  const std::int64_t position_of_chunk =
      source.read.end.value() - static_cast<std::int64_t>(run_at_);
  const client::SpanEnd end{SourcePosition(position_of_chunk + static_cast<std::int64_t>(at)),
                            WindowAt(chunk.bytes, at)};
  const auto left_out = assembler.EndRun(end);
  if (at == run_at_) return;
  run_at_ = at;
  if (left_out) return source.LeftOut(end, *left_out, now);
  source.Sent(end);
  target.RunAdded(source);
}

InputLines& FileTurn::LinesOf(const InputOptions* input) {
  return inputs_.try_emplace(input, options_, input).first->second;
}

// The byte order stands at the beginning of the file, wherever reading goes on.
Result<FramingPlace> FileTurn::PlaceOf(const WatchedFile& file, Encoding encoding) {
  FramingPlace place{.encoding = encoding, .position = file.source->read.end.value()};
  if (encoding != Encoding::kUtf16) return place;
  std::array<char, 2> head{};
  ASSIGN_OR_RETURN(const std::size_t got, file.handle->PRead(0, head));
  place.encoding = ResolveByteOrder(encoding, ByteView(head.data(), got));
  return place;
}

}  // namespace logboom::agent
