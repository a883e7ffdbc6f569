#include "broker/engine/backup_run.h"

#include <algorithm>
#include <utility>

#include "broker/storage/manifest.h"
#include "broker/storage/superblock.h"
#include "lib/segment/log_start.h"
#include "lib/segment/names.h"

namespace logboom::broker {
namespace {

// What one piece of work copies, beyond the file that it has begun: others wait for the worker.
constexpr std::int64_t kWorkBytes = std::int64_t{64} << 20U;

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

BackupRun::BackupRun(BackupParts parts, const std::string& directory)
    : parts_(std::move(parts)),
      target_(parts_.fs, parts_.data_directory, directory),
      pins_(parts_.fs, parts_.data_directory) {
  status_.state = BackupStatus::State::kRunning;
  status_.directory = directory;
  status_.started = parts_.now();
}

std::shared_ptr<BackupRun> BackupRun::Start(BackupParts parts, const std::string& directory) {
  std::shared_ptr<BackupRun> run(new BackupRun(std::move(parts), directory));
  run->Submit([&target = run->target_](const std::stop_token&) { return target.Prepare(); },
              [self = run.get()] { self->Cut(); });
  return run;
}

void BackupRun::Submit(Step step, std::function<void()> then) {
  parts_.worker.Submit([self = shared_from_this(), step = std::move(step), then = std::move(then)](
                           const std::stop_token& stop) -> BackgroundWorker::Continuation {
    const Status done = step(stop);
    if (stop.stop_requested()) {
      [[maybe_unused]] const Status removed = self->target_.Abandon();
      return {};
    }
    return [self, done, then] {
      self->TellProgress();
      if (done.ok()) {
        then();
      } else {
        self->Fail(done.error());
      }
    };
  });
}

void BackupRun::TellProgress() {
  status_.bytes_copied = target_.bytes_copied();
  status_.bytes_linked = target_.bytes_linked();
}

void BackupRun::Cut() {
  logs_ = parts_.logs();
  if (const Status pinned = PinEnds(); !pinned.ok()) {
    Fail(pinned.error());
    return;
  }
  manifest_.cluster_id = parts_.cluster_id;
  manifest_.restore_count = parts_.restore_count;
  manifest_.made = parts_.now();
  status_.partitions = logs_.size();
  for (const BackupParts::Log& log : logs_) status_.bytes += log.size_bytes;
  parts_.copy_metadata(fmt::format("{}/{}", target_.path(), kBackupMetadataName),
                       [self = shared_from_this()](const Status& copied) {
                         if (copied.ok()) {
                           self->CopyBeside();
                         } else {
                           self->Fail(copied.error());
                         }
                       });
}

Status BackupRun::PinEnds() {
  RETURN_IF_ERROR(pins_.Open());
  for (const BackupParts::Log& log : logs_) {
    ASSIGN_OR_RETURN(PinnedFile end, pins_.PinEnd(log.directory, log.end));
    ends_.push_back(std::move(end));
  }
  return Ok();
}

void BackupRun::CopyBeside() {
  Submit([this](const std::stop_token& stop) { return WriteBeside(stop); },
         [this] { NextPartition(); });
}

Status BackupRun::WriteBeside(const std::stop_token& stop) {
  std::int64_t growing = 0;
  Manifest recovery_points;
  for (const BackupParts::Log& log : logs_) {
    growing += log.end.position.value();
    recovery_points.partitions.push_back(log.end);
  }
  RETURN_IF_ERROR(target_.CheckRoom(status_.bytes - growing, growing, parts_.reserve_bytes));
  RETURN_IF_ERROR(target_.Vouch(std::string(kBackupMetadataName), stop));
  RETURN_IF_ERROR(
      file::ReplaceFile(parts_.fs, target_.path() + "/manifest", EncodeManifest(recovery_points)));
  RETURN_IF_ERROR(target_.Vouch("manifest", stop));
  ASSIGN_OR_RETURN(const Superblock superblock, ReadSuperblock(parts_.fs, parts_.data_directory));
  RETURN_IF_ERROR(WriteSuperblock(parts_.fs, target_.path(), superblock));
  return target_.Vouch("superblock", stop);
}

// Those that were deleted since the cut are left out: their topics come back empty.
void BackupRun::NextPartition() {
  std::optional<BackupParts::LogNow> now;
  while (current_ < logs_.size() &&
         !(now = parts_.log_now(logs_[current_].where, logs_[current_].end.segment_base))) {
    ++current_;
  }
  if (current_ == logs_.size()) {
    Finish();
    return;
  }
  if (const Status pinned = PinPartition(*now); !pinned.ok()) {
    Fail(pinned.error());
    return;
  }
  const std::string name = NameOf(logs_[current_].directory);
  manifest_.partitions.push_back({name, logs_[current_].end.recovery_point});
  Submit([this, name](const std::stop_token&) { return target_.MakeDirectory(name); },
         [this] { CopyFiles(); });
}

// Where the segment of the cut's end was let go since, or merged with those ahead of it, the log
// is taken as it is now: ahead of the metadata, which are completed from it.
Status BackupRun::PinPartition(const BackupParts::LogNow& now) {
  BackupParts::Log& log = logs_[current_];
  if (!now.has_segment) {
    log.end = now.end;
    ASSIGN_OR_RETURN(ends_[current_], pins_.PinEnd(log.directory, log.end));
  }
  ASSIGN_OR_RETURN(files_, pins_.PinRest(log.directory, log.end));
  files_.push_back(ends_[current_]);
  next_file_ = 0;
  // As of the pinning: what retention has taken since the cut is below it.
  log_start_ = std::min(now.log_start, log.end.recovery_point);
  return Ok();
}

void BackupRun::CopyFiles() {
  if (next_file_ < files_.size()) {
    Submit([this](const std::stop_token& stop) { return CopySome(stop); }, [this] { CopyFiles(); });
    return;
  }
  Submit([this](const std::stop_token& stop) { return FinishPartition(stop); },
         [this] {
           ++current_;
           status_.partitions_done = current_;
           NextPartition();
         });
}

Status BackupRun::CopySome(const std::stop_token& stop) {
  const std::int64_t before = target_.bytes_copied() + target_.bytes_linked();
  while (next_file_ < files_.size()) {
    RETURN_IF_ERROR(target_.Take(files_[next_file_], stop));
    RETURN_IF_ERROR(parts_.fs.Remove(files_[next_file_].pin));
    ++next_file_;
    if (target_.bytes_copied() + target_.bytes_linked() - before >= kWorkBytes) break;
  }
  return Ok();
}

Status BackupRun::FinishPartition(const std::stop_token& stop) {
  const std::string& name = manifest_.partitions.back().directory;
  RETURN_IF_ERROR(
      segment::WriteLogStart(parts_.fs, fmt::format("{}/{}", target_.path(), name), log_start_));
  RETURN_IF_ERROR(target_.Vouch(fmt::format("{}/{}", name, segment::kLogStartName), stop));
  return target_.SyncDirectory(name);
}

void BackupRun::Finish() {
  Submit(
      [this](const std::stop_token&) -> Status {
        RETURN_IF_ERROR(pins_.Close());
        return target_.Finish(std::move(manifest_));
      },
      [this] {
        status_.state = BackupStatus::State::kDone;
        status_.ended = parts_.now();
      });
}

void BackupRun::Fail(const Error& error) {
  if (status_.error) return;
  status_.error = error;
  // Whether or not they can be removed: pins go with the next start, and the rest is told.
  parts_.worker.Submit(
      [self = shared_from_this()](const std::stop_token&) -> BackgroundWorker::Continuation {
        [[maybe_unused]] const Status pins = self->pins_.Close();
        const Status removed = self->target_.Abandon();
        return [self, removed] {
          if (!removed.ok()) {
            self->status_.error->message += fmt::format(" ({})", removed.error().message);
          }
          self->status_.state = BackupStatus::State::kFailed;
          self->status_.ended = self->parts_.now();
        };
      });
}

}  // namespace logboom::broker
