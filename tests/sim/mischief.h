// What goes wrong: draws faults of the kinds that the run allows, and ends those that last.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "tests/sim/sim_agent.h"
#include "tests/sim/sim_broker.h"
#include "tests/sim/stage.h"

namespace logboom::sim {

// One owner, one thread.
class Mischief {
 public:
  Mischief(Stage& stage, SimBroker& broker, std::vector<std::unique_ptr<SimAgent>>& agents)
      : stage_(stage), broker_(broker), agents_(agents) {}

  void Fault();
  // A backup is begun, or the broker's directory is lost and comes back from the newest one.
  void BackUpOrRestore();
  // Ends what is to end by now.
  void Tick();
  std::int64_t UntilDueMs() const;
  // Ends all.
  void Heal();

  // The database lost something since the last start of the broker.
  bool TakeDatabaseLoss() { return std::exchange(database_lost_, false); }

 private:
  bool May(sim::Fault fault) const { return stage_.options.faults.Has(fault); }
  bool TryBroker(sim::Fault fault);
  bool TryDisk(sim::Fault fault);
  bool TryDatabase(sim::Fault fault);
  bool TryAgent(sim::Fault fault, SimAgent& agent);
  bool TryNetwork(sim::Fault fault);
  void EndNetworkFault();
  bool TryClock(sim::Fault fault);
  void KillBroker();
  std::int64_t Lasting();
  void EndIn(std::int64_t ms, std::function<void()> end);

  Stage& stage_;
  SimBroker& broker_;
  std::vector<std::unique_ptr<SimAgent>>& agents_;
  std::multimap<MonotonicMs, std::function<void()>> ends_;
  bool database_lost_ = false;
};

}  // namespace logboom::sim
