// All that is said, in one include: the generated messages, and what their rules are.
#pragma once

#include "lib/protocol/api.h"          // IWYU pragma: export
#include "lib/protocol/envelope.h"     // IWYU pragma: export
#include "lib/protocol/errors.h"       // IWYU pragma: export
#include "lib/protocol/limits.h"       // IWYU pragma: export
#include "lib/protocol/messages.pb.h"  // IWYU pragma: export
#include "lib/protocol/names.h"        // IWYU pragma: export
#include "lib/protocol/text.h"         // IWYU pragma: export
