// How the operating system treats this thread beside others. Errors say what was refused; nobody is
// worse off than before.
#pragma once

#include "lib/base/result.h"

namespace logboom::daemon {

enum class IoClass {
  kBestEffort,  // the default of the system, at its middle level
  kIdle,        // only while nobody else uses the disk
};

// Of the calling thread and of those that it starts afterwards: call them first. `nice` is 0 to 19.
Status SetNice(int nice);
Status SetIoClass(IoClass io_class);

}  // namespace logboom::daemon
