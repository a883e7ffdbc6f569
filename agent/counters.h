// What one agent has done since it started. Plain numbers, one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>

#include "agent/streams/losses.h"

namespace logboom::agent {

// What lines did not say, or said at too great length: they are sent as they are.
struct NotUnderstood {
  std::uint64_t lines_not_parsed = 0;
  std::uint64_t times_not_found = 0;
  std::uint64_t fields_left_out = 0;  // too large for a header

  NotUnderstood& operator+=(const NotUnderstood& other) {
    lines_not_parsed += other.lines_not_parsed;
    times_not_found += other.times_not_found;
    fields_left_out += other.fields_left_out;
    return *this;
  }
};

// Why a line is not sent as it is.
enum class DropReason : std::uint8_t {
  kNone,
  kDropPattern,
  kNotKept,
  kSampled,
  kRateLimit,
  kRepeated,
  kOwnUnit
};
inline constexpr std::size_t kDropReasons = 7;

struct Counters {
  std::uint64_t bytes_read = 0;     // of files, handed to the link; again after a lost session
  std::uint64_t bytes_acked = 0;    // of files, each once
  std::uint64_t records_acked = 0;  // each once
  std::uint64_t batches_sent = 0;
  std::uint64_t batch_bytes_sent = 0;  // compressed
  std::uint64_t conflicts = 0;
  std::uint64_t refusals = 0;
  std::uint64_t lines_split = 0;  // parts sent with lb.more
  NotUnderstood not_understood;
  // By DropReason; again of what is read again after a lost session.
  std::array<std::uint64_t, kDropReasons> lines_dropped = {};
  std::uint64_t redacted = 0;  // places in lines
  Losses losses = {};          // by Loss
  std::uint64_t truncations = 0;
  std::uint64_t gaps = 0;
  std::uint64_t gap_bytes = 0;
  std::uint64_t sources_opened = 0;
  std::uint64_t sources_closed = 0;

  std::uint64_t all_lines_dropped() const {
    return std::accumulate(lines_dropped.begin(), lines_dropped.end(), std::uint64_t{0});
  }

  Counters& operator+=(const Counters& other) {
    bytes_read += other.bytes_read;
    bytes_acked += other.bytes_acked;
    records_acked += other.records_acked;
    batches_sent += other.batches_sent;
    batch_bytes_sent += other.batch_bytes_sent;
    conflicts += other.conflicts;
    refusals += other.refusals;
    lines_split += other.lines_split;
    not_understood += other.not_understood;
    for (std::size_t i = 0; i < kDropReasons; ++i) lines_dropped[i] += other.lines_dropped[i];
    redacted += other.redacted;
    for (std::size_t i = 0; i < kLosses; ++i) losses[i] += other.losses[i];
    truncations += other.truncations;
    gaps += other.gaps;
    gap_bytes += other.gap_bytes;
    sources_opened += other.sources_opened;
    sources_closed += other.sources_closed;
    return *this;
  }
};

}  // namespace logboom::agent
