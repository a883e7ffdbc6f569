// The one place where a daemon reads the clocks: its loop calls Now() and hands the time to
// everything below as an argument.
#pragma once

#include "lib/base/types.h"

namespace logboom::daemon {

// Any thread. Cannot fail. The monotonic clock stands still while the machine sleeps.
Instant Now();

}  // namespace logboom::daemon
