// Sources whose file is no longer theirs: truncated, replaced or gone. Each goes on in a copy or
// under another name if there is one, in the patterns or beside its old place; else what was seen
// of it and never read becomes a gap, and it is closed.
#pragma once

#include <string>
#include <vector>

#include "agent/topic_parts.h"
#include "lib/base/types.h"

namespace logboom::agent {

enum class DepartureReason { kTruncated, kGone, kHeldTooLong };

// One owner, one thread.
class Departures {
 public:
  explicit Departures(TopicParts& parts) : parts_(parts) {}

  // The source must not be bound to a file any more.
  void Add(Source& source, DepartureReason reason);
  // Where an input reads its bytes under a name that is new to it, it goes on there; else nothing
  // becomes of it.
  void GoOnAmongWatched(Source& source);
  // `online`: positions are the broker's, and rows may be wanted.
  void Run(MonotonicMs now, bool online);
  void Clear() { waiting_.clear(); }

  bool Has(const Source& source) const;
  // A source whose bytes were last seen at `path`, else of the log that it is a rotation of: a file
  // may have been renamed before anybody saw it. Nothing where there is none.
  Source* OfLog(const std::string& path) const;
  bool empty() const { return waiting_.empty(); }
  // Files of that log have not all been looked at for the rest of a source: none is decided about.
  bool StillSearches(const std::string& path) const;

 private:
  struct Departure {
    Source* source = nullptr;
    DepartureReason reason = DepartureReason::kGone;
    MonotonicMs search_at{};
    MonotonicMs since{};
    bool unreadable = false;  // a file that may hold the rest could not be opened
  };

  // True: it goes on elsewhere, or is final.
  bool Resolve(Departure& departure, MonotonicMs now, bool online);
  WatchedFile* FindAmongWatched(Departure& departure);
  WatchedFile* FindBeside(Departure& departure, MonotonicMs now);
  bool Proves(const Departure& departure, const std::string& path, bool alike) const;
  void NoteSuccessor(Source& source, const WatchedFile& goes_on_in);
  void GoOnIn(const Departure& departure, WatchedFile& file);

  TopicParts& parts_;
  std::vector<Departure> waiting_;
  bool found_files_ = false;
};

}  // namespace logboom::agent
