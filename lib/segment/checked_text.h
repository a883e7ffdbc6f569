// Small text files of ours: lines "key: value", the last one "crc32c: <8 hexadecimal digits>" of
// all bytes before it. People can read them, and a rotten one is not believed.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/result.h"

namespace logboom::segment {

using TextFields = std::vector<std::pair<std::string, std::string>>;

// No key or value holds a newline; no key holds a colon.
std::string FormatCheckedText(const TextFields& fields);
// kCorrupt where the checksum is missing or wrong, or a line has no colon.
Result<TextFields> ParseCheckedText(std::string_view text);

// The first value of that key; kCorrupt where there is none.
Result<std::string> FieldText(const TextFields& fields, std::string_view key);
// As a number from 0 to `max`.
Result<std::int64_t> FieldNumber(const TextFields& fields, std::string_view key, std::int64_t max);

}  // namespace logboom::segment
