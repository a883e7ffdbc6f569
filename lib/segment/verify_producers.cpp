#include "lib/segment/verify_producers.h"

#include <utility>

#include "lib/segment/names.h"

namespace logboom::segment {
namespace {

// Sequences wrap from 2^31 - 1 to 0.
std::int32_t LastSequenceOf(const record::BatchHeader& header) {
  const auto last = static_cast<std::uint32_t>(header.base_sequence) +
                    static_cast<std::uint32_t>(header.last_offset_delta);
  return static_cast<std::int32_t>(last & 0x7FFF'FFFFU);
}

bool Fits(const ProducerSnapshotEntry& entry, const record::BatchHeader& header) {
  return entry.producer_id == header.producer_id && entry.epoch == header.producer_epoch &&
         entry.last_sequence == LastSequenceOf(header) &&
         entry.offset_delta == header.last_offset_delta;
}

}  // namespace

ProducerSnapshotCheck::ProducerSnapshotCheck(file::FileSystem& fs, DirectoryReport& report)
    : report_(report) {
  const Result<std::vector<file::DirectoryEntry>> files = fs.List(report.directory);
  if (!files.ok()) {
    report.problems.push_back({report.directory, -1, files.error().message});
    return;
  }
  for (const file::DirectoryEntry& file : *files) {
    const std::optional<SegmentFileName> name = ParseSegmentFileName(file.name);
    if (!name || name->suffix != kProducerSnapshotSuffix) continue;
    const std::string path = report.directory + "/" + file.name;
    const Result<std::vector<ProducerSnapshotEntry>> entries =
        ReadProducerSnapshot(fs, report.directory, name->base_offset);
    if (!entries.ok()) {
      report.problems.push_back({path, -1, entries.error().message});
      continue;
    }
    // One without a batch claims the offset -1, which is in no segment.
    for (const ProducerSnapshotEntry& entry : *entries) {
      claims_.emplace(entry.last_offset, Claim{path, entry});
    }
  }
}

void ProducerSnapshotCheck::Blame(const Claim& claim, std::string_view what) {
  report_.problems.push_back(
      {claim.path, -1,
       fmt::format("says that producer {} of epoch {} ends with sequence {} at offset {}: {}",
                   claim.entry.producer_id, claim.entry.epoch, claim.entry.last_sequence,
                   claim.entry.last_offset, what)});
}

void ProducerSnapshotCheck::See(const record::BatchHeader& header) {
  const auto [begin, end] = claims_.equal_range(header.last_offset());
  for (auto claim = begin; claim != end; ++claim) {
    if (!Fits(claim->second.entry, header)) Blame(claim->second, "another batch ends there");
  }
  claims_.erase(begin, end);
}

void ProducerSnapshotCheck::EndSegment(Offset base, Offset next) {
  const auto begin = claims_.lower_bound(base);
  const auto end = claims_.lower_bound(next);
  for (auto claim = begin; claim != end; ++claim) Blame(claim->second, "no batch ends there");
  claims_.erase(begin, end);
}

}  // namespace logboom::segment
