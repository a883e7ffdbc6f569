// Entries of a stream that are equal to the one sent before them, until their number is known: a
// file can be read again from any place, a stream only from where its reader lets it go on.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/framing/piece.h"
#include "agent/streams/record_stream.h"
#include "lib/base/bytes.h"
#include "lib/base/types.h"
#include "lib/record/batch_builder.h"

namespace logboom::agent {

// One owner, one thread. Nothing fails; what is held when a run is given up is read again.
class StreamRepeats {
 public:
  // An entry was sent, with its headers beside those that every entry of the input has; the next
  // ones may be equal to it.
  void Sent(const StreamEntry& entry) { sent_headers_ = Joined(entry.headers); }
  // Whether its headers are those of the entry that was sent: where it came from is told by them.
  bool HasSameHeaders(const StreamEntry& entry) const {
    return Joined(entry.headers) == sent_headers_;
  }

  // `window` is that before the first of them.
  void Hold(const StreamEntry& entry, std::uint64_t window);
  void Clear() { count_ = 0; }

  std::uint32_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  std::uint64_t window_before() const { return window_before_; }
  // The first of them, with the end and the time of the last. Valid until the next call that isn't
  // const.
  StreamEntry entry() const;

 private:
  static Bytes Joined(std::span<const record::HeaderView> headers);

  Bytes sent_headers_;
  std::uint32_t count_ = 0;
  std::uint64_t window_before_ = 0;
  StreamEntry entry_;  // but for its views
  std::string source_;
  Bytes value_;
  Bytes stream_;
  std::vector<std::pair<Bytes, std::optional<Bytes>>> headers_;
  mutable std::vector<record::HeaderView> header_views_;
};

}  // namespace logboom::agent
