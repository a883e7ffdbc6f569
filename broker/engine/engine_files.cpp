// Logs whose files nobody uses close them: a minute after the last use, or earlier where they are
// more than the budget allows. A log closes them only once a commit has synced all of them,
// side-cars included, by the handles that wrote them.
#include <algorithm>
#include <utility>

#include "broker/engine/embedded_engine.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kIdleMs = 60'000;
constexpr std::int64_t kRestIntervalMs = 1'000;
// Looked at in one turn.
constexpr std::size_t kRestMax = 256;
// Logs that one commit syncs to close them: few where somebody waits for it, unless others wait for
// their files.
constexpr std::size_t kSettlingMax = 64;
constexpr std::size_t kSettlingBesideOthersMax = 8;
// Directories that are looked into in one piece of work.
constexpr std::size_t kCheckedMax = 256;

}  // namespace

void EmbeddedEngine::RestLogs(Instant now) {
  if (failure_) return;
  const std::size_t wanted =
      open_files_.TakeShortage() ? open_files_.files() / 2 : open_files_.files_max() / 4 * 3;
  std::size_t excess = open_files_.files() > wanted ? open_files_.files() - wanted : 0;
  if (excess == 0 && now.monotonic < next_rest_) return;
  next_rest_ = now.monotonic + kRestIntervalMs;
  settling_.clear();
  const std::size_t settling_max =
      dirty_.empty() || excess > 0 ? kSettlingMax : kSettlingBesideOthersMax;
  for (const OpenFiles::Log& open : open_files_.Oldest(kRestMax)) {
    if (excess == 0 && now.monotonic - open.used < kIdleMs) break;
    PartitionLog& log = *Find(open.where)->log;
    if (log.Sleep()) {
      recovery_points_moved_ = true;  // the manifest tells more of it now
    } else if (settling_.size() < settling_max && log.can_settle()) {
      settling_.push_back(open.where);
    } else {
      continue;
    }
    excess -= std::min(excess, open.files);
  }
}

// Those that do not say any more whose they are say so again: for the day when the database is
// lost. What can't be written now the next start tries again.
void EmbeddedEngine::CheckIdentities() {
  if (failure_ || checking_ || unchecked_.empty()) return;
  const auto first =
      unchecked_.end() - static_cast<std::ptrdiff_t>(std::min(unchecked_.size(), kCheckedMax));
  std::vector<DataDirectory::PartitionDirectory> some(std::make_move_iterator(first),
                                                      std::make_move_iterator(unchecked_.end()));
  unchecked_.erase(first, unchecked_.end());
  checking_ = true;
  background_->Submit([this, some = std::move(some)](
                          const std::stop_token& stop) -> BackgroundWorker::Continuation {
    for (const DataDirectory::PartitionDirectory& one : some) {
      if (stop.stop_requested()) break;
      [[maybe_unused]] const Status checked = directory_->CheckIdentity(one);
    }
    return [this] { checking_ = false; };
  });
}

}  // namespace logboom::broker
