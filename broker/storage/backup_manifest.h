// backup.manifest: what a backup holds, so that a restore can tell that all of it is there and
// unchanged. Text, a line for each file; docs/formats/backup.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/base/uuid.h"

namespace logboom::broker {

inline constexpr std::string_view kBackupManifestName = "backup.manifest";
inline constexpr std::string_view kBackupMetadataName = "metadata.sqlite";
// What stands behind the name of a backup that is being made, or that was not finished.
inline constexpr std::string_view kIncompleteSuffix = ".incomplete";

struct BackupFile {
  std::string path;  // in the backup: "name" or "directory/name"
  std::int64_t size_bytes = 0;
  std::uint32_t crc = 0;  // CRC-32C of all of it
  friend bool operator==(const BackupFile&, const BackupFile&) = default;
};

struct BackupPartition {
  std::string directory;
  Offset end;  // one past its last record
  friend bool operator==(const BackupPartition&, const BackupPartition&) = default;
};

struct BackupManifest {
  Uuid cluster_id;
  std::uint32_t restore_count = 0;
  TimestampMs made;  // what the backup reflects, by the broker's clock
  std::vector<BackupPartition> partitions;
  std::vector<BackupFile> files;
  friend bool operator==(const BackupManifest&, const BackupManifest&) = default;
};

Bytes FormatBackupManifest(const BackupManifest& manifest);
// kCorrupt for broken text, and for paths that lead out of the backup; kUnsupported for another
// version.
Result<BackupManifest> ParseBackupManifest(ByteView text);

}  // namespace logboom::broker
