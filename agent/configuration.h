// What the agent's command line and agent.toml may say, and what it makes of them.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "agent/options.h"
#include "lib/base/result.h"
#include "lib/daemon/launch.h"
#include "lib/daemon/priority.h"

namespace logboom::agent {

struct Configuration {
  AgentOptions options;
  std::string broker;
  std::string state_directory;                // absolute
  std::map<std::string, std::string> labels;  // of the agent, for lists
  std::string metrics_listen;
  bool polls = false;  // directories, rather than watch them
  int nice = 0;
  std::optional<daemon::IoClass> io_class;  // none: as it is
};

daemon::Program MakeProgram();

// kInvalid names the key, its value and what it takes. Relative paths become absolute ones.
Result<Configuration> Configure(const daemon::Config& config);

}  // namespace logboom::agent
