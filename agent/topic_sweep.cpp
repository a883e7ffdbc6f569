// Ending: lines that wait for their newline, files that left, handles that nobody needs.
#include <algorithm>

#include "agent/topic_tail.h"

namespace logboom::agent {
namespace {

// On a file system with less than this share free, unlinked files are held to a quarter.
constexpr std::int64_t kFullPercent = 90;

bool IsNearlyFull(const file::Space& space) {
  return space.total_bytes > 0 &&
         space.available_bytes < space.total_bytes / 100 * (100 - kFullPercent);
}

}  // namespace

void TopicTail::Sweep(Instant now) {
  const auto& files = parts_.files.files();
  for (std::size_t i = 0; i < files.size(); ++i) SweepFile(*files[i], now.monotonic);
  ReleaseHeld(now.monotonic);
}

void TopicTail::SweepFile(WatchedFile& file, MonotonicMs now) {
  if (file.state == FileState::kBinary && file.place != Place::kInPattern) return Drop(file);
  if (file.place != Place::kInPattern) QueueLook(file);
  if (file.state == FileState::kReading) SweepReading(file, now);
  const bool quiet = now - file.changed_at >= kIdleClose.count();
  if (file.handle && quiet && NeedsNoHandle(file)) file.handle.reset();
}

void TopicTail::SweepReading(WatchedFile& file, MonotonicMs now) {
  const bool rest = file.rest_at_size == file.size && file.size > file.source->read.end.value();
  const std::int64_t quiet_ms = now - file.changed_at;
  if (rest && file.rest_holds_lines && quiet_ms >= file.input->multiline_timeout.count()) {
    file.send_event = true;
  }
  if (rest && quiet_ms >= parts_.options.partial_timeout.count()) file.send_rest_with_more = true;
  TellLeftOut(file, now);
  EndOf(file, now);
  if (Unread(file) > 0) Activate(file, now);
}

// The next record's span would tell of it too: a row of its own is for what waits too long for one,
// or where none will come.
void TopicTail::TellLeftOut(WatchedFile& file, MonotonicMs now) {
  Source& source = *file.source;
  if (!online_ || !source.has_left_out()) return;
  const bool is_much = source.read.end - source.sent >= kLeftOutBytesMax;
  const bool is_old = now - source.left_out_since >= kLeftOutWait.count();
  const bool ends = parts_.options.once || QuietToEnd(file).has_value();
  if (is_much || is_old || ends) parts_.rows.WantLeftOut(source);
}

std::optional<std::chrono::milliseconds> TopicTail::QuietToEnd(const WatchedFile& file) const {
  if (file.drain_then_close) return std::chrono::milliseconds(0);
  switch (file.place) {
    case Place::kInPattern: return std::nullopt;
    case Place::kRenamedAway: return kRenamedQuiet;
    case Place::kUnlinked: return kUnlinkedQuiet;
  }
  return std::nullopt;
}

void TopicTail::EndOf(WatchedFile& file, MonotonicMs now) {
  const auto quiet = QuietToEnd(file);
  if (!quiet || now - std::max(file.changed_at, file.left_at) < quiet->count()) return;
  Source& source = *file.source;
  if (file.rest_at_size == file.size && file.size > source.read.end.value()) {
    file.send_rest_as_line = true;
    return;
  }
  const bool all_acked = source.read.end.value() == file.size && source.acked_to_end_of_read();
  if (online_ && all_acked && !source.close_wanted) parts_.rows.WantClose(source);
}

void TopicTail::ReleaseHeld(MonotonicMs now) {
  std::vector<WatchedFile*> held;
  std::int64_t held_bytes = 0;
  for (const auto& file : parts_.files.files()) {
    if (file->place != Place::kUnlinked) continue;
    held.push_back(file.get());
    held_bytes += file->size;
  }
  if (held.empty()) return;
  std::sort(held.begin(), held.end(),
            [](const auto* a, const auto* b) { return a->left_at < b->left_at; });
  const auto space = parts_.fs.SpaceOf(file::ParentDirectory(held.front()->path));
  const std::int64_t bytes_max = space && IsNearlyFull(*space)
                                     ? parts_.options.held_deleted_bytes_max / 4
                                     : parts_.options.held_deleted_bytes_max;
  for (WatchedFile* file : held) {
    const bool too_old = now - file->left_at > parts_.options.held_deleted_age_max.count();
    if (held_bytes <= bytes_max && !too_old) continue;
    held_bytes -= file->size;
    Release(*file);
  }
}

void TopicTail::Release(WatchedFile& file) {
  placement_due_ = true;
  if (Source* source = file.source) {
    source->size_seen = std::max(source->size_seen, file.size);
    source->bound = nullptr;
    file.source = nullptr;
    departures_.Add(*source, DepartureReason::kHeldTooLong);
  } else {
    file.unplaced_size_max = std::max(file.unplaced_size_max, file.size);
    placement_.LoseUnplaced(file, DepartureReason::kHeldTooLong);
  }
  Drop(file);
}

void TopicTail::RowsDone() {
  for (Source* source : parts_.rows.TakeChanged()) {
    placement_due_ = true;
    if (source->final) {
      SourceFinal(*source);
      continue;
    }
    WatchedFile* file = source->bound;
    if (file == nullptr || source->row) continue;
    if (file->state == FileState::kWaiting) file->state = FileState::kReading;
    QueueLook(*file);
  }
}

void TopicTail::SourceFinal(Source& source) {
  for (const auto& each : parts_.files.files()) {
    if (each->state == FileState::kCopy && each->content_source == source.id) {
      each->state = FileState::kUnplaced;
    }
  }
  placement_due_ = true;
  WatchedFile* file = source.bound;
  if (file == nullptr) return;
  Deactivate(*file);
  source.bound = nullptr;
  file->source = nullptr;
  file->drain_then_close = false;
  file->rest_at_size = -1;
  file->finished_size = source.durable.end.value();
  file->content_source = source.id;
  file->unplaced_size_max = 0;
  file->seen_end = {};
  if (file->size > file->finished_size) {
    file->state = FileState::kUnplaced;
  } else if (file->place == Place::kInPattern) {
    file->state = FileState::kFinished;
  } else {
    Drop(*file);
  }
}

}  // namespace logboom::agent
