// All that a verb reaches the world through, so that tests can stand in for it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output.h"
#include "cli/record_printer.h"
#include "cli/terminal.h"
#include "lib/base/random.h"
#include "lib/base/result.h"
#include "lib/client/options.h"
#include "lib/transport/transport.h"

namespace logboom::cli {

using ConnectTransport =
    std::function<Result<std::unique_ptr<transport::ClientTransport>>(const std::string& address)>;

// One owner, one thread.
struct Environment {
  ConnectTransport connect;
  client::Clock clock;
  Random& random;
  Output& out;
  Terminal terminal;
  // Prints "logboom: MESSAGE" on standard error, on one line.
  std::function<void(std::string_view message)> complain;
  int input_descriptor = 0;
  bool error_is_terminal = false;  // progress is shown there
};

// What stands before and behind every verb.
struct GlobalFlags {
  std::vector<std::string> brokers;
  Format format = Format::kText;
  std::chrono::milliseconds timeout{3'000};
};

struct Context {
  Environment& environment;
  GlobalFlags flags;
};

// Who we are, in a hello.
client::ClientIdentity Identity();
std::string_view Version();
// Which of several: program and process, and the machine's name. For people.
std::string ClientId();
std::string HostName();

}  // namespace logboom::cli
