// `compaction`: how far a partition's log is compacted. Replaced whole, so that a backup's second
// name for it keeps what it was. docs/formats/side-cars.md.
#pragma once

#include <string>

#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"

namespace logboom::segment {

struct CompactionCheckpoint {
  Offset first_dirty;  // below it every key stands once
  Offset holes_end;    // segments that begin below it may have holes, whatever became of their seal
  friend bool operator==(const CompactionCheckpoint&, const CompactionCheckpoint&) = default;
};

// Nothing done where there is no file.
Result<CompactionCheckpoint> ReadCompactionCheckpoint(file::FileSystem& fs,
                                                      const std::string& directory);
// Durable when it returns.
Status WriteCompactionCheckpoint(file::FileSystem& fs, const std::string& directory,
                                 const CompactionCheckpoint& checkpoint);

// Whether a segment without a valid seal may have holes. A checkpoint that can't be read: it may.
Result<bool> MayHaveHoles(file::FileSystem& fs, const std::string& directory, Offset base_offset);

}  // namespace logboom::segment
