#include "lib/segment/index_writer.h"

#include <optional>
#include <utility>

#include "lib/segment/limits.h"

namespace logboom::segment {

IndexWriter::IndexWriter(OffsetIndex offsets, TimeIndex times)
    : offsets_(std::move(offsets)), times_(std::move(times)) {}

Status IndexWriter::Add(const record::BatchHeader& header, FilePosition position,
                        const SegmentTotals& totals) {
  const std::int64_t since = bytes_since_entry_;
  bytes_since_entry_ += static_cast<std::int64_t>(header.size_bytes());
  if (since <= kIndexIntervalBytes || full()) return Ok();
  RETURN_IF_ERROR(offsets_.Append({header.last_offset(), position}));
  bytes_since_entry_ = static_cast<std::int64_t>(header.size_bytes());
  return AddTime(totals);
}

Status IndexWriter::AddTime(const SegmentTotals& totals) {
  if (totals.max_timestamp.value() <= 0) return Ok();
  const TimeIndexEntry entry{totals.max_timestamp, totals.max_timestamp_offset};
  ASSIGN_OR_RETURN(const std::optional<TimeIndexEntry> last, times_.Last());
  if (!entry.FollowsOn(last)) return Ok();
  return times_.Append(entry);
}

Status IndexWriter::Finish(const SegmentTotals& totals) {
  RETURN_IF_ERROR(AddTime(totals));
  RETURN_IF_ERROR(offsets_.Truncate(offsets_.count()));
  return times_.Truncate(times_.count());
}

bool IndexWriter::full() const {
  return offsets_.size_bytes() + std::int64_t{OffsetIndexEntry::kBytes} > kOffsetIndexBytesMax;
}

}  // namespace logboom::segment
