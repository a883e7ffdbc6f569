// Looking: what became of a file since it was seen last.
#include <algorithm>
#include <cstdlib>

#include "agent/binary_files.h"
#include "agent/content.h"
#include "agent/topic_tail.h"

namespace logboom::agent {

// Times of modification are compared: once the wall clock is set back, those that were seen before
// would make everything that comes next look older than it is.
void TopicTail::NoteClock(Instant now) {
  // Both clocks are cut to milliseconds, each at its own moment.
  constexpr std::int64_t kWobbleMs = 1;
  const std::int64_t offset_ms = now.wall.value() - now.monotonic.value();
  parts_.wall_ns = now.wall.value() * 1'000'000;
  const std::int64_t back_ms = clock_offset_ms_ - offset_ms;
  if (begun_ && std::abs(back_ms) <= kWobbleMs) return;
  clock_offset_ms_ = offset_ms;
  if (!begun_ || back_ms < 0) return;
  const std::int64_t back_ns = back_ms * 1'000'000;
  parts_.sources.ForEach([back_ns](Source& source) { source.modified_seen_ns -= back_ns; });
  for (const auto& file : parts_.files.files()) {
    file->set_back_ns += back_ns;
    file->unplaced_modified_ns -= back_ns;
  }
}

void TopicTail::QueueLook(WatchedFile& file) {
  file.look_due = true;
  if (file.look_queued) return;
  file.look_queued = true;
  looks_.push_back(&file);
}

void TopicTail::Look(WatchedFile& file, MonotonicMs now) {
  file.look_due = false;
  file.looked_at = now;
  const auto stat = file.handle ? file.handle->Stat() : parts_.fs.Stat(file.path);
  if (!stat || stat->identity != file.identity) {
    discovery_.Touch(file.path);
    scan_at_ = std::min(scan_at_, std::max(now, scanned_at_ + kRescanPause.count()));
    return;
  }
  const std::int64_t size_before = file.size;
  const bool changed = stat->size_bytes != file.size || stat->modified_ns != file.modified_ns;
  if (changed) file.changed_at = now;
  file.size = stat->size_bytes;
  file.SetModified(stat->modified_ns, parts_.wall_ns);
  if (file.handle && stat->link_count == 0 && file.place == Place::kRenamedAway) {
    file.place = Place::kUnlinked;
  }
  switch (file.state) {
    case FileState::kUnplaced: LookUnplaced(file, size_before); break;
    case FileState::kWaiting:
      if (file.source == nullptr) {
        LookUnplaced(file, size_before);
      } else if (file.size < file.source->read.end.value()) {
        placement_.Truncated(file);
        placement_due_ = true;
      }
      break;
    case FileState::kReading: LookReading(file, changed, now); break;
    case FileState::kCopy:
    case FileState::kFinished:
      if (file.size == file.finished_size && file.state == FileState::kFinished) break;
      if (!changed) break;
      file.state = FileState::kUnplaced;
      placement_.BeginAnew(file);
      placement_due_ = true;
      break;
    case FileState::kUnreadable:
      if (EnsureOpen(parts_, file)) placement_due_ = true;
      break;
    case FileState::kBinary:
      if (!changed || IsStillBinary(parts_, file)) break;
      file.state = FileState::kUnplaced;
      placement_.BeginAnew(file);
      placement_due_ = true;
      break;
  }
}

void TopicTail::LookUnplaced(WatchedFile& file, std::int64_t size_before) {
  placement_due_ = true;
  if (file.unplaced_truncated) return;
  const bool written_anew =
      file.size < size_before || (EnsureOpen(parts_, file) && !HoldsWhatWasSeen(file, file.size));
  if (written_anew) {
    file.content_source = {};
    file.unplaced_truncated = file.unplaced_size_max > 0;
    // A file that waits is known to hold nothing of the broker's sources.
    if (file.unplaced_truncated && file.state == FileState::kWaiting && file.handle) {
      placement_.LoseUnplaced(file, DepartureReason::kTruncated);
    }
    return;
  }
  file.unplaced_size_max = std::max(file.unplaced_size_max, file.size);
  file.unplaced_modified_ns = file.written_ns();
  if (!file.handle) return;
  if (file.first_head.bytes < record::kHeadBytes) TakeFirstHead(parts_, file);
  NoteEnd(file);
}

// Whether it still holds what was read of it. Asked whenever it was written to, before anything is
// made of its new size: a file that was emptied and has grown past the old position looks grown.
bool TopicTail::IsTruncated(WatchedFile& file) {
  const Source& source = *file.source;
  if (file.size < source.read.end.value()) return true;
  if (!EnsureOpen(parts_, file)) return false;
  const Content content(*file.handle, file.size);
  if (!HeadMatches(content, source.origin.head)) return true;
  // Of what nothing was read of, all that stands ahead of the position is its head.
  if (source.read.end.value() == 0) return !WindowMatches(content, file.seen_end);
  return source.read_window_known && !WindowMatches(content, source.read);
}

void TopicTail::LookReading(WatchedFile& file, bool changed, MonotonicMs now) {
  Source& source = *file.source;
  if (changed && IsTruncated(file)) {
    Deactivate(file);
    placement_.Truncated(file);
    placement_due_ = true;
    return;
  }
  if (source.read.end.value() == 0 && file.handle) NoteEnd(file);
  if (changed) parts_.files.NoteBeginning(file);  // it may have been too short before
  source.modified_seen_ns = file.written_ns();
  if (file.size > source.size_seen) {
    source.size_seen = file.size;
    source.checkpoint_due = true;
  }
  if (!source.opened && !source.identity_sent && file.handle &&
      source.origin.head.bytes < record::kHeadBytes) {
    source.origin.head = TakeHead(Content(*file.handle, file.size));
  }
  if (Unread(file) > 0) Activate(file, now);
}

std::int64_t TopicTail::Unread(const WatchedFile& file) const {
  if (file.state != FileState::kReading) return 0;
  const std::int64_t end =
      parts_.options.once ? std::min(file.size, file.size_at_start) : file.size;
  const std::int64_t unread = end - file.source->read.end.value();
  const bool only_rest =
      file.rest_at_size == file.size && !file.sends_rest() && !parts_.options.once;
  return only_rest ? 0 : std::max<std::int64_t>(unread, 0);
}

void TopicTail::Activate(WatchedFile& file, MonotonicMs now) {
  if (file.active) return;
  file.active = true;
  file.waiting_since = now;
  active_.push_back(&file);
}

void TopicTail::Deactivate(WatchedFile& file) {
  if (!file.active) return;
  file.active = false;
  std::erase(active_, &file);
}

void TopicTail::Drop(WatchedFile& file) {
  Deactivate(file);
  std::erase(looks_, &file);
  parts_.files.Remove(file);
}

}  // namespace logboom::agent
