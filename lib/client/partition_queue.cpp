#include "lib/client/partition_queue.h"

#include <utility>

namespace logboom::client {

bool PartitionQueue::Fits(const record::RecordView& record) const {
  return !filling() || builder_->Fits(record);
}

void PartitionQueue::Add(const record::RecordView& record, std::size_t bytes, MonotonicMs now) {
  if (!builder_) builder_ = std::make_unique<record::BatchBuilder>(options_);
  if (!filling()) filling_.oldest = now;
  builder_->Add(record);
  ++filling_.records;
  filling_.bytes += bytes;
}

std::optional<PartitionQueue::Closed> PartitionQueue::Close() {
  if (!filling()) return std::nullopt;
  const RecordGroup group = std::exchange(filling_, {});
  const auto builder = std::exchange(builder_, nullptr);
  const Result<ByteView> batch = builder->Finish();
  if (!batch.ok()) return Closed{.group = group, .batch = batch.error()};
  return Closed{.group = group, .batch = transport::Payload(Bytes(*batch))};
}

}  // namespace logboom::client
