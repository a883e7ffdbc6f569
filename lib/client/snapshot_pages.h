// The pages of one snapshot on their way to a whole one. Internal to lib/client.
#pragma once

#include <cstdint>

#include "lib/base/result.h"
#include "lib/client/snapshot.h"
#include "lib/protocol/protocol.h"

namespace logboom::client {

// Whether `error` to a request for a page after the first says that the broker has let go of the
// snapshot: another is to be taken.
bool IsSnapshotGone(const protocol::Error& error);

// One owner, one thread.
class SnapshotPages {
 public:
  // What to ask for next: a new snapshot, or the next page of the one begun.
  protocol::Request NextRequest() const;
  bool begun() const { return pages_ > 0; }

  // Takes the answer to NextRequest(). kCorrupt where it is no page of that snapshot; begin anew.
  Status Add(const protocol::SnapshotResponse& page);
  bool complete() const { return complete_; }
  // Once it is complete; leaves nothing here.
  Snapshot Take();

 private:
  Snapshot snapshot_;
  std::uint64_t id_ = 0;
  std::uint32_t pages_ = 0;
  bool complete_ = false;
};

}  // namespace logboom::client
