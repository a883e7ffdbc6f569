// One run: machines, programs, a network and faults, from a seed; all on one thread, in time that
// passes only here.
//
// For a while applications write and rotate their logs, and things go wrong. Then nothing goes
// wrong any more, and everything must arrive.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/client/admin.h"
#include "tests/sim/application.h"
#include "tests/sim/clients.h"
#include "tests/sim/log_books.h"
#include "tests/sim/mischief.h"
#include "tests/sim/readers.h"
#include "tests/sim/sim_agent.h"
#include "tests/sim/sim_broker.h"
#include "tests/sim/stage.h"
#include "tests/sim/written_files.h"

namespace logboom::sim {

struct Outcome {
  // Empty: every invariant held. Else which did not, with what led to it.
  std::string failure;
  std::optional<Invariant> broken;
  std::uint64_t trace_hash = 0;
  FaultCounts faults;
  std::int64_t simulated_ms = 0;
  std::uint64_t lines = 0;
  std::uint64_t gaps = 0;
  std::uint64_t batches_read = 0;
  std::uint64_t segments_rewritten = 0;
  std::uint64_t records_compacted = 0;  // found gone, for good reason
};

Outcome RunSeed(std::uint64_t seed);

// One owner, one thread. Run once.
class World {
 public:
  explicit World(const SimOptions& options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Outcome Run();

 private:
  void MakeTopics();
  void Turn();
  void ActOfAnApplication();
  void ActOfAnAdministrator();
  void Trim(client::Admin& admin, const std::string& topic);
  void AddPartition(client::Admin& admin, const std::string& topic);
  void FollowPartitions();
  void RunFor(std::int64_t ms);
  void Step(std::int64_t ms);
  std::int64_t UntilDueMs();
  void WatchBroker();
  void BrokerRestored(const std::string& backup);
  void WatchAgents();
  std::int64_t DownTimeMs();

  void StopFaults();
  void AwaitAll();
  bool AllArrived() const;
  std::string Describe() const;

  Stage stage_;
  SimBroker broker_;
  WrittenFiles written_;
  LogBooks books_;
  std::vector<std::unique_ptr<SimAgent>> agents_;
  std::vector<std::unique_ptr<Application>> applications_;
  std::unique_ptr<SimProducer> producer_;
  std::unique_ptr<SimConsumer> consumer_;
  std::unique_ptr<SimReaders> readers_;
  std::unique_ptr<Mischief> mischief_;
  // When those that are down start again.
  MonotonicMs broker_start_at_;
  std::map<SimAgent*, MonotonicMs> agent_start_at_;
  SeededRandom admin_random_;
  bool broker_was_up_ = false;
  bool faults_stopped_ = false;
  bool restored_ = false;  // no process has opened what came back yet
};

}  // namespace logboom::sim
