// Decompresses what gzip and zstd write to files, piece by piece: any number of gzip members
// (RFC 1952) or zstd frames (RFC 8878), one behind the other.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "lib/base/bytes.h"
#include "lib/base/result.h"

namespace logboom::record {

// One owner, one thread.
class Expander {
 public:
  virtual ~Expander() = default;

  struct Step {
    std::size_t taken = 0;  // of the input
    std::size_t given = 0;  // to the output
  };
  // Takes what fits. Nothing taken and nothing given, with room in `out`: more input is needed, or,
  // where there is some, what follows is no member or frame. kCorrupt for broken input.
  virtual Result<Step> Expand(ByteView in, std::span<char> out) = 0;
  // From the beginning of a stream again.
  virtual void Reset() = 0;
};

// For a file that begins with `head` (four bytes, or all there are); null where it is neither.
std::unique_ptr<Expander> MakeExpander(ByteView head);

}  // namespace logboom::record
