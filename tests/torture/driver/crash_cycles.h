// Ends a broker over and over, at random moments under load, and looks after each start whether it
// has kept what it promised.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lib/base/random.h"
#include "tests/torture/driver/books.h"
#include "tests/torture/driver/broker_process.h"
#include "tests/torture/driver/connection.h"
#include "tests/torture/driver/disk.h"
#include "tests/torture/driver/load.h"

namespace logboom::torture {

struct CrashOptions {
  std::uint64_t cycles = 100;
  bool cut_power = false;  // where there is a disk; else kill -9 alone
  // Under load, from ready to the end, at most; one life in so many is long enough for what the
  // broker does every few seconds.
  std::chrono::milliseconds load_max{40};
  std::uint64_t long_life_every = 200;
  // One inspection in so many reads everything.
  std::uint64_t read_all_every = 50;
};

struct CrashCounts {
  std::uint64_t kills = 0;
  std::uint64_t power_cuts = 0;
  std::uint64_t orderly_stops = 0;
  std::uint64_t before_ready = 0;  // of the kills and cuts
  std::uint64_t half_swaps = 0;    // starts that found a segment half replaced by another
};

// One owner, one thread. All it is given must outlive it.
class CrashCycles {
 public:
  // `disk`: where the data directory lies, mounted; null where it is on no disk of its own. The
  // topics are made.
  CrashCycles(BrokerProcess& broker, Disk* disk, Books& books, Random& random, CrashOptions options)
      : broker_(broker), disk_(disk), books_(books), random_(random), options_(options) {}

  // Until all are done or something is found; then once more a start, and a look at everything.
  // The error is of the rig: the file system can't be mounted any more.
  Status Run(const std::function<void(std::uint64_t cycle)>& progress);

  const CrashCounts& counts() const { return counts_; }

 private:
  enum class End { kKill, kPower, kOrderly };
  struct Plan {
    bool before_ready = false;
    std::chrono::milliseconds life{0};
    End end = End::kKill;
    LogFate fate = LogFate::kDrop;
  };

  Plan DrawPlan();
  Status RunCycle(std::uint64_t cycle);
  void LiveUnderLoad(Load& load, std::chrono::milliseconds life);
  void StopTheMachine(Connection* connection);
  Status EndLife(const Plan& plan, Connection* connection);
  void Finding(const std::string& text);

  BrokerProcess& broker_;
  Disk* disk_;
  Books& books_;
  Random& random_;
  CrashOptions options_;
  CrashCounts counts_;
};

}  // namespace logboom::torture
