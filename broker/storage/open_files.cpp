#include "broker/storage/open_files.h"

#include <utility>

namespace logboom::broker {
namespace {

// Looked at for one that wants room.
constexpr std::size_t kLookedAtMax = 256;

}  // namespace

Status OpenFiles::MakeRoom(const FileHolder& asking, std::size_t files) {
  if (Fits(files)) return Ok();
  for (const Log& log : Oldest(kLookedAtMax)) {
    if (log.holder == &asking || !log.holder->CloseFiles()) continue;
    Forget(*log.holder);
    if (Fits(files)) return Ok();
  }
  return Fail(ErrorCode::kBusy,
              "{} files of logs are open, the limit is {}: it goes on when some are synced and "
              "closed; raise the limit on open files (LimitNOFILE) if it lasts",
              files_, files_max_);
}

void OpenFiles::Note(FileHolder& holder, const TopicPartition& where) {
  const std::size_t files = holder.open_files();
  if (files == 0) {
    Forget(holder);
    return;
  }
  auto [place, added] = places_.try_emplace(&holder);
  if (added) {
    by_use_.push_front({where, &holder, 0, now_});
    place->second = by_use_.begin();
  } else {
    by_use_.splice(by_use_.begin(), by_use_, place->second);
  }
  Log& log = *place->second;
  files_ = files_ - log.files + files;
  log.files = files;
  log.used = now_;
}

void OpenFiles::Forget(const FileHolder& holder) {
  auto place = places_.find(&holder);
  if (place == places_.end()) return;
  files_ -= place->second->files;
  by_use_.erase(place->second);
  places_.erase(place);
}

bool OpenFiles::TakeShortage() { return std::exchange(short_, false); }

std::vector<OpenFiles::Log> OpenFiles::Oldest(std::size_t count_max) const {
  std::vector<Log> oldest;
  for (auto log = by_use_.rbegin(); log != by_use_.rend() && oldest.size() < count_max; ++log) {
    oldest.push_back(*log);
  }
  return oldest;
}

FileShare::~FileShare() {
  if (all_ != nullptr) all_->Forget(holder_);
}

void FileShare::Join(OpenFiles& all, const TopicPartition& where) {
  all_ = &all;
  where_ = where;
  Note();
}

Status FileShare::MakeRoom(std::size_t files) {
  return all_ == nullptr ? Ok() : all_->MakeRoom(holder_, files);
}

void FileShare::Note() {
  if (all_ != nullptr) all_->Note(holder_, where_);
}

Error FileShare::Told(const Error& error) {
  if (error.code != ErrorCode::kLimit) return error;
  if (all_ != nullptr) all_->NoteShortage();
  return Fail(ErrorCode::kBusy, "no file descriptor is left ({}); it goes on when one is",
              error.message);
}

}  // namespace logboom::broker
