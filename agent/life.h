// An agent under one configuration, with what it alone uses: its watch on directories and its link
// to the broker. A reload ends one life and begins another in the same process.
#pragma once

#include <cstdint>
#include <memory>

#include "agent/agent.h"
#include "agent/configuration.h"
#include "agent/handover.h"
#include "lib/client/agent_link.h"
#include "lib/file/directory_watch.h"

namespace logboom::agent {

// What all lives of a process share. Must outlive them.
struct LifeSeams {
  file::FileSystem& logs;
  Checkpoint& checkpoint;
  Random& random;
  std::uint64_t descriptors = 0;  // that the system allows
};

// One owner, one thread.
class Life {
 public:
  // kInvalid for a configuration that can't be; others where what it names can't be opened. What
  // `before` holds is taken; null: there was none.
  static Result<std::unique_ptr<Life>> Begin(Configuration configuration, const LifeSeams& seams,
                                             Handover* before);

  Agent& agent() { return *agent_; }
  client::AgentLink& link() { return *link_; }
  const Configuration& configuration() const { return configuration_; }

 private:
  explicit Life(Configuration configuration) : configuration_(std::move(configuration)) {}
  Status MakeAgent(const LifeSeams& seams, Handover* before);
  client::AgentHello Hello() const;

  Configuration configuration_;
  std::unique_ptr<file::DirectoryWatch> watch_;
  std::unique_ptr<Agent> agent_;
  std::unique_ptr<client::AgentLink> link_;
};

}  // namespace logboom::agent
