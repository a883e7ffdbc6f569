#include "gui/core/watch_source.h"

#include <utility>

#include "lib/client/snapshot_watch.h"

namespace logboom::gui {
namespace {

class WatchSource final : public SnapshotSource {
 public:
  WatchSource(std::unique_ptr<transport::ClientTransport> transport,
              client::ClientIdentity identity, Random& random)
      : watch_(std::move(transport), {.identity = std::move(identity)}, random) {}

  void Poll(Instant now) override { watch_.Poll(now); }
  void Wait(std::chrono::milliseconds timeout) override { watch_.Wait(timeout); }
  std::optional<client::Snapshot> Take() override { return watch_.Take(); }
  bool connected() const override { return watch_.connected(); }
  std::optional<Error> last_error() const override { return watch_.last_error(); }

 private:
  client::SnapshotWatch watch_;
};

}  // namespace

std::unique_ptr<SnapshotSource> MakeWatchSource(
    std::unique_ptr<transport::ClientTransport> transport, client::ClientIdentity identity,
    Random& random) {
  return std::make_unique<WatchSource>(std::move(transport), std::move(identity), random);
}

}  // namespace logboom::gui
