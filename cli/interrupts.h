// Ctrl-C, SIGTERM and a terminal that is closed as something to ask for: long verbs end cleanly and
// say what was done.
#pragma once

#include "lib/base/result.h"

namespace logboom::cli {

// Made before sockets and threads; the first SIGINT, SIGTERM or SIGHUP then comes here. The second
// one ends the program at once, as if this were not there. A SIGHUP that is ignored stays so. One
// owner, one thread.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // Readable once a signal came: for Wait().
  int descriptor() const { return descriptor_; }
  bool Came();

 private:
  int descriptor_ = -1;
  bool came_ = false;
};

}  // namespace logboom::cli
