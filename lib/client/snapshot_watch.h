// Watches one broker: a whole snapshot of it again and again, without ever waiting for it. For
// programs that watch several brokers from one thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>

#include "lib/base/random.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/client/descriptions.h"
#include "lib/client/options.h"
#include "lib/client/snapshot.h"
#include "lib/transport/transport.h"

namespace logboom::client {

struct SnapshotWatchOptions {
  ClientIdentity identity{};
  // From the start of one snapshot to that of the next. One that takes longer is followed at once,
  // never overtaken.
  std::chrono::milliseconds interval{1'000};
  // A broker that answers but not to this begins anew.
  std::chrono::milliseconds answer_timeout{30'000};
};

// One connection. One owner, one thread. It reconnects by itself and for ever; a snapshot that is
// lost with its session is taken anew.
class SnapshotWatch {
 public:
  // `random` must outlive it.
  SnapshotWatch(std::unique_ptr<transport::ClientTransport> transport, SnapshotWatchOptions options,
                Random& random);
  ~SnapshotWatch();

  void Poll(Instant now);
  // Until something may have come, is due, a descriptor is readable, or `timeout` is over. At once
  // where a snapshot waits to be taken.
  void Wait(std::chrono::milliseconds timeout, std::span<const int> descriptors = {});

  // The newest whole snapshot, once.
  std::optional<Snapshot> Take();

  bool connected() const;
  // Why there is no session, or why the broker gave no snapshot when it was asked last; nothing
  // where all is well, or nothing was tried yet.
  std::optional<Error> last_error() const;
  // Who the broker is, as of the newest session; nothing before the first.
  const std::optional<BrokerIdentity>& identity() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace logboom::client
