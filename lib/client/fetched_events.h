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

// Verifies each batch. One that is broken becomes an Unreadable of its offsets; where not even they
// can be told, of all offsets up to the answer's next_offset. Rows of the range stand in their
// places.
FetchedEvents EventsOf(Offset position, const protocol::FetchResponse& response,
                       const transport::Payload& payload);

}  // namespace logboom::client
