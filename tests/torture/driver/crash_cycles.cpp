#include "tests/torture/driver/crash_cycles.h"

#include <fmt/format.h>
#include <poll.h>

#include <utility>
#include <vector>

#include "tests/torture/driver/inspection.h"
#include "tests/torture/driver/load.h"

namespace logboom::torture {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kStartTimeout{60'000};
constexpr milliseconds kHelloTimeout{20'000};
constexpr milliseconds kStopTimeout{20'000};
constexpr milliseconds kLongLife{5'500};
// How long a start is let alone that is ended before it is done.
constexpr std::uint64_t kBeforeReadyMs = 40;
// How long a broker lives on a disk that is gone.
constexpr std::uint64_t kAfterPowerMs = 4;

void Pause(std::uint64_t ms) { ::poll(nullptr, 0, static_cast<int>(ms)); }

}  // namespace

void CrashCycles::Finding(const std::string& text) { books_.findings.Add(Fault::kBroken, text); }

CrashCycles::Plan CrashCycles::DrawPlan() {
  Plan plan;
  plan.before_ready = random_.Below(7) == 0;
  const auto most = static_cast<std::uint64_t>(options_.load_max.count());
  plan.life = milliseconds{random_.Below(most + 1)};
  if (random_.Below(options_.long_life_every) == 0) plan.life = kLongLife;
  if (random_.Below(30) == 0) {
    plan.end = End::kOrderly;
  } else if (options_.cut_power && random_.Below(6) != 0) {
    plan.end = End::kPower;
  }
  const std::uint64_t fate = random_.Below(10);
  if (fate == 0) plan.fate = LogFate::kFlushAll;
  if (fate == 1) plan.fate = LogFate::kFlushLog;
  return plan;
}

std::unique_ptr<Connection> CrashCycles::StartAndConnect() {
  auto address = broker_.WaitReady(kStartTimeout);
  if (!address) {
    Finding(fmt::format("the broker did not start: {}", broker_.said()));
    return nullptr;
  }
  auto connection = Connection::Open(*address, kAgentId, {kSpanTopic}, random_);
  if (!connection.ok()) {
    Finding(connection.error().message);
    return nullptr;
  }
  if (!(*connection)->WaitFor([&] { return (*connection)->live(); }, kHelloTimeout)) {
    Finding("no answer to the hello: " + (*connection)->refused().value_or("silence"));
    return nullptr;
  }
  return *std::move(connection);
}

Status CrashCycles::SetUp() {
  RETURN_IF_ERROR(broker_.Start());
  auto address = broker_.WaitReady(kStartTimeout);
  if (!address)
    return Fail(ErrorCode::kUnavailable, "the broker did not start: {}", broker_.said());
  ASSIGN_OR_RETURN(auto connection, Connection::Open(*address, "set-up", {}, random_));
  Load load(*connection, books_, random_, {});
  connection->WaitFor([&] { return connection->live(); }, kHelloTimeout);
  const bool asked =
      load.CreateTopic(kPlainTopic, kPlainPartitions) && load.CreateTopic(kSpanTopic, 1) &&
      connection->WaitFor([&] { return connection->under_way() == 0; }, kHelloTimeout);
  StopInOrder(nullptr);
  if (!asked || !books_.findings.clean() || books_.topics.Existing().size() != 2) {
    return Fail(ErrorCode::kUnavailable, "the topics were not made: {}", broker_.said());
  }
  return Ok();
}

void CrashCycles::LiveUnderLoad(Load& load, milliseconds life) {
  const auto end = Clock::now() + life;
  while (Clock::now() < end && broker_.running()) load.Turn(milliseconds{1});
  if (!broker_.running()) Finding(fmt::format("the broker ended by itself: {}", broker_.said()));
}

void CrashCycles::StopInOrder(Connection* connection) {
  ++counts_.orderly_stops;
  const auto ending = broker_.Stop(kStopTimeout);
  if (connection != nullptr) connection->Drain();
  if (!ending) {
    Finding(fmt::format("SIGTERM did not end the broker: {}", broker_.said()));
    broker_.Kill();
  } else if (ending->exit_code != 0 || ending->signal != 0) {
    Finding(fmt::format("SIGTERM ended the broker with {} (signal {}): {}", ending->exit_code,
                        ending->signal, broker_.said()));
  }
}

// Every answer that the broker has given comes to be known, and it gives no more.
void CrashCycles::StopTheMachine(Connection* connection) {
  broker_.Freeze();
  if (connection != nullptr) connection->Drain();
}

Status CrashCycles::EndLife(const Plan& plan, Connection* connection) {
  if (plan.end == End::kOrderly && connection != nullptr) StopInOrder(connection);
  const bool cut = options_.cut_power && plan.end != End::kKill;
  if (cut) {
    const bool frozen = random_.Below(2) == 0;
    if (frozen) StopTheMachine(connection);
    broker_.Remark(fmt::format("power loss, the log's fate {}{}", static_cast<int>(plan.fate),
                               frozen ? ", stopped before" : ""));
    RETURN_IF_ERROR(disk_->CutPower(plan.fate));
    ++counts_.power_cuts;
    books_.power_is_off = true;
    if (broker_.running()) Pause(random_.Below(kAfterPowerMs));
  } else if (broker_.running()) {
    ++counts_.kills;
  }
  broker_.Kill();
  if (!cut) broker_.Remark("killed");
  if (connection != nullptr) connection->Drain();
  books_.power_is_off = false;
  if (!cut) return Ok();
  RETURN_IF_ERROR(disk_->Unmount());
  return disk_->Mount();
}

Status CrashCycles::RunCycle(std::uint64_t cycle) {
  const Plan plan = DrawPlan();
  broker_.Remark(fmt::format("life {}, from record {}", cycle, books_.next_number));
  RETURN_IF_ERROR(broker_.Start());
  std::unique_ptr<Connection> connection;
  std::optional<Load> load;  // takes answers until the connection is drained
  if (plan.before_ready) {
    ++counts_.before_ready;
    Pause(random_.Below(kBeforeReadyMs));
  } else {
    connection = StartAndConnect();
    if (connection == nullptr) return Ok();
    const bool all = cycle % options_.read_all_every == 0;
    Status seen = Inspect(*connection, books_, all ? Depth::kAll : Depth::kEnds);
    if (!seen.ok()) Finding(seen.error().message);
    if (!books_.findings.clean()) return Ok();
    load.emplace(*connection, books_, random_, LoadOptions{});
    LiveUnderLoad(*load, plan.life);
  }
  return EndLife(plan, connection.get());
}

Status CrashCycles::Run(const std::function<void(std::uint64_t cycle)>& progress) {
  for (std::uint64_t cycle = 1; cycle <= options_.cycles && books_.findings.clean(); ++cycle) {
    RETURN_IF_ERROR(RunCycle(cycle));
    progress(cycle);
  }
  if (!books_.findings.clean()) return Ok();
  RETURN_IF_ERROR(broker_.Start());
  auto connection = StartAndConnect();
  if (connection == nullptr) return Ok();
  Status seen = Inspect(*connection, books_, Depth::kAll);
  if (!seen.ok()) Finding(seen.error().message);
  StopInOrder(connection.get());
  return Ok();
}

}  // namespace logboom::torture
