#include "broker/storage/backup_target.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "lib/file/trees.h"
#include "lib/record/crc32c.h"

namespace logboom::broker {
namespace {

// What is read at once, and between two looks at the stop token.
constexpr std::size_t kChunkBytes = std::size_t{1} << 20U;
// Beside the logs: names, side-cars, the manifest.
constexpr std::int64_t kRoomBeside = std::int64_t{16} << 20U;
constexpr int kAncestorsMax = 256;

std::string WithoutTrailingSlashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

Status CheckNotStopped(const std::stop_token& stop) {
  if (!stop.stop_requested()) return Ok();
  return Fail(ErrorCode::kCancelled, "the broker is ending");
}

// Calls `take` with all bytes, or the first `bytes_max`. kCorrupt where there are fewer.
template <typename Take>
Status ForEachChunk(const file::File& file, const std::string& path,
                    std::optional<std::int64_t> bytes_max, const std::stop_token& stop, Take take) {
  Bytes buffer(kChunkBytes, '\0');
  std::int64_t position = 0;
  while (true) {
    RETURN_IF_ERROR(CheckNotStopped(stop));
    std::size_t wish = buffer.size();
    if (bytes_max) wish = std::min(wish, static_cast<std::size_t>(*bytes_max - position));
    ASSIGN_OR_RETURN(const std::size_t count, file.PRead(position, std::span(buffer.data(), wish)));
    if (count == 0) break;
    RETURN_IF_ERROR(take(position, ByteView(buffer.data(), count)));
    position += static_cast<std::int64_t>(count);
  }
  if (!bytes_max || position == *bytes_max) return Ok();
  return Fail(ErrorCode::kCorrupt, "{}: {} bytes are there, {} are due", path, position,
              *bytes_max);
}

}  // namespace

BackupTarget::BackupTarget(file::FileSystem& fs, std::string data_directory,
                           const std::string& directory)
    : fs_(fs),
      data_directory_(std::move(data_directory)),
      directory_(WithoutTrailingSlashes(directory)),
      incomplete_(directory_ + std::string(kIncompleteSuffix)) {}

Status BackupTarget::Prepare() {
  if (!directory_.starts_with('/') || directory_ == "/") {
    return Fail(ErrorCode::kInvalid, "'{}': name the backup's directory by its absolute path",
                directory_);
  }
  const std::string parent = file::ParentDirectory(directory_);
  if (const auto stat = fs_.Stat(parent); !stat.ok() || stat->kind != file::FileKind::kDirectory) {
    return Fail(ErrorCode::kNotFound, "{}: there is no such directory: make it first", parent);
  }
  RETURN_IF_ERROR(CheckOutside());
  RETURN_IF_ERROR(CheckFree());
  RETURN_IF_ERROR(fs_.CreateDirectories(incomplete_));
  made_ = true;
  ASSIGN_OR_RETURN(const file::FileStat mine, fs_.Stat(incomplete_));
  ASSIGN_OR_RETURN(const file::FileStat data, fs_.Stat(data_directory_));
  links_ = mine.identity.device == data.identity.device;
  return Ok();
}

// Upwards as the operating system has it, through symbolic links.
Status BackupTarget::CheckOutside() const {
  ASSIGN_OR_RETURN(const file::FileStat data, fs_.Stat(data_directory_));
  std::string path = file::ParentDirectory(directory_);
  ASSIGN_OR_RETURN(file::FileStat stat, fs_.Stat(path));
  for (int i = 0; i < kAncestorsMax; ++i) {
    if (stat.identity == data.identity) {
      return Fail(ErrorCode::kInvalid, "{}: lies in the data directory {}; name a place outside",
                  directory_, data_directory_);
    }
    std::string above = path + "/..";
    Result<file::FileStat> next = fs_.Stat(above);
    if (!next.ok()) {
      above = file::ParentDirectory(path);
      next = fs_.Stat(above);
    }
    if (!next.ok()) return next.error();
    if (next->identity == stat.identity) return Ok();
    path = std::move(above);
    stat = *next;
  }
  return Fail(ErrorCode::kInvalid, "{}: lies in more than {} directories; name a place further up",
              directory_, kAncestorsMax);
}

Status BackupTarget::CheckFree() const {
  if (fs_.Stat(incomplete_).ok()) {
    return Fail(ErrorCode::kExists,
                "{}: left by a backup that did not finish: remove it, and start again",
                incomplete_);
  }
  const auto stat = fs_.Stat(directory_);
  if (!stat.ok()) {
    return stat.error().code == ErrorCode::kNotFound ? Ok() : Status(stat.error());
  }
  if (stat->kind != file::FileKind::kDirectory) {
    return Fail(ErrorCode::kExists, "{}: is not a directory", directory_);
  }
  ASSIGN_OR_RETURN(const auto entries, fs_.List(directory_));
  if (entries.empty()) return Ok();
  return Fail(ErrorCode::kExists, "{}: is not empty: name a new directory", directory_);
}

Status BackupTarget::CheckRoom(std::int64_t finished_bytes, std::int64_t growing_bytes,
                               std::int64_t reserve_bytes) const {
  ASSIGN_OR_RETURN(const file::Space space, fs_.SpaceOf(incomplete_));
  const std::int64_t needed = growing_bytes + (links_ ? 0 : finished_bytes) + kRoomBeside;
  // The broker must be able to go on where the backup is a neighbour.
  const std::int64_t free_bytes = space.available_bytes - (links_ ? reserve_bytes : 0);
  if (needed <= free_bytes) return Ok();
  return Fail(ErrorCode::kNoSpace, "{}: the backup takes {} bytes, and {} are free", directory_,
              needed, std::max<std::int64_t>(free_bytes, 0));
}

Status BackupTarget::MakeDirectory(const std::string& name) {
  return fs_.CreateDirectories(fmt::format("{}/{}", incomplete_, name));
}

Status BackupTarget::Take(const PinnedFile& file, const std::stop_token& stop) {
  if (!file.first_bytes && links_) {
    links_ = file::Link(fs_, file.pin, fmt::format("{}/{}", incomplete_, file.path)).ok();
    if (links_) {
      RETURN_IF_ERROR(Checksum(file.path, stop));
      bytes_linked_ += files_.back().size_bytes;
      return Ok();
    }
  }
  return Copy(file, stop);
}

Status BackupTarget::Copy(const PinnedFile& file, const std::stop_token& stop) {
  const std::string to = fmt::format("{}/{}", incomplete_, file.path);
  ASSIGN_OR_RETURN(const std::unique_ptr<file::File> in, fs_.Open(file.pin, file::OpenMode::kRead));
  ASSIGN_OR_RETURN(const std::unique_ptr<file::File> out, fs_.Open(to, file::OpenMode::kCreateNew));
  BackupFile copied{file.path, 0, 0};
  RETURN_IF_ERROR(ForEachChunk(*in, file.path, file.first_bytes, stop,
                               [&](std::int64_t position, ByteView bytes) -> Status {
                                 copied.crc = record::ExtendCrc32c(copied.crc, bytes);
                                 copied.size_bytes += static_cast<std::int64_t>(bytes.size());
                                 return out->PWrite(position, bytes);
                               }));
  RETURN_IF_ERROR(out->Sync());
  bytes_copied_ += copied.size_bytes;
  files_.push_back(std::move(copied));
  return Ok();
}

Status BackupTarget::Vouch(const std::string& path, const std::stop_token& stop) {
  RETURN_IF_ERROR(Checksum(path, stop));
  bytes_copied_ += files_.back().size_bytes;
  return Ok();
}

Status BackupTarget::Checksum(const std::string& path, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const std::unique_ptr<file::File> in,
                   fs_.Open(fmt::format("{}/{}", incomplete_, path), file::OpenMode::kReadWrite));
  BackupFile found{path, 0, 0};
  RETURN_IF_ERROR(
      ForEachChunk(*in, path, std::nullopt, stop, [&](std::int64_t /*position*/, ByteView bytes) {
        found.crc = record::ExtendCrc32c(found.crc, bytes);
        found.size_bytes += static_cast<std::int64_t>(bytes.size());
        return Ok();
      }));
  // The newest side-cars of the data directory may not be synced yet.
  RETURN_IF_ERROR(in->Sync());
  files_.push_back(std::move(found));
  return Ok();
}

Status BackupTarget::SyncDirectory(const std::string& name) {
  return fs_.SyncDirectory(fmt::format("{}/{}", incomplete_, name));
}

Status BackupTarget::Finish(BackupManifest manifest) {
  manifest.files = std::move(files_);
  RETURN_IF_ERROR(file::ReplaceFile(fs_, fmt::format("{}/{}", incomplete_, kBackupManifestName),
                                    FormatBackupManifest(manifest)));
  RETURN_IF_ERROR(fs_.Rename(incomplete_, directory_));
  return fs_.SyncDirectory(file::ParentDirectory(directory_));
}

Status BackupTarget::Abandon() {
  if (!made_) return Ok();
  return file::RemoveTree(fs_, incomplete_);
}

}  // namespace logboom::broker
