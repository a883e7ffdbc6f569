// Envelopes from and to bytes. Functions without state; any thread. Unlike the generated code's own
// calls these print nothing when a peer sends nonsense.
#pragma once

#include "lib/base/bytes.h"
#include "lib/protocol/messages.pb.h"

namespace logboom::protocol {

// False where `bytes` are no such message. What was in the message before is gone either way.
[[nodiscard]] bool ParseRequest(ByteView bytes, Request& out);
[[nodiscard]] bool ParseResponse(ByteView bytes, Response& out);

Bytes Encode(const Request& request);
Bytes Encode(const Response& response);

}  // namespace logboom::protocol
