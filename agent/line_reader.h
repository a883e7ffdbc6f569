// Cuts the bytes of a file into records: at newlines, and where a line is too long. Views into the
// caller's buffer; nothing is copied or kept between calls.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>

#include "lib/base/bytes.h"

namespace logboom::agent {

// What becomes of bytes behind the last newline.
enum class RestRule {
  kWaits,         // more may come
  kSentWithMore,  // sent as it is; what comes behind it joins on (lb.more)
  kSentAsLine,    // the file is final: nothing comes behind it
};

struct Piece {
  ByteView value;            // without its newline; a CR stays
  std::size_t consumed = 0;  // bytes of the input, newline included
  bool more = false;         // the line goes on in the next record
};

// The next piece at the start of `bytes`; nothing where more bytes are needed. A line of
// `line_bytes_max` bytes is whole; of a longer one the first `line_bytes_max` are a piece.
inline std::optional<Piece> NextPiece(ByteView bytes, std::size_t line_bytes_max, RestRule rest) {
  if (bytes.empty()) return std::nullopt;
  const std::size_t searched = std::min(bytes.size(), line_bytes_max + 1);
  if (const void* found = std::memchr(bytes.data(), '\n', searched)) {
    const auto size = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    return Piece{.value = bytes.substr(0, size), .consumed = size + 1, .more = false};
  }
  if (bytes.size() > line_bytes_max) {
    return Piece{
        .value = bytes.substr(0, line_bytes_max), .consumed = line_bytes_max, .more = true};
  }
  if (rest == RestRule::kWaits) return std::nullopt;
  return Piece{.value = bytes, .consumed = bytes.size(), .more = rest == RestRule::kSentWithMore};
}

}  // namespace logboom::agent
