// A window on live brokers: the network thread, the window, and what carries batches from one to
// the other.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/client/options.h"

class QSettings;

namespace logboom::gui {

class MainWindow;

// The window's thread. Ends the network thread before the window when it is destroyed.
class LiveConsole {
 public:
  // `settings` outlives it. `clock` is called on the network thread.
  LiveConsole(std::vector<std::string> brokers, client::Clock clock, QSettings& settings);
  ~LiveConsole();
  LiveConsole(const LiveConsole&) = delete;
  LiveConsole& operator=(const LiveConsole&) = delete;

  // Connecting begins; the window need not be shown yet.
  void Start();
  MainWindow& window();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace logboom::gui
