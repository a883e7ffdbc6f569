// Ctrl-C and SIGTERM as something to ask for: long verbs end cleanly and say what was done.
#pragma once

#include "lib/base/result.h"

namespace logboom::cli {

// Made before sockets and threads; the first SIGINT or SIGTERM then comes here. The second one ends
// the program at once, as if this were not there. One owner, one thread.
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
