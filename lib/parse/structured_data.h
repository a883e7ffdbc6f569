// STRUCTURED-DATA of RFC 5424: [id@32473 name="value" other="..."][id2].
#pragma once

#include "lib/parse/fields.h"
#include "lib/parse/scanner.h"

namespace logboom::parse {

// From the first '[' to behind the last ']': a field sd.ID.NAME for each parameter, and sd.ID with
// an empty value for an element without any. False where it is none, or has more than `out` takes.
bool ReadStructuredData(Scanner& in, Fields& out);

}  // namespace logboom::parse
