// The bytes of a stream that are not durable yet, and the window before them: what a file is to a
// file's tail.
//
//   released <= read position <= end
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/base/types.h"
#include "lib/client/agent_link.h"

namespace logboom::agent {

// One owner, one thread.
class HeldBytes {
 public:
  // What may be appended now.
  std::size_t room() const;
  void Append(ByteView bytes) { held_.append(bytes); }

  SourcePosition position() const { return SourcePosition(at_); }
  SourcePosition released() const { return SourcePosition(released_); }
  // Behind the read position; valid until the next call that isn't const.
  ByteView unread() const { return ByteView(held_).substr(Index(at_)); }
  std::uint64_t window() const { return WindowAt(at_); }
  void Advance(std::size_t bytes) { at_ += static_cast<std::int64_t>(bytes); }

  // Reading goes on at `position`, or as near behind it as there still are bytes; where that is.
  client::SpanEnd Seek(SourcePosition position);
  void Release(SourcePosition durable);

 private:
  std::size_t Index(std::int64_t position) const {
    return static_cast<std::size_t>(position - base_);
  }
  std::int64_t end() const { return base_ + static_cast<std::int64_t>(held_.size()); }
  std::uint64_t WindowAt(std::int64_t position) const;

  Bytes held_;
  std::int64_t base_ = 0;  // of the first byte of held_
  std::int64_t released_ = 0;
  std::int64_t at_ = 0;
};

}  // namespace logboom::agent
