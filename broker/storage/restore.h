// Makes a data directory from a backup.
//
// The new directory is a copy (never linked), and says that it was restored: its restore count is
// raised, and each partition's leader epoch rises at the backup's end. What readers and agents met
// behind that end in the old directory is gone; the new epoch is above any that the old one gave
// out, so that readers are told and never served other records at offsets that they know.
//
// After a crash: the superblock is written last, and a directory with partitions and without one is
// refused by every program.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "broker/storage/backup_manifest.h"
#include "lib/base/result.h"
#include "lib/file/file_system.h"

namespace logboom::broker {

struct RestoreReport {
  BackupManifest backup;
  std::uint32_t restore_count = 0;
  std::int64_t bytes = 0;
};

// `data_directory` is made where it is missing and must be empty: kExists. kNotFound where `backup`
// is none; kCorrupt where a file of it is missing, or is not what was backed up: nothing that could
// be started is left then. `progress` (may be empty) is told the bytes copied so far, and of how
// many.
Result<RestoreReport> RestoreBackup(
    file::FileSystem& fs, const std::string& backup, const std::string& data_directory,
    TimestampMs now, const std::function<void(std::int64_t done, std::int64_t all)>& progress);

}  // namespace logboom::broker
