// The records of one partition on their way into batches. Internal to lib/client.
#pragma once

#include <memory>
#include <optional>

#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/record/batch_builder.h"
#include "lib/transport/transport.h"

namespace logboom::client {

// Records that share their fate.
struct RecordGroup {
  std::size_t records = 0;
  std::size_t bytes = 0;  // as the producer's buffer counts them
  MonotonicMs oldest;
};

// One owner, one thread.
class PartitionQueue {
 public:
  explicit PartitionQueue(const record::BatchBuilderOptions& options) : options_(options) {}

  // Whether `record` goes into the batch that is being filled (any record does into an empty one).
  bool Fits(const record::RecordView& record) const;
  void Add(const record::RecordView& record, std::size_t bytes, MonotonicMs now);

  // Of the batch that is being filled.
  bool filling() const { return filling_.records > 0; }
  std::size_t raw_bytes() const { return builder_ ? builder_->raw_bytes() : 0; }
  MonotonicMs oldest() const { return filling_.oldest; }

  // Makes a batch of what is being filled, and is empty then; where that fails the records are
  // gone. Nothing where there are none.
  struct Closed {
    RecordGroup group;
    Result<transport::Payload> batch;
  };
  std::optional<Closed> Close();

 private:
  record::BatchBuilderOptions options_;
  // Made on use and let go when the batch is closed: it is as large as a batch.
  std::unique_ptr<record::BatchBuilder> builder_;
  RecordGroup filling_;
};

}  // namespace logboom::client
