#include "tests/torture/driver/fetched.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "lib/record/batch_view.h"
#include "tests/torture/driver/record_text.h"

namespace logboom::torture {
namespace {

std::optional<std::uint64_t> KeyedNumberOf(const record::Record& record) {
  if (record.headers.size() != 1 || record.headers[0].key != kNumberHeader) return std::nullopt;
  const ByteView text = record.headers[0].value.value_or(ByteView());
  if (text.size() != sizeof(std::uint64_t)) return std::nullopt;
  const auto number = LoadBig<std::uint64_t>(text.data());
  const bool value_fits = IsTombstone(number) ? !record.value : record.value == ValueOf(number);
  if (record.key != KeyOf(number) || !value_fits) return std::nullopt;
  return number;
}

// The records of one batch from `next` on; `next` is then the batch's end.
Status TakeBatch(ByteView batch, PartitionLedger& ledger, Offset& next, Counts& counts) {
  record::BatchReader reader;
  RETURN_IF_ERROR(reader.Open(batch));
  while (true) {
    ASSIGN_OR_RETURN(const record::Record* record, reader.Next());
    if (record == nullptr) break;
    if (record->offset < next) continue;  // a fetch begins with the whole batch
    if (record->offset > next && !ledger.compacted()) {
      return Fail(ErrorCode::kCorrupt, "the record at {} is followed by {}", next - 1,
                  record->offset);
    }
    const auto number =
        ledger.compacted() ? KeyedNumberOf(*record) : NumberOf(record->value.value_or(ByteView()));
    if (!number) {
      return Fail(ErrorCode::kCorrupt, "the record at {} is none that was sent", record->offset);
    }
    ledger.Served(record->offset, *number);
    ++counts.records_read;
    next = record->offset + 1;
  }
  if (ledger.compacted()) next = std::max(next, reader.header().next_offset());
  return Ok();
}

Status TakeBatches(ByteView bytes, PartitionLedger& ledger, Offset& next, Counts& counts) {
  while (!bytes.empty()) {
    ASSIGN_OR_RETURN(record::BatchHeader header, record::ParseBatchHeader(bytes));
    if (header.size_bytes() > bytes.size()) {
      return Fail(ErrorCode::kCorrupt, "a batch at {} is cut", header.base_offset);
    }
    RETURN_IF_ERROR(TakeBatch(bytes.substr(0, header.size_bytes()), ledger, next, counts));
    bytes.remove_prefix(header.size_bytes());
  }
  return Ok();
}

}  // namespace

Offset TakeFetched(const PartitionKey& key, Offset from, const Answer& answer, Books& books) {
  const protocol::FetchResponse& fetch = answer.response.fetch();
  Offset next = from;
  Status taken = TakeBatches(answer.payload.view(), books.Partition(key), next, books.counts);
  const std::string where = fmt::format("{}/{}", key.first, key.second);
  if (!taken.ok()) {
    books.findings.Add(Fault::kUnknown, fmt::format("{}: {}", where, taken.error().message));
  }
  for (const protocol::UnreadableRange& range : fetch.unreadable()) {
    books.findings.Add(Fault::kLost,
                       fmt::format("{}: offsets {} to {} can't be read: {}", where,
                                   range.begin_offset(), range.end_offset(), range.reason()));
  }
  if (next.value() > fetch.durable_end_offset()) {
    books.findings.Add(Fault::kBroken, fmt::format("{}: served up to {}, durable up to {}", where,
                                                   next, fetch.durable_end_offset()));
  }
  return next;
}

}  // namespace logboom::torture
