// Reads the records of one batch.
#pragma once

#include <optional>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/record/batch_builder.h"
#include "lib/record/batch_header.h"

namespace logboom::record {

// A record as it stands in a batch. All views point into the reader's buffer.
struct Record {
  Offset offset;
  TimestampMs timestamp;
  std::optional<ByteView> key;
  std::optional<ByteView> value;
  std::vector<HeaderView> headers;

  // The value of the first header of that name; nothing where there is none or its value is null.
  std::optional<ByteView> Header(std::string_view name) const;
};

// Walks the records of a batch. Reusable for one batch after another: buffers are kept.
// One owner, one thread.
class BatchReader {
 public:
  // Verifies (VerifyBatch), decompresses within kRecordsBytesMax, and stands before the first
  // record. `batch` must outlive the walk where it is uncompressed.
  Status Open(ByteView batch);
  // Stands before the first record again.
  void Rewind();
  const BatchHeader& header() const { return header_; }
  // Of the record section, once decompressed.
  std::size_t raw_bytes() const { return records().size(); }

  // The next record; nothing at the end. Every length and count is bounded by the bytes left before
  // anything is allocated. kCorrupt where the section ends early, a varint is too long, records are
  // fewer than the header's count, or bytes are left after the last.
  // The record, and what it points to, stays valid until the next call.
  Result<const Record*> Next();

 private:
  Error Broken(const char* fault) const;
  ByteView records() const { return header_.codec == Codec::kNone ? plain_ : ByteView(unpacked_); }

  BatchHeader header_;
  Decompressor decompressor_;
  ByteView plain_;  // the record section of a batch that is not compressed, in the caller's memory
  Bytes unpacked_;  // that of a compressed one
  std::size_t position_ = 0;  // in records(), of the next record
  std::int32_t records_left_ = 0;
  std::int64_t offset_delta_min_ = 0;  // of the next record: offsets rise
  Record record_;
};

}  // namespace logboom::record
