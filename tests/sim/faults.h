// What is done to the programs, and how often it was done.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace logboom::sim {

enum class Fault : std::uint8_t {
  // The broker
  kBrokerKill,
  kBrokerPowerLoss,
  kBrokerStop,
  kDatabaseLost,
  kDatabaseOld,
  kDatabaseError,
  kSyncFails,
  kWriteFails,
  kDiskFull,
  kSlowSync,
  kSlowDatabase,
  kSecondBroker,
  // Agents
  kAgentKill,
  kAgentPowerLoss,
  kAgentStop,
  kAgentReload,
  kAgentStateLost,
  kAgentTwice,
  // Between them
  kCut,
  kCutAfter,
  kBlackHole,
  kUnreachable,
  kDelay,
  kClockForward,
  kClockBack,
  // What becomes of log files
  kRename,
  kCopyTruncate,
  kUnlink,
  kTruncate,
  kHalfLine,
  kLongLine,
  // What administrators do, and the broker for its disk budget
  kTrim,
  kAddPartition,
  kEviction,
  // Those above are drawn for a run, each by itself; this one is an option of its own.
  kBackupRestored,
};
inline constexpr std::size_t kDrawnFaultKinds = static_cast<std::size_t>(Fault::kEviction) + 1;
inline constexpr std::size_t kFaultKinds = static_cast<std::size_t>(Fault::kBackupRestored) + 1;

std::string_view FaultName(Fault fault);

// A set of kinds, of which a run draws.
class FaultSet {
 public:
  bool Has(Fault fault) const { return (bits_ >> static_cast<unsigned>(fault) & 1U) != 0; }
  void Add(Fault fault) { bits_ |= std::uint64_t{1} << static_cast<unsigned>(fault); }
  // "broker kill, cut"
  std::string ToString() const;

 private:
  std::uint64_t bits_ = 0;
};

class FaultCounts {
 public:
  void Count(Fault fault) { ++counts_[static_cast<std::size_t>(fault)]; }
  std::uint64_t Of(Fault fault) const { return counts_[static_cast<std::size_t>(fault)]; }
  void Add(const FaultCounts& other);
  // "broker kill 3, cut 7": those that happened.
  std::string ToString() const;

 private:
  std::array<std::uint64_t, kFaultKinds> counts_{};
};

}  // namespace logboom::sim
