// How a backup gets files that stay as they are while it copies them: second names (hard links) in
// `backup.pins` of the data directory. Whatever retention removes or rewriting replaces meanwhile,
// the pinned bytes are those of the moment of pinning.
//
// After a crash: left-over pins are removed when the data directory is opened.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/storage/data_directory.h"
#include "lib/base/result.h"
#include "lib/file/file_system.h"

namespace logboom::broker {

struct PinnedFile {
  std::string pin;   // where its bytes are
  std::string path;  // in the backup: "directory/name"
  // Of a file that may still change: what counts is its first bytes. Nothing: all of it, for good.
  std::optional<std::int64_t> first_bytes;
};

// One owner, the loop thread; a few system calls a file, and no bytes are read.
class BackupPins {
 public:
  BackupPins(file::FileSystem& fs, const std::string& data_directory);

  Status Open();
  // The segment that holds the end of a log: `end` is durable, so its bytes do not change.
  Result<PinnedFile> PinEnd(const std::string& partition, const PartitionCheckpoint& end);
  // All else of the partition that belongs to records below `end`, but for log-start, which changes
  // in place.
  Result<std::vector<PinnedFile>> PinRest(const std::string& partition,
                                          const PartitionCheckpoint& end);
  // Fine where there are none.
  Status Close();

 private:
  Result<PinnedFile> Pin(const std::string& partition, const std::string& name);

  file::FileSystem& fs_;
  std::string pins_;
};

}  // namespace logboom::broker
