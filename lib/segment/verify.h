// Checks a partition's files without a broker, reading all of them and changing nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"
#include "lib/segment/partition_metadata.h"

namespace logboom::segment {

struct Problem {
  std::string file;            // its path
  std::int64_t position = -1;  // in the file, in bytes; -1: the file as a whole
  std::string what;
};

struct SegmentReport {
  Offset base_offset;
  Offset next_offset;  // one past the last record that could be walked to
  std::int64_t size_bytes = 0;
  std::int64_t batches = 0;
  std::int64_t records = 0;
  bool sealed = false;  // it has a .seal
};

struct DirectoryReport {
  std::string directory;
  std::optional<PartitionMetadata> metadata;
  std::vector<SegmentReport> segments;  // by base offset
  std::vector<Problem> problems;

  bool ok() const { return problems.empty(); }
};

// Every batch (checksum, offsets, epoch), every index entry against the batch that it points at,
// every seal and every snapshot of producers against the log. A running broker's newest segment may
// look torn: that is a problem here too. `progress` (may be empty) is told the bytes of logs read
// so far. Fails where the directory can't be read at all, or holds no segment.
Result<DirectoryReport> VerifyDirectory(file::FileSystem& fs, const std::string& directory,
                                        const std::function<void(std::int64_t)>& progress);

}  // namespace logboom::segment
