// Error codes of the wire, and how they meet those of the program. Functions without state; any
// thread.
#pragma once

#include <string_view>

#include "lib/base/result.h"
#include "lib/protocol/messages.pb.h"

namespace logboom::protocol {

// "SPAN_CONFLICT"; "ERROR_99" is "UNKNOWN_ERROR": a newer broker may know more.
std::string_view ErrorCodeName(ErrorCode code);

// Whether the same request may succeed later without anyone's doing.
bool IsRetriable(ErrorCode code);

// With `retriable` by IsRetriable. What is not UTF-8 in the message is replaced.
Error MakeError(ErrorCode code, std::string_view message);

// An error of the program on its way to a client: kNotFound becomes UNKNOWN_TOPIC, kNoSpace
// NO_SPACE.
ErrorCode WireCodeOf(logboom::ErrorCode code);
Error ToWire(const logboom::Error& error);

// An error of the wire as the program's: message and the code's name, "no topic 'x'
// (UNKNOWN_TOPIC)". kUnavailable and kTimeout mean that no broker served the request, kPermission
// that it was not allowed.
logboom::ErrorCode CodeOfWire(ErrorCode code);
logboom::Error FromWire(const Error& error);

}  // namespace logboom::protocol
