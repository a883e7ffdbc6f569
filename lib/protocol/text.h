// Makes foreign bytes fit for text fields and messages. Functions without state; any thread.
#pragma once

#include <string>
#include <string_view>

namespace logboom::protocol {

// Whether `text` is well-formed UTF-8 (no overlong forms, surrogates, or values above U+10FFFF).
bool IsUtf8(std::string_view text);

// A protobuf `string` that is not UTF-8 makes the whole message unreadable for its receiver. Each
// byte that breaks UTF-8 becomes U+FFFD; the rest stays.
std::string ValidUtf8(std::string_view text);

// As ValidUtf8, and control bytes become \xNN: for quoting a user's input in a message.
std::string VisibleText(std::string_view text);

}  // namespace logboom::protocol
