// The names in one directory in memory, and what a crash makes of them.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "lib/base/random.h"

namespace logboom::file {

struct MemoryNode;
using NodePointer = std::shared_ptr<MemoryNode>;
using NodesByName = std::map<std::string, NodePointer>;

// Changes are numbered over all directories of a disk, so that one can depend on another: when a
// file moves to another directory, losing its old name takes that the new one is durable, as
// journals see to; the other way round it may be left with both.
using ChangeNumber = std::uint64_t;

struct NameChange {
  ChangeNumber number = 0;
  std::string removed = {};  // empty: none
  std::string added = {};    // empty: none; with `removed`, a rename: both or neither
  NodePointer node = nullptr;
  ChangeNumber needs = 0;  // 0: nothing
  std::weak_ptr<MemoryNode> needs_in = {};
  bool lost = false;  // a failed sync has forgotten it
};

// As CrashableBytes, for names. One owner, one thread at a time.
class CrashableNames {
 public:
  const NodesByName& seen() const { return seen_; }
  NodePointer Find(const std::string& name) const;

  void Apply(NameChange change);
  // Makes the changes up to `last` durable. Changes that were lost, and those that need one of
  // them, are given up: their numbers go to `lost`.
  void SyncThrough(ChangeNumber last, std::set<ChangeNumber>& lost);
  // The changes so far look done and will never be durable.
  void LoseUnsynced();

  // A crash takes two steps, because changes depend on those of other directories: the numbers of
  // the changes that do not survive are put in `dropped` first, for all directories; then it
  // happens.
  void DrawFates(Random& random, std::set<ChangeNumber>& dropped) const;
  void Crash(const std::set<ChangeNumber>& dropped);

  // Forget names for good, durable or not.
  void Forget(const std::string& name);
  void ForgetAll();

 private:
  static void Apply(const NameChange& change, NodesByName& to);

  NodesByName seen_;
  NodesByName synced_;
  std::deque<NameChange> unsynced_;
};

}  // namespace logboom::file
