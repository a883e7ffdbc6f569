// Makes a new segment out of one or several finished ones, under `.cleaned` names, a step at a
// time: what is long about rewriting and compaction.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "broker/storage/batch_merger.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"
#include "lib/segment/append_time.h"
#include "lib/segment/index_writer.h"
#include "lib/segment/limits.h"
#include "lib/segment/log_walk.h"
#include "lib/segment/seal.h"

namespace logboom::broker {

// A finished segment, as its partition knew it when the copy was planned.
struct CopySource {
  Offset base_offset;
  Offset next_offset;
  std::int64_t size_bytes = 0;
};

// kCorrupt where a batch that was read ends behind its segment: what it says of its offsets has
// rotted, which no checksum of its own covers.
Status CheckEndsWithin(const CopySource& source, const record::BatchHeader& batch);

struct CopyPlan {
  std::string directory;
  std::vector<CopySource> sources;  // not empty; each follows on the one before
  MergeOptions merge;
  std::int64_t segment_bytes_max = segment::kSegmentBytesMax;  // kLimit where it would be larger
};

// What a copy has made; its files are synced and staged (segment_swap.h).
struct CopiedSegment {
  std::vector<CopySource> sources;
  segment::Seal seal;
  std::int64_t records_dropped = 0;

  std::int64_t source_bytes() const;
};

// One owner, one thread, which may be another than the partition's: it reads files that no longer
// change. A source that is gone, has no valid seal, or is not as its seal says fails the copy: what
// is damaged stays as it is, for readers to tell. After a failure comes Drop.
class SegmentCopy {
 public:
  // `filter` may be null; it outlives the copy.
  SegmentCopy(file::FileSystem& fs, CopyPlan plan, RecordFilter* filter);
  ~SegmentCopy();

  // Reads about `bytes_max` of the sources' logs. False once all is copied; then comes Finish.
  // kCancelled where `stop` asks for an end.
  Result<bool> Step(std::int64_t bytes_max, const std::stop_token& stop);

  std::int64_t source_bytes() const;
  // Of the new log, so far.
  std::int64_t copied_bytes() const { return totals_.size_bytes; }

  // Set where a change of names may be lost although it was done: a failed sync of the directory is
  // as final as any other, and the partition must end its appends.
  const std::optional<Error>& names_lost() const { return names_lost_; }
  // Takes back what was written. After a failure, or where the copy is not worth it.
  void Drop();

  // Ends the new segment, syncs its files and stages the swap. Once, after the last step.
  Result<CopiedSegment> Finish();

 private:
  Status Begin();
  Status OpenSource();
  Status CloseSource();
  Status AddBatch(ByteView batch);
  Status CarryAppendTimes();
  Result<std::shared_ptr<file::File>> Create(std::string_view suffix);
  // What a call that syncs names has said.
  Status Noted(Status names);

  file::FileSystem& fs_;
  CopyPlan plan_;
  RecordFilter* filter_;
  BatchMerger merger_;

  std::optional<Error> names_lost_;

  // The new segment.
  std::shared_ptr<file::File> log_;
  std::optional<segment::IndexWriter> indexes_;
  std::optional<segment::AppendTimes> append_times_;
  segment::SegmentTotals totals_;
  Offset copied_end_;
  segment::Seal seal_;

  // The source that is being read.
  std::size_t next_source_ = 0;
  std::unique_ptr<file::File> source_log_;
  segment::Seal source_seal_;
  segment::SegmentTotals source_totals_;
  std::optional<segment::LogWalk> walk_;
};

}  // namespace logboom::broker
