#include "lib/client/fetched_events.h"

#include <algorithm>
#include <utility>

#include "lib/client/wire_values.h"

namespace logboom::client {

namespace {

// A part of the range that the answer covers: a batch, or what can't be read.
struct Stretch {
  Offset begin;
  Offset end;
  std::variant<FetchedBatch, Unreadable> what;
};

// Walks the batches of an answer.
class Walk {
 public:
  Walk(Offset position, const protocol::FetchResponse& response, const transport::Payload& payload)
      : expected_(position), response_(response), payload_(payload), rest_(payload.view()) {}

  void Run() {
    while (!rest_.empty() && Step()) {
    }
    // A batch that was cut off comes whole with the next fetch.
    if (rest_.empty()) expected_ = std::max(expected_, Offset(response_.next_offset()));
  }

  std::vector<Stretch> stretches;
  std::uint64_t corrupt_batches = 0;
  Offset next() const { return expected_; }

 private:
  // False where nothing more can be read of this answer.
  bool Step() {
    const auto header = record::ParseBatchHeader(rest_);
    if (!header.ok()) return CutOff() ? false : Broken(header.error());
    if (header->size_bytes() > rest_.size()) {
      return CutOff() ? false : Broken(Fail(ErrorCode::kCorrupt, "the batch is cut off"));
    }
    const ByteView batch = rest_.substr(0, header->size_bytes());
    rest_.remove_prefix(batch.size());
    // The base offset lies outside of the checksum.
    if (header->next_offset() > Offset(response_.durable_end_offset())) {
      return Broken(Fail(ErrorCode::kCorrupt, "the batch's offsets are not in this partition"));
    }
    if (header->next_offset() <= expected_) return true;
    if (const auto verified = record::VerifyBatch(batch); !verified.ok()) {
      ++corrupt_batches;
      AddUnreadable(std::max(expected_, header->base_offset), header->next_offset(),
                    verified.error());
    } else {
      AddBatch(*header, batch);
    }
    expected_ = header->next_offset();
    return true;
  }

  // The last batch of an answer may be cut, save that one comes whole whatever its size.
  bool CutOff() const {
    return rest_.size() < payload_.size() &&
           (rest_.size() < record::kBatchHeaderBytes || record::ParseBatchHeader(rest_).ok());
  }

  // Where one batch ends and the next begins is lost.
  bool Broken(const Error& error) {
    ++corrupt_batches;
    rest_ = {};
    const Offset end(response_.next_offset());
    if (end > expected_) {
      AddUnreadable(expected_, end, error);
      expected_ = end;
    }
    return false;
  }

  void AddBatch(const record::BatchHeader& header, ByteView batch) {
    const Offset begin = std::max(expected_, header.base_offset);
    stretches.push_back({.begin = begin,
                         .end = header.next_offset(),
                         .what = FetchedBatch{.header = header,
                                              .bytes = batch,
                                              .owner = payload_,
                                              .first_offset = begin,
                                              .end_offset = header.next_offset()}});
  }

  void AddUnreadable(Offset begin, Offset end, const Error& error) {
    stretches.push_back({.begin = begin,
                         .end = end,
                         .what = Unreadable{.begin = begin, .end = end, .reason = error.message}});
  }

  Offset expected_;
  const protocol::FetchResponse& response_;
  const transport::Payload& payload_;
  ByteView rest_;
};

void AddBrokersUnreadable(Offset position, const protocol::FetchResponse& response,
                          std::vector<Stretch>& stretches) {
  for (const auto& range : response.unreadable()) {
    const Offset begin = std::max(position, Offset(range.begin_offset()));
    const Offset end(range.end_offset());
    if (end <= begin) continue;
    stretches.push_back({.begin = begin,
                         .end = end,
                         .what = Unreadable{.begin = begin, .end = end, .reason = range.reason()}});
  }
  std::ranges::stable_sort(stretches, {}, &Stretch::begin);
}

bool IsSame(const ProgressRow& a, const ProgressRow& b) {
  return a.source_id == b.source_id && a.kind == b.kind && a.begin == b.begin && a.end == b.end;
}

bool Contains(const SeenRows& seen, const SourceRow& row) {
  return row.offset == seen.offset &&
         std::ranges::any_of(seen.rows, [&](const auto& one) { return IsSame(one, row.row); });
}

// In order, without those that were seen.
std::vector<SourceRow> RowsOf(Offset position, Offset next, const protocol::FetchResponse& response,
                              SeenRows& seen) {
  std::vector<SourceRow> rows;
  for (const auto& wire : response.rows()) {
    SourceRow row = FromWire(wire);
    if (row.offset < position || row.offset > next || Contains(seen, row)) continue;
    rows.push_back(std::move(row));
  }
  if (seen.offset != next) seen = {.offset = next, .rows = {}};
  for (const SourceRow& row : rows) {
    if (row.offset == next) seen.rows.push_back(row.row);
  }
  std::ranges::stable_sort(rows, {}, &SourceRow::offset);
  return rows;
}

// Rows before the stretches that they precede; a batch with rows inside comes in pieces.
std::vector<EventBody> Merge(std::vector<Stretch> stretches, std::vector<SourceRow> rows) {
  std::vector<EventBody> events;
  auto row = rows.begin();
  for (Stretch& stretch : stretches) {
    for (; row != rows.end() && row->offset <= stretch.begin; ++row) events.emplace_back(*row);
    auto* batch = std::get_if<FetchedBatch>(&stretch.what);
    if (batch == nullptr) {
      events.emplace_back(std::get<Unreadable>(std::move(stretch.what)));
      continue;
    }
    for (; row != rows.end() && row->offset < stretch.end; ++row) {
      FetchedBatch piece = *batch;
      piece.end_offset = row->offset;
      if (piece.first_offset < piece.end_offset) events.emplace_back(std::move(piece));
      events.emplace_back(*row);
      batch->first_offset = row->offset;
    }
    events.emplace_back(std::move(*batch));
  }
  for (; row != rows.end(); ++row) events.emplace_back(*row);
  return events;
}

}  // namespace

FetchedEvents EventsOf(Offset position, const protocol::FetchResponse& response,
                       const transport::Payload& payload, SeenRows& seen) {
  Walk walk(position, response, payload);
  walk.Run();
  AddBrokersUnreadable(position, response, walk.stretches);
  FetchedEvents fetched;
  fetched.next = walk.next();
  fetched.corrupt_batches = walk.corrupt_batches;
  fetched.events = Merge(std::move(walk.stretches), RowsOf(position, walk.next(), response, seen));
  return fetched;
}

}  // namespace logboom::client
