#include "lib/daemon/priority.h"

#include <linux/ioprio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace logboom::daemon {
namespace {

Status Refused(const char* what) {
  return Fail(ErrorCode::kIo, "{}: {}", what, std::generic_category().message(errno));
}

}  // namespace

Status SetNice(int nice) {
  if (setpriority(PRIO_PROCESS, 0, nice) != 0) return Refused("nice");
  return Ok();
}

Status SetIoClass(IoClass io_class) {
  // glibc has no call of its own.
  constexpr int kMiddleLevel = 4;
  const int priority = io_class == IoClass::kIdle
                           ? IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0)
                           : IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, kMiddleLevel);
  if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, priority) != 0) return Refused("ioprio_set");
  return Ok();
}

}  // namespace logboom::daemon
