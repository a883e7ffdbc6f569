#include "agent/reload.h"

#include <utility>

namespace logboom::agent {

Reloaded Reload(const Configuration& running, Configuration read) {
  Reloaded reloaded;
  auto keep = [&reloaded](const char* key, const auto& was, auto& is) {
    if (was == is) return;
    is = was;
    reloaded.kept.emplace_back(key);
  };
  // Who it is, and where: its positions are there, under that name.
  keep("agent.id", running.options.agent_id, read.options.agent_id);
  keep("agent.state_dir", running.state_directory, read.state_directory);
  keep("agent.broker", running.broker, read.broker);
  keep("metrics.listen", running.metrics_listen, read.metrics_listen);
  // Of threads, set before they start.
  keep("agent.nice", running.nice, read.nice);
  keep("agent.io_class", running.io_class, read.io_class);
  reloaded.configuration = std::move(read);
  return reloaded;
}

}  // namespace logboom::agent
