// The plans, counts and log of a FaultyFileSystem, shared with its files.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/file/faulty_file_system.h"

namespace logboom::file {

struct Fault {
  Error error;
  FaultEffect effect = FaultEffect::kNone;
  std::size_t short_write_bytes = 0;
};

// Safe to call from several threads.
class FaultState {
 public:
  // Counts the call, and says how it is to fail, if it is.
  std::optional<Fault> Next(CallKind kind, const std::string& path);

  void Add(FaultPlan plan);
  void FailAtRandom(const RandomFaults& faults);
  void Heal();
  std::uint64_t calls() const;
  std::uint64_t calls(CallKind kind) const;
  std::vector<InjectedFault> faults() const;

 private:
  static bool Matches(const FaultPlan& plan, CallKind kind, const std::string& path);
  std::optional<FaultPlan> TakeDue(CallKind kind, const std::string& path);
  bool DrawFault(CallKind kind);

  mutable std::mutex mutex_;
  std::vector<FaultPlan> plans_;
  std::optional<RandomFaults> random_faults_;
  SeededRandom random_{0};
  std::uint64_t calls_ = 0;
  std::array<std::uint64_t, kCallKinds> calls_by_kind_{};
  std::vector<InjectedFault> log_;
};

// Runs `call` unless it is to fail.
template <typename Call>
auto WithFaults(FaultState& state, CallKind kind, const std::string& path, Call call)
    -> decltype(call()) {
  const std::optional<Fault> fault = state.Next(kind, path);
  if (!fault) return call();
  if (fault->effect == FaultEffect::kDone) [[maybe_unused]]
    const auto done = call();
  return fault->error;
}

}  // namespace logboom::file
