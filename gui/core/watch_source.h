// Snapshots from a live broker.
#pragma once

#include <memory>

#include "gui/core/snapshot_source.h"
#include "lib/base/random.h"
#include "lib/client/options.h"
#include "lib/transport/transport.h"

namespace logboom::gui {

// `random` must outlive it.
std::unique_ptr<SnapshotSource> MakeWatchSource(
    std::unique_ptr<transport::ClientTransport> transport, client::ClientIdentity identity,
    Random& random);

}  // namespace logboom::gui
