#include "broker/storage/restore.h"

#include <algorithm>
#include <set>
#include <utility>

#include "broker/storage/superblock.h"
#include "lib/file/trees.h"
#include "lib/record/crc32c.h"
#include "lib/segment/leader_epoch_checkpoint.h"

namespace logboom::broker {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20U;
constexpr std::size_t kManifestBytesMax = std::size_t{1} << 30U;
constexpr std::string_view kSuperblockName = "superblock";
constexpr std::string_view kLockName = "lock";
// 2020-01-01: epochs of 32 bits that grow by the second last until 2088.
constexpr std::int64_t kEpochsBeginMs = 1'577'836'800'000;

std::int32_t SecondsAt(TimestampMs now) {
  return static_cast<std::int32_t>(
      std::clamp<std::int64_t>((now.value() - kEpochsBeginMs) / 1000, 0, INT32_MAX / 2));
}

Result<BackupManifest> ReadManifestOf(file::FileSystem& fs, const std::string& backup) {
  const std::string path = fmt::format("{}/{}", backup, kBackupManifestName);
  const Result<Bytes> text = file::ReadWholeFile(fs, path, kManifestBytesMax);
  if (!text.ok() && text.error().code == ErrorCode::kNotFound) {
    return Fail(ErrorCode::kNotFound, "{}: is not a backup, or not a whole one: it has no {}",
                backup, kBackupManifestName);
  }
  if (!text.ok()) return text.error();
  Result<BackupManifest> manifest = ParseBackupManifest(*text);
  if (!manifest.ok()) return manifest.error().Within(path);
  return manifest;
}

Status CheckEmpty(file::FileSystem& fs, const std::string& directory) {
  const auto entries = fs.List(directory);
  if (!entries.ok()) {
    return entries.error().code == ErrorCode::kNotFound ? Ok() : Status(entries.error());
  }
  if (entries->empty()) return Ok();
  return Fail(ErrorCode::kExists, "{}: is not empty: a restore goes into a new directory",
              directory);
}

// Found before anything is copied: sizes are cheap to look at.
Status CheckSizes(file::FileSystem& fs, const std::string& backup, const BackupManifest& manifest) {
  for (const BackupFile& file : manifest.files) {
    const std::string path = fmt::format("{}/{}", backup, file.path);
    const auto stat = fs.Stat(path);
    if (!stat.ok()) {
      return Fail(ErrorCode::kCorrupt, "the backup is not whole: {}", stat.error().message);
    }
    if (stat->size_bytes != file.size_bytes) {
      return Fail(ErrorCode::kCorrupt, "the backup is damaged: {} has {} bytes, {} were backed up",
                  path, stat->size_bytes, file.size_bytes);
    }
  }
  return Ok();
}

Status RemoveAll(file::FileSystem& fs, const std::string& directory) {
  ASSIGN_OR_RETURN(const std::vector<file::DirectoryEntry> entries, fs.List(directory));
  for (const file::DirectoryEntry& entry : entries) {
    const std::string path = fmt::format("{}/{}", directory, entry.name);
    RETURN_IF_ERROR(entry.kind == file::FileKind::kDirectory ? file::RemoveTree(fs, path)
                                                             : fs.Remove(path));
  }
  return Ok();
}

class Restore {
 public:
  Restore(file::FileSystem& fs, const std::string& backup, const std::string& data_directory)
      : fs_(fs), backup_(backup), data_directory_(data_directory) {}

  Status CopyAll(const BackupManifest& manifest,
                 const std::function<void(std::int64_t, std::int64_t)>& progress);
  Status RaiseEpochs(const BackupManifest& manifest, TimestampMs now);
  Status SyncDirectories(const BackupManifest& manifest);
  std::int64_t bytes() const { return bytes_; }

 private:
  Status Copy(const BackupFile& file);
  std::string To(std::string_view path) const {
    return fmt::format("{}/{}", data_directory_, path);
  }

  file::FileSystem& fs_;
  const std::string& backup_;
  const std::string& data_directory_;
  std::int64_t bytes_ = 0;
};

Status Restore::CopyAll(const BackupManifest& manifest,
                        const std::function<void(std::int64_t, std::int64_t)>& progress) {
  std::int64_t all = 0;
  for (const BackupFile& file : manifest.files) all += file.size_bytes;
  for (const BackupPartition& partition : manifest.partitions) {
    RETURN_IF_ERROR(fs_.CreateDirectories(To(partition.directory)));
  }
  for (const BackupFile& file : manifest.files) {
    if (file.path != kSuperblockName) RETURN_IF_ERROR(Copy(file));
    if (progress) progress(bytes_, all);
  }
  return Ok();
}

Status Restore::Copy(const BackupFile& file) {
  const std::string from = fmt::format("{}/{}", backup_, file.path);
  ASSIGN_OR_RETURN(const std::unique_ptr<file::File> in, fs_.Open(from, file::OpenMode::kRead));
  ASSIGN_OR_RETURN(const std::unique_ptr<file::File> out,
                   fs_.Open(To(file.path), file::OpenMode::kCreateNew));
  Bytes buffer(kChunkBytes, '\0');
  std::uint32_t crc = 0;
  std::int64_t position = 0;
  while (true) {
    ASSIGN_OR_RETURN(const std::size_t count, in->PRead(position, std::span(buffer)));
    if (count == 0) break;
    const ByteView bytes(buffer.data(), count);
    crc = record::ExtendCrc32c(crc, bytes);
    RETURN_IF_ERROR(out->PWrite(position, bytes));
    position += static_cast<std::int64_t>(count);
  }
  bytes_ += position;
  if (position != file.size_bytes || crc != file.crc) {
    return Fail(ErrorCode::kCorrupt,
                "the backup is damaged: the checksum of {} is {:08x}, {:08x} was backed up", from,
                crc, file.crc);
  }
  return out->Sync();
}

// By the clock and not by one: another restore of the same backup may have given out the next
// epochs.
Status Restore::RaiseEpochs(const BackupManifest& manifest, TimestampMs now) {
  const LeaderEpoch by_clock(SecondsAt(now));
  for (const BackupPartition& partition : manifest.partitions) {
    const std::string directory = To(partition.directory);
    ASSIGN_OR_RETURN(segment::LeaderEpochs epochs, segment::ReadLeaderEpochs(fs_, directory));
    epochs.Begin(std::max(epochs.current() + 1, by_clock), partition.end);
    RETURN_IF_ERROR(segment::WriteLeaderEpochs(fs_, directory, epochs));
  }
  return Ok();
}

Status Restore::SyncDirectories(const BackupManifest& manifest) {
  for (const BackupPartition& partition : manifest.partitions) {
    RETURN_IF_ERROR(fs_.SyncDirectory(To(partition.directory)));
  }
  return fs_.SyncDirectory(data_directory_);
}

}  // namespace

Result<RestoreReport> RestoreBackup(
    file::FileSystem& fs, const std::string& backup, const std::string& data_directory,
    TimestampMs now, const std::function<void(std::int64_t, std::int64_t)>& progress) {
  ASSIGN_OR_RETURN(BackupManifest manifest, ReadManifestOf(fs, backup));
  RETURN_IF_ERROR(CheckEmpty(fs, data_directory));
  RETURN_IF_ERROR(CheckSizes(fs, backup, manifest));
  ASSIGN_OR_RETURN(Superblock superblock, ReadSuperblock(fs, backup));
  if (superblock.cluster_id != manifest.cluster_id) {
    return Fail(ErrorCode::kCorrupt, "{}: superblock and manifest are of different clusters",
                backup);
  }
  RETURN_IF_ERROR(file::CreateDurableDirectories(fs, data_directory));
  // A broker that is started here meanwhile goes away again.
  ASSIGN_OR_RETURN(const std::unique_ptr<file::FileLock> lock,
                   fs.Lock(fmt::format("{}/{}", data_directory, kLockName)));
  Restore restore(fs, backup, data_directory);
  Status restored = restore.CopyAll(manifest, progress);
  if (restored.ok()) restored = restore.RaiseEpochs(manifest, now);
  if (restored.ok()) restored = restore.SyncDirectories(manifest);
  ++superblock.restore_count;
  // Never as in the backup, whatever the clock says.
  const auto restored_s = static_cast<std::uint32_t>(SecondsAt(now));
  superblock.restored_s =
      restored_s == superblock.restored_s ? restored_s + 1 : std::max(restored_s, 1U);
  if (restored.ok()) restored = WriteSuperblock(fs, data_directory, superblock);
  if (!restored.ok()) {
    // It was empty before; what can't be removed has no superblock, and is refused.
    [[maybe_unused]] const Status removed = RemoveAll(fs, data_directory);
    return restored.error();
  }
  RestoreReport report;
  report.restore_count = superblock.restore_count;
  report.bytes = restore.bytes();
  report.backup = std::move(manifest);
  return report;
}

}  // namespace logboom::broker
