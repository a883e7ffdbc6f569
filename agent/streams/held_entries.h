// Messages of a stream that are not durable yet, in the order in which they came.
//
//   released <= read position <= end
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "lib/base/bytes.h"
#include "lib/base/types.h"

namespace logboom::agent {

struct HeldEntry {
  Bytes value;
  std::string peer;
  TimestampMs time;
  bool more = false;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

// One owner, one thread.
class HeldEntries {
 public:
  // Memory that is taken, in bytes.
  std::size_t held_bytes() const { return held_bytes_; }
  // That are still to come, as positions count them.
  std::size_t unread_bytes() const { return unread_bytes_; }
  // A message that took `wire_bytes` to come; one longer than `value_bytes_max` in parts.
  void Add(ByteView message, std::size_t wire_bytes, std::size_t value_bytes_max,
           const HeldEntry& like);

  // The next to be read; null: none.
  const HeldEntry* Next() const { return at_ < entries_.size() ? &entries_[at_] : nullptr; }
  void Advance();
  // Reading goes on at the first that does not end before `position`; where that is.
  SourcePosition Seek(SourcePosition position);
  SourcePosition released() const { return SourcePosition(released_); }
  void Release(SourcePosition durable);

 private:
  static std::size_t Weight(const HeldEntry& entry);
  static std::size_t WireBytes(const HeldEntry& entry);

  std::deque<HeldEntry> entries_;
  std::size_t at_ = 0;
  std::int64_t released_ = 0;
  std::int64_t end_ = 0;
  std::size_t held_bytes_ = 0;
  std::size_t unread_bytes_ = 0;
};

}  // namespace logboom::agent
