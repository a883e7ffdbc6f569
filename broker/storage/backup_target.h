// The directory that a backup is written to. It is made as `DIR.incomplete`, synced, and renamed:
// what is called DIR is a whole backup.
//
// Files that no longer change are given a second name there (hard link) where DIR is on the file
// system of the data directory, else they are copied; what is still appended to is always copied.
// All are read, for their checksums.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "broker/storage/backup_manifest.h"
#include "broker/storage/backup_pins.h"
#include "lib/base/result.h"
#include "lib/file/file_system.h"

namespace logboom::broker {

// One owner, one thread at a time: the background worker's.
class BackupTarget {
 public:
  BackupTarget(file::FileSystem& fs, std::string data_directory, const std::string& directory);

  // While it is made.
  const std::string& path() const { return incomplete_; }
  std::int64_t bytes_copied() const { return bytes_copied_; }
  std::int64_t bytes_linked() const { return bytes_linked_; }

  // Refuses a relative path, one inside the data directory, one that is taken, one without a parent
  // directory, one too deep to tell (256 directories); then makes `path()`.
  Status Prepare();
  // kNoSpace where so much does not fit, or would leave less than `reserve_bytes` on the data
  // directory's file system.
  Status CheckRoom(std::int64_t finished_bytes, std::int64_t growing_bytes,
                   std::int64_t reserve_bytes) const;
  Status MakeDirectory(const std::string& name);
  // kCancelled where a stop is asked for.
  Status Take(const PinnedFile& file, const std::stop_token& stop);
  // For a file that is in the backup already.
  Status Vouch(const std::string& path, const std::stop_token& stop);
  Status SyncDirectory(const std::string& name);
  // Writes the manifest, with the files taken, and gives the backup its name. Durable when it
  // returns.
  Status Finish(BackupManifest manifest);
  // Removes what was made.
  Status Abandon();

 private:
  Status CheckOutside() const;
  Status CheckFree() const;
  Status Copy(const PinnedFile& file, const std::stop_token& stop);
  Status Checksum(const std::string& path, const std::stop_token& stop);

  file::FileSystem& fs_;
  std::string data_directory_;
  std::string directory_;
  std::string incomplete_;
  bool made_ = false;
  bool links_ = true;
  std::int64_t bytes_copied_ = 0;
  std::int64_t bytes_linked_ = 0;
  std::vector<BackupFile> files_;
};

}  // namespace logboom::broker
