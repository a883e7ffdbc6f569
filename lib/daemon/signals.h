// Signals as something to read: the main loop waits on a descriptor and asks what came.
#pragma once

#include <memory>
#include <optional>

#include "lib/base/result.h"

namespace logboom::daemon {

enum class Signal {
  kStop,    // SIGTERM, SIGINT: end cleanly
  kReload,  // SIGHUP: read the configuration again
};

// Made by main before any other thread is started (threads inherit the mask), and alive until the
// end: SIGTERM, SIGINT and SIGHUP then come here and interrupt nobody, and SIGPIPE is ignored, so
// that a write to a closed pipe or socket is an error. One owner, one thread. The destructor closes
// the descriptor, and leaves the signals blocked: a second SIGTERM must not cut the ending short.
class Signals {
 public:
  static Result<std::unique_ptr<Signals>> Start();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Readable while a signal waits: for poll, and for transports' Wait().
  int descriptor() const { return descriptor_; }
  // The next one; nothing where none waits. Never waits itself.
  std::optional<Signal> Next();

 private:
  explicit Signals(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace logboom::daemon
