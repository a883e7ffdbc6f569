#include "lib/client/consumer.h"

namespace logboom::client {

Status FetchedRecords::Open(const FetchedBatch& batch) {
  next_ = batch.first_offset;
  end_ = batch.end_offset;
  return reader_.Open(batch.bytes);
}

Result<const record::Record*> FetchedRecords::Next() {
  while (true) {
    ASSIGN_OR_RETURN(const record::Record* record, reader_.Next());
    if (record == nullptr || record->offset >= end_) return nullptr;
    if (record->offset < next_) continue;
    next_ = record->offset + 1;
    return record;
  }
}

Unreadable FetchedRecords::unreadable(const Error& error) const {
  return {.begin = next_, .end = end_, .reason = error.message};
}

}  // namespace logboom::client
