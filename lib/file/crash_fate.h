// What becomes of a row of unsynced changes in a crash.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/base/random.h"

namespace logboom::file {

enum class CrashFate { kKept, kDropped, kDamaged };

// Gives the fate of each of `count` changes in turn. Drawing each alone would hardly ever keep,
// drop or cut off cleanly a long row, though that is what devices mostly do: so a quarter of all
// rows is kept whole, a quarter dropped whole, a quarter ends at one damaged change, and a quarter
// is drawn one by one.
class CrashFates {
 public:
  CrashFates(std::size_t count, Random& random)
      : random_(random),
        mood_(static_cast<Mood>(random.Below(4))),
        cut_(count == 0 ? 0 : random.Below(count)) {}

  CrashFate Next() {
    const std::uint64_t index = next_++;
    switch (mood_) {
      case Mood::kKeepAll: return CrashFate::kKept;
      case Mood::kDropAll: return CrashFate::kDropped;
      case Mood::kCut:
        if (index == cut_) return CrashFate::kDamaged;
        return index < cut_ ? CrashFate::kKept : CrashFate::kDropped;
      case Mood::kEachAlone: return static_cast<CrashFate>(random_.Below(3));
    }
    return CrashFate::kDropped;
  }

 private:
  enum class Mood { kKeepAll, kDropAll, kCut, kEachAlone };
  Random& random_;
  Mood mood_;
  std::uint64_t cut_;
  std::uint64_t next_ = 0;
};

}  // namespace logboom::file
