#include "lib/segment/rebuild.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "lib/segment/log_walk.h"
#include "lib/segment/names.h"

namespace logboom::segment {
namespace {

template <typename Entry>
Result<EntryFile<Entry>> OpenEntries(file::FileSystem& fs, const std::string& path, Offset base,
                                     IndexTrust trust,
                                     const std::function<bool(const Entry&)>& belongs) {
  ASSIGN_OR_RETURN(std::shared_ptr<file::File> file, fs.Open(path, file::OpenMode::kCreate));
  if (trust == IndexTrust::kUnsynced) RETURN_IF_ERROR(ReadFromDevice(*file));
  ASSIGN_OR_RETURN(EntryFile<Entry> entries, EntryFile<Entry>::Open(std::move(file), base));
  ASSIGN_OR_RETURN(const bool ends_well, entries.EndsWell(belongs));
  if (trust == IndexTrust::kUnsynced || !ends_well) {
    RETURN_IF_ERROR(entries.KeepValidPrefix(belongs));
  }
  return entries;
}

Result<OffsetIndex> OpenOffsets(file::FileSystem& fs, const std::string& directory,
                                const LogExtent& extent, const KnownPoint& known,
                                IndexTrust trust) {
  const Offset base = extent.base_offset;
  return OpenEntries<OffsetIndexEntry>(fs, SegmentPath(directory, base, kOffsetIndexSuffix), base,
                                       trust, [&known, base](const OffsetIndexEntry& entry) {
                                         return entry.position < known.position() &&
                                                entry.last_offset < known.next_offset &&
                                                entry.last_offset >= base;
                                       });
}

Result<TimeIndex> OpenTimes(file::FileSystem& fs, const std::string& directory,
                            const LogExtent& extent, const KnownPoint& known, IndexTrust trust) {
  const Offset base = extent.base_offset;
  // An entry that a crash has torn may begin with a part of its time, and end with zeros.
  const Offset lowest = trust == IndexTrust::kUnsynced ? base + 1 : base;
  return OpenEntries<TimeIndexEntry>(fs, SegmentPath(directory, base, kTimeIndexSuffix), base,
                                     trust, [&known, lowest](const TimeIndexEntry& entry) {
                                       return entry.timestamp <= known.totals.max_timestamp &&
                                              entry.offset < known.next_offset &&
                                              entry.offset >= lowest;
                                     });
}

struct WalkStart {
  FilePosition position;
  Offset offset;
};

// At the last entry whose batch stands where it says; entries behind that one go.
Result<WalkStart> FindStart(OffsetIndex& index, const file::File& log, const LogExtent& extent) {
  while (index.count() > 0) {
    ASSIGN_OR_RETURN(const OffsetIndexEntry entry, index.At(index.count() - 1));
    const FilePosition begin = std::max(entry.position, FilePosition(0));
    LogWalk walk(log, {.begin = begin, .end = extent.end, .expected = {}, .crc = CrcCheck::kSkip});
    ASSIGN_OR_RETURN(const bool there, walk.Next());
    if (there && walk.header().last_offset() == entry.last_offset) {
      return WalkStart{begin, walk.header().base_offset};
    }
    RETURN_IF_ERROR(index.Truncate(index.count() - 1));
  }
  return WalkStart{FilePosition(0), extent.base_offset};
}

// What the log holds was judged before; a rotten epoch is no end of it.
LogWalk WalkHeaders(const file::File& log, const WalkStart& start, FilePosition end) {
  return LogWalk(log, {.begin = start.position,
                       .end = end,
                       .expected = {.next_offset = start.offset,
                                    .rule = OffsetRule::kGrowing,
                                    .epoch_rule = EpochRule::kAny},
                       .crc = CrcCheck::kSkip});
}

// A broker must start on a full disk; its index is sparser then.
Status AddUnlessFull(IndexWriter& writer, const LogWalk& walk, const SegmentTotals& totals) {
  Status added = writer.Add(walk.header(), walk.position(), totals);
  return !added.ok() && added.error().code == ErrorCode::kNoSpace ? Ok() : added;
}

// An entry of .timeindex vouches for all before it: only who counts from the front can make one.
Status AddUpToKnown(IndexWriter& writer, const file::File& log, const WalkStart& start,
                    const KnownPoint& known) {
  const bool counts = start.position.value() == 0 && writer.times().count() == 0;
  SegmentTotals totals;
  LogWalk walk = WalkHeaders(log, start, known.position());
  while (true) {
    ASSIGN_OR_RETURN(const bool more, walk.Next());
    if (!more || walk.header().next_offset() > known.next_offset) return Ok();
    if (counts) totals.Add(walk.header(), walk.bytes());
    RETURN_IF_ERROR(AddUnlessFull(writer, walk, totals));
  }
}

Status CheckEnd(const LogWalk& walk, const LogExtent& extent) {
  if (walk.stop()) {
    return Fail(ErrorCode::kCorrupt, "at position {}: {}", walk.stop()->position,
                walk.stop()->reason);
  }
  if (walk.expected().next_offset != extent.next_offset) {
    return Fail(ErrorCode::kCorrupt, "ends before offset {}, {} is due",
                walk.expected().next_offset.value_or(Offset(-1)), extent.next_offset);
  }
  return Ok();
}

}  // namespace

Result<IndexWriter> OpenIndexes(file::FileSystem& fs, const std::string& directory,
                                const file::File& log, const LogExtent& extent,
                                const KnownPoint& known, IndexTrust trust) {
  ASSIGN_OR_RETURN(OffsetIndex offsets, OpenOffsets(fs, directory, extent, known, trust));
  ASSIGN_OR_RETURN(TimeIndex times, OpenTimes(fs, directory, extent, known, trust));
  ASSIGN_OR_RETURN(const WalkStart start, FindStart(offsets, log, extent));
  IndexWriter writer(std::move(offsets), std::move(times));
  RETURN_IF_ERROR(AddUpToKnown(writer, log, start, known));
  SegmentTotals totals = known.totals;
  LogWalk walk = WalkHeaders(log, {known.position(), known.next_offset}, extent.end);
  while (true) {
    ASSIGN_OR_RETURN(const bool more, walk.Next());
    if (!more) break;
    totals.Add(walk.header(), walk.bytes());
    RETURN_IF_ERROR(AddUnlessFull(writer, walk, totals));
  }
  RETURN_IF_ERROR(CheckEnd(walk, extent));
  return writer;
}

Status ReadFromDevice(file::File& file) {
  RETURN_IF_ERROR(file.Sync());
  return file.DropCache();
}

Result<SegmentTotals> CountTotals(const file::File& log, const LogExtent& extent) {
  SegmentTotals totals;
  LogWalk walk = WalkHeaders(log, {FilePosition(0), extent.base_offset}, extent.end);
  while (true) {
    ASSIGN_OR_RETURN(const bool more, walk.Next());
    if (!more) break;
    totals.Add(walk.header(), walk.bytes());
  }
  RETURN_IF_ERROR(CheckEnd(walk, extent));
  return totals;
}

}  // namespace logboom::segment
