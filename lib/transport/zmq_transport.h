// Transport over ZeroMQ: a server is a ROUTER, a client a DEALER, over TCP (or ipc:// for tests).
// All sockets of the process share one context with one I/O thread, which ends with the last of
// them.
//
// Facts that shape it: a send that succeeds promises nothing; reconnects are invisible and lose
// what was under way; high-water marks count messages; a routing id proves nothing, and each
// connection has a random one.
#pragma once

#include <memory>
#include <string>

#include "lib/base/result.h"
#include "lib/transport/transport.h"

namespace logboom::transport {

struct ZmqServerOptions {
  // "tcp://127.0.0.1:19550"; "tcp://*:19550" is every interface; port 0 picks a free one.
  std::string address;
  // Messages queued for one client, and from one client.
  int queue_messages_max = 16;
  // Connections that wait for accept(2): ten thousand agents may come at once.
  int backlog = 4096;
};

// kBusy where another program listens there, kInvalid for an address that is none, kPermission and
// kIo as the system says.
Result<std::unique_ptr<ServerTransport>> ListenZmq(const ZmqServerOptions& options);

// kInvalid for an address that is none. Connecting goes on behind the caller's back, for as long as
// it takes; sends say kFull until then.
Result<std::unique_ptr<ClientTransport>> ConnectZmq(const std::string& address);

}  // namespace logboom::transport
