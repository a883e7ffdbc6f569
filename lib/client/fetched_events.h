// What one answer to a fetch says, as events in order. Internal to lib/client; no state, any
// thread.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "lib/base/types.h"
#include "lib/client/consumer.h"
#include "lib/protocol/protocol.h"
#include "lib/transport/transport.h"

namespace logboom::client {

using EventBody = decltype(ConsumerEvent::what);

struct FetchedEvents {
  std::vector<EventBody> events;
  Offset next;  // where the next fetch goes on
  std::uint64_t corrupt_batches = 0;
};

// Rows that precede the record at `offset` and were given out already: an answer that ends at the
// end of the log brings the rows there, and so does the next, which begins there.
struct SeenRows {
  Offset offset;
  std::vector<ProgressRow> rows;
};

// Verifies each batch. One that is broken becomes an Unreadable of its offsets; where not even they
// can be told, of all offsets up to the answer's next_offset. Rows stand in their places; `seen`
// is brought up to date.
FetchedEvents EventsOf(Offset position, const protocol::FetchResponse& response,
                       const transport::Payload& payload, SeenRows& seen);

}  // namespace logboom::client
