#include "broker/storage/segment_read.h"

#include <algorithm>
#include <span>
#include <utility>

namespace logboom::broker {
namespace {

Result<BatchCursor> CursorAt(const SegmentView& view, Offset from,
                             std::optional<FilePosition> position) {
  if (!position) return BatchCursor::Seek(view, from);
  BatchCursor cursor(view, *position, from);
  RETURN_IF_ERROR(cursor.NextUpTo(from));
  return cursor;
}

// How many bytes of `bytes`, which begin with the batch `first`, are whole batches that are sound
// and follow on.
struct WholeBatches {
  std::size_t bytes = 0;
  Offset next_offset;
  std::string reason;  // where there is none
};

WholeBatches CountWhole(ByteView bytes, const record::BatchHeader& first, const SegmentView& view) {
  WholeBatches whole{0, first.base_offset, {}};
  segment::Expectation expected{first.base_offset, first.leader_epoch, view.rule, view.epochs};
  while (true) {
    const ByteView rest = bytes.substr(whole.bytes);
    const auto header = record::ParseBatchHeader(rest);
    // What is less than a header ends this read, and so does damage: the next one begins there, and
    // tells.
    if (!header.ok() || !segment::CheckFollows(*header, expected).ok()) break;
    if (header->size_bytes() > rest.size()) break;
    if (header->next_offset() > view.next_offset) break;
    const auto verified = record::VerifyBatch(rest.substr(0, header->size_bytes()));
    if (!verified.ok()) {
      whole.reason = verified.error().message;
      break;
    }
    whole.bytes += header->size_bytes();
    whole.next_offset = header->next_offset();
    expected.next_offset = header->next_offset();
    expected.epoch_min = header->leader_epoch;
  }
  return whole;
}

// What stands where the cursor does, up to `bytes_max` but at least that batch.
Result<Bytes> ReadFrom(const SegmentView& view, const BatchCursor& cursor, std::size_t bytes_max) {
  const std::size_t first_bytes = cursor.header().size_bytes();
  const auto available = static_cast<std::size_t>(view.end - cursor.position());
  Bytes bytes(std::min(std::max(bytes_max, first_bytes), available), '\0');
  ASSIGN_OR_RETURN(const std::size_t got,
                   view.log->PRead(cursor.position().value(), std::span(bytes)));
  if (got < first_bytes) {
    return Fail(ErrorCode::kIo, "the log became shorter while it was read");
  }
  bytes.resize(got);
  return bytes;
}

}  // namespace

Result<SegmentRead> ReadBatches(const SegmentView& view, Offset from,
                                std::optional<FilePosition> position, std::size_t bytes_max) {
  ASSIGN_OR_RETURN(BatchCursor cursor, CursorAt(view, from, position));
  SegmentRead read;
  read.next_offset = view.next_offset;
  read.next_position = view.end;
  while (!cursor.at_end() && read.bytes.empty()) {
    ASSIGN_OR_RETURN(Bytes bytes, ReadFrom(view, cursor, bytes_max));
    const WholeBatches whole = CountWhole(bytes, cursor.header(), view);
    if (whole.bytes == 0) {
      RETURN_IF_ERROR(cursor.SkipBad(whole.reason));
      continue;
    }
    bytes.resize(whole.bytes);
    read.bytes = std::move(bytes);
    read.next_offset = whole.next_offset;
    read.next_position = cursor.position() + static_cast<std::int64_t>(whole.bytes);
  }
  read.unreadable = std::move(cursor.unreadable());
  return read;
}

}  // namespace logboom::broker
