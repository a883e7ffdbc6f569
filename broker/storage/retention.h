// Which segments retention lets go: a pure decision.
#pragma once

#include <cstddef>
#include <cstdint>

namespace logboom::broker {

struct RetentionLimits {
  std::int64_t retention_ms = -1;     // -1: no bound
  std::int64_t retention_bytes = -1;  // -1: no bound
};

// The oldest sealed segment that is left, and the log around it.
struct RetentionCandidate {
  std::int64_t age_ms = 0;  // of its newest record
  std::int64_t size_bytes = 0;
  std::int64_t log_bytes = 0;  // of the whole log, this segment included
};

enum class RetentionVerdict { kKeep, kTooOld, kTooMany };

// As Kafka: by age where its newest record is older than the limit; by size where the log would
// still hold the limit without it.
RetentionVerdict Judge(const RetentionCandidate& candidate, const RetentionLimits& limits);

}  // namespace logboom::broker
