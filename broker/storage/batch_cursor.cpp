#include "broker/storage/batch_cursor.h"

#include <algorithm>
#include <utility>

#include "lib/segment/find_batch.h"

namespace logboom::broker {
namespace {

using segment::CrcCheck;
using segment::LogWalk;
using segment::OffsetIndexEntry;

segment::WalkOptions WalkFrom(const SegmentView& view, FilePosition position,
                              const segment::Expectation& expected) {
  return {.begin = position, .end = view.end, .expected = expected, .crc = CrcCheck::kSkip};
}

struct Place {
  FilePosition position;
  Offset offset;
};

// Whether the entry's batch stands where it says.
Result<std::optional<Place>> Check(const SegmentView& view, const OffsetIndexEntry& entry) {
  const FilePosition begin = std::max(entry.position, FilePosition(0));
  LogWalk walk(*view.log, WalkFrom(view, begin, {}));
  ASSIGN_OR_RETURN(const bool there, walk.Next());
  if (!there || walk.header().last_offset() != entry.last_offset) return std::optional<Place>();
  return std::optional<Place>(Place{begin, walk.header().base_offset});
}

// Where to begin in order to find `offset`: at the last indexed batch that ends at or before it. An
// entry may be wrong (indexes have no checksum): then the one before it.
Result<Place> StartFor(const SegmentView& view, Offset offset) {
  const Place front{FilePosition(0), view.base_offset};
  if (view.index == nullptr) return front;
  ASSIGN_OR_RETURN(std::int64_t point, view.index->PartitionPoint([&](const OffsetIndexEntry& e) {
    return e.last_offset <= offset;
  }));
  for (; point > 0; --point) {
    ASSIGN_OR_RETURN(const OffsetIndexEntry entry, view.index->At(point - 1));
    ASSIGN_OR_RETURN(const std::optional<Place> place, Check(view, entry));
    if (place) return *place;
  }
  return front;
}

}  // namespace

BatchCursor::BatchCursor(const SegmentView& view, FilePosition position, Offset expected)
    : view_(view) {
  walk_.emplace(*view.log,
                WalkFrom(view, position,
                         {.next_offset = expected, .rule = view.rule, .epochs = view.epochs}));
}

Result<BatchCursor> BatchCursor::Seek(const SegmentView& view, Offset offset) {
  ASSIGN_OR_RETURN(const Place start, StartFor(view, offset));
  BatchCursor cursor(view, start.position, start.offset);
  RETURN_IF_ERROR(cursor.NextUpTo(offset));
  return cursor;
}

Result<bool> BatchCursor::NextUpTo(Offset offset) {
  while (true) {
    ASSIGN_OR_RETURN(const bool more, Next());
    if (!more || header().last_offset() >= offset) return more;
  }
}

Result<bool> BatchCursor::Next() {
  if (at_end_) return false;
  const segment::Expectation due = walk_->expected();
  ASSIGN_OR_RETURN(const bool more, walk_->Next());
  if (more && header().next_offset() <= view_.next_offset) {
    due_ = due;
    last_ = walk_->position();
    return true;
  }
  ASSIGN_OR_RETURN(const bool last_is_bad, SuspectLast());
  if (last_is_bad) return SkipBad("its checksum is wrong");
  if (more) return SkipDamage(due, walk_->position(), "a batch that ends behind its segment");
  if (!walk_->stop()) return End();
  const segment::WalkStop stop = *walk_->stop();
  return SkipDamage(walk_->expected(), stop.position, stop.reason);
}

// A length or an offset delta that has rotted leads the walk astray, and is told by the checksum of
// its batch. Called where the walk does not end as it should.
Result<bool> BatchCursor::SuspectLast() {
  if (!due_) return false;
  if (!walk_->stop() && walk_->expected().next_offset == view_.next_offset) return false;
  LogWalk again(*view_.log, {.begin = last_, .end = view_.end, .expected = *due_});
  ASSIGN_OR_RETURN(const bool good, again.Next());
  return !good;
}

Result<bool> BatchCursor::SkipBad(const std::string& reason) {
  const segment::Expectation due = *std::exchange(due_, std::nullopt);
  return SkipDamage(due, last_, reason);
}

Result<bool> BatchCursor::SkipDamage(const segment::Expectation& expected, FilePosition position,
                                     const std::string& reason) {
  const Offset begin = expected.next_offset.value_or(view_.base_offset);
  due_.reset();
  ASSIGN_OR_RETURN(const std::optional<segment::FoundBatch> found,
                   segment::FindBatch(*view_.log, position + 1, view_.end, expected));
  if (!found || found->header.next_offset() > view_.next_offset) {
    at_end_ = true;
    Tell(begin, view_.next_offset, reason);
    return false;
  }
  Tell(begin, found->header.base_offset, reason);
  walk_.emplace(*view_.log, WalkFrom(view_, found->position,
                                     {.next_offset = found->header.base_offset,
                                      .epoch_min = expected.epoch_min,
                                      .rule = view_.rule,
                                      .epochs = view_.epochs}));
  return Next();
}

// Records that should be here and are not. A compacted segment may end with a hole.
Result<bool> BatchCursor::End() {
  at_end_ = true;
  const Offset expected = walk_->expected().next_offset.value_or(view_.base_offset);
  if (view_.rule == segment::OffsetRule::kContiguous) {
    Tell(expected, view_.next_offset, "the segment ends early");
  }
  return false;
}

void BatchCursor::Tell(Offset begin, Offset end, std::string reason) {
  if (begin < end) unreadable_.push_back({begin, end, std::move(reason)});
}

}  // namespace logboom::broker
