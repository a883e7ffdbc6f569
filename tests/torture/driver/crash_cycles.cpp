#include "tests/torture/driver/crash_cycles.h"

#include <fmt/format.h>
#include <poll.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "tests/torture/driver/inspection.h"
#include "tests/torture/driver/life.h"
#include "tests/torture/driver/load.h"

namespace logboom::torture {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kLongLife{5'500};
// How long a start is let alone that is ended before it is done.
constexpr std::uint64_t kBeforeReadyMs = 40;
// How long a broker lives on a disk that is gone.
constexpr std::uint64_t kAfterPowerMs = 4;

// Whether a segment was being replaced when the life before ended.
bool HasHalfSwap(const std::string& directory) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, ignored)) {
    const auto state = entry.path().extension();
    if (state == ".cleaned" || state == ".swap") return true;
  }
  return false;
}

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

void CrashCycles::LiveUnderLoad(Load& load, milliseconds life) {
  const auto end = Clock::now() + life;
  while (Clock::now() < end && broker_.running()) load.Turn(milliseconds{1});
  if (!broker_.running()) Finding(fmt::format("the broker ended by itself: {}", broker_.said()));
}

// Every answer that the broker has given comes to be known, and it gives no more.
void CrashCycles::StopTheMachine(Connection* connection) {
  broker_.Freeze();
  if (connection != nullptr) connection->Drain();
}

Status CrashCycles::EndLife(const Plan& plan, Connection* connection) {
  if (plan.end == End::kOrderly && connection != nullptr) {
    ++counts_.orderly_stops;
    StopInOrder(broker_, connection, books_);
  }
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
  if (HasHalfSwap(broker_.data_directory())) ++counts_.half_swaps;
  RETURN_IF_ERROR(broker_.Start());
  std::unique_ptr<Connection> connection;
  std::optional<Load> load;  // takes answers until the connection is drained
  if (plan.before_ready) {
    ++counts_.before_ready;
    Pause(random_.Below(kBeforeReadyMs));
  } else {
    connection = ConnectTo(broker_, books_, random_);
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
  auto connection = ConnectTo(broker_, books_, random_);
  if (connection == nullptr) return Ok();
  Status seen = Inspect(*connection, books_, Depth::kAll);
  if (!seen.ok()) Finding(seen.error().message);
  StopInOrder(broker_, connection.get(), books_);
  return Ok();
}

}  // namespace logboom::torture
