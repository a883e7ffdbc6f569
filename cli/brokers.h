// The brokers of a command, each asked in turn.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/environment.h"
#include "cli/exit_code.h"
#include "lib/client/admin.h"

namespace logboom::cli {

struct Broker {
  std::string address;
  // As tables and JSON call it: what the broker calls itself, or its address where two of those
  // that were reached go by one name.
  std::string name;
  std::unique_ptr<client::Admin> admin;
};

struct ReachedBrokers {
  std::vector<Broker> brokers;
  ExitCode code = ExitCode::kDone;  // kNotReached where one was not
  bool several = false;             // more than one was asked for: rows say which
};

// Connects to each; those that fail are complained about.
ReachedBrokers ReachBrokers(Context& context);

// Administration needs exactly one.
Result<Broker> ReachOneBroker(Context& context);

// Complains, and says how the program shall end.
ExitCode Complain(Context& context, const Error& error);

// For an address where nobody answered: what the reader can do about it.
Error NotReached(const GlobalFlags& flags, const std::string& address, const Error& why);

}  // namespace logboom::cli
