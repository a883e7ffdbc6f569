#include "gui/app/live_console.h"

#include <QSettings>
#include <utility>

#include "gui/app/arguments.h"
#include "gui/app/main_window.h"
#include "gui/core/network_thread.h"
#include "gui/core/watch_source.h"
#include "lib/base/random.h"
#include "lib/transport/zmq_transport.h"

namespace logboom::gui {

struct LiveConsole::State {
  State(std::vector<std::string> brokers, client::Clock clock, QSettings& settings)
      : network(MakeOptions(std::move(brokers), std::move(clock))), window(network, settings) {}

  NetworkOptions MakeOptions(std::vector<std::string> brokers, client::Clock clock) {
    return {.brokers = std::move(brokers),
            .make_source = [this](const std::string& address) { return MakeSource(address); },
            .connect = transport::ConnectZmq,
            .clock = std::move(clock),
            .identity = identity,
            .deliver = [this](Batch batch) { Deliver(std::move(batch)); }};
  }

  Result<std::unique_ptr<SnapshotSource>> MakeSource(const std::string& address) {
    ASSIGN_OR_RETURN(auto transport, transport::ConnectZmq(address));
    return MakeWatchSource(std::move(transport), identity, random);
  }

  // On the network thread, which runs only while there is a window.
  void Deliver(Batch batch) {
    QMetaObject::invokeMethod(
        &window,
        [this, batch = std::move(batch)]() mutable {
          window.TakeBatch(std::move(batch));
          network.BatchTaken();
        },
        Qt::QueuedConnection);
  }

  const client::ClientIdentity identity{"logboom-console", Version()};
  SystemRandom random;  // the network thread's
  NetworkThread network;
  MainWindow window;
};

LiveConsole::LiveConsole(std::vector<std::string> brokers, client::Clock clock, QSettings& settings)
    : state_(std::make_unique<State>(std::move(brokers), std::move(clock), settings)) {}

LiveConsole::~LiveConsole() { state_->network.Stop(); }

void LiveConsole::Start() { state_->network.Start(); }

MainWindow& LiveConsole::window() { return state_->window; }

}  // namespace logboom::gui
