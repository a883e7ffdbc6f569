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

// How many bytes of `bytes`, which begin with the batch `first`, are whole batches that follow on.
struct WholeBatches {
  std::size_t bytes = 0;
  Offset next_offset;
};

WholeBatches CountWhole(ByteView bytes, const record::BatchHeader& first, const SegmentView& view) {
  WholeBatches whole{first.size_bytes(), first.next_offset()};
  segment::Expectation expected{first.next_offset(), first.leader_epoch, view.rule};
  while (bytes.size() - whole.bytes >= record::kBatchHeaderBytes) {
    const auto header = record::ParseBatchHeader(bytes.substr(whole.bytes));
    // Damage ends this read; the next one begins there, and tells.
    if (!header.ok() || !segment::CheckFollows(*header, expected).ok()) break;
    if (header->size_bytes() > bytes.size() - whole.bytes) break;
    if (header->next_offset() > view.next_offset) break;
    whole.bytes += header->size_bytes();
    whole.next_offset = header->next_offset();
    expected.next_offset = header->next_offset();
    expected.epoch_min = header->leader_epoch;
  }
  return whole;
}

}  // namespace

Result<SegmentRead> ReadBatches(const SegmentView& view, Offset from,
                                std::optional<FilePosition> position, std::size_t bytes_max) {
  ASSIGN_OR_RETURN(BatchCursor cursor, CursorAt(view, from, position));
  SegmentRead read;
  read.unreadable = std::move(cursor.unreadable());
  if (cursor.at_end()) {
    read.next_offset = view.next_offset;
    read.next_position = view.end;
    return read;
  }
  const record::BatchHeader first = cursor.header();
  const auto available = static_cast<std::size_t>(view.end - cursor.position());
  read.bytes.resize(std::min(std::max(bytes_max, first.size_bytes()), available));
  ASSIGN_OR_RETURN(const std::size_t got,
                   view.log->PRead(cursor.position().value(), std::span(read.bytes)));
  if (got < first.size_bytes()) {
    return Fail(ErrorCode::kIo, "the log became shorter while it was read");
  }
  const WholeBatches whole = CountWhole(ByteView(read.bytes).substr(0, got), first, view);
  read.bytes.resize(whole.bytes);
  read.next_offset = whole.next_offset;
  read.next_position = cursor.position() + static_cast<std::int64_t>(whole.bytes);
  return read;
}

}  // namespace logboom::broker
