// What the bytes of a file are cut into, and what becomes of those behind the last newline.
#pragma once

#include <cstddef>
#include <optional>

#include "lib/base/bytes.h"
#include "lib/base/types.h"

namespace logboom::agent {

enum class RestRule {
  kWaits,         // more may come
  kEventSent,     // whole lines that more may have joined on are sent; an unterminated one waits
  kSentWithMore,  // sent as it is; what comes behind it joins on (lb.more)
  kSentAsLine,    // the file is final: nothing comes behind it
};

// One record: a line, a part of a long one, or several lines folded into one event.
struct Piece {
  ByteView value;            // without its last newline
  std::size_t consumed = 0;  // bytes of the input, newline included
  bool more = false;         // the line goes on in the next record
  // Of a container's line: what it was written to, and when.
  ByteView stream = {};
  std::optional<TimestampMs> time = {};
  bool as_is = false;  // it should have been a container's line, and is none
};

}  // namespace logboom::agent
