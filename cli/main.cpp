// logboom: the command line.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "cli/command_line.h"
#include "lib/display/visible_text.h"
#include "lib/transport/zmq_transport.h"

namespace logboom::cli {
namespace {

template <typename SomeClock>
std::int64_t Milliseconds() {
  const auto since = SomeClock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

Instant Now() {
  return {TimestampMs(Milliseconds<std::chrono::system_clock>()),
          MonotonicMs(Milliseconds<std::chrono::steady_clock>())};
}

void ComplainOnStandardError(std::string_view message) {
  std::string line = "logboom: ";
  display::AppendVisible(message, line);
  line += '\n';
  std::fputs(line.c_str(), stderr);
}

// A shell may have closed one of them (`>&-`): the next socket would take its number, and our
// output.
void FillStandardDescriptors() {
  int descriptor = 0;
  do {
    descriptor = open("/dev/null", O_RDWR);
  } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  if (descriptor >= 0) close(descriptor);
}

int Main(int argc, char** argv) {
  FillStandardDescriptors();
  // A reader that went away is found out by the write to it.
  signal(SIGPIPE, SIG_IGN);
  SystemRandom random;
  Output out(STDOUT_FILENO);
  const char* const broker = std::getenv("LOGBOOM_BROKER");
  Environment environment{.connect = transport::ConnectZmq,
                          .clock = Now,
                          .random = random,
                          .out = out,
                          .terminal = LookAtTerminal(STDOUT_FILENO),
                          .complain = ComplainOnStandardError,
                          .input_descriptor = STDIN_FILENO,
                          .error_is_terminal = isatty(STDERR_FILENO) == 1};
  const ExitCode code = RunCommandLine(std::vector<std::string>(argv + 1, argv + argc),
                                       broker == nullptr ? "" : broker, environment);
  return static_cast<int>(code);
}

}  // namespace
}  // namespace logboom::cli

int main(int argc, char** argv) { return logboom::cli::Main(argc, argv); }
