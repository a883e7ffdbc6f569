// What becomes of a configuration that was read again while the agent runs.
#pragma once

#include <string>
#include <vector>

#include "agent/configuration.h"

namespace logboom::agent {

struct Reloaded {
  Configuration configuration;
  // Keys that have changed in the file and stay as they were until the agent is started again.
  std::vector<std::string> kept;
};

Reloaded Reload(const Configuration& running, Configuration read);

}  // namespace logboom::agent
