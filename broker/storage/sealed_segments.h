// The finished segments of a partition, in offset order. Files are opened on use, seals read on
// use: a start must not open ten thousand files.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/storage/batch_cursor.h"
#include "broker/storage/limits.h"
#include "broker/storage/open_files.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"
#include "lib/segment/append_time.h"
#include "lib/segment/offset_index.h"
#include "lib/segment/seal.h"
#include "lib/segment/time_index.h"

namespace logboom::broker {

struct SealedSegment {
  Offset base_offset;
  Offset next_offset;  // where the next segment begins
  std::int64_t size_bytes = 0;
  std::optional<segment::Seal> seal;  // once it was needed
  bool looked_at = false;             // whether rewriting it pays was asked before
};

// The open files of one sealed segment. An index that can't be had is missing, and searches read
// on.
struct OpenSegment {
  Offset base_offset;
  std::shared_ptr<file::File> log;
  std::optional<segment::OffsetIndex> offsets;
  std::optional<segment::TimeIndex> times;
  std::optional<segment::AppendTimes> append_times;
  segment::OffsetRule rule = segment::OffsetRule::kContiguous;
};

// Owned by its PartitionLog, on its thread. Nothing here writes but for an index that is missing or
// does not fit, which is made anew from the log.
class SealedSegments {
 public:
  SealedSegments(file::FileSystem& fs, std::string directory, FileShare& share)
      : fs_(fs), directory_(std::move(directory)), share_(share) {}

  const std::vector<SealedSegment>& all() const { return segments_; }
  bool empty() const { return segments_.empty(); }
  std::int64_t size_bytes() const { return size_bytes_; }

  void Add(SealedSegment segment);
  // Forgets the first `count`.
  void DropFront(std::size_t count);
  // Puts `segment` in the place of `count` from `index` on. Files that were opened stay readable
  // for those who hold them.
  void Replace(std::size_t index, std::size_t count, SealedSegment segment);
  void SetLookedAt(std::size_t index) { segments_[index].looked_at = true; }

  // The last one whose base offset is at or below `offset`; nothing where there is none.
  std::optional<std::size_t> IndexOf(Offset offset) const;

  // Descriptors that are held.
  std::size_t open_files() const { return open_.size() * kSealedSegmentFiles; }
  void CloseAll() { open_.clear(); }
  // Room for files within the budget of all logs, for which those of this one are closed where
  // nobody else's can be.
  Status MakeRoom(std::size_t files);

  // Valid until the next call of Open, CloseAll, Add, DropFront or Replace.
  // kBusy where the budget, or the system, has no room for its files.
  Result<const OpenSegment*> Open(std::size_t index);
  // Opens the segment's files anew, so that indexes that have gone wrong are made anew; nothing
  // where there is no such segment.
  void Reopen(Offset base_offset);
  SegmentView ViewOf(std::size_t index, const OpenSegment& open) const;

  // The seal, or what the log says where it has no valid one: totals as far as the log can be
  // walked, and the append time from .appendtime, else the time of the file's last change, else
  // `now`.
  Result<const segment::Seal*> SealOf(std::size_t index, TimestampMs now);

 private:
  Result<OpenSegment> OpenFilesOf(const SealedSegment& segment);
  // Indexes whose sums are not the expected ones are made anew.
  Status OpenIndexes(const SealedSegment& segment, OpenSegment& open,
                     const segment::IndexSums& expected, const segment::IndexSums& found);
  void Reseal(Offset base);
  Result<segment::Seal> MakeSeal(std::size_t index, TimestampMs now);

  file::FileSystem& fs_;
  std::string directory_;
  FileShare& share_;
  std::vector<SealedSegment> segments_;
  std::int64_t size_bytes_ = 0;
  std::list<OpenSegment> open_;  // the one used last comes first
};

}  // namespace logboom::broker
