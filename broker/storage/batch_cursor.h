// Steps over the batches of one segment by their headers, and over damage.
#pragma once

#include <optional>
#include <vector>

#include "broker/storage/unreadable_range.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"
#include "lib/segment/leader_epoch_checkpoint.h"
#include "lib/segment/log_walk.h"
#include "lib/segment/offset_index.h"

namespace logboom::broker {

// What may be read of one segment. Pointers are borrowed.
struct SegmentView {
  const file::File* log = nullptr;
  const segment::OffsetIndex* index = nullptr;  // may be null: then searches begin at the front
  Offset base_offset;
  Offset next_offset;  // of the next segment, or the durable end
  FilePosition end;    // nothing behind it is looked at
  segment::OffsetRule rule = segment::OffsetRule::kContiguous;
  const segment::LeaderEpochs* epochs = nullptr;  // of the log
};

// One owner, one thread; what the view points at outlives it. Bytes that are no batch, or the wrong
// one, are skipped up to the next good batch and told in unreadable(); a read error is an error.
// Headers alone are looked at, until one leads nowhere: then the batch before may be what is wrong.
// So whoever uses a batch verifies it, and calls SkipBad() where it is broken.
class BatchCursor {
 public:
  // Before the batch at `position`, which should begin with `expected`.
  BatchCursor(const SegmentView& view, FilePosition position, Offset expected);

  // On the first batch whose last offset is at or above `offset`; at_end() where there is none.
  static Result<BatchCursor> Seek(const SegmentView& view, Offset offset);

  // Steps to the next good batch; false (and at_end()) behind the last.
  Result<bool> Next();
  // Tells the batch that it stands on as unreadable, and steps to the next good one.
  Result<bool> SkipBad(const std::string& reason);
  // Steps until the last offset is at or above `offset`.
  Result<bool> NextUpTo(Offset offset);

  bool at_end() const { return at_end_; }
  const record::BatchHeader& header() const { return walk_->header(); }
  FilePosition position() const { return walk_->position(); }
  std::vector<UnreadableRange>& unreadable() { return unreadable_; }

 private:
  Result<bool> SkipDamage(const segment::Expectation& expected, FilePosition position,
                          const std::string& reason);
  Result<bool> SuspectLast();
  Result<bool> End();
  void Tell(Offset begin, Offset end, std::string reason);

  SegmentView view_;
  std::optional<segment::LogWalk> walk_;
  // What the batch that it stands on had to fit; nothing where it stands on none.
  std::optional<segment::Expectation> due_;
  FilePosition last_;
  std::vector<UnreadableRange> unreadable_;
  bool at_end_ = false;
};

}  // namespace logboom::broker
