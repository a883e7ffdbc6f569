#include "lib/record/stamp_producer.h"

#include "lib/base/check.h"
#include "lib/record/batch_header.h"

namespace logboom::record {

void StampProducer(char* batch, std::size_t size_bytes, std::int64_t producer_id,
                   std::int16_t epoch, std::int32_t base_sequence) {
  Result<BatchHeader> header = ParseBatchHeader(ByteView(batch, size_bytes));
  CHECK(header.ok() && header->size_bytes() == size_bytes);
  header->producer_id = producer_id;
  header->producer_epoch = epoch;
  header->base_sequence = base_sequence;
  WriteBatchHeader(batch, *header);
  SealBatch(batch, size_bytes);
}

}  // namespace logboom::record
