// Cuts the bytes of one input's files into records: at newlines, where a line is too long, and with
// the lines of one event folded into one record where the input says so.
//
// It knows nothing of what it cut before: the same bytes from the same place are cut alike, by
// whichever process. Lines that need no decoding are views of the caller's bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "agent/framing/container.h"
#include "agent/framing/encoding.h"
#include "agent/framing/folding.h"
#include "agent/framing/piece.h"

namespace logboom::agent {

struct FramingOptions {
  // Of a record's value. A longer line is sent in parts; an event that would be longer ends between
  // two lines.
  std::size_t record_bytes_max = 0;
  Encoding encoding = Encoding::kBytes;
  bool strip_cr = false;  // one ahead of each newline
  ContainerFormat container = ContainerFormat::kNone;
  FoldKind fold = FoldKind::kNone;
  std::shared_ptr<const parse::Pattern> event_start = nullptr;  // of kStart
};

// Where the bytes stand in their file.
struct FramingPlace {
  Encoding encoding = Encoding::kBytes;  // resolved
  std::int64_t position = 0;             // of the first
};

// One owner, one thread.
class Framer {
 public:
  explicit Framer(const FramingOptions& options);

  // Whether a line ends where `bytes` do.
  static bool EndsLine(Encoding encoding, ByteView bytes);
  // The next piece at the start of `bytes`, valid until the next call; nothing where more bytes are
  // needed: never where there are record_bytes_max + 4 or more of them.
  std::optional<Piece> Next(ByteView bytes, const FramingPlace& place, RestRule rest);
  // A record may hold several lines.
  bool folds() const { return folding_ || container_; }
  // Whether the last Next() gave nothing though it had whole lines: an event that others may join
  // on, which kEventSent would send.
  bool holds_event() const { return holds_event_; }

 private:
  struct Line {
    ByteView raw;              // without its newline
    std::size_t consumed = 0;  // with what stands ahead of it and is no text
    bool ends = true;          // there is a newline
    bool more = false;
  };
  std::optional<Line> CutLine(ByteView bytes, const FramingPlace& place, RestRule rest) const;
  std::optional<Piece> NextLine(ByteView bytes, const FramingPlace& place, RestRule rest);
  std::optional<Piece> NextEvent(ByteView bytes, const FramingPlace& place, RestRule rest);
  ContainerLine Unwrap(ByteView line, Piece& event);
  ByteView Decode(const Line& line, Encoding encoding);
  std::size_t RawBytesMax(Encoding encoding) const;

  FramingOptions options_;
  std::unique_ptr<Folding> folding_;
  std::optional<ContainerReader> container_;
  Bytes decoded_;  // the line at hand
  Bytes event_;    // the lines of the event so far
  Bytes stream_;   // of that event
  bool holds_event_ = false;
};

}  // namespace logboom::agent
