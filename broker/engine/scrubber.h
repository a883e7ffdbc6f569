// The scrub of the whole data directory: sealed segments are read again in the background, slowly,
// so that bit rot is found while there still is another copy somewhere.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/storage/background.h"
#include "broker/storage/partition_log.h"
#include "broker/storage/scrub_segment.h"
#include "broker/storage/topic_partition.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"

namespace logboom::broker {

struct ScrubOptions {
  // Nothing: as fast as one pass in half of kScrubPassMs needs, at least kScrubBytesPerSecondMin.
  // 0: no scrub.
  std::optional<std::int64_t> bytes_per_second;
};

// A pass takes this at most, where the rate is not set.
inline constexpr std::int64_t kScrubPassMs = std::int64_t{7} * 24 * 60 * 60 * 1000;
// A pass begins this long after the one before began, or later.
inline constexpr std::int64_t kScrubPauseMs = std::int64_t{24} * 60 * 60 * 1000;
inline constexpr std::int64_t kScrubBytesPerSecondMin = std::int64_t{1} << 20U;
// What is read in one go, between two pauses.
inline constexpr std::int64_t kScrubPieceBytes = std::int64_t{8} << 20U;

struct ScrubStatus {
  std::uint64_t bytes_read = 0;  // since the start of the program
  std::uint64_t passes = 0;
  std::uint64_t findings = 0;
  std::optional<TimestampMs> last_pass;  // when it ended
};

// Owned by the engine; on its thread but for the reading. Where a pass is survives a stop roughly,
// in `scrub` of the data directory; losing that file costs a pass from the front.
class Scrubber {
 public:
  struct Log {
    PartitionLog* log = nullptr;
    std::string directory;
  };
  // `find` gives the log of a partition, or null; `list` all partitions.
  struct Logs {
    std::function<std::optional<Log>(const TopicPartition&)> find;
    std::function<std::vector<TopicPartition>()> list;
  };

  Scrubber(file::FileSystem& fs, std::string data_directory, ScrubOptions options, Logs logs,
           Instant now);

  // Submits the next piece where one is due.
  void Tick(Instant now, BackgroundWorker& worker);
  // Writes down where it is.
  void Save();

  const ScrubStatus& status() const { return status_; }
  // The newest, at most kScrubFindingsMax: beside ranges, which the logs keep.
  const std::vector<std::string>& findings() const { return findings_; }

 private:
  struct Place {
    TopicPartition where;
    Offset base_offset;
    ScrubPoint point;
  };
  void Load(Instant now);
  void BeginPass(Instant now);
  void EndPass(Instant now);
  std::optional<ScrubTask> NextTask();
  std::int64_t BytesPerSecond() const;
  void Take(const Place& place, ScrubOutcome outcome);
  void Mend(const Log& log, Offset base_offset, const ScrubOutcome& outcome);
  void Tell(std::string finding);

  file::FileSystem& fs_;
  std::string path_;
  ScrubOptions options_;
  Logs logs_;
  ScrubStatus status_;
  std::vector<std::string> findings_;
  bool reading_ = false;  // a piece is under way
  bool in_pass_ = false;
  Place place_;                   // where the next piece begins
  std::int64_t total_bytes_ = 0;  // of sealed segments, as of the begin of the pass
  MonotonicMs submitted_;
  MonotonicMs next_piece_;
  TimestampMs pass_began_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Findings that are kept for the status page.
inline constexpr std::size_t kScrubFindingsMax = 32;

}  // namespace logboom::broker
