// Finding: what a scan of the patterns means for the files that are known.
#include <algorithm>
#include <utility>

#include "agent/content.h"
#include "agent/topic_tail.h"

namespace logboom::agent {
void TopicTail::Begin(Instant now) {
  NoteClock(now);
  for (HandedFile& handed : std::exchange(handed_, {})) Adopt(std::move(handed));
  Scan(ScanDepth::kSizes, now.monotonic);
  begun_ = true;
}

// Whose place no input reads any more is let go: its source stays as it is.
void TopicTail::Adopt(HandedFile handed) {
  const CompiledInput* input = discovery_.InputOf(handed.file.path);
  if (input == nullptr) input = discovery_.InputOf(handed.opened_as);
  if (input == nullptr) return;
  handed.file.input = input->options;
  handed.file.handle = parts_.open_files.Adopt(std::move(handed.file.handle));
  WatchedFile& file = parts_.files.Add(std::move(handed.file));
  if (!handed.opened_as.empty()) TakeFirstLook(parts_, file);
  parts_.files.NoteBeginning(file);
  placement_due_ = true;
  QueueLook(file);
}

std::vector<HandedFile> TopicTail::HandOver() {
  std::vector<HandedFile> handed;
  for (auto& file : parts_.files.TakeAll()) {
    if (!file->handle) continue;
    file->handle = OpenFiles::Release(std::move(file->handle));
    handed.push_back(HandFileOver(std::move(*file)));
  }
  return handed;
}

void TopicTail::NoteForeign() {
  parts_.sources.ForEach([this](Source& source) {
    source.foreign = source.bound == nullptr && !source.final &&
                     discovery_.InputOf(source.origin.path) == nullptr &&
                     discovery_.InputOf(source.path()) == nullptr;
  });
}

void TopicTail::Changed(const file::Change& change, MonotonicMs now) {
  using file::ChangeKind;
  if (change.kind == ChangeKind::kOverflow) {
    scan_at_ = now;
    sizes_at_ = now;
    return;
  }
  if (!discovery_.Watches(change.directory)) return;
  if (change.kind == ChangeKind::kGone) {
    discovery_.Forget(change.directory);
    scan_at_ = now;
    return;
  }
  const std::string path = (change.directory == "/" ? "" : change.directory) + "/" + change.name;
  WatchedFile* file = parts_.files.ByPath(path);
  if (file != nullptr) QueueLook(*file);
  if (change.kind == ChangeKind::kWritten) return;
  discovery_.Touch(path);
  const MonotonicMs soon = std::max(now + kRescanDelay.count(), scanned_at_ + kRescanPause.count());
  scan_at_ = std::min(scan_at_, soon);
}

void TopicTail::Scan(ScanDepth depth, MonotonicMs now) {
  const auto& found = discovery_.Scan(depth);
  scanned_at_ = now;
  scan_at_ = now + (discovery_.polls() ? kPollInterval : kRescanInterval).count();

  // Names first: a file that moved within the patterns is the same file.
  std::vector<WatchedFile*> moved;
  for (const auto& file : parts_.files.files()) {
    if (file->place != Place::kInPattern) continue;
    const auto at = found.find(file->path);
    if (at != found.end() && at->second.stat.identity == file->identity) continue;
    moved.push_back(file.get());
    if (file->source != nullptr) placement_.LeftPath(file->path, *file->source);
  }
  std::vector<const std::pair<const std::string, FoundFile>*> added;
  for (const auto& entry : found) {
    WatchedFile* file = parts_.files.ByIdentity(entry.second.stat.identity);
    if (file == nullptr) {
      added.push_back(&entry);
      continue;
    }
    file->named = entry.second.named;
    const auto is_moved = std::find(moved.begin(), moved.end(), file);
    if (is_moved != moved.end() || file->place != Place::kInPattern) {
      if (is_moved != moved.end()) moved.erase(is_moved);
      parts_.files.Enter(*file, entry.first);
      if (file->input == nullptr) file->input = entry.second.input;
      if (file->source != nullptr) file->source->SetPath(entry.first);
      if (file->source != nullptr) file->source->checkpoint_due = true;
      QueueLook(*file);
    } else if (file->path == entry.first && (file->size != entry.second.stat.size_bytes ||
                                             file->modified_ns != entry.second.stat.modified_ns ||
                                             file->state == FileState::kUnreadable)) {
      QueueLook(*file);
    }
  }
  for (WatchedFile* file : moved) Left(*file, now);
  // Not all can be opened now: of one log the oldest comes first.
  if (added.size() > parts_.open_files.files_max()) {
    std::ranges::stable_sort(added, std::ranges::less(),
                             [](const auto* entry) { return entry->second.stat.modified_ns; });
  }
  for (const auto* entry : added) {
    // Two names of one new file.
    if (parts_.files.ByIdentity(entry->second.stat.identity) != nullptr) continue;
    AddFile(entry->first, entry->second, now);
  }
  NoteUnreadable();
}

void TopicTail::AddFile(const std::string& path, const FoundFile& found, MonotonicMs now) {
  WatchedFile added;
  added.path = path;
  added.input = found.input;
  added.named = found.named;
  added.identity = found.stat.identity;
  added.size = found.stat.size_bytes;
  added.SetModified(found.stat.modified_ns, parts_.wall_ns);
  // A file that nobody has written to for long is not held open for long.
  const std::int64_t age_ms = (parts_.wall_ns - added.modified_ns) / 1'000'000;
  added.found_at = now;
  added.changed_at = now - std::max<std::int64_t>(age_ms, 0);
  added.found_at_start = !begun_;
  const std::int64_t ignored_ms = found.input->ignore_older.count();
  added.found_old = ignored_ms > 0 && age_ms > ignored_ms;
  added.size_at_start = found.stat.size_bytes;
  added.unplaced_size_max = found.stat.size_bytes;
  added.unplaced_modified_ns = added.written_ns();
  WatchedFile& file = parts_.files.Add(std::move(added));
  if (EnsureOpen(parts_, file)) {
    TakeFirstLook(parts_, file);
  } else {
    PeekFirstLook(parts_, file);
  }
  placement_due_ = true;
}

void TopicTail::Left(WatchedFile& file, MonotonicMs now) {
  file.left_at = now;
  const bool keeps = file.state == FileState::kReading || file.state == FileState::kUnplaced ||
                     file.state == FileState::kWaiting;
  const auto stat = file.handle ? file.handle->Stat()
                                : Result<file::FileStat>(Fail(ErrorCode::kNotFound, "closed"));
  if (!keeps || !stat) {
    // A closed file was read to its end: whether it goes on elsewhere shows when it is looked for.
    placement_due_ = true;
    Drop(file);
    return;
  }
  parts_.files.Leave(file, stat->link_count == 0 ? Place::kUnlinked : Place::kRenamedAway);
  QueueLook(file);
}

void TopicTail::NoteUnreadable() {
  for (const auto& [path, why] : discovery_.unreadable()) {
    parts_.notices.SayOnce("unreadable " + path, Severity::kWarn, fmt::format("{}: {}", path, why));
  }
}

// Names of inputs say little once the state is lost: an input is also an old one where the broker
// knows a source that it would match.
void TopicTail::FindNewInputs() {
  if (new_inputs_found_) return;
  new_inputs_found_ = true;
  const std::vector<Source*> sources = parts_.sources.All();
  std::set<std::string> fresh;
  for (const CompiledInput& input : discovery_.inputs()) {
    if (known_inputs_.contains(input.options->name)) continue;
    const bool used = std::any_of(sources.begin(), sources.end(), [&input](const Source* source) {
      return input.Matches(source->origin.path);
    });
    if (!used) fresh.insert(input.options->name);
    known_inputs_.insert(input.options->name);
  }
  inputs_due_ = true;
  placement_.SetNewInputs(std::move(fresh));
}

}  // namespace logboom::agent
