// One reader of all partitions of a topic, from their starts to their ends, that looks at nothing.
#pragma once

#include <cstdint>
#include <string>

#include "lib/base/result.h"
#include "lib/base/uuid.h"

namespace logboom::load {

struct FetchReport {
  double seconds = 0;
  std::size_t bytes = 0;
};

// `fetch_bytes_max` an answer; one fetch of each partition is under way.
Result<FetchReport> FetchAll(const std::string& address, const Uuid& topic_id,
                             std::int32_t partitions, std::uint32_t fetch_bytes_max);

}  // namespace logboom::load
