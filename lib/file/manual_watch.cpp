#include <algorithm>
#include <utility>

#include "lib/file/directory_watch.h"

namespace logboom::file {

void AppendFolded(std::vector<Change>& changes, Change change) {
  if (changes.empty() || changes.back() != change) changes.push_back(std::move(change));
}

bool ManualWatch::Watches(const std::string& directory) const {
  return std::find(watched_.begin(), watched_.end(), directory) != watched_.end();
}

Status ManualWatch::Add(const std::string& directory) {
  if (Watches(directory)) return Ok();
  if (watched_.size() >= watches_max_) {
    return Fail(ErrorCode::kLimit, "watch {}: all {} watches are used", directory, watches_max_);
  }
  watched_.push_back(directory);
  return Ok();
}

void ManualWatch::Remove(const std::string& directory) { std::erase(watched_, directory); }

std::vector<Change> ManualWatch::Take() { return std::exchange(pending_, {}); }

void ManualWatch::Notify(Change change) {
  if (change.kind != ChangeKind::kOverflow && !Watches(change.directory)) return;
  if (change.kind == ChangeKind::kGone) Remove(change.directory);
  AppendFolded(pending_, std::move(change));
}

}  // namespace logboom::file
