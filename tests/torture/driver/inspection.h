// Looks at a broker that has just started: all that it shows goes against the books, which then
// hold what is there.
#pragma once

#include "lib/base/result.h"
#include "tests/torture/driver/books.h"
#include "tests/torture/driver/connection.h"

namespace logboom::torture {

enum class Depth {
  kEnds,  // of each partition the last records alone
  kAll,
};

// The error is that of a request which the broker did not answer, or refused.
Status Inspect(Connection& connection, Books& books, Depth depth);

}  // namespace logboom::torture
