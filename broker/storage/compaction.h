// Compaction by key, as Kafka's log cleaner does it: of the finished segments, all but the last
// record of each key are left out.
//
// A pass maps the keys of the dirty part to their last offsets, as many as memory holds; then it
// copies the segments up to there, group by group, oldest first. A record stays if it is the last
// of its key as far as the map knows, or stands behind what was mapped. Tombstones (null values)
// stay until the delete horizon that their batch got in the first pass that covered it, and longer
// where something ahead of them could not be taken apart: an older value must not come back. Of a
// producer that is remembered the last batch leaves its header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "broker/storage/age_clock.h"
#include "broker/storage/key_map.h"
#include "broker/storage/segment_copy.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"
#include "lib/record/batch_view.h"
#include "lib/segment/leader_epoch_checkpoint.h"
#include "lib/segment/log_walk.h"

namespace logboom::broker {

// kInvalid where a record of the batch has no key, or has a header of the agents' (lb.*): a
// compacted topic takes no such batch, and none that can't be read. `reader` is there for its
// buffers.
Status CheckKeyed(record::BatchReader& reader, ByteView batch);

struct CompactionLimits {
  // Of the map of keys, 24 bytes each at 3/4 full: 786,000 keys. Half as much again while it grows.
  std::size_t map_bytes_max = std::size_t{32} << 20U;
  std::size_t batch_raw_bytes = std::size_t{256} << 10U;
};

// What a pass is to do, as the partition knows it.
struct CompactionPlan {
  std::string directory;
  std::vector<CopySource> segments;  // from the log's first one to the last that may be compacted
  Offset first_dirty;                // what stands below is clean
  // By which a batch whose epoch has rotted is met before anything is dropped for what it holds.
  segment::LeaderEpochs epochs;
  std::int64_t segment_bytes = 0;  // neighbours are put together up to here
  AgeClock clock{Instant{}};       // as of now
  std::int64_t delete_retention_ms = 0;
  struct Producer {
    std::int64_t id = -1;
    Offset last_offset;  // of its last batch
  };
  std::vector<Producer> producers;  // that are remembered, in the order of their ids
  std::uint64_t seed = 0;           // for the map of keys
};

// One owner, one thread at a time, which may be another than the partition's.
class CompactionPass {
 public:
  CompactionPass(file::FileSystem& fs, CompactionPlan plan, CompactionLimits limits);
  ~CompactionPass();

  // Does about `bytes_max` of reading. What comes next tells the caller what to do.
  enum class Next {
    kStep,     // call Step again
    kInstall,  // take TakeCopied() over to the partition; then call Step again
    kEnd,      // the log is clean up to clean_end()
  };
  Result<Next> Step(std::int64_t bytes_max, const std::stop_token& stop);
  CopiedSegment TakeCopied();
  // After a failure.
  void Drop();
  // As SegmentCopy's.
  const std::optional<Error>& names_lost() const { return names_lost_; }

  Offset clean_end() const { return clean_end_; }

 private:
  class Filter;
  Result<Next> MapKeys(std::int64_t bytes_max, const std::stop_token& stop);
  Result<bool> MapBatch(ByteView batch);
  Status OpenDirty();
  void MakeGroups();
  void StartGroup();

  file::FileSystem& fs_;
  CompactionPlan plan_;
  CompactionLimits limits_;
  KeyMap keys_;
  Offset clean_end_;
  std::unique_ptr<Filter> filter_;

  // While keys are mapped.
  std::size_t next_dirty_ = 0;
  bool mapped_ = false;
  std::unique_ptr<file::File> log_;
  std::optional<segment::LogWalk> walk_;
  record::BatchReader reader_;

  std::vector<std::vector<CopySource>> groups_;  // the first comes last
  std::unique_ptr<SegmentCopy> copy_;
  std::optional<CopiedSegment> copied_;
  std::optional<Error> names_lost_;
};

}  // namespace logboom::broker
