#include "broker/storage/small_batches.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "lib/record/batch_view.h"
#include "lib/segment/log_walk.h"
#include "lib/segment/names.h"
#include "lib/segment/offset_index.h"
#include "lib/segment/seal.h"

namespace logboom::broker {
namespace {

constexpr std::int64_t kSamples = 32;

// What the batches that were looked at add up to.
struct Sampled {
  std::int64_t stored_bytes = 0;
  std::int64_t raw_bytes = 0;
  std::int64_t batches = 0;
  std::int64_t mergeable = 0;
};

bool Mergeable(const record::BatchHeader& header) {
  return header.producer_id < 0 && !header.control && !header.transactional &&
         !header.has_delete_horizon && header.timestamp_type == record::TimestampType::kCreateTime;
}

// Evenly over the segment. Without an index the first batch must do.
std::vector<FilePosition> SamplePositions(file::FileSystem& fs, const std::string& directory,
                                          Offset base) {
  std::vector<FilePosition> positions = {FilePosition(0)};
  auto file = fs.Open(segment::SegmentPath(directory, base, segment::kOffsetIndexSuffix),
                      file::OpenMode::kRead);
  if (!file.ok()) return positions;
  const auto index =
      segment::OffsetIndex::Open(std::shared_ptr<file::File>(std::move(*file)), base);
  if (!index.ok()) return positions;
  const std::int64_t count = std::min(kSamples, index->count());
  for (std::int64_t i = 0; i < count; ++i) {
    const auto entry = index->At(i * index->count() / count);
    if (entry.ok()) positions.push_back(std::max(entry->position, FilePosition(0)));
  }
  return positions;
}

Status Sample(const file::File& log, FilePosition position, FilePosition end,
              record::BatchReader& reader, Sampled& sampled) {
  segment::LogWalk walk(log, {.begin = position, .end = end, .expected = {}});
  ASSIGN_OR_RETURN(const bool there, walk.Next());
  if (!there) return Ok();
  ++sampled.batches;
  // What can't be decompressed can't be merged.
  if (!Mergeable(walk.header()) || !reader.Open(walk.bytes()).ok()) return Ok();
  ++sampled.mergeable;
  sampled.stored_bytes += static_cast<std::int64_t>(walk.bytes().size());
  sampled.raw_bytes += static_cast<std::int64_t>(reader.raw_bytes());
  return Ok();
}

}  // namespace

Result<RewriteVerdict> JudgeRewriting(file::FileSystem& fs, const std::string& directory,
                                      const CopySource& source, const RewriteLimits& limits) {
  const Result<segment::Seal> seal = segment::ReadSeal(fs, directory, source.base_offset);
  if (!seal.ok() && seal.error().code == ErrorCode::kIo) return seal.error();
  if (!seal.ok() || seal->rewritten || seal->totals.batches < 2) return RewriteVerdict::kKeep;
  if (source.size_bytes < limits.segment_bytes_min) return RewriteVerdict::kKeep;
  const auto small = static_cast<std::int64_t>(limits.small_batch_raw_bytes);
  // Raw is seldom less than stored.
  if (source.size_bytes / seal->totals.batches >= small) return RewriteVerdict::kKeep;
  ASSIGN_OR_RETURN(const std::unique_ptr<file::File> log,
                   fs.Open(segment::SegmentPath(directory, source.base_offset, segment::kLogSuffix),
                           file::OpenMode::kRead));
  Sampled sampled;
  record::BatchReader reader;
  for (const FilePosition position : SamplePositions(fs, directory, source.base_offset)) {
    RETURN_IF_ERROR(Sample(*log, position, FilePosition(source.size_bytes), reader, sampled));
  }
  if (sampled.stored_bytes == 0 || 2 * sampled.mergeable < sampled.batches) {
    return RewriteVerdict::kKeep;
  }
  // Entries of the index lie evenly over the bytes, so large batches are met more often than small
  // ones: the ratio of raw to stored is right all the same, and the seal has the batches' count.
  const double raw = static_cast<double>(source.size_bytes) *
                     static_cast<double>(sampled.raw_bytes) /
                     static_cast<double>(sampled.stored_bytes);
  return raw / static_cast<double>(seal->totals.batches) < static_cast<double>(small)
             ? RewriteVerdict::kPays
             : RewriteVerdict::kKeep;
}

}  // namespace logboom::broker
