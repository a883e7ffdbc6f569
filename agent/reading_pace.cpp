#include "agent/reading_pace.h"

#include <algorithm>

#include "agent/limits.h"

namespace logboom::agent {
namespace {

TokenBucket BytesOf(std::int64_t per_second) { return {per_second, per_second}; }

// A percent of a core is 10 ms of each second; what was not used is saved up for a tenth of one.
TokenBucket CpuOf(int percent) {
  constexpr std::int64_t kMicrosecondsOfPercent = 10'000;
  constexpr std::int64_t kBurstShare = 10;
  const std::int64_t per_second = percent * kMicrosecondsOfPercent;
  return {per_second, per_second / kBurstShare};
}

}  // namespace

ReadingPace::ReadingPace(const AgentOptions& options)
    : bytes_(BytesOf(options.throttle)), cpu_us_(CpuOf(options.cpu_max_percent)) {
  for (const InputOptions& input : options.inputs) {
    if (input.throttle > 0) inputs_.emplace(&input, BytesOf(input.throttle));
  }
}

void ReadingPace::NoteCpu(std::chrono::microseconds used, MonotonicMs now) {
  // What the start took was not for reading.
  if (cpu_used_.count() >= 0) cpu_us_.Take((used - cpu_used_).count(), now);
  cpu_used_ = used;
}

bool ReadingPace::MayRead(MonotonicMs now) {
  if (crowded_ && any_under_way_) return false;
  return bytes_.Open(now) && cpu_us_.Open(now);
}

bool ReadingPace::MayRead(const InputOptions* input, MonotonicMs now) {
  if (!MayRead(now)) return false;
  const auto own = inputs_.find(input);
  return own == inputs_.end() || own->second.Open(now);
}

void ReadingPace::HasRead(const InputOptions* input, std::int64_t bytes, MonotonicMs now) {
  bytes_read_ += bytes;
  bytes_.Take(bytes, now);
  const auto own = inputs_.find(input);
  if (own != inputs_.end()) own->second.Take(bytes, now);
}

MonotonicMs ReadingPace::ResumesAt(const InputOptions* input, MonotonicMs now) const {
  MonotonicMs at = std::max(bytes_.opens_at(), cpu_us_.opens_at());
  const auto own = inputs_.find(input);
  if (own != inputs_.end()) at = std::max(at, own->second.opens_at());
  // An answer is what helps; the process's size is asked for again by then.
  if (crowded_ && any_under_way_) at = std::max(at, now + kMemoryLookInterval.count());
  return at;
}

}  // namespace logboom::agent
