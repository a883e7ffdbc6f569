#include "agent/placement.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "agent/binary_files.h"
#include "agent/content.h"
#include "agent/limits.h"
#include "agent/name_stem.h"

namespace logboom::agent {
namespace {

bool SameInode(const file::FileIdentity& a, const file::FileIdentity& b) {
  return a.inode == b.inode && a.birth_time_ns == b.birth_time_ns;
}

// The file that held the source's bytes last, or the one that it was opened with.
bool IsItsFile(const Source& source, const file::FileIdentity& identity) {
  return SameInode(source.file, identity) || SameInode(source.origin.file, identity);
}

bool Unplaced(const WatchedFile& file) { return file.state == FileState::kUnplaced; }

// Whether the file may have been this source's when it was first seen. Of one that was shorter then
// than the source's head nothing can be told.
bool BeganWith(const WatchedFile& file, const Source& source) {
  const FileHead& known = source.origin.head;
  if (file.first_bytes == nullptr || file.first_head.bytes < known.bytes) return true;
  return record::HashBytes({file.first_bytes.get(), known.bytes}) == known.hash;
}

// What was known before counts for more than times, which may be of a clock that was set back.
void KeepKnownOrder(std::vector<WatchedFile*>& files) {
  std::size_t moves_left = files.size();
  for (auto file = files.begin(); file != files.end() && moves_left > 0;) {
    const Source* earlier = (*file)->read_after;
    const auto place =
        earlier == nullptr ? files.end() : std::find(file, files.end(), earlier->bound);
    if (place == files.end() || place == file) {
      ++file;
    } else {
      std::rotate(file, file + 1, place + 1);
      --moves_left;
    }
  }
}

}  // namespace

void Placement::Run(MonotonicMs now, bool online) {
  now_ = now;
  parts_.neighbourhood.Forget();
  if (online) {
    awaiting_.clear();
    OpenUnplaced();
    if (!parts_.sources.Unbound().empty()) {
      const InodeIndex by_inode = IndexByInode();
      PlaceByIdentity(by_inode);
      FindRenamed(by_inode);
      NoteAwaiting(by_inode);
    }
    LoseTruncated();
  }
  departures_.Run(now, online);
  if (!online) return;
  const auto& files = parts_.files.files();
  if (std::any_of(files.begin(), files.end(), [](const auto& file) { return Unplaced(*file); })) {
    IndexFinalSources();
  }
  // By index: deciding about one file may add another.
  for (std::size_t i = 0; i < files.size(); ++i) {
    WatchedFile& file = *files[i];
    if (Unplaced(file)) Decide(file, now);
    if (file.state == FileState::kWaiting && file.source == nullptr && !MustWait(file.waits_for)) {
      Open(file);
    }
  }
  if (std::exchange(opened_any_, false)) OrderOpened();
}

// Several files of one log found at once, as after a time without an agent: the oldest is read
// first.
void Placement::OrderOpened() {
  std::map<std::string, std::vector<WatchedFile*>> logs;
  for (const auto& file : parts_.files.files()) {
    if (file->state != FileState::kReading) continue;
    // What is not acked may have to be read again, and what is empty may grow first.
    if (!file->source->opened || file->source->durable.end.value() < file->size) {
      logs[BasePath(file->path)].push_back(file.get());
    }
  }
  for (auto& [path, files] : logs) {
    // Of equal age: app.log.2 before app.log.1 before app.log.
    std::sort(files.begin(), files.end(), [](const WatchedFile* a, const WatchedFile* b) {
      return a->written_ns() != b->written_ns() ? a->written_ns() < b->written_ns()
                                                : a->path > b->path;
    });
    KeepKnownOrder(files);
    for (std::size_t i = 1; i < files.size(); ++i) {
      if (!files[i]->source->opened) files[i]->read_after = files[i - 1]->source;
    }
  }
}

// Where descriptors are few, the oldest first: of one log they are to be read in that order.
void Placement::OpenUnplaced() {
  std::vector<WatchedFile*> unplaced;
  for (const auto& file : parts_.files.files()) {
    file->examined = false;
    if (Unplaced(*file)) unplaced.push_back(file.get());
  }
  std::ranges::stable_sort(unplaced, std::ranges::less(),
                           [](const WatchedFile* file) { return file->written_ns(); });
  for (WatchedFile* file : unplaced) file->examined = EnsureOpen(parts_, *file);
}

Placement::InodeIndex Placement::IndexByInode() const {
  InodeIndex by_inode;
  for (const auto& file : parts_.files.files()) {
    by_inode.emplace(Inode{file->identity.inode, file->identity.birth_time_ns}, file.get());
  }
  return by_inode;
}

void Placement::PlaceByIdentity(const InodeIndex& by_inode) {
  std::vector<Source*> unbound = parts_.sources.Unbound();
  std::erase_if(unbound, [this](const Source* each) { return departures_.Has(*each); });
  // A file that was truncated has been the file of several sources: the one whose bytes it holds
  // gets it, before the others are told that they have lost it. Of several that begin alike, the
  // longest: what it holds of the others may be the beginning of that one.
  std::ranges::stable_sort(unbound, std::ranges::greater(),
                           [](const Source* each) { return each->durable.end; });
  for (Source* source : unbound) FindItsFile(*source, by_inode);
  std::erase_if(unbound, [&by_inode](const Source* each) {
    return each->bound != nullptr || AwaitsItsFile(*each, by_inode);
  });
  std::stable_partition(unbound.begin(), unbound.end(), [&](const Source* each) {
    const auto found = by_inode.find({each->file.inode, each->file.birth_time_ns});
    return found != by_inode.end() && BeganWith(*found->second, *each);
  });
  for (Source* source : unbound) {
    if (!source->foreign) LoseItsFile(*source, by_inode);
  }
}

void Placement::FindItsFile(Source& source, const InodeIndex& by_inode) {
  for (const file::FileIdentity& identity : {source.file, source.origin.file}) {
    const auto [first, last] = by_inode.equal_range({identity.inode, identity.birth_time_ns});
    for (auto each = first; each != last; ++each) {
      WatchedFile& file = *each->second;
      if (!Unplaced(file) || !EnsureOpen(parts_, file)) continue;
      NoteGrowth(file);
      if (!HoldsUpTo(Content(*file.handle, file.size), source.origin.head, source.durable))
        continue;
      return BindTo(file, source);
    }
  }
}

// What can't be opened now may hold its bytes as well as ever: it is tried again.
bool Placement::AwaitsItsFile(const Source& source, const InodeIndex& by_inode) {
  const auto awaited = [](const auto& each) {
    const WatchedFile& file = *each.second;
    return !file.handle && (Unplaced(file) || file.state == FileState::kUnreadable);
  };
  const auto any_of = [&](const file::FileIdentity& identity) {
    const auto [first, last] = by_inode.equal_range({identity.inode, identity.birth_time_ns});
    return std::any_of(first, last, awaited);
  };
  return any_of(source.file) || any_of(source.origin.file);
}

void Placement::NoteAwaiting(const InodeIndex& by_inode) {
  for (const Source* source : parts_.sources.Unbound()) {
    if (AwaitsItsFile(*source, by_inode)) awaiting_.push_back(source);
  }
}

// Of what only begins alike it is believed for a while.
bool Placement::MayBeCopyOfAwaiting(const WatchedFile& file) const {
  const Content content(*file.handle, file.size);
  const bool young = now_ - file.found_at < kUnreadableWait.count();
  return std::any_of(awaiting_.begin(), awaiting_.end(), [&](const Source* source) {
    if (file.path == source->path() || !SharesStem(file.path, source->path())) return false;
    const bool holds_all_acked =
        source->durable.end.value() > 0 && HoldsUpTo(content, source->origin.head, source->durable);
    return holds_all_acked || (young && HeadMatches(content, source->origin.head));
  });
}

// The process before this one may have sent more of it since it was looked at.
void Placement::NoteGrowth(WatchedFile& file) {
  const auto stat = file.handle->Stat();
  if (!stat || stat->size_bytes <= file.size) return;
  file.size = stat->size_bytes;
  file.SetModified(stat->modified_ns, parts_.wall_ns);
  file.look_due = true;
}

// Its inode, and not its bytes: truncated, or reused.
void Placement::LoseItsFile(Source& source, const InodeIndex& by_inode) {
  const auto found = by_inode.find({source.file.inode, source.file.birth_time_ns});
  if (found == by_inode.end()) return;
  WatchedFile& file = *found->second;
  if (Unplaced(file)) {
    ++parts_.counters.truncations;
    // What stood there before it was truncated again may have been no source's that is known.
    const bool was_its = BeganWith(file, source);
    if (file.unplaced_truncated && was_its) {
      source.size_seen = std::max(source.size_seen, file.unplaced_size_max);
    }
    if (!file.unplaced_truncated || was_its || !LoseUnplaced(file, DepartureReason::kTruncated)) {
      BeginAnew(file);
      file.state = FileState::kWaiting;
      file.waits_for = &source;
    }
  }
  source.input = file.input;
  departures_.Add(source, DepartureReason::kTruncated);
}

void Placement::BindTo(WatchedFile& file, Source& source) {
  if (source.path() != file.path) left_path_[source.path()] = &source;
  Bind(parts_, file, source);
}

void Placement::FindRenamed(const InodeIndex& by_inode) {
  for (Source* source : parts_.sources.Unbound()) {
    if (departures_.Has(*source) || AwaitsItsFile(*source, by_inode)) continue;
    if (source->foreign) {
      departures_.GoOnAmongWatched(*source);
      continue;
    }
    if (WatchedFile* file = FindBesideByInode(*source)) {
      BindTo(*file, *source);
    } else {
      departures_.Add(*source, DepartureReason::kGone);
    }
  }
}

WatchedFile* Placement::FindBesideByInode(const Source& source) {
  for (const Neighbour& found : parts_.neighbourhood.Of(source.path())) {
    if (!IsItsFile(source, found.stat.identity)) continue;
    auto handle = OpenNeighbour(parts_, found);
    if (!handle) continue;
    const Content content(*handle, found.stat.size_bytes);
    if (!HoldsUpTo(content, source.origin.head, source.durable)) continue;
    return &AddNeighbour(parts_, found, std::move(handle), now_);
  }
  return nullptr;
}

void Placement::IndexFinalSources() {
  final_by_inode_.clear();
  final_by_stem_.clear();
  for (Source* source : parts_.sources.All()) {
    if (!source->final) continue;
    for (const file::FileIdentity& identity : {source->file, source->origin.file}) {
      Source*& best = final_by_inode_[{identity.inode, identity.birth_time_ns}];
      if (best == nullptr || best->durable.end < source->durable.end) best = source;
    }
    final_by_stem_[NameStem(source->origin.path)].push_back(source);
  }
}

void Placement::Decide(WatchedFile& file, MonotonicMs now) {
  if (!file.examined || departures_.StillSearches(file.path)) return;
  if (!EnsureOpen(parts_, file) || !IsAsSeen(file)) return;
  if (ContinueFinal(file) || MayBeCopyOfAwaiting(file)) return;
  switch (CopyOfStanding(file, now)) {
    case Likeness::kCopy: file.state = FileState::kCopy; return;
    case Likeness::kUndecided: return;
    case Likeness::kNone: break;
  }
  if (IsFinished(file)) return;
  const auto left = left_path_.find(file.path);
  if (file.read_after == nullptr && left != left_path_.end()) file.read_after = left->second;
  file.state = FileState::kWaiting;
  if (file.waits_for == nullptr) file.waits_for = departures_.OfLog(file.path);
}

// The final source that was read from this file last, if that is known, else the longest of its
// inode: a file that was emptied now and then has had many.
const Source* Placement::FinalSourceOf(const WatchedFile& file) const {
  const Source* last = parts_.sources.Find(file.content_source);
  if (last != nullptr && last->final && IsItsFile(*last, file.identity)) return last;
  const auto found = final_by_inode_.find({file.identity.inode, file.identity.birth_time_ns});
  return found == final_by_inode_.end() ? nullptr : found->second;
}

bool Placement::ContinueFinal(WatchedFile& file) {
  const Source* found = FinalSourceOf(file);
  if (found == nullptr || found->durable.end.value() == 0) return false;
  const Source& source = *found;
  const Content content(*file.handle, file.size);
  if (!HoldsUpTo(content, source.origin.head, source.durable)) return false;
  if (file.size == source.durable.end.value()) {
    Finish(file, source);
  } else {
    // It was closed, and has grown since. A final source takes no more: a new one goes on there.
    OpenAt(file, source.durable);
  }
  return true;
}

Placement::Likeness Placement::CopyOfStanding(WatchedFile& file, MonotonicMs now) {
  bool undecided = false;
  for (WatchedFile* other : parts_.files.Like(file.path, *file.handle, file.size)) {
    if (other == &file || other->state != FileState::kReading) continue;
    switch (CompareTo(file, *other, now)) {
      case Likeness::kCopy: return Likeness::kCopy;
      case Likeness::kUndecided: undecided = true; break;
      case Likeness::kNone: break;
    }
  }
  return undecided ? Likeness::kUndecided : Likeness::kNone;
}

Placement::Likeness Placement::CompareTo(WatchedFile& file, WatchedFile& original,
                                         MonotonicMs now) {
  const Source& source = *original.source;
  // Where the original stood there is no copy of it, but its successor.
  if (file.path == source.origin.path || !SharesStem(file.path, source.origin.path)) {
    return Likeness::kNone;
  }
  if (!EnsureOpen(parts_, original)) return Likeness::kUndecided;
  const auto stat = original.handle->Stat();
  if (!stat) return Likeness::kNone;
  const Content content(*file.handle, file.size);
  const Content whole_original(*original.handle, stat->size_bytes);
  const client::SpanEnd& at = source.read_window_known ? source.read : source.durable;
  if (!HoldsUpTo(whole_original, source.origin.head, at)) {
    // Truncated, and nobody has noticed yet: its departure will ask for this file.
    original.look_due = true;
    return Likeness::kUndecided;
  }
  if (!MayBeCopy(content, whole_original)) return Likeness::kNone;
  if (file.size == 0) return Likeness::kUndecided;
  const bool whole = file.size == stat->size_bytes;
  const bool holds_all_acked =
      source.durable.end.value() > 0 && file.size >= source.durable.end.value();
  const bool long_enough = file.size >= static_cast<std::int64_t>(kProofBytesSamePath);
  if (whole || holds_all_acked || long_enough || NewestEndInside(content, source.recent)) {
    file.content_source = source.id;
    file.finished_size = file.size;
    return Likeness::kCopy;
  }
  const bool young = now - file.changed_at < kCopySettles.count();
  return young && !parts_.options.once ? Likeness::kUndecided : Likeness::kNone;
}

bool Placement::IsFinished(WatchedFile& file) {
  const auto found = final_by_stem_.find(NameStem(file.path));
  if (file.size == 0 || found == final_by_stem_.end()) return false;
  const Content content(*file.handle, file.size);
  for (const Source* source : found->second) {
    if (file.path == source->origin.path || file.size > source->durable.end.value()) continue;
    const bool known = file.content_source == source->id && file.finished_size == file.size;
    const bool whole = file.size == source->durable.end.value() &&
                       HoldsUpTo(content, source->origin.head, source->durable);
    const auto inside = HeadMatches(content, source->origin.head)
                            ? NewestEndInside(content, source->recent)
                            : std::nullopt;
    const bool proven =
        inside && ProofBytes(source->origin.head, inside->end) >= kProofBytesSamePath;
    if (!known && !whole && !proven) continue;
    Finish(file, *source);
    return true;
  }
  return false;
}

void Placement::Finish(WatchedFile& file, const Source& source) {
  file.state = FileState::kFinished;
  file.first_bytes = nullptr;
  file.content_source = source.id;
  file.finished_size = file.size;
  file.handle.reset();
}

// A source that departed: its rest comes first, from a copy or as a gap.
bool Placement::MustWait(const Source* earlier) const {
  return earlier != nullptr && !earlier->final && earlier->bound == nullptr;
}

bool Placement::LoseUnplaced(WatchedFile& file, DepartureReason reason) {
  if (file.unplaced_size_max == 0) return false;
  Origin origin = OriginOf(parts_, file);
  origin.head = file.first_head;
  Source& lost = parts_.sources.Add(
      NewSource(Uuid::Make(parts_.random), origin, {SourcePosition(0), record::HashBytes({})}));
  lost.input = file.input;
  lost.size_seen = file.unplaced_size_max;
  lost.modified_seen_ns = file.unplaced_modified_ns;
  departures_.Add(lost, reason);
  BeginAnew(file);
  file.waits_for = &lost;
  return true;
}

bool Placement::BeginsAtEnd(const WatchedFile& file) const {
  if (file.found_old) return true;
  return file.found_at_start && file.input != nullptr && file.input->from == StartFrom::kEnd &&
         new_inputs_.contains(file.input->name);
}

// Files that were emptied before they had a source, and are none of the broker's: what they held
// may stand in a copy, which must not be taken for a file of its own.
void Placement::LoseTruncated() {
  for (const auto& file : parts_.files.files()) {
    if (!Unplaced(*file) || !file->unplaced_truncated || BeginsAtEnd(*file)) continue;
    LoseUnplaced(*file, DepartureReason::kTruncated);
  }
}

// Where it was emptied since it was looked at, what it held is another source's: a look tells.
bool Placement::IsAsSeen(WatchedFile& file) {
  const auto stat = file.handle->Stat();
  if (stat && stat->size_bytes >= file.size && HoldsWhatWasSeen(file, stat->size_bytes)) {
    return true;
  }
  file.look_due = true;
  return false;
}

void Placement::Open(WatchedFile& file) {
  if (!EnsureOpen(parts_, file) || !IsAsSeen(file)) return;
  if (IsLeftAlone(file)) return LeaveAlone(parts_, file);
  if (BeginsAtEnd(file) && !file.unplaced_truncated && file.size >= file.size_at_start) {
    OpenAtEnd(file);
  } else {
    OpenAt(file, {SourcePosition(0), record::HashBytes({})});
  }
}

void Placement::OpenAt(WatchedFile& file, const client::SpanEnd& begin) {
  Source& source =
      parts_.sources.Add(NewSource(Uuid::Make(parts_.random), OriginOf(parts_, file), begin));
  ++parts_.counters.sources_opened;
  if (file.read_after == nullptr) file.read_after = file.waits_for;
  Bind(parts_, file, source);
  opened_any_ = true;
}

void Placement::OpenAtEnd(WatchedFile& file) {
  const SourcePosition end(file.size_at_start);
  const auto window = Content(*file.handle, file.size).WindowBefore(end);
  if (!window) return;
  OpenAt(file, {end, *window});
  // It counts as watched once the broker has noted where it begins.
  file.state = FileState::kWaiting;
  parts_.rows.Want(*file.source, {.kind = client::RowKind::kProgress,
                                  .end = end,
                                  .end_is_exact = true,
                                  .reason = {},
                                  .window = *window});
}

void Placement::BeginAnew(WatchedFile& file) {
  file.first_head = {};
  file.first_bytes = nullptr;
  file.seen_end = {};
  file.found_text = false;
  file.unplaced_truncated = false;
  file.unplaced_size_max = file.size;
  file.unplaced_modified_ns = file.written_ns();
  if (EnsureOpen(parts_, file)) TakeFirstLook(parts_, file);
}

void Placement::Truncated(WatchedFile& file) {
  Source& source = *file.source;
  ++parts_.counters.truncations;
  parts_.notices.Say(Severity::kInfo, fmt::format("{}: truncated at byte {} or after", file.path,
                                                  source.read.end.value()));
  source.bound = nullptr;
  file.source = nullptr;
  file.state = FileState::kWaiting;
  file.waits_for = &source;
  file.found_at_start = false;
  file.found_old = false;
  file.rest_at_size = -1;
  BeginAnew(file);
  departures_.Add(source, DepartureReason::kTruncated);
}

}  // namespace logboom::agent
