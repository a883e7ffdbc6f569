// Opens the indexes of a segment, and mends them from the log where they do not fit.
#pragma once

#include <string>

#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"
#include "lib/segment/index_writer.h"
#include "lib/segment/segment_totals.h"

namespace logboom::segment {

// The valid part of a segment's log.
struct LogExtent {
  Offset base_offset;
  Offset next_offset;
  FilePosition end;
};

// A point of the log up to which its totals are known. Index entries from there on are made anew.
struct KnownPoint {
  Offset next_offset;  // of the batch at `totals.size_bytes`
  SegmentTotals totals;

  FilePosition position() const { return FilePosition(totals.size_bytes); }
};

// kUnsynced, after a crash: every entry is looked at. kSynced, after an orderly stop: the last one.
enum class IndexTrust { kSynced, kUnsynced };

// Opens (or makes) the indexes beside `log`, cuts off entries that do not grow, do not belong to
// the extent or lie behind the known point, and adds those for the batches behind the last one,
// walking their headers. kCorrupt where the walk does not end at the extent's end and next offset:
// the log is not what the caller believes. Ahead of the known point, which nobody has read now,
// headers may have rotted: there the entries have a hole, and batches behind it are found by a
// longer walk.
Result<IndexWriter> OpenIndexes(file::FileSystem& fs, const std::string& directory,
                                const file::File& log, const LogExtent& extent,
                                const KnownPoint& known, IndexTrust trust);

// Of a file that the last process may have failed to sync: what it holds from now on is what the
// device has. Else what was lost would be seen, and taken for good, until a power loss shows it.
Status ReadFromDevice(file::File& file);

// What is in the extent, by walking all of its headers.
Result<SegmentTotals> CountTotals(const file::File& log, const LogExtent& extent);

}  // namespace logboom::segment
