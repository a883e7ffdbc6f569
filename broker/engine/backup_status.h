// How far a backup is, or how it ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/result.h"
#include "lib/base/types.h"

namespace logboom::broker {

struct BackupStatus {
  enum class State {
    kNone,  // none since the start
    kRunning,
    kDone,
    kFailed,  // `error` says why; nothing is left of it but what `error` says
  };
  State state = State::kNone;
  std::string directory;
  TimestampMs started;
  TimestampMs ended;
  std::size_t partitions = 0;
  std::size_t partitions_done = 0;
  std::int64_t bytes = 0;         // of the logs, as of the start
  std::int64_t bytes_copied = 0;  // so far
  std::int64_t bytes_linked = 0;  // so far: files shared with the data directory
  std::optional<Error> error;
};

}  // namespace logboom::broker
