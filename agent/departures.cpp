#include "agent/departures.h"

#include <algorithm>
#include <utility>

#include "agent/content.h"
#include "agent/limits.h"
#include "agent/name_stem.h"

namespace logboom::agent {
namespace {

// Files of unlike names that are opened and compared beside a lost one, at most.
constexpr int kStrangersMax = 256;

std::string_view ReasonText(DepartureReason reason) {
  switch (reason) {
    case DepartureReason::kTruncated: return "truncated";
    case DepartureReason::kGone: return "file gone";
    case DepartureReason::kHeldTooLong: return "unlinked file held too long";
  }
  return "";
}

bool IsFree(const WatchedFile& file) {
  return file.state == FileState::kUnplaced || file.state == FileState::kCopy ||
         file.state == FileState::kBinary;
}

// Of two copies the later holds more of what was written.
bool IsNewer(const WatchedFile& file, const WatchedFile& other) {
  return file.written_ns() != other.written_ns() ? file.written_ns() > other.written_ns()
                                                 : file.size > other.size;
}

}  // namespace

void Departures::Add(Source& source, DepartureReason reason) {
  if (Has(source) || source.final) return;
  waiting_.push_back({.source = &source, .reason = reason});
}

bool Departures::Has(const Source& source) const {
  return std::any_of(waiting_.begin(), waiting_.end(),
                     [&source](const auto& each) { return each.source == &source; });
}

Source* Departures::OfLog(const std::string& path) const {
  const std::string base = BasePath(path);
  Source* of_log = nullptr;
  for (const Departure& each : waiting_) {
    if (each.source->path() == path) return each.source;
    if (BasePath(each.source->path()) == base) of_log = each.source;
  }
  return of_log;
}

bool Departures::StillSearches(const std::string& path) const {
  return std::any_of(waiting_.begin(), waiting_.end(), [&path](const Departure& each) {
    return each.unreadable && !each.source->given_up && SharesStem(path, each.source->path());
  });
}

void Departures::Run(MonotonicMs now, bool online) {
  // A file that was just found may be what is looked for: it must not be taken for its own.
  const auto& files = parts_.files.files();
  found_files_ = std::any_of(files.begin(), files.end(),
                             [](const auto& file) { return file->state == FileState::kUnplaced; });
  std::erase_if(waiting_, [this, now, online](Departure& departure) {
    return Resolve(departure, now, online);
  });
}

bool Departures::Resolve(Departure& departure, MonotonicMs now, bool online) {
  Source& source = *departure.source;
  if (source.final || source.bound != nullptr) return true;
  if (now < departure.search_at && !found_files_) return false;
  departure.search_at = now + kSweepInterval.count();
  if (departure.since.value() == 0) departure.since = now;
  departure.unreadable = false;
  if (!source.given_up && departure.reason != DepartureReason::kHeldTooLong &&
      source.read_window_known) {
    WatchedFile* file = FindAmongWatched(departure);
    if (file == nullptr) file = FindBeside(departure, now);
    if (file != nullptr) {
      GoOnIn(departure, *file);
      return true;
    }
  }
  // What is under way may still arrive, or come back to be read.
  if (!online || !source.under_way.empty() || source.given_up) return false;
  // A copy is made before it gets the mode and the owner that it is to have.
  if (departure.unreadable && now - departure.since < kUnreadableWait.count()) return false;
  GiveUp(parts_, source, std::string(ReasonText(departure.reason)),
         departure.reason == DepartureReason::kHeldTooLong);
  return false;
}

void Departures::GoOnAmongWatched(Source& source) {
  if (source.durable.end.value() == 0 || !source.read_window_known) return;
  Departure departure{.source = &source};
  if (WatchedFile* file = FindAmongWatched(departure)) GoOnIn(departure, *file);
}

bool Departures::Proves(const Departure& departure, const std::string& path, bool alike) const {
  const Source& source = *departure.source;
  const std::size_t proof = ProofBytes(source.origin.head, source.read.end);
  if (departure.reason == DepartureReason::kGone && path == source.path()) {
    return proof >= kProofBytesSamePath;
  }
  return proof >= (alike ? 1 : kProofBytes);
}

WatchedFile* Departures::FindAmongWatched(Departure& departure) {
  const Source& source = *departure.source;
  WatchedFile* best = nullptr;
  for (const auto& file : parts_.files.files()) {
    const bool unreadable = file->state == FileState::kUnreadable;
    if (!IsFree(*file) && !unreadable) continue;
    if (file->size < source.read.end.value()) continue;
    // What comes after it is no rest of it, though it may begin alike.
    if (file->waits_for == &source) continue;
    if (file->modified_ns < source.modified_seen_ns) continue;
    const bool alike = SharesStem(file->path, source.path());
    if (!Proves(departure, file->path, alike)) continue;
    if (unreadable || !EnsureOpen(parts_, *file)) {
      departure.unreadable = departure.unreadable || alike;
      continue;
    }
    if (!HoldsUpTo(Content(*file->handle, file->size), source.origin.head, source.read)) continue;
    if (best == nullptr || IsNewer(*file, *best)) best = file.get();
  }
  return best;
}

WatchedFile* Departures::FindBeside(Departure& departure, MonotonicMs now) {
  const Source& source = *departure.source;
  const std::string stem = NameStem(source.path());
  int strangers = 0;
  for (const Neighbour& found : parts_.neighbourhood.Of(source.path())) {
    if (found.stat.size_bytes < source.read.end.value()) continue;
    if (found.stat.modified_ns < source.modified_seen_ns) continue;
    const bool alike = found.stem == stem;
    if (!Proves(departure, found.path, alike)) continue;
    if (!alike && ++strangers > kStrangersMax) continue;
    auto handle = OpenNeighbour(parts_, found);
    if (!handle) {
      const bool known = parts_.files.ByIdentity(found.stat.identity) != nullptr;
      departure.unreadable = departure.unreadable || (alike && !known);
      continue;
    }
    if (!HoldsUpTo(Content(*handle, found.stat.size_bytes), source.origin.head, source.read))
      continue;
    return &AddNeighbour(parts_, found, std::move(handle), now);
  }
  return nullptr;
}

// What stands where the source stood comes after it; of several sources, after the last.
void Departures::NoteSuccessor(Source& source, const WatchedFile& goes_on_in) {
  WatchedFile* successor = parts_.files.ByPath(source.path());
  if (successor == nullptr || successor == &goes_on_in || successor->source != nullptr) return;
  const Source* before = successor->read_after;
  const bool is_last = before == nullptr || before->bound == nullptr ||
                       before->bound->written_ns() <= goes_on_in.written_ns();
  if (is_last) successor->read_after = &source;
}

void Departures::GoOnIn(const Departure& departure, WatchedFile& file) {
  parts_.notices.Say(
      Severity::kInfo,
      fmt::format("{}: {}; goes on in {} at byte {}", departure.source->path(),
                  ReasonText(departure.reason), file.path, departure.source->read.end.value()));
  NoteSuccessor(*departure.source, file);
  Bind(parts_, file, *departure.source);
  // Nobody writes to the copy that a truncation leaves behind.
  file.drain_then_close = departure.reason == DepartureReason::kTruncated;
}

}  // namespace logboom::agent
