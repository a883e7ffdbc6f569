// Compacts the partitions of compacted topics, one at a time, beside the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/engine/rewriter.h"
#include "broker/storage/background.h"
#include "broker/storage/compaction.h"
#include "broker/storage/partition_log.h"
#include "broker/storage/topic_partition.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"

namespace logboom::broker {

struct CleanerOptions {
  // Of the segments that are read; 0: nothing is compacted.
  std::int64_t bytes_per_second = std::int64_t{32} << 20U;
  std::int64_t step_bytes = std::int64_t{8} << 20U;
  std::int64_t round_interval_ms = 15'000;  // from one look at all compacted topics to the next
  // A partition whose pass has failed is let alone for so long: what is damaged is read in vain.
  std::int64_t rest_ms = 600'000;
  CompactionLimits limits;
};

struct CleanerCounters {
  std::uint64_t passes = 0;
  std::uint64_t segments = 0;  // made
  std::uint64_t records_dropped = 0;
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_after = 0;
  std::uint64_t failures = 0;
};

// A partition that a pass has failed on, until it is tried again.
struct CompactionRest {
  std::string reason;
  TimestampMs since;
  MonotonicMs until;
};

// What the engine lends, on the loop thread: as a Rewriter's; `partitions` gives those of compacted
// topics.
struct CleanerParts {
  UpkeepParts upkeep;
  std::function<const AgeClock&()> clock;
  std::function<std::uint64_t()> seed;  // of a pass: nobody else knows it
  // Whether a pass may begin: a backup under way holds what a pass that began later would drop.
  std::function<bool()> may_begin;
  std::function<void(const TopicPartition&)> commit;  // what waits to be synced
};

// Owned by the engine, on the loop thread; the worker drops its continuations before this goes.
// What a crash interrupts is begun anew: a group of segments is replaced whole or not at all, and
// the checkpoint moves when all are.
class Cleaner {
 public:
  Cleaner(CleanerParts parts, CleanerOptions options);

  void Tick(Instant now);
  bool busy() const { return job_ != nullptr; }
  const CleanerCounters& counters() const { return counters_; }
  const std::map<TopicPartition, CompactionRest>& resting() const { return resting_; }

 private:
  struct Job;
  void StartRound(Instant now);
  void FindJob(Instant now);
  Status TryStart(const TopicPartition& where, PartitionLog& log, Instant now);
  void Submit();
  void StepDone();
  void Install(PartitionLog& log);
  void End(PartitionLog& log);
  void Fail(const TopicPartition& where, PartitionLog& log, const Error& error);

  CleanerParts parts_;
  CleanerOptions options_;
  CleanerCounters counters_;
  std::vector<TopicPartition> round_;  // left to look at
  std::map<TopicPartition, CompactionRest> resting_;
  Instant now_;
  MonotonicMs next_round_;
  MonotonicMs next_step_;
  std::shared_ptr<Job> job_;
  bool under_way_ = false;  // a step is with the worker
};

}  // namespace logboom::broker
