#include "broker/groups/lag.h"

#include <algorithm>

namespace logboom::broker {

Offset NextUnread(Offset committed, const LogBounds& log) { return std::max(committed, log.start); }

std::int64_t LagRecords(Offset committed, const LogBounds& log) {
  return std::max<std::int64_t>(0, log.end - NextUnread(committed, log));
}

std::int64_t SkippedRecords(Offset committed, const LogBounds& log) {
  return std::max<std::int64_t>(0, log.start - committed);
}

std::optional<std::int64_t> LagMs(Offset committed, const LogBounds& log,
                                  std::optional<TimestampMs> arrived, TimestampMs now) {
  if (LagRecords(committed, log) == 0) return 0;
  if (!arrived) return std::nullopt;
  return std::max<std::int64_t>(0, now - *arrived);
}

void CommitHistory::Add(Offset offset, const std::optional<LogBounds>& log, TimestampMs time) {
  std::optional<std::int64_t> lag;
  if (log) lag = LagRecords(offset, *log);
  if (!samples_.empty() && offset < samples_.back().offset && !rewound_from_) {
    rewound_from_ = samples_.back().offset;
  }
  if (rewound_from_ && offset >= *rewound_from_) rewound_from_.reset();
  // The clock was set back: nothing of before can be put in order with what comes now.
  if (!samples_.empty() && samples_.back().time - time > kLagSampleMs) samples_.clear();
  newest_ = time;
  if (!samples_.empty() && time - samples_.back().time < kLagSampleMs) {
    Sample& shared = samples_.back();
    shared.offset = offset;
    shared.lag = shared.lag && lag ? std::min(shared.lag, lag) : std::nullopt;
    return;
  }
  samples_.push_back({offset, lag, time});
  if (samples_.size() > kLagSamplesMax) samples_.pop_front();
}

LagStatus CommitHistory::StatusAt(TimestampMs now, std::int64_t lag_records,
                                  std::optional<std::int64_t> lag_ms) const {
  constexpr std::size_t kSamplesMin = 3;
  if (samples_.empty()) return LagStatus::kUnknown;
  if (lag_records == 0 || (lag_ms && *lag_ms <= kLagAllowedMs)) return LagStatus::kOk;
  const std::int64_t span = samples_.back().time - samples_.front().time;
  if (now - newest_ > std::max(span, kLagWindowMs)) return LagStatus::kStop;
  if (rewound_from_) return LagStatus::kRewind;
  if (samples_.size() < kSamplesMin || now - samples_.front().time < kLagWindowMs) {
    return LagStatus::kOk;  // not enough is known yet
  }
  if (CaughtUpOnce()) return LagStatus::kOk;
  if (OffsetsEqual()) return LagStatus::kStall;
  return LagNeverFell() ? LagStatus::kWarn : LagStatus::kOk;
}

// What is not known spares the group.
bool CommitHistory::CaughtUpOnce() const {
  return std::any_of(samples_.begin(), samples_.end(),
                     [](const Sample& one) { return !one.lag || *one.lag == 0; });
}

bool CommitHistory::OffsetsEqual() const {
  return std::all_of(samples_.begin(), samples_.end(),
                     [this](const Sample& one) { return one.offset == samples_.front().offset; });
}

bool CommitHistory::LagNeverFell() const {
  return std::is_sorted(samples_.begin(), samples_.end(),
                        [](const Sample& a, const Sample& b) { return *a.lag < *b.lag; });
}

}  // namespace logboom::broker
