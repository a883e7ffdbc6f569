// Group commit: while one sync runs, the next group gathers. The loop thread submits the work of
// every dirty partition as one group, one group at a time; the committer syncs it and says when.
//
// A failed sync is final: the group fails, and the committer takes no more work. The kernel has
// marked the pages clean by then, so that a second sync would lie.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/storage/partition_log.h"
#include "lib/base/result.h"
#include "lib/file/file_system.h"

namespace logboom::broker {

struct CommitGroup {
  std::uint64_t id = 0;
  std::vector<SyncWork> work;
};

struct CommitDone {
  std::uint64_t id = 0;
  Status status;
  std::int64_t duration_us = 0;
};

enum class SyncMethod { kFdatasync, kSyncfs };

// Submit and TakeDone are called from the loop thread.
class Committer {
 public:
  virtual ~Committer() = default;
  virtual void Submit(CommitGroup group) = 0;
  virtual std::optional<CommitDone> TakeDone() = 0;
};

// Syncs on a thread of its own (and helpers: up to four fdatasyncs side by side); calls `wake_up`
// from that thread when a group is done. Destruction waits for the group under way.
std::unique_ptr<Committer> MakeThreadCommitter(file::FileSystem& fs, std::string data_directory,
                                               SyncMethod method, std::function<void()> wake_up);

// Syncs within Submit: for tests and the simulator. durations are 0.
std::unique_ptr<Committer> MakeInlineCommitter(file::FileSystem& fs, std::string data_directory,
                                               SyncMethod method);

}  // namespace logboom::broker
