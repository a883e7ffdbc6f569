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
  // Of the files beside the log, as they were synced last: indexes that do not fit are made anew,
  // append times that do not are lost; then `max_append_time` was the newest.
  segment::IndexSums sums = {};
  // A crash came since: append times may have grown, and what they have grown by is cut off.
  bool may_have_grown = false;
  TimestampMs max_append_time{-1};
};

// Owned by its PartitionLog, on its thread; files may be synced from another. Nothing in here is
// synced by itself. After a crash the log holds a prefix of what was appended, and damage behind
// it.
//
// It is awake, with its files open, or asleep, without: ten thousand partitions must not hold forty
// thousand descriptors. It may sleep only once all of its files were synced by the handles that
// wrote them: a failed write-back is told to these alone for sure, and to no handle opened later.
// What is read of its files when it wakes has to add up to what it was. Appending and what gives
// files need it awake.
class ActiveSegment {
 public:
  // Makes the files, empty; what a failed try has left under their names goes.
  static Result<ActiveSegment> Create(file::FileSystem& fs, const std::string& directory,
                                      Offset base_offset);
  // Opens what is there and mends indexes and append times; those lost in a crash become `now`.
  // kCorrupt where the log is shorter than `found` says.
  static Result<ActiveSegment> Resume(file::FileSystem& fs, const std::string& directory,
                                      const SegmentAsFound& found, TimestampMs now);

  // What is there, with its files closed and not looked at: Wake does that.
  static ActiveSegment Asleep(const SegmentAsFound& found);

  bool awake() const { return files_ != nullptr; }
  // Opens the files, as Resume does, where it is asleep. On failure it goes on sleeping.
  Status Wake(file::FileSystem& fs, const std::string& directory, TimestampMs now);
  // Closes the files, all synced. Those that a sync under way holds close with it.
  void Sleep();
  // Of the files beside the log. While it sleeps: as they were synced, where that is known.
  segment::IndexSums sums() const;
  // Blocks reserved ahead go back, before the files are synced for the last time.
  void ReturnReserve();
  // Those to which something was written that NoteSideCarsSynced() has not told of. The caller
  // knows of the log.
  std::vector<std::shared_ptr<file::File>> unsynced_side_cars() const;
  bool side_cars_synced() const { return unsynced_side_cars().empty(); }
  void NoteSideCarsSynced();

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

  const std::shared_ptr<file::File>& log() const { return open().log; }
  const segment::IndexWriter& indexes() const { return open().indexes; }
  const segment::AppendTimes& append_times() const { return open().append_times; }
  // Log, indexes, append times.
  std::vector<std::shared_ptr<file::File>> files() const;

 private:
  struct Files {
    std::shared_ptr<file::File> log;
    segment::IndexWriter indexes;
    segment::AppendTimes append_times;
  };

  explicit ActiveSegment(Offset base_offset)
      : base_offset_(base_offset), next_offset_(base_offset) {}
  Status WriteBatch(ByteView batch);
  void ReserveAhead(std::int64_t end);
  void NoteAppendTime(Offset offset, TimestampMs append_time);
  Files& open() const;

  Offset base_offset_;
  Offset next_offset_;
  std::unique_ptr<Files> files_;  // null while it sleeps
  // While it sleeps.
  segment::IndexSums slept_sums_;
  bool may_have_grown_ = false;
  segment::SegmentTotals totals_;
  std::optional<TimestampMs> first_append_time_;
  TimestampMs last_append_time_{-1};
  TimestampMs last_entry_time_{-1};  // of append_times_
  std::int64_t reserved_bytes_ = 0;
  bool broken_ = false;
};

}  // namespace logboom::broker
