// Where the console gets one broker's snapshots from: client::SnapshotWatch, or a test's.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/client/snapshot.h"

namespace logboom::gui {

// One owner, one thread. Connects by itself, and again for ever.
class SnapshotSource {
 public:
  virtual ~SnapshotSource() = default;
  virtual void Poll(Instant now) = 0;
  // Until something may have come, is due, or `timeout` is over.
  virtual void Wait(std::chrono::milliseconds timeout) = 0;
  // The newest that was not yet taken.
  virtual std::optional<client::Snapshot> Take() = 0;
  virtual bool connected() const = 0;
  // Why there is no session; nothing where there is one, or where it was not tried yet.
  virtual std::optional<Error> last_error() const = 0;
};

using MakeSnapshotSource =
    std::function<Result<std::unique_ptr<SnapshotSource>>(const std::string& address)>;

}  // namespace logboom::gui
