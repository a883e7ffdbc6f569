#include "broker/storage/retention.h"

namespace logboom::broker {

RetentionVerdict Judge(const RetentionCandidate& candidate, const RetentionLimits& limits) {
  if (limits.retention_ms >= 0 && candidate.age_ms > limits.retention_ms) {
    return RetentionVerdict::kTooOld;
  }
  if (limits.retention_bytes >= 0 &&
      candidate.log_bytes - candidate.size_bytes >= limits.retention_bytes) {
    return RetentionVerdict::kTooMany;
  }
  return RetentionVerdict::kKeep;
}

}  // namespace logboom::broker
