// How old records are, by a wall clock that people and machines set: what retention by age goes by.
//
// Age is time that the broker has seen pass. Where the wall clock goes forward by itself (it was
// set, the machine slept, the broker did not run), what it skipped counts for no record that was
// there before: nobody could have read it in that time, and a clock that is wrong by a year deletes
// nothing. docs/decisions/0010-age-is-time-that-passed.md
//
// A value; one thread at a time. It reads no clock: Observe() is told.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"

namespace logboom::broker {

// The wall clock stood at `at`, and `by_ms` later the next moment.
struct ClockJump {
  TimestampMs at;
  std::int64_t by_ms = 0;
  friend bool operator==(const ClockJump&, const ClockJump&) = default;
};

// What outlives the process.
struct AgeClockState {
  TimestampMs seen{-1};          // the wall clock when this was stored; -1: nothing was
  std::vector<ClockJump> jumps;  // oldest first
  friend bool operator==(const AgeClockState&, const AgeClockState&) = default;
};

class AgeClock {
 public:
  // Smaller steps count as time that passed: clocks are slewed, and restarts take a moment.
  static constexpr std::int64_t kStepMax = 60'000;
  static constexpr std::int64_t kStopMax = 10 * 60'000;
  // Of more the oldest two become one, so that nothing gets older by it.
  static constexpr std::size_t kJumpsMax = 128;

  // A clock that has never jumped.
  explicit AgeClock(Instant now) : base_(now), now_(now) {}
  // `newest_append`: of all records; the broker ran at least until then. -1: there are none.
  AgeClock(AgeClockState stored, TimestampMs newest_append, Instant now);

  void Observe(Instant now);
  TimestampMs now() const { return now_.wall; }
  // Of a record that was appended then. Negative where that is in the future.
  std::int64_t AgeMs(TimestampMs appended) const;
  const std::vector<ClockJump>& jumps() const { return jumps_; }
  std::int64_t skipped_ms() const;
  // To be stored now and then, and at once where jumped() has become true.
  AgeClockState TakeState();
  bool jumped() const { return jumped_; }

 private:
  void Forward(TimestampMs at, std::int64_t by_ms);
  void Back(std::int64_t by_ms);

  Instant base_;  // what the clocks are compared with
  Instant now_;
  std::vector<ClockJump> jumps_;
  bool jumped_ = false;  // since the last TakeState()
};

// The file `clock` in the data directory: two slots, so that it can be written on a full disk.
Result<AgeClockState> ReadAgeClock(file::FileSystem& fs, const std::string& data_directory);
Status WriteAgeClock(file::FileSystem& fs, const std::string& data_directory,
                     const AgeClockState& state);

}  // namespace logboom::broker
