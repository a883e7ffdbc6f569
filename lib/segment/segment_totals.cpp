#include "lib/segment/segment_totals.h"

#include "lib/record/crc32c.h"

namespace logboom::segment {

void SegmentTotals::Add(const record::BatchHeader& header, ByteView batch) {
  size_bytes += static_cast<std::int64_t>(header.size_bytes());
  ++batches;
  records += header.record_count;
  heads_crc = record::ExtendCrc32c(heads_crc, batch.substr(0, kBatchHeadBytes));
  // What compaction leaves of a producer's batch keeps the time of records that are gone.
  if (header.record_count > 0 && header.max_timestamp > max_timestamp) {
    max_timestamp = header.max_timestamp;
    max_timestamp_offset = header.last_offset();
  }
}

void EncodeTotals(ByteWriter& writer, const SegmentTotals& totals) {
  writer.Int(totals.size_bytes);
  writer.Int(totals.batches);
  writer.Int(totals.records);
  writer.Int(totals.heads_crc);
  writer.Int(totals.max_timestamp.value());
  writer.Int(totals.max_timestamp_offset.value());
}

SegmentTotals DecodeTotals(ByteReader& reader) {
  SegmentTotals totals;
  totals.size_bytes = reader.Int<std::int64_t>();
  totals.batches = reader.Int<std::int64_t>();
  totals.records = reader.Int<std::int64_t>();
  totals.heads_crc = reader.Int<std::uint32_t>();
  totals.max_timestamp = TimestampMs(reader.Int<std::int64_t>());
  totals.max_timestamp_offset = Offset(reader.Int<std::int64_t>());
  return totals;
}

}  // namespace logboom::segment
