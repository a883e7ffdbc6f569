// Just enough of UTF-8 to show text safely. Functions without state.
#pragma once

#include <cstdint>

#include "lib/base/bytes.h"

namespace logboom::display {

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;  // 0: the bytes are not UTF-8
};

// The code point at the start of `text`, which is not empty. Overlong forms, surrogates and numbers
// above U+10FFFF are not UTF-8.
CodePoint DecodeUtf8(ByteView text);

bool IsUtf8(ByteView text);

// Moves a terminal's cursor, hides text or turns its direction: C0 and C1 controls, DEL,
// bidirectional controls, line and paragraph separators, the byte order mark, tags.
bool IsControl(char32_t c);

// How many columns a terminal gives it: 0, 1 or 2.
unsigned ColumnsOf(char32_t c);
// Of valid UTF-8 without controls.
std::size_t ColumnsOf(std::string_view text);

}  // namespace logboom::display
