#include "lib/file/crashable_names.h"

#include <utility>

#include "lib/file/crash_fate.h"
#include "lib/file/memory_node.h"

namespace logboom::file {

NodePointer CrashableNames::Find(const std::string& name) const {
  const auto found = seen_.find(name);
  return found == seen_.end() ? nullptr : found->second;
}

void CrashableNames::Apply(const NameChange& change, NodesByName& to) {
  if (!change.removed.empty()) {
    // After a crash the name may stand for an older file, which this change never meant.
    const auto found = to.find(change.removed);
    if (found != to.end() && found->second == change.node) to.erase(found);
  }
  if (!change.added.empty()) to[change.added] = change.node;
}

void CrashableNames::Apply(NameChange change) {
  Apply(change, seen_);
  unsynced_.push_back(std::move(change));
}

void CrashableNames::SyncThrough(ChangeNumber last, std::set<ChangeNumber>& lost) {
  while (!unsynced_.empty() && unsynced_.front().number <= last) {
    // Taken out first: what it needs may lead back to this directory, to earlier changes only.
    const NameChange change = std::move(unsynced_.front());
    unsynced_.pop_front();
    if (const NodePointer other = change.needs_in.lock()) {
      other->names.SyncThrough(change.needs, lost);
    }
    if (change.lost || lost.contains(change.needs)) {
      lost.insert(change.number);
    } else {
      Apply(change, synced_);
    }
  }
}

void CrashableNames::LoseUnsynced() {
  for (NameChange& change : unsynced_) change.lost = true;
}

void CrashableNames::DrawFates(Random& random, std::set<ChangeNumber>& dropped) const {
  CrashFates fates(unsynced_.size(), random);
  for (const NameChange& change : unsynced_) {
    const CrashFate fate = fates.Next();
    const bool kept =
        fate == CrashFate::kKept || (fate == CrashFate::kDamaged && random.Below(2) == 0);
    if (!kept || change.lost) dropped.insert(change.number);
  }
}

void CrashableNames::Crash(const std::set<ChangeNumber>& dropped) {
  for (const NameChange& change : unsynced_) {
    if (dropped.contains(change.number) || dropped.contains(change.needs)) continue;
    Apply(change, synced_);
  }
  unsynced_.clear();
  seen_ = synced_;
}

void CrashableNames::Forget(const std::string& name) {
  seen_.erase(name);
  synced_.erase(name);
}

void CrashableNames::ForgetAll() {
  seen_.clear();
  synced_.clear();
}

}  // namespace logboom::file
