// What must hold, whatever happens. Each has a name, which a failure says, and the first one that
// was broken ends the run.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace logboom::sim {

enum class Invariant {
  kAckedIsInTheLog,         // I1: after any crash
  kEachByteOnceInOrder,     // I2: of every source, or inside of a gap
  kOffsetsNeverReassigned,  // I3: and they are contiguous
  kDurableEndNeverFalls,    // I4
  kServedIsDurable,         // I5
  kBytesAsWritten,          // I6
  kPositionsFoldTheLog,     // I7: after a restart
  kOneOwner,                // I8: of a directory, of an agent id
  kAllArrives,              // I9: once the faults stop, in bounded time
  kLossIsAGap,              // I10: and a gap is a loss
  kOneReader,               // of a partition in a group, of those that the broker hears
  kCommitsStay,             // an acknowledged committed offset is there for good
  kProducedOnce,            // I11: each record of a producer, in the order of its sending
  kProgramsWork,            // nothing fails that no fault explains
};

std::string_view InvariantName(Invariant invariant);

// One owner, one thread. Keeps the first complaint: what follows it is mostly its consequence.
class Verdict {
 public:
  template <typename... Args>
  void Broken(Invariant invariant, fmt::format_string<Args...> format, Args&&... args) {
    if (first_) return;
    first_ = fmt::format("{}: {}", InvariantName(invariant),
                         fmt::format(format, std::forward<Args>(args)...));
    invariant_ = invariant;
  }
  bool ok() const { return !first_.has_value(); }
  // Of the first; only where it is not ok().
  const std::string& text() const { return *first_; }
  Invariant invariant() const { return invariant_; }

 private:
  std::optional<std::string> first_;
  Invariant invariant_ = Invariant::kProgramsWork;
};

}  // namespace logboom::sim
