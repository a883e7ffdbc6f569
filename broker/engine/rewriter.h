// Puts the small batches of finished segments together, one segment at a time, beside the loop:
// three hundred slow agents must not take twice the disk of one fast one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/storage/background.h"
#include "broker/storage/partition_log.h"
#include "broker/storage/segment_copy.h"
#include "broker/storage/small_batches.h"
#include "broker/storage/topic_partition.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"

namespace logboom::broker {

struct RewriteOptions {
  // Of the segments that are read; 0: nothing is rewritten.
  std::int64_t bytes_per_second = std::int64_t{32} << 20U;
  std::int64_t step_bytes = std::int64_t{8} << 20U;  // of one piece of work
  std::int64_t round_interval_ms = 10'000;           // from one look at all partitions to the next
  RewriteLimits limits;
};

struct RewriteCounters {
  std::uint64_t segments = 0;
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_after = 0;
  std::uint64_t failures = 0;  // the segment stayed as it was
};

// A partition as the engine knows it now.
struct UpkeepPartition {
  PartitionLog* log = nullptr;
  std::string directory;
};

// What the engine lends. All are called from the loop thread.
struct UpkeepParts {
  file::FileSystem& fs;
  BackgroundWorker& worker;
  std::function<std::vector<TopicPartition>()> partitions;
  std::function<std::optional<UpkeepPartition>(const TopicPartition&)> find;
  std::function<bool(std::int64_t bytes)> has_room;      // beside what must stay free
  std::function<void(const PartitionLog&)> note_broken;  // told of logs that may have become so
};

// Owned by the engine, on the loop thread; `worker` drops its continuations before this goes. One
// segment is under way at a time, in pieces of work that leave room for others. What a crash
// interrupts is dropped at the next start. A segment is looked at once a run, and rewritten once.
class Rewriter {
 public:
  Rewriter(UpkeepParts parts, RewriteOptions options);

  // Hands out the next piece of work where one is due.
  void Tick(Instant now);
  // A segment is under way.
  bool busy() const { return job_ != nullptr; }
  const RewriteCounters& counters() const { return counters_; }

 private:
  struct Job;
  void StartRound(Instant now);
  void FindJob(Instant now);
  void Submit(const std::shared_ptr<Job>& job);
  void StepDone(const std::shared_ptr<Job>& job);
  void End(const std::shared_ptr<Job>& job);
  void Install(PartitionLog& log, const CopiedSegment& copied);

  UpkeepParts parts_;
  RewriteOptions options_;
  RewriteCounters counters_;
  std::vector<TopicPartition> round_;  // left to look at
  MonotonicMs next_round_;
  MonotonicMs next_step_;
  std::shared_ptr<Job> job_;
  bool under_way_ = false;  // a piece of work is with the worker
};

}  // namespace logboom::broker
