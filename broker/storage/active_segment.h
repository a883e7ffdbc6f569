// The segment that is being appended to: its log, indexes and append times, and what they add up
// to.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/storage/batch_cursor.h"
#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"
#include "lib/record/batch_header.h"
#include "lib/segment/append_time.h"
#include "lib/segment/index_sums.h"
#include "lib/segment/index_writer.h"
#include "lib/segment/rebuild.h"
#include "lib/segment/seal.h"
#include "lib/segment/segment_totals.h"

namespace logboom::broker {

// An existing segment, as recovery or the clean manifest found it.
struct SegmentAsFound {
  Offset base_offset;
  Offset next_offset;
  segment::SegmentTotals totals;  // of the whole valid log
  segment::KnownPoint known;      // entries of indexes behind it are made anew
  segment::IndexTrust trust = segment::IndexTrust::kSynced;
  // After an orderly stop: what does not fit is made anew, and append times that do not are lost;
  // then this was the newest.
  segment::IndexSums sums = {};
  TimestampMs max_append_time{-1};
};

// Owned by its PartitionLog, on its thread; files may be synced from another. Nothing in here is
// synced by itself. After a crash the log holds a prefix of what was appended, and damage behind
// it.
class ActiveSegment {
 public:
  // Makes the files, empty; what a failed try has left under their names goes.
  static Result<ActiveSegment> Create(file::FileSystem& fs, const std::string& directory,
                                      Offset base_offset);
  // Opens what is there and mends indexes and append times; those lost in a crash become `now`.
  // kCorrupt where the log does not end as `found` says.
  static Result<ActiveSegment> Resume(file::FileSystem& fs, const std::string& directory,
                                      const SegmentAsFound& found, TimestampMs now);

  // `batch` has its offset and epoch, `header` as well. On failure the log ends where it did, or,
  // where even that can't be had, broken() says so.
  Status Append(ByteView batch, const record::BatchHeader& header, TimestampMs append_time);
  bool broken() const { return broken_; }

  bool HasRoomFor(const record::BatchHeader& header, std::int64_t segment_bytes_max) const;

  // Last entries of the indexes; blocks reserved ahead go back. Before the files are synced.
  void Finish();
  segment::Seal MakeSeal() const;

  Offset base_offset() const { return base_offset_; }
  Offset next_offset() const { return next_offset_; }
  std::int64_t size_bytes() const { return totals_.size_bytes; }
  bool empty() const { return totals_.size_bytes == 0; }
  const segment::SegmentTotals& totals() const { return totals_; }
  std::optional<TimestampMs> first_append_time() const { return first_append_time_; }
  TimestampMs last_append_time() const { return last_append_time_; }  // -1: none

  const std::shared_ptr<file::File>& log() const { return log_; }
  const segment::IndexWriter& indexes() const { return indexes_; }
  const segment::AppendTimes& append_times() const { return append_times_; }
  // Log, indexes, append times.
  std::vector<std::shared_ptr<file::File>> files() const;

 private:
  ActiveSegment(Offset base_offset, std::shared_ptr<file::File> log, segment::IndexWriter indexes,
                segment::AppendTimes append_times);
  Status WriteBatch(ByteView batch);
  void ReserveAhead(std::int64_t end);
  void NoteAppendTime(Offset offset, TimestampMs append_time);

  Offset base_offset_;
  Offset next_offset_;
  std::shared_ptr<file::File> log_;
  segment::IndexWriter indexes_;
  segment::AppendTimes append_times_;
  segment::SegmentTotals totals_;
  std::optional<TimestampMs> first_append_time_;
  TimestampMs last_append_time_{-1};
  TimestampMs last_entry_time_{-1};  // of append_times_
  std::int64_t reserved_bytes_ = 0;
  bool broken_ = false;
};

}  // namespace logboom::broker
