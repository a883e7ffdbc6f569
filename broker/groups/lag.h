// How far a group is behind: in records, in time, and whether it gets anywhere (the rules of
// LinkedIn's Burrow, on the end of the log as it is now). Values and functions alone: no I/O, no
// clock.
//
// Where these rules differ from Burrow's, it is because they misled people there:
//  - lag is measured at the end of now, not at the last commit: it grows although nobody commits;
//  - the window is a span of time, not a count of commits: a group that commits every second is
//    not judged by its last ten seconds;
//  - who is behind by less than kLagAllowedMs is not behind: a slow topic's reader does not count
//    as stopped because a record has just come after a long silence, nor one that always commits
//    a little late.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "broker/groups/group_log.h"
#include "lib/base/types.h"

namespace logboom::broker {

// The worst comes last: a group's status is that of its worst partition.
enum class LagStatus : std::uint8_t {
  kUnknown,  // nothing was committed
  kOk,
  kWarn,    // commits go on, and the lag has not fallen over the whole window
  kStall,   // commits go on, of the same offset, and there is lag
  kStop,    // no commits any more, and there is lag
  kRewind,  // a commit went back, and none has reached the old place since
};

inline constexpr std::size_t kLagSamplesMax = 10;
inline constexpr std::int64_t kLagWindowMs = 10LL * 60 * 1000;
// Commits that are closer together than this share a sample: so a full ring spans the window.
inline constexpr std::int64_t kLagSampleMs =
    (kLagWindowMs + kLagSamplesMax - 2) / (kLagSamplesMax - 1);
// How long the oldest unread record may wait before anything is wrong.
inline constexpr std::int64_t kLagAllowedMs = 60'000;

// The next record that is there to be read: retention may have deleted what was committed.
Offset NextUnread(Offset committed, const LogBounds& log);
// Never negative.
std::int64_t LagRecords(Offset committed, const LogBounds& log);
// Deleted by retention before they were read.
std::int64_t SkippedRecords(Offset committed, const LogBounds& log);
// Since the next unread record arrived: 0 at the end; nothing where it is not known when it did.
std::optional<std::int64_t> LagMs(Offset committed, const LogBounds& log,
                                  std::optional<TimestampMs> arrived, TimestampMs now);

// The last commits of one partition.
class CommitHistory {
 public:
  // `log` as it is at the commit; nothing for a commit that was found at the start.
  void Add(Offset offset, const std::optional<LogBounds>& log, TimestampMs time);
  // An administrator moved the offset: what was before says nothing of the group.
  void Clear() { *this = CommitHistory(); }

  // `lag_records` and `lag_ms` as of now.
  LagStatus StatusAt(TimestampMs now, std::int64_t lag_records,
                     std::optional<std::int64_t> lag_ms) const;

 private:
  struct Sample {
    Offset offset;                    // the newest
    std::optional<std::int64_t> lag;  // the smallest; nothing: unknown
    TimestampMs time;                 // of the first commit that shares it
  };
  bool CaughtUpOnce() const;
  bool OffsetsEqual() const;
  bool LagNeverFell() const;

  std::deque<Sample> samples_;
  TimestampMs newest_;
  std::optional<Offset> rewound_from_;
};

}  // namespace logboom::broker
