// A text in double quotes, as programs print them.
#pragma once

#include "lib/base/bytes.h"
#include "lib/parse/arena.h"
#include "lib/parse/scanner.h"

namespace logboom::parse {

// Behind the opening quote, with the closing one; unescaped into the arena where there is a
// backslash. False where no quote closes it.
bool ReadQuoted(Scanner& in, Arena& arena, ByteView& text);

}  // namespace logboom::parse
