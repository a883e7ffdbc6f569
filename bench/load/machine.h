// What the machine itself can do: the limits that a broker's figures stand beside.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/result.h"

namespace logboom::load {

// Bytes a second: appends of `chunk_bytes` to one file in `folder`, a sync behind each.
Result<double> SyncedWrites(const std::string& folder, std::size_t bytes, std::size_t chunk_bytes);

// Microseconds, sorted: 4 KiB appended and synced each 10 ms, for so long. Beside a load on the
// same disk: what of its latency is the machine's.
Result<std::vector<std::int64_t>> SyncPulse(const std::string& folder,
                                            std::chrono::milliseconds duration);

// Bytes a second: messages of `message_bytes` from one thread to another, over this project's
// ZeroMQ transport and TCP on the loopback interface, a window of them under way.
Result<double> ZmqLoopback(std::size_t bytes, std::size_t message_bytes);

}  // namespace logboom::load
