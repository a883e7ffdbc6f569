// A real logboom-broker, started and ended again and again on one data directory.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"

namespace logboom::torture {

struct BrokerCommand {
  std::string program;
  std::string data_directory;
  std::vector<std::string> settings;  // KEY=VALUE
  // What it says, over all starts; what is older under the name with ".before".
  std::string stderr_path;
};

// How a process ended.
struct Ending {
  int exit_code = 0;  // of one that ended by itself or in order
  int signal = 0;     // 0: none
};

// One owner, one thread. Its end, however it comes, is the broker's.
class BrokerProcess {
 public:
  explicit BrokerProcess(BrokerCommand command) : command_(std::move(command)) {}
  ~BrokerProcess();
  BrokerProcess(const BrokerProcess&) = delete;
  BrokerProcess& operator=(const BrokerProcess&) = delete;

  // `environment`: NAME=VALUE, added to this process's.
  Status Start(const std::vector<std::string>& environment = {});
  // The address of its ready line; nothing where it ended, or `timeout` is over.
  std::optional<std::string> WaitReady(std::chrono::milliseconds timeout);
  // SIGSTOP: no thread of it does anything more.
  void Freeze();
  // SIGKILL; returns once nothing of it is left.
  Ending Kill();
  // SIGTERM; nothing where it does not end in time.
  std::optional<Ending> Stop(std::chrono::milliseconds timeout);
  std::optional<Ending> WaitEnd(std::chrono::milliseconds timeout);
  bool running();
  // Of the last one; nothing while it runs.
  const std::optional<Ending>& ending() const { return ending_; }
  // Of the last start.
  std::string said() const;
  // A line of the rig's among what the broker says.
  void Remark(const std::string& text) const;
  const std::string& data_directory() const { return command_.data_directory; }
  pid_t pid() const { return pid_; }

 private:
  void Exec(const std::vector<std::string>& environment) const;
  bool Reap(bool wait);

  BrokerCommand command_;
  pid_t pid_ = -1;
  std::int64_t said_before_ = 0;  // bytes in the file when it was started
  std::optional<Ending> ending_;
};

}  // namespace logboom::torture
