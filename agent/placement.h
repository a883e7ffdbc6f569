// Decides for each new file what it is: the file of a source that the broker knows, under this name
// or another; a copy of a file that still stands; a copy that has been read; or a file of its own.
//
// In this order, so that the stronger evidence is used up first: identity (inode and birth time,
// with the bytes at the position agreeing), then bytes (Departures), then likeness to files that
// stand, then to sources that are final. Identities are never trusted without the bytes.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/departures.h"
#include "agent/topic_parts.h"
#include "lib/base/types.h"

namespace logboom::agent {

// One owner, one thread.
class Placement {
 public:
  Placement(TopicParts& parts, Departures& departures) : parts_(parts), departures_(departures) {}

  // `online`: the broker's sources are known, and no file is decided about without them.
  void Run(MonotonicMs now, bool online);
  // `source` is at `path` no more: what stands there next comes after it.
  void LeftPath(const std::string& path, Source& source) { left_path_[path] = &source; }
  // Everything that it remembers of sources.
  void Clear() { left_path_.clear(); }
  // Inputs that are used for the first time, by name: `from = end` is for their files.
  void SetNewInputs(std::set<std::string> names) { new_inputs_ = std::move(names); }
  // The file's bytes are its source's no more: it departs, and the file waits until the rest of it
  // is found or given up.
  void Truncated(WatchedFile& file);
  // What it holds from now on is not what it held.
  void BeginAnew(WatchedFile& file);
  // What was in the file before it had a source, and is gone. False: nothing.
  bool LoseUnplaced(WatchedFile& file, DepartureReason reason);

 private:
  using Inode = std::pair<std::uint64_t, std::int64_t>;
  using InodeIndex = std::multimap<Inode, WatchedFile*>;

  void OpenUnplaced();
  InodeIndex IndexByInode() const;
  void PlaceByIdentity(const InodeIndex& by_inode);
  void FindRenamed(const InodeIndex& by_inode);
  void NoteAwaiting(const InodeIndex& by_inode);
  bool MayBeCopyOfAwaiting(const WatchedFile& file) const;
  static bool AwaitsItsFile(const Source& source, const InodeIndex& by_inode);
  void BindTo(WatchedFile& file, Source& source);
  void FindItsFile(Source& source, const InodeIndex& by_inode);
  void LoseItsFile(Source& source, const InodeIndex& by_inode);
  WatchedFile* FindBesideByInode(const Source& source);

  void IndexFinalSources();
  void Decide(WatchedFile& file, MonotonicMs now);
  enum class Likeness { kNone, kCopy, kUndecided };
  Likeness CopyOfStanding(WatchedFile& file, MonotonicMs now);
  Likeness CompareTo(WatchedFile& file, WatchedFile& original, MonotonicMs now);
  bool IsFinished(WatchedFile& file);
  const Source* FinalSourceOf(const WatchedFile& file) const;
  bool ContinueFinal(WatchedFile& file);
  void Finish(WatchedFile& file, const Source& source);

  bool MustWait(const Source* earlier) const;
  void NoteGrowth(WatchedFile& file);
  static bool IsAsSeen(WatchedFile& file);
  void Open(WatchedFile& file);
  bool BeginsAtEnd(const WatchedFile& file) const;
  void LoseTruncated();
  void OrderOpened();
  void OpenAt(WatchedFile& file, const client::SpanEnd& begin);
  void OpenAtEnd(WatchedFile& file);

  TopicParts& parts_;
  Departures& departures_;
  MonotonicMs now_;
  std::set<std::string> new_inputs_;
  // Where sources stood before: what stands there now comes after them.
  std::map<std::string, Source*> left_path_;
  bool opened_any_ = false;
  std::vector<const Source*> awaiting_;  // their files can't be opened now
  std::map<Inode, Source*> final_by_inode_;
  std::unordered_map<std::string, std::vector<Source*>> final_by_stem_;
};

}  // namespace logboom::agent
