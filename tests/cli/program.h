// Runs the real programs.
#pragma once

#include <string>
#include <vector>

namespace logboom::cli {

struct Ended {
  int code = -1;
  std::string out;
  std::string err;
};

// The command line with these arguments (as a shell takes them), LOGBOOM_BROKER set to `broker` or
// unset, and `input` on its standard input.
Ended Logboom(const std::string& arguments, const std::string& broker = {},
              const std::string& input = {});

// A command that runs on, its standard output read line by line.
class RunningCommand {
 public:
  RunningCommand(const std::vector<std::string>& arguments, const std::string& broker);
  ~RunningCommand();
  RunningCommand(const RunningCommand&) = delete;
  RunningCommand& operator=(const RunningCommand&) = delete;

  // Waits for it; without its newline. Empty at the end.
  std::string ReadLine() const;
  // Sends SIGINT, and gives the exit code.
  int Interrupt();
  // Closes the pipe, and gives the exit code.
  int StopReading();

 private:
  int WaitForEnd();

  int process_ = -1;
  int output_ = -1;
};

// A broker with a fresh data directory at a port of its own, until the test is over.
class RunningBroker {
 public:
  explicit RunningBroker(const std::string& name);
  ~RunningBroker();
  RunningBroker(const RunningBroker&) = delete;
  RunningBroker& operator=(const RunningBroker&) = delete;

  void Stop();  // cleanly
  void Start(const std::string& listen = "tcp://127.0.0.1:0");

  // Empty where it did not start: its log is then on standard error.
  const std::string& address() const { return address_; }
  const std::string& folder() const { return folder_; }

 private:
  std::string name_;
  std::string folder_;
  int process_ = -1;
  std::string address_;
};

}  // namespace logboom::cli
