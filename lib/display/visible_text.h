// Bytes from anywhere, made fit for a terminal: a log line must not be able to move the cursor, set
// the title or hide what stands beside it.
#pragma once

#include <string>

#include "lib/base/bytes.h"

namespace logboom::display {

// Appends `text`: printable UTF-8 and tabs as they are, control characters as \x1b or \u202e, a
// newline as \n, bytes that are not UTF-8 as \xff. Backslashes stay single: it is for eyes, not for
// parsing.
void AppendVisible(ByteView text, std::string& out);
std::string Visible(ByteView text);

}  // namespace logboom::display
