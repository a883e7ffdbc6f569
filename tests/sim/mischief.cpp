#include "tests/sim/mischief.h"

#include <algorithm>
#include <utility>

#include "lib/base/check.h"

namespace logboom::sim {

using sim::Fault;

void Mischief::Fault() {
  // A kind that can't happen now makes room for another.
  for (int tries = 0; tries < 20; ++tries) {
    const auto kind = static_cast<sim::Fault>(stage_.random.Below(kDrawnFaultKinds));
    if (!May(kind)) continue;
    SimAgent& agent = *agents_[stage_.random.Below(agents_.size())];
    if (TryBroker(kind) || TryDisk(kind) || TryDatabase(kind) || TryAgent(kind, agent) ||
        TryNetwork(kind) || TryClock(kind)) {
      return;
    }
  }
}

void Mischief::BackUpOrRestore() {
  if (broker_.stopping()) return;
  if (broker_.has_backup() && stage_.OneIn(2)) {
    stage_.Happened(Fault::kBackupRestored, "");
    broker_.LoseAndRestore();
    return;
  }
  if (!broker_.up() || !broker_.StartBackup()) return;
  stage_.trace.Event(stage_.clocks.monotonic(), "a backup begins");
}

void Mischief::EndIn(std::int64_t ms, std::function<void()> end) {
  ends_.emplace(stage_.clocks.monotonic() + ms, std::move(end));
}

void Mischief::Tick() {
  while (!ends_.empty() && ends_.begin()->first <= stage_.clocks.monotonic()) {
    const auto end = std::move(ends_.begin()->second);
    ends_.erase(ends_.begin());
    end();
  }
}

std::int64_t Mischief::UntilDueMs() const {
  if (ends_.empty()) return 3'600'000;
  return std::max<std::int64_t>(0, ends_.begin()->first - stage_.clocks.monotonic());
}

void Mischief::Heal() {
  ends_.clear();
  EndNetworkFault();
  broker_.Heal();
}

std::int64_t Mischief::Lasting() {
  const std::uint64_t most_ms = stage_.OneIn(6) ? 40'000 : 4'000;
  return 1 + static_cast<std::int64_t>(stage_.random.Below(most_ms));
}

// ---- the broker

void Mischief::KillBroker() {
  if (stage_.OneIn(2)) return broker_.Kill();
  broker_.DieAfterCalls(stage_.random.Below(30));
}

bool Mischief::TryBroker(sim::Fault fault) {
  if (!broker_.up() || broker_.stopping()) return false;
  switch (fault) {
    case Fault::kBrokerKill: stage_.Happened(fault, "now or soon"); return KillBroker(), true;
    case Fault::kBrokerPowerLoss:
      stage_.Happened(fault, "");
      broker_.PowerLoss();
      return true;
    case Fault::kBrokerStop:
      stage_.Happened(fault, "");
      broker_.StartShutdown();
      return true;
    case Fault::kSecondBroker: {
      stage_.Happened(fault, "");
      const Status opened = broker_.OpenSecond();
      if (!opened.ok() && opened.error().code == ErrorCode::kBusy) return true;
      stage_.verdict.Broken(Invariant::kOneOwner, "a second broker on the directory: {}",
                            opened.ok() ? "it opened" : opened.error().message);
      return true;
    }
    default: return false;
  }
}

bool Mischief::TryDisk(sim::Fault fault) {
  if (!broker_.up()) return false;
  switch (fault) {
    case Fault::kSyncFails:
      stage_.Happened(fault, "the next one");
      broker_.FailSync();
      return true;
    case Fault::kWriteFails:
      stage_.Happened(fault, "one of the next");
      broker_.FailWrite();
      return true;
    case Fault::kDiskFull: {
      const auto left = static_cast<std::int64_t>(stage_.random.Below(150'000));
      stage_.Happened(fault, "but for {} bytes", left);
      broker_.FillDisk(left);
      EndIn(Lasting(), [this] { broker_.FreeDisk(); });
      return true;
    }
    case Fault::kSlowSync:
      stage_.Happened(fault, "");
      broker_.HoldSyncs(true);
      EndIn(Lasting() / 2, [this] { broker_.HoldSyncs(false); });
      return true;
    default: return false;
  }
}

bool Mischief::TryDatabase(sim::Fault fault) {
  if (stage_.OneIn(3)) broker_.TakeSnapshot();
  switch (fault) {
    case Fault::kSlowDatabase:
      stage_.Happened(fault, "");
      broker_.HoldTransactions(true);
      EndIn(Lasting() / 2, [this] { broker_.HoldTransactions(false); });
      return true;
    case Fault::kDatabaseError:
      if (!broker_.up()) return false;
      stage_.Happened(fault, "");
      broker_.FailDatabase();
      return true;
    case Fault::kDatabaseLost:
    case Fault::kDatabaseOld:
      if (broker_.up()) broker_.Kill();
      if (fault == Fault::kDatabaseLost) {
        broker_.LoseDatabase();
      } else if (!broker_.RestoreDatabase()) {
        return false;
      }
      stage_.Happened(fault, "");
      return database_lost_ = true;
    default: return false;
  }
}

// ---- agents

bool Mischief::TryAgent(sim::Fault fault, SimAgent& agent) {
  if (fault == Fault::kAgentStateLost) {
    stage_.Happened(fault, "{}", agent.host());
    if (agent.up()) agent.Kill();
    agent.LoseState();
    return true;
  }
  if (!agent.up() || agent.stopping()) return false;
  switch (fault) {
    case Fault::kAgentKill:
      stage_.Happened(fault, "{}", agent.host());
      agent.Kill();
      return true;
    case Fault::kAgentPowerLoss:
      stage_.Happened(fault, "{}", agent.host());
      agent.PowerLoss();
      return true;
    case Fault::kAgentStop:
      stage_.Happened(fault, "{}", agent.host());
      agent.StartShutdown();
      return true;
    case Fault::kAgentReload:
      stage_.Happened(fault, "{}", agent.host());
      agent.StartReload();
      return true;
    case Fault::kAgentTwice:
      stage_.Happened(fault, "{}", agent.host());
      agent.StartTwin();
      return true;
    default: return false;
  }
}

// ---- between them

bool Mischief::TryNetwork(sim::Fault fault) {
  const transport::InprocFaults now = stage_.network.faults();
  if (now.unreachable || now.black_hole || now.by_hand) return false;
  transport::InprocFaults faults;
  faults.queue_messages_max = stage_.OneIn(4) ? 2 : 16;
  switch (fault) {
    case Fault::kCut:
      stage_.Happened(fault, "");
      stage_.network.Cut(kBrokerAddress);
      return true;
    case Fault::kCutAfter: {
      const std::uint64_t messages = stage_.random.Below(12);
      stage_.Happened(fault, "{}", messages);
      stage_.network.CutAfter(kBrokerAddress, messages);
      return true;
    }
    case Fault::kBlackHole: faults.black_hole = true; break;
    case Fault::kUnreachable: faults.unreachable = true; break;
    case Fault::kDelay: faults.by_hand = true; break;
    default: return false;
  }
  stage_.Happened(fault, "");
  stage_.network.SetFaults(faults);
  EndIn(Lasting(), [this] { EndNetworkFault(); });
  return true;
}

// A connection hands on what it carries, late, or ends: a black hole that it outlives is a delay.
void Mischief::EndNetworkFault() {
  const bool lost = stage_.network.faults().black_hole;
  stage_.network.SetFaults({});
  if (lost) stage_.network.Cut(kBrokerAddress);
  while (stage_.network.Deliver(1'000) > 0) {
  }
}

bool Mischief::TryClock(sim::Fault fault) {
  if (fault != Fault::kClockForward && fault != Fault::kClockBack) return false;
  const auto ms =
      static_cast<std::int64_t>(10 + stage_.random.Below(stage_.OneIn(4) ? 600'000 : 5'000));
  const std::int64_t jump = fault == Fault::kClockForward ? ms : -ms;
  if (stage_.OneIn(2)) {
    stage_.Happened(fault, "broker, by {} ms", ms);
    broker_.JumpClock(jump);
  } else {
    SimAgent& agent = *agents_[stage_.random.Below(agents_.size())];
    stage_.Happened(fault, "{}, by {} ms", agent.host(), ms);
    agent.JumpClock(jump);
  }
  return true;
}

}  // namespace logboom::sim
