#include "tests/sim/faults.h"

#include <fmt/format.h>

namespace logboom::sim {
namespace {

void AddTo(std::string& list, const std::string& item) {
  if (!list.empty()) list += ", ";
  list += item;
}

}  // namespace

std::string_view FaultName(Fault fault) {
  switch (fault) {
    case Fault::kBrokerKill: return "broker kill -9";
    case Fault::kBrokerPowerLoss: return "broker power loss";
    case Fault::kBrokerStop: return "broker stop";
    case Fault::kDatabaseLost: return "database lost";
    case Fault::kDatabaseOld: return "database restored";
    case Fault::kDatabaseError: return "database error";
    case Fault::kSyncFails: return "sync fails";
    case Fault::kWriteFails: return "write fails";
    case Fault::kDiskFull: return "disk full";
    case Fault::kSlowSync: return "slow sync";
    case Fault::kSlowDatabase: return "slow database";
    case Fault::kSecondBroker: return "second broker";
    case Fault::kAgentKill: return "agent kill -9";
    case Fault::kAgentPowerLoss: return "agent power loss";
    case Fault::kAgentStop: return "agent stop";
    case Fault::kAgentReload: return "agent reload";
    case Fault::kAgentStateLost: return "agent state lost";
    case Fault::kAgentTwice: return "agent twice";
    case Fault::kCut: return "cut";
    case Fault::kCutAfter: return "cut after messages";
    case Fault::kBlackHole: return "black hole";
    case Fault::kUnreachable: return "unreachable";
    case Fault::kDelay: return "delay";
    case Fault::kClockForward: return "clock forward";
    case Fault::kClockBack: return "clock back";
    case Fault::kRename: return "rename";
    case Fault::kCopyTruncate: return "copytruncate";
    case Fault::kUnlink: return "unlink";
    case Fault::kTruncate: return "truncate";
    case Fault::kHalfLine: return "half line";
    case Fault::kBackupRestored: return "restored from backup";
    case Fault::kLongLine: return "long line";
    case Fault::kTrim: return "trim";
    case Fault::kAddPartition: return "partition added";
    case Fault::kEviction: return "eviction";
  }
  return "";
}

std::string FaultSet::ToString() const {
  std::string list;
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    if (Has(static_cast<Fault>(i))) AddTo(list, std::string(FaultName(static_cast<Fault>(i))));
  }
  return list;
}

void FaultCounts::Add(const FaultCounts& other) {
  for (std::size_t i = 0; i < kFaultKinds; ++i) counts_[i] += other.counts_[i];
}

std::string FaultCounts::ToString() const {
  std::string list;
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    if (counts_[i] == 0) continue;
    AddTo(list, fmt::format("{} {}", FaultName(static_cast<Fault>(i)), counts_[i]));
  }
  return list;
}

}  // namespace logboom::sim
