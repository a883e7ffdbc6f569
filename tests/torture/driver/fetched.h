// Reads what a fetch gave into a partition's ledger.
#pragma once

#include "lib/protocol/protocol.h"
#include "tests/torture/driver/books.h"
#include "tests/torture/driver/connection.h"

namespace logboom::torture {

// Takes every record of the answer to a fetch of `key` from `from` on; whatever is wrong with one
// becomes a finding. Returns where the next fetch goes on: `from` where there was nothing.
Offset TakeFetched(const PartitionKey& key, Offset from, const Answer& answer, Books& books);

}  // namespace logboom::torture
