// Whether files may be read now: as fast as was allowed, with no more of the machine's CPU than was
// allowed, and not while the process is larger than it should be. What is not read waits in its
// file, so nothing is lost by waiting, whatever it takes.
#pragma once

#include <chrono>
#include <cstdint>
#include <unordered_map>

#include "agent/options.h"
#include "agent/token_bucket.h"
#include "lib/base/types.h"

namespace logboom::agent {

// Of one agent; its topics share it. One thread.
class ReadingPace {
 public:
  // `options` must outlive it, and their inputs stay where they are.
  explicit ReadingPace(const AgentOptions& options);

  // CPU time of the process since it began.
  void NoteCpu(std::chrono::microseconds used, MonotonicMs now);
  // Whether the process is larger than it should be: then one batch at a time is under way.
  void SetCrowded(bool crowded) { crowded_ = crowded; }
  bool crowded() const { return crowded_; }
  void SetUnderWay(bool any) { any_under_way_ = any; }

  // Of files of any input; `input` may be null.
  bool MayRead(MonotonicMs now);
  bool MayRead(const InputOptions* input, MonotonicMs now);
  void HasRead(const InputOptions* input, std::int64_t bytes, MonotonicMs now);
  std::int64_t bytes_read() const { return bytes_read_; }
  // When MayRead may have become true; long ago where it is.
  MonotonicMs ResumesAt(const InputOptions* input, MonotonicMs now) const;

 private:
  TokenBucket bytes_;
  TokenBucket cpu_us_;
  std::chrono::microseconds cpu_used_{-1};                       // as last noted
  std::unordered_map<const InputOptions*, TokenBucket> inputs_;  // those with a rate of their own
  std::int64_t bytes_read_ = 0;
  bool crowded_ = false;
  bool any_under_way_ = false;
};

}  // namespace logboom::agent
