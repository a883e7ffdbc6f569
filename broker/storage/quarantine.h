// What recovery cuts off is kept: <quarantine>/<partition directory>-<time>/. Never deleted by us.
#pragma once

#include <string>

#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"

namespace logboom::broker {

// Safe to run again after a crash at any step: until the caller cuts the log, nothing is lost from
// it.
class Quarantine {
 public:
  // Makes the directory, durably. `partition` is the partition's directory.
  static Result<Quarantine> Open(file::FileSystem& fs, const std::string& root,
                                 const std::string& partition, TimestampMs now);
  const std::string& path() const { return path_; }

  // Copies what stands from `position` on in the segment's log. Durable when it returns.
  Status CopyTail(Offset base_offset, FilePosition position);
  // Moves all files of a segment. Durable once Sync() returns.
  Status MoveSegment(Offset base_offset);
  // Makes the moves durable, here and in the partition's directory.
  Status Sync();

 private:
  Quarantine(file::FileSystem& fs, std::string path, std::string partition)
      : fs_(&fs), path_(std::move(path)), partition_(std::move(partition)) {}

  file::FileSystem* fs_;
  std::string path_;
  std::string partition_;
};

}  // namespace logboom::broker
