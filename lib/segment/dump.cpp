#include "lib/segment/dump.h"

#include <memory>
#include <optional>
#include <utility>

#include "lib/segment/append_time.h"
#include "lib/segment/limits.h"
#include "lib/segment/log_walk.h"
#include "lib/segment/names.h"
#include "lib/segment/offset_index.h"
#include "lib/segment/producer_snapshot.h"
#include "lib/segment/seal.h"
#include "lib/segment/side_car.h"
#include "lib/segment/sources.h"
#include "lib/segment/time_index.h"

namespace logboom::segment {
namespace {

using RowSink = std::function<void(const DumpRow&)>;

DumpRow BatchRow(const record::BatchHeader& header, FilePosition position) {
  return {{"base_offset", header.base_offset.value()},
          {"last_offset", header.last_offset().value()},
          {"records", header.record_count},
          {"position", position.value()},
          {"size_bytes", static_cast<std::int64_t>(header.size_bytes())},
          {"codec", std::string(record::CodecName(header.codec))},
          {"base_timestamp_ms", header.base_timestamp.value()},
          {"max_timestamp_ms", header.max_timestamp.value()},
          {"leader_epoch", header.leader_epoch.value()},
          {"producer_id", header.producer_id},
          {"producer_epoch", header.producer_epoch},
          {"base_sequence", header.base_sequence},
          {"crc32c", fmt::format("{:08x}", header.crc)}};
}

Status DumpLog(const file::File& log, const RowSink& row) {
  ASSIGN_OR_RETURN(const file::FileStat stat, log.Stat());
  LogWalk walk(log, {.begin = FilePosition(0),
                     .end = FilePosition(stat.size_bytes),
                     .expected = {.rule = OffsetRule::kGrowing}});
  while (true) {
    ASSIGN_OR_RETURN(const bool more, walk.Next());
    if (!more) break;
    row(BatchRow(walk.header(), walk.position()));
  }
  if (!walk.stop()) return Ok();
  return Fail(ErrorCode::kCorrupt, "at position {}: {}", walk.stop()->position,
              walk.stop()->reason);
}

DumpRow RowOf(const OffsetIndexEntry& entry) {
  return {{"last_offset", entry.last_offset.value()}, {"position", entry.position.value()}};
}
DumpRow RowOf(const TimeIndexEntry& entry) {
  return {{"max_timestamp_ms", entry.timestamp.value()}, {"last_offset", entry.offset.value()}};
}
DumpRow RowOf(const AppendTimeEntry& entry) {
  return {{"append_time_ms", entry.time.value()}, {"from_offset", entry.offset.value()}};
}

template <typename Entry>
Status DumpEntries(std::shared_ptr<file::File> file, Offset base, const RowSink& row) {
  ASSIGN_OR_RETURN(const EntryFile<Entry> entries, EntryFile<Entry>::Open(std::move(file), base));
  return entries.ForEach([&](std::int64_t, const Entry& entry) {
    row(RowOf(entry));
    return true;
  });
}

Status DumpSeal(ByteView bytes, const RowSink& row) {
  ASSIGN_OR_RETURN(const Seal seal, DecodeSeal(bytes));
  row({{"base_offset", seal.base_offset.value()},
       {"next_offset", seal.next_offset.value()},
       {"size_bytes", seal.totals.size_bytes},
       {"batches", seal.totals.batches},
       {"records", seal.totals.records},
       {"heads_crc32c", fmt::format("{:08x}", seal.totals.heads_crc)},
       {"max_timestamp_ms", seal.totals.max_timestamp.value()},
       {"max_timestamp_offset", seal.totals.max_timestamp_offset.value()},
       {"max_append_time_ms", seal.max_append_time.value()},
       {"compacted", seal.compacted ? 1 : 0},
       {"holes", seal.holes ? 1 : 0}});
  return Ok();
}

Status DumpSources(ByteView bytes, const RowSink& row) {
  ASSIGN_OR_RETURN(const Sources sources, DecodeSources(bytes));
  row({{"as_of_offset", sources.as_of.value()},
       {"size_bytes", static_cast<std::int64_t>(sources.bytes.size())}});
  return Ok();
}

Status DumpProducers(ByteView bytes, const RowSink& row) {
  ASSIGN_OR_RETURN(const std::vector<ProducerSnapshotEntry> entries, DecodeProducerSnapshot(bytes));
  for (const ProducerSnapshotEntry& entry : entries) {
    row({{"producer_id", entry.producer_id},
         {"producer_epoch", entry.epoch},
         {"last_sequence", entry.last_sequence},
         {"last_offset", entry.last_offset.value()},
         {"offset_delta", entry.offset_delta},
         {"append_time_ms", entry.timestamp.value()},
         {"coordinator_epoch", entry.coordinator_epoch},
         {"transaction_first_offset", entry.transaction_first_offset}});
  }
  return Ok();
}

Status DumpKind(file::FileSystem& fs, const std::string& path, const SegmentFileName& name,
                const RowSink& row) {
  const std::string_view suffix = name.suffix;
  if (suffix == kSealSuffix || suffix == kSourcesSuffix) {
    ASSIGN_OR_RETURN(const Bytes bytes,
                     file::ReadWholeFile(fs, path, kSideCarHeaderBytes + kSideCarBytesMax));
    return suffix == kSealSuffix ? DumpSeal(bytes, row) : DumpSources(bytes, row);
  }
  if (suffix == kProducerSnapshotSuffix) {
    ASSIGN_OR_RETURN(const Bytes bytes, file::ReadWholeFile(fs, path, kProducerSnapshotBytesMax));
    return DumpProducers(bytes, row);
  }
  ASSIGN_OR_RETURN(std::shared_ptr<file::File> file, fs.Open(path, file::OpenMode::kRead));
  if (suffix == kLogSuffix) return DumpLog(*file, row);
  const Offset base = name.base_offset;
  if (suffix == kOffsetIndexSuffix) return DumpEntries<OffsetIndexEntry>(file, base, row);
  if (suffix == kTimeIndexSuffix) return DumpEntries<TimeIndexEntry>(file, base, row);
  if (suffix == kAppendTimeSuffix) return DumpEntries<AppendTimeEntry>(file, base, row);
  return Fail(ErrorCode::kInvalid, "no dump for files ending in '{}'", suffix);
}

}  // namespace

Status DumpFile(file::FileSystem& fs, const std::string& path,
                const std::function<void(const DumpRow&)>& row) {
  const std::optional<SegmentFileName> name =
      ParseSegmentFileName(std::string_view(path).substr(path.rfind('/') + 1));
  if (!name) {
    return Fail(ErrorCode::kInvalid, "{}: not a segment's file (20 digits and a suffix)", path);
  }
  const Status dumped = DumpKind(fs, path, *name, row);
  if (!dumped.ok()) return dumped.error().Within(path);
  return Ok();
}

}  // namespace logboom::segment
