// What one agent has done since it started. Plain numbers, one thread.
#pragma once

#include <cstdint>

namespace logboom::agent {

struct Counters {
  std::uint64_t bytes_read = 0;     // of files, handed to the link; again after a lost session
  std::uint64_t bytes_acked = 0;    // of files, each once
  std::uint64_t records_acked = 0;  // each once
  std::uint64_t batches_sent = 0;
  std::uint64_t batch_bytes_sent = 0;  // compressed
  std::uint64_t conflicts = 0;
  std::uint64_t refusals = 0;
  std::uint64_t lines_split = 0;  // parts sent with lb.more
  std::uint64_t truncations = 0;
  std::uint64_t gaps = 0;
  std::uint64_t gap_bytes = 0;
  std::uint64_t sources_opened = 0;
  std::uint64_t sources_closed = 0;
};

}  // namespace logboom::agent
