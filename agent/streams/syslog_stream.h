// Syslog over UDP, TCP and unix datagrams: a message is a record, as it came but for its framing.
// One source for each listener of each process; nothing of it survives the process.
//
// Memory is bounded: of what is not durable yet, of messages that are not whole yet, of
// connections. Where it is used up, nothing is read: TCP senders wait, and of datagrams the kernel
// drops those that find no room. Each thing that is lost is counted, by reason, and told.
#pragma once

#include <memory>
#include <string>

#include "agent/streams/limits.h"
#include "agent/streams/record_stream.h"
#include "lib/base/result.h"
#include "lib/base/uuid.h"

namespace logboom::agent {

struct SyslogOptions {
  std::string address;  // as ParseSyslogAddress() takes it
  std::size_t message_bytes_max = 0;
  std::size_t connections_max = kSyslogConnectionsMax;  // of a TCP listener
};

// `id` is of this process alone. Errors: an address that is none, or where nobody can listen.
Result<std::unique_ptr<RecordStream>> MakeSyslogStream(const SyslogOptions& options,
                                                       const Uuid& id);

}  // namespace logboom::agent
