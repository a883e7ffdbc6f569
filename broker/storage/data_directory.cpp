#include "broker/storage/data_directory.h"

#include <algorithm>
#include <charconv>

#include "broker/storage/manifest.h"
#include "broker/storage/superblock.h"
#include "lib/file/trees.h"
#include "lib/segment/limits.h"
#include "lib/segment/names.h"
#include "lib/segment/partition_metadata.h"
#include "lib/segment/side_car.h"

namespace logboom::broker {
namespace {

constexpr std::string_view kLockName = "lock";
constexpr std::string_view kManifestName = "manifest";
constexpr std::string_view kFailedName = "FAILED";
constexpr std::string_view kMetadataDatabaseName = "metadata.sqlite";
constexpr std::string_view kCreatingSuffix = ".creating";
constexpr std::string_view kDeletingSuffix = ".deleting";
constexpr std::size_t kManifestBytesMax = segment::kSideCarBytesMax + segment::kSideCarHeaderBytes;
constexpr std::size_t kFailedReasonBytesMax = 64 * 1024;

// "<number>-<partition>", both without signs.
bool IsPartitionName(std::string_view name) {
  const std::size_t dash = name.find('-');
  if (dash == std::string_view::npos || dash == 0 || dash + 1 == name.size()) return false;
  return name.find_first_not_of("0123456789-") == std::string_view::npos &&
         name.find('-', dash + 1) == std::string_view::npos;
}

// Of a name that is one. Nothing where the numbers are out of range.
std::optional<DataDirectory::UnreadablePartition> ParsePartitionName(std::string_view name) {
  DataDirectory::UnreadablePartition parsed;
  const char* end = name.data() + name.size();
  const auto number = std::from_chars(name.data(), end, parsed.topic_number);
  if (number.ec != std::errc()) return std::nullopt;
  std::int32_t partition = 0;
  const auto index = std::from_chars(number.ptr + 1, end, partition);
  if (index.ec != std::errc()) return std::nullopt;
  parsed.partition = PartitionIndex(partition);
  return parsed;
}

Result<PartitionIdentity> ReadIdentity(file::FileSystem& fs, const std::string& directory) {
  const std::string path = fmt::format("{}/{}", directory, segment::kPartitionMetadataName);
  ASSIGN_OR_RETURN(const Bytes text, file::ReadWholeFile(fs, path, segment::kTextBytesMax));
  Result<segment::PartitionMetadata> parsed = segment::ParsePartitionMetadata(text);
  if (!parsed.ok()) return parsed.error().Within(path);
  return PartitionIdentity{.topic_name = std::move(parsed->topic_name),
                           .topic_id = parsed->topic_id,
                           .topic_number = parsed->topic_number,
                           .partition = parsed->partition};
}

// A directory without a superblock that holds data already is not for us to claim.
Status CheckUnclaimed(file::FileSystem& fs, const std::string& path) {
  ASSIGN_OR_RETURN(const std::vector<file::DirectoryEntry> entries, fs.List(path));
  for (const file::DirectoryEntry& entry : entries) {
    if (IsPartitionName(entry.name) || entry.name == kManifestName ||
        entry.name == kMetadataDatabaseName) {
      return Fail(ErrorCode::kCorrupt,
                  "{}: holds '{}' and no superblock; put the superblock back from a backup, or "
                  "restore into a new directory",
                  path, entry.name);
    }
  }
  return Ok();
}

}  // namespace

std::string DataDirectory::Under(std::string_view name) const {
  return fmt::format("{}/{}", path_, name);
}

Result<std::unique_ptr<DataDirectory>> DataDirectory::Open(file::FileSystem& fs,
                                                           const std::string& path,
                                                           Random& random) {
  RETURN_IF_ERROR(file::CreateDurableDirectories(fs, path));
  std::unique_ptr<DataDirectory> directory(new DataDirectory(fs, path));
  ASSIGN_OR_RETURN(directory->lock_, fs.Lock(directory->Under(kLockName)));
  RETURN_IF_ERROR(directory->LoadSuperblock(random));
  directory->ReadFailedMark();
  RETURN_IF_ERROR(file::RemoveTree(fs, directory->Under(kBackupPinsName)));
  ASSIGN_OR_RETURN(const file::FileStat own, fs.Stat(path));
  ASSIGN_OR_RETURN(const file::FileStat parent, fs.Stat(file::ParentDirectory(path)));
  directory->own_file_system_ = own.identity.device != parent.identity.device;
  return directory;
}

Status DataDirectory::LoadSuperblock(Random& random) {
  Result<Superblock> superblock = ReadSuperblock(fs_, path_);
  if (!superblock.ok()) {
    if (superblock.error().code != ErrorCode::kNotFound) return superblock.error();
    RETURN_IF_ERROR(CheckUnclaimed(fs_, path_));
    superblock = Superblock{};
    superblock->cluster_id = Uuid::Make(random);
    RETURN_IF_ERROR(WriteSuperblock(fs_, path_, *superblock));
  }
  cluster_id_ = superblock->cluster_id;
  restore_count_ = superblock->restore_count;
  restored_s_ = superblock->restored_s;
  return Ok();
}

void DataDirectory::ReadFailedMark() {
  Result<Bytes> reason = file::ReadWholeFile(fs_, Under(kFailedName), kFailedReasonBytesMax);
  if (reason.ok()) {
    failed_ = std::move(*reason);
  } else if (reason.error().code != ErrorCode::kNotFound) {
    failed_ = reason.error().message;
  }
}

Manifest DataDirectory::ReadManifest() const {
  const Result<Bytes> bytes = file::ReadWholeFile(fs_, Under(kManifestName), kManifestBytesMax);
  Manifest none;
  if (!bytes.ok()) {
    if (bytes.error().code != ErrorCode::kNotFound) none.broken = bytes.error().message;
    return none;
  }
  Result<Manifest> manifest = DecodeManifest(*bytes);
  if (manifest.ok()) return std::move(*manifest);
  none.broken = manifest.error().message;
  return none;
}

Status DataDirectory::WriteManifest(const Manifest& manifest) {
  return file::ReplaceFile(fs_, Under(kManifestName), EncodeManifest(manifest));
}

Status DataDirectory::RemoveManifest() { return RemoveDurably(kManifestName); }

Status DataDirectory::MarkFailed(const std::string& reason) {
  failed_ = reason.substr(0, kFailedReasonBytesMax);
  return file::ReplaceFile(fs_, Under(kFailedName), *failed_);
}

Status DataDirectory::ClearFailed() {
  failed_.reset();
  return RemoveDurably(kFailedName);
}

Status DataDirectory::RemoveDurably(std::string_view name) {
  RETURN_IF_ERROR(file::RemoveIfThere(fs_, Under(name)));
  return fs_.SyncDirectory(path_);
}

Result<std::vector<DataDirectory::PartitionDirectory>> DataDirectory::ListPartitions(
    const KnownIdentity& known) {
  ASSIGN_OR_RETURN(const std::vector<file::DirectoryEntry> entries, fs_.List(path_));
  std::vector<PartitionDirectory> partitions;
  unreadable_partitions_.clear();
  for (const file::DirectoryEntry& entry : entries) {
    if (entry.kind != file::FileKind::kDirectory) continue;
    const std::string path = Under(entry.name);
    if (entry.name.ends_with(kCreatingSuffix) || entry.name.ends_with(kDeletingSuffix)) {
      RETURN_IF_ERROR(file::RemoveTree(fs_, path));
    }
    if (!IsPartitionName(entry.name)) continue;
    const std::optional<UnreadablePartition> named = ParsePartitionName(entry.name);
    if (known && named) {
      if (auto told = known(named->topic_number, named->partition)) {
        partitions.push_back({*std::move(told), path});
        continue;
      }
    }
    Result<PartitionIdentity> identity = ReadIdentity(fs_, path);
    if (identity.ok()) {
      partitions.push_back({std::move(*identity), path});
      continue;
    }
    const ErrorCode code = identity.error().code;
    if (code != ErrorCode::kCorrupt && code != ErrorCode::kNotFound) return identity.error();
    if (auto unreadable = ParsePartitionName(entry.name)) {
      unreadable->path = path;
      unreadable->reason = identity.error().message;
      unreadable_partitions_.push_back(std::move(*unreadable));
    }
  }
  return partitions;
}

std::string DataDirectory::PartitionPath(std::uint32_t topic_number,
                                         PartitionIndex partition) const {
  return Under(fmt::format("{}-{}", topic_number, partition));
}

Result<DataDirectory::PartitionDirectory> DataDirectory::FindPartition(
    std::uint32_t topic_number, PartitionIndex partition) const {
  const std::string path = PartitionPath(topic_number, partition);
  ASSIGN_OR_RETURN(PartitionIdentity identity, ReadIdentity(fs_, path));
  return PartitionDirectory{std::move(identity), path};
}

Result<std::string> DataDirectory::CreatePartition(const PartitionIdentity& identity) {
  const std::string path = PartitionPath(identity.topic_number, identity.partition);
  if (fs_.Stat(path).ok()) return Fail(ErrorCode::kExists, "{}: is there already", path);
  const std::string creating = fmt::format("{}{}", path, kCreatingSuffix);
  RETURN_IF_ERROR(file::RemoveTree(fs_, creating));
  RETURN_IF_ERROR(fs_.CreateDirectories(creating));
  RETURN_IF_ERROR(MendIdentity(creating, identity));
  RETURN_IF_ERROR(fs_.Rename(creating, path));
  RETURN_IF_ERROR(fs_.SyncDirectory(path_));
  return path;
}

Status DataDirectory::CheckIdentity(const PartitionDirectory& directory) const {
  const Result<PartitionIdentity> read = ReadIdentity(fs_, directory.path);
  if (read.ok() && *read == directory.identity) return Ok();
  const bool broken = read.ok() || read.error().code == ErrorCode::kCorrupt ||
                      read.error().code == ErrorCode::kNotFound;
  if (!broken || !fs_.Stat(directory.path).ok()) return Ok();
  return MendIdentity(directory.path, directory.identity);
}

Status DataDirectory::MendIdentity(const std::string& path,
                                   const PartitionIdentity& identity) const {
  const segment::PartitionMetadata metadata{.topic_name = identity.topic_name,
                                            .topic_id = identity.topic_id,
                                            .topic_number = identity.topic_number,
                                            .partition = identity.partition};
  return file::ReplaceFile(fs_, fmt::format("{}/{}", path, segment::kPartitionMetadataName),
                           segment::FormatPartitionMetadata(metadata));
}

Status DataDirectory::DeletePartition(const std::string& path) {
  ASSIGN_OR_RETURN(const std::vector<std::string> retired, RetirePartitions({path}));
  return file::RemoveTree(fs_, retired.front());
}

Result<std::vector<std::string>> DataDirectory::RetirePartitions(
    const std::vector<std::string>& paths) {
  std::vector<std::string> retired;
  for (const std::string& path : paths) {
    retired.push_back(fmt::format("{}{}", path, kDeletingSuffix));
    RETURN_IF_ERROR(fs_.Rename(path, retired.back()));
  }
  if (!retired.empty()) RETURN_IF_ERROR(fs_.SyncDirectory(path_));
  return retired;
}

}  // namespace logboom::broker
