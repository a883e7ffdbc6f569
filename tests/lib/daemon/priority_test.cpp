#include "lib/daemon/priority.h"

#include <gtest/gtest.h>
#include <linux/ioprio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

namespace logboom::daemon {
namespace {

long IoPriority() { return syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0); }

// Each in a thread of its own: nobody gets back what it gave away.
TEST(Priority, NiceIsThatOfTheThreadAndOfThoseThatItStarts) {
  std::thread([] {
    ASSERT_TRUE(SetNice(7).ok());
    EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 7);
    std::thread([] { EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 7); }).join();
  }).join();
}

TEST(Priority, TheIoClassIsThatOfTheThread) {
  std::thread([] {
    ASSERT_TRUE(SetIoClass(IoClass::kIdle).ok());
    EXPECT_EQ(IOPRIO_PRIO_CLASS(IoPriority()), IOPRIO_CLASS_IDLE);
    ASSERT_TRUE(SetIoClass(IoClass::kBestEffort).ok());
    EXPECT_EQ(IOPRIO_PRIO_CLASS(IoPriority()), IOPRIO_CLASS_BE);
  }).join();
}

}  // namespace
}  // namespace logboom::daemon
