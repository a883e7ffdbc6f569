#include "cli/interrupts.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/base/check.h"

namespace logboom::cli {
namespace {

// nohup means that a terminal may go.
bool IsIgnored(int number) {
  struct sigaction action = {};
  return sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

sigset_t Wanted() {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGINT);
  sigaddset(&wanted, SIGTERM);
  if (!IsIgnored(SIGHUP)) sigaddset(&wanted, SIGHUP);
  return wanted;
}

}  // namespace

Interrupts::Interrupts() {
  const sigset_t wanted = Wanted();
  pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  descriptor_ = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
  CHECK(descriptor_ >= 0);
}

Interrupts::~Interrupts() { close(descriptor_); }

bool Interrupts::Came() {
  signalfd_siginfo info = {};
  if (!came_ && read(descriptor_, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    came_ = true;
    const sigset_t wanted = Wanted();
    pthread_sigmask(SIG_UNBLOCK, &wanted, nullptr);
  }
  return came_;
}

}  // namespace logboom::cli
