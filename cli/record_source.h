// Where consume gets its records from: partitions that it names (Subscription), or those that a
// group gives it (GroupSubscription).
#pragma once

#include <chrono>

#include "cli/exit_code.h"

namespace logboom::cli {

// One owner, one thread. Complains about all that can't be read, and remembers it in code().
class RecordSource {
 public:
  virtual ~RecordSource() = default;

  // Takes what is there. True where something was. No more is taken once TakeRecord() said false.
  virtual bool Poll() = 0;
  virtual void Wait(std::chrono::milliseconds timeout) = 0;

  virtual bool stopped() const = 0;
  virtual bool interrupted() = 0;
  // All that is meant to be read to the end has been taken, or can't be.
  virtual bool ReachedEnd() = 0;
  // No broker answers, and has not for so long.
  virtual bool AloneFor(std::chrono::milliseconds silence) const = 0;
  // Nothing comes any more.
  virtual bool AllFailed() const = 0;
  virtual ExitCode code() const = 0;

  // What was taken has been flushed to standard output, as far as that took it.
  virtual void WrittenOut() {}
  // No more is read.
  virtual void End() {}
};

}  // namespace logboom::cli
