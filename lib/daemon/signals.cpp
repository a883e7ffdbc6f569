#include "lib/daemon/signals.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace logboom::daemon {

Result<std::unique_ptr<Signals>> Signals::Start() {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGTERM);
  sigaddset(&wanted, SIGINT);
  sigaddset(&wanted, SIGHUP);
  if (const int error = pthread_sigmask(SIG_BLOCK, &wanted, nullptr); error != 0) {
    return ErrnoError(error, "block signals");
  }
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  if (sigaction(SIGPIPE, &ignore, nullptr) != 0) return ErrnoError(errno, "ignore SIGPIPE");
  const int descriptor = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
  if (descriptor < 0) return ErrnoError(errno, "signalfd");
  return std::unique_ptr<Signals>(new Signals(descriptor));
}

Signals::~Signals() { close(descriptor_); }

std::optional<Signal> Signals::Next() {
  signalfd_siginfo info = {};
  ssize_t count = 0;
  do {
    count = read(descriptor_, &info, sizeof(info));
  } while (count < 0 && errno == EINTR);
  if (count != static_cast<ssize_t>(sizeof(info))) return std::nullopt;
  return info.ssi_signo == SIGHUP ? Signal::kReload : Signal::kStop;
}

}  // namespace logboom::daemon
