#include "agent/framing/framer.h"

#include <algorithm>
#include <cstring>

namespace logboom::agent {
namespace {

std::size_t UnitBytes(Encoding encoding) { return IsUtf16(encoding) ? 2 : 1; }

// Bytes at the start that are no text: the byte order mark, or half a unit.
std::size_t LeadBytes(ByteView bytes, const FramingPlace& place) {
  if (place.position == 0) return ByteOrderMarkBytes(place.encoding, bytes);
  return IsUtf16(place.encoding) && place.position % 2 != 0 ? std::min<std::size_t>(1, bytes.size())
                                                            : 0;
}

// Where the first newline begins; npos where there is none. `text` begins with a whole unit.
std::size_t FindNewline(Encoding encoding, ByteView text) {
  if (!IsUtf16(encoding)) return text.find('\n');
  const std::size_t at_in_unit = encoding == Encoding::kUtf16Be ? 1 : 0;
  for (std::size_t at = text.find('\n'); at != ByteView::npos; at = text.find('\n', at + 1)) {
    const std::size_t begin = at - at % 2;
    if (at % 2 != at_in_unit || begin + 1 >= text.size()) continue;
    if (text[begin + 1 - at_in_unit] == '\0') return begin;
  }
  return ByteView::npos;
}

// The last unit of `text` is the first half of a character beyond the basic plane.
bool EndsInHalf(Encoding encoding, ByteView text) {
  if (!IsUtf16(encoding) || text.size() < 4) return false;
  const char high = encoding == Encoding::kUtf16Be ? text[text.size() - 2] : text.back();
  return (static_cast<unsigned char>(high) & 0xfcU) == 0xd8U;
}

}  // namespace

Framer::Framer(const FramingOptions& options)
    : options_(options), folding_(MakeFolding(options.fold, options.event_start)) {
  if (options.container != ContainerFormat::kNone) container_.emplace(options.container);
}

std::size_t Framer::RawBytesMax(Encoding encoding) const {
  const std::size_t bytes = options_.record_bytes_max * 2 / GrowthInHalves(encoding);
  const std::size_t unit = UnitBytes(encoding);
  return std::max(bytes - bytes % unit, unit);
}

bool Framer::EndsLine(Encoding encoding, ByteView bytes) {
  const std::size_t unit = UnitBytes(encoding);
  return bytes.size() >= unit && FindNewline(encoding, bytes.substr(bytes.size() - unit)) == 0;
}

std::optional<Piece> Framer::Next(ByteView bytes, const FramingPlace& place, RestRule rest) {
  holds_event_ = false;
  if (bytes.empty()) return std::nullopt;
  decoded_.clear();
  return folds() ? NextEvent(bytes, place, rest) : NextLine(bytes, place, rest);
}

std::optional<Framer::Line> Framer::CutLine(ByteView bytes, const FramingPlace& place,
                                            RestRule rest) const {
  if (bytes.empty()) return std::nullopt;
  const std::size_t lead = LeadBytes(bytes, place);
  const ByteView text = bytes.substr(lead);
  const std::size_t unit = UnitBytes(place.encoding);
  const std::size_t size_max = RawBytesMax(place.encoding);
  const std::size_t newline = FindNewline(place.encoding, text.substr(0, size_max + unit));
  if (newline != ByteView::npos) {
    return Line{.raw = text.substr(0, newline), .consumed = lead + newline + unit};
  }
  const bool waits = rest == RestRule::kWaits || rest == RestRule::kEventSent;
  if (text.size() >= size_max + unit || (text.size() > size_max && !waits)) {
    ByteView part = text.substr(0, size_max);
    if (EndsInHalf(place.encoding, part)) part.remove_suffix(unit);
    return Line{.raw = part, .consumed = lead + part.size(), .ends = false, .more = true};
  }
  if (waits) return std::nullopt;
  return Line{.raw = text,
              .consumed = bytes.size(),
              .ends = false,
              .more = rest == RestRule::kSentWithMore};
}

// Appends it to decoded_ where it is not text as it stands.
ByteView Framer::Decode(const Line& line, Encoding encoding) {
  ByteView text = line.raw;
  if (NeedsDecoding(encoding)) {
    const std::size_t begin = decoded_.size();
    AppendAsUtf8(encoding, line.raw, decoded_);
    text = ByteView(decoded_).substr(begin);
  }
  if (options_.strip_cr && line.ends && text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

std::optional<Piece> Framer::NextLine(ByteView bytes, const FramingPlace& place, RestRule rest) {
  const auto line = CutLine(bytes, place, rest);
  if (!line) return std::nullopt;
  return Piece{
      .value = Decode(*line, place.encoding), .consumed = line->consumed, .more = line->more};
}

// What it says of the event's first line is taken over.
ContainerLine Framer::Unwrap(ByteView line, Piece& event) {
  const bool is_first = event.consumed == 0;
  const auto read = container_ ? container_->Read(line) : std::nullopt;
  if (is_first) {
    stream_.assign(read ? read->stream : ByteView());
    event.as_is = container_ && !read;
    if (read) event.time = read->time;
  }
  if (read) return *read;
  return {.text = line, .stream = {}, .time = {}, .partial = false};
}

std::optional<Piece> Framer::NextEvent(ByteView bytes, const FramingPlace& place, RestRule rest) {
  const std::size_t size_max = RawBytesMax(place.encoding);
  const std::size_t newline_bytes = UnitBytes(place.encoding);
  Piece event;
  event_.clear();
  bool is_open = false;  // the last line is a part of one
  const auto whole = [&] {
    event.value = event_;
    event.stream = stream_;
    return event;
  };
  while (true) {
    const ByteView left = bytes.substr(event.consumed);
    const FramingPlace here{place.encoding,
                            place.position + static_cast<std::int64_t>(event.consumed)};
    const auto line = CutLine(left, here, rest);
    const bool is_first = event.consumed == 0;
    // What has no newline yet may end with a part of one.
    const std::size_t line_bytes =
        line ? line->raw.size() : left.size() - std::min(left.size(), newline_bytes - 1);
    const bool is_too_long = event.consumed + line_bytes > size_max && !is_first;
    if (is_too_long) {
      event.more = is_open;
      return whole();
    }
    if (!line) {
      const bool waits = rest == RestRule::kWaits || (is_open && rest == RestRule::kEventSent);
      holds_event_ = !is_first && !is_open;
      if (is_first || waits) return std::nullopt;
      event.more = is_open && rest == RestRule::kSentWithMore;
      return whole();
    }
    decoded_.clear();
    const ContainerLine entry = Unwrap(Decode(*line, place.encoding), event);
    if (is_first) {
      if (folding_) folding_->Begin(entry.text);
    } else if (entry.stream != stream_) {
      return whole();
    } else if (!is_open) {
      if (!folding_->Continues(entry.text)) return whole();
      event_.push_back('\n');
    }
    is_open = entry.partial;
    event_.append(entry.text);
    event.consumed += line->consumed;
    event.more = line->more;
    if (!line->ends || (!folding_ && !is_open)) return whole();
  }
}

}  // namespace logboom::agent
