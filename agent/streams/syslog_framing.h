// Messages of syslog in the bytes of a connection (RFC 6587): counted ("11 <13>message"), or ended
// by a newline. Each message's first byte tells which.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "lib/base/bytes.h"

namespace logboom::agent {

struct SyslogCut {
  ByteView message;          // without count and newline; may be empty
  std::size_t consumed = 0;  // bytes of the connection
};

// Of one connection. One owner, one thread.
class SyslogFramer {
 public:
  // The message at the start of `bytes`, the first that were not consumed yet; nothing: more are
  // needed.
  std::optional<SyslogCut> Next(ByteView bytes);
  // All of `bytes` as a message, though it is not whole: the connection has ended, or nothing can
  // be kept any longer. What comes behind it belongs to no message but the rest of this one.
  SyslogCut Flush(ByteView bytes);

 private:
  std::optional<SyslogCut> NextLine(ByteView bytes);
  std::optional<SyslogCut> NextCounted(ByteView bytes, std::size_t count_bytes,
                                       std::uint64_t count);

  bool in_line_ = false;       // of a message that was flushed, a newline is to come
  std::uint64_t counted_ = 0;  // of a message that was flushed, so many bytes are to come
};

}  // namespace logboom::agent
