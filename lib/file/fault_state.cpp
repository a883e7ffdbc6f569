#include "lib/file/fault_state.h"

#include <utility>

#include "lib/base/check.h"

namespace logboom::file {

std::string_view CallKindName(CallKind kind) {
  switch (kind) {
    case CallKind::kOpen: return "open";
    case CallKind::kRead: return "read";
    case CallKind::kWrite: return "write";
    case CallKind::kSync: return "sync";
    case CallKind::kTruncate: return "truncate";
    case CallKind::kPreallocate: return "preallocate";
    case CallKind::kDropCache: return "drop cached pages of";
    case CallKind::kStat: return "stat";
    case CallKind::kRename: return "rename";
    case CallKind::kLink: return "link";
    case CallKind::kRemove: return "remove";
    case CallKind::kRemoveDirectory: return "remove directory";
    case CallKind::kCreateDirectories: return "create directory";
    case CallKind::kSyncDirectory: return "sync directory";
    case CallKind::kSyncFileSystem: return "sync the file system of";
    case CallKind::kList: return "list";
    case CallKind::kLock: return "lock";
    case CallKind::kSpace: return "free space of";
  }
  return "unknown";
}

bool FaultState::Matches(const FaultPlan& plan, CallKind kind, const std::string& path) {
  return (!plan.kind || *plan.kind == kind) && path.find(plan.path_part) != std::string::npos &&
         (!plan.matches || plan.matches(kind, path));
}

// Every plan that matches counts the call, also where an earlier one has failed it.
std::optional<FaultPlan> FaultState::TakeDue(CallKind kind, const std::string& path) {
  std::optional<FaultPlan> due;
  for (auto plan = plans_.begin(); plan != plans_.end();) {
    if (!Matches(*plan, kind, path)) {
      ++plan;
    } else if (plan->after_calls > 0) {
      --plan->after_calls;
      ++plan;
    } else if (due) {
      ++plan;  // its turn comes with the next call
    } else {
      due = *plan;
      plan = plan->span == FaultSpan::kOnce ? plans_.erase(plan) : plan + 1;
    }
  }
  return due;
}

bool FaultState::DrawFault(CallKind kind) {
  if (!random_faults_) return false;
  if (random_faults_->kind && *random_faults_->kind != kind) return false;
  return random_.Below(random_faults_->one_in) == 0;
}

std::optional<Fault> FaultState::Next(CallKind kind, const std::string& path) {
  const std::scoped_lock lock(mutex_);
  ++calls_;
  ++calls_by_kind_[static_cast<std::size_t>(kind)];
  std::optional<FaultPlan> plan = TakeDue(kind, path);
  if (!plan && DrawFault(kind)) plan = FaultPlan{.code = random_faults_->code};
  if (!plan) return std::nullopt;
  log_.push_back({calls_, kind, path, plan->code});
  return Fault{
      Fail(plan->code, "injected fault: {} {} (call {})", CallKindName(kind), path, calls_),
      plan->effect, plan->short_write_bytes};
}

void FaultState::Add(FaultPlan plan) {
  const std::scoped_lock lock(mutex_);
  plans_.push_back(std::move(plan));
}

void FaultState::FailAtRandom(const RandomFaults& faults) {
  CHECK(faults.one_in > 0);
  const std::scoped_lock lock(mutex_);
  random_faults_ = faults;
  random_ = SeededRandom(faults.seed);
}

void FaultState::Heal() {
  const std::scoped_lock lock(mutex_);
  plans_.clear();
  random_faults_.reset();
}

std::uint64_t FaultState::calls() const {
  const std::scoped_lock lock(mutex_);
  return calls_;
}

std::uint64_t FaultState::calls(CallKind kind) const {
  const std::scoped_lock lock(mutex_);
  return calls_by_kind_[static_cast<std::size_t>(kind)];
}

std::vector<InjectedFault> FaultState::faults() const {
  const std::scoped_lock lock(mutex_);
  return log_;
}

}  // namespace logboom::file
