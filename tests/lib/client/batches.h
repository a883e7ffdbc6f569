// Batches as a broker returns them.
#pragma once

#include <string>

#include "lib/record/batch_builder.h"
#include "lib/record/batch_header.h"

namespace logboom::client {

// A batch of records whose values are their offsets.
inline std::string Batch(std::int64_t base, int count, LeaderEpoch leader_epoch = LeaderEpoch(0)) {
  record::BatchBuilder builder({});
  for (int i = 0; i < count; ++i) {
    const std::string value = fmt::format("{}", base + i);
    builder.Add({.timestamp = TimestampMs(1'000 + base + i),
                 .key = std::nullopt,
                 .value = value,
                 .headers = {}});
  }
  std::string batch(*builder.Finish());
  record::SetBaseOffset(batch.data(), Offset(base));
  record::SetLeaderEpoch(batch.data(), leader_epoch);
  return batch;
}

}  // namespace logboom::client
